//! Any text as a manifest, alone or with a local file: it ends in a manifest, or in an error that can be shown.

use super::Seen;
use crate::manifest::{
    Bytes, Decision, DecisionKey, GrantKind, GrantName, LIMIT_RULES, Limits, Manifest,
    ManifestError, NewGrant, edited,
};
use crate::text::forbidden_char;

/// The line between a manifest and the local file beside it.
pub(super) const BETWEEN: &str = "\n# local\n";

/// Reads `bytes` as a manifest, and what follows [`BETWEEN`] as the local file beside it.
pub fn manifest(bytes: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(bytes);
    let (own, local) = match text.split_once(BETWEEN) {
        Some((own, local)) => (own, Some(local)),
        None => (&*text, None),
    };
    let read = || Manifest::parse_with("noise.toml", own, local);
    match read() {
        Ok(manifest) => {
            assert!(manifest.wasm.ends_with(".wasm"), "{:?}", manifest.wasm);
            assert!(!manifest.wasm.contains(['/', '\\', '\0']), "{:?}", manifest.wasm);
            within_their_range(&manifest.limits);
            assert_eq!(read().as_ref(), Ok(&manifest), "twice");
            local.iter().for_each(|local| edits(own, local));
            Seen::Accepted
        }
        Err(error) => {
            is_fit_to_be_shown(&error, &text);
            Seen::Refused
        }
    }
}

/// An error about `text` points into it, is short, and hides nothing.
pub(super) fn is_fit_to_be_shown(error: &ManifestError, text: &str) {
    let shown = error.to_string();
    assert!((1..=text.matches('\n').count() + 1).contains(&error.line()), "{shown}");
    assert!(shown.len() < 2000, "{} bytes: {shown}", shown.len());
    let hidden = |c: char| c != '\n' && forbidden_char(&c.to_string()).is_some();
    assert!(!shown.contains(hidden), "{shown:?}");
    assert!(!error.one_line().contains('\n'), "{shown}");
}

/// Any good local file can be edited: what comes out is one, too, and the same edit changes nothing more.
fn edits(manifest: &str, local: &str) {
    let key = |text| DecisionKey::parse(text).expect("a key");
    let revoked = |kind| Decision::Revoke(GrantName::of_argument(kind, None).expect("a name"));
    let files = NewGrant::Files {
        path: "~/z".into(),
        at: "/z/z".into(),
        is_at_named: true,
        is_writable: true,
    };
    for decision in [
        Decision::Grant(files),
        Decision::Grant(NewGrant::Network("https://z.example.org".into())),
        Decision::Grant(NewGrant::Env("Z".into(), "z".into())),
        Decision::Set(key("limits.fuel"), "1_000_000".into()),
        Decision::Set(key("tools.zz.hidden"), "true".into()),
        revoked(GrantKind::Files),
        revoked(GrantKind::Secret),
        Decision::Unset(key("prefix")),
    ] {
        let edit = |local: &str| edited("noise.toml", manifest, Some(local), &decision);
        // There may be no room, or something in the way.
        let Ok(text) = edit(local) else { continue };
        let read = Manifest::parse_with("noise.toml", manifest, Some(&text));
        assert!(read.is_ok(), "{decision:?} made {text:?}");
        let again = edit(&text);
        let is_unset = matches!(decision, Decision::Unset(_));
        assert!(is_unset || again.is_ok_and(|again| again == text), "{decision:?} of {text:?}");
    }
}

fn within_their_range(limits: &Limits) {
    for rule in LIMIT_RULES {
        let found = amount(limits, rule.key);
        assert!((rule.min..=rule.max).contains(&found), "{} is {found}", rule.key);
    }
}

/// The amount of the limit `key`.
pub(super) fn amount(limits: &Limits, key: &str) -> u64 {
    // A rate's range is part of its type.
    let Limits {
        fuel,
        cpu,
        memory,
        most_memory: _,
        timeout,
        output,
        concurrency,
        crashes,
        max_tools,
        scratch_bytes,
        scratch_entries,
        rate: _,
        concurrent: _,
    } = limits;
    let milliseconds = |time: &std::time::Duration| time.as_millis().try_into().unwrap_or(u64::MAX);
    match key {
        "fuel" => *fuel,
        "cpu" => milliseconds(cpu),
        "memory" => Bytes::get(*memory),
        "timeout" => milliseconds(timeout),
        "output" => Bytes::get(*output),
        "concurrency" => (*concurrency).into(),
        "crashes" => (*crashes).into(),
        "max_tools" => (*max_tools).into(),
        "scratch_bytes" => Bytes::get(*scratch_bytes),
        "scratch_entries" => (*scratch_entries).into(),
        unknown => panic!("the limit `{unknown}` is not looked at"),
    }
}
