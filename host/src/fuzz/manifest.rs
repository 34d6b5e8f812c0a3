//! Any text as a manifest, alone or with a local file: it ends in a manifest, or in an error that can be shown.

use super::Seen;
use crate::manifest::{Bytes, LIMIT_RULES, Limits, Manifest};
use crate::text::forbidden_char;

/// The line between a manifest and the local file beside it.
const BETWEEN: &str = "\n# local\n";

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
            Seen::Accepted
        }
        Err(error) => {
            let shown = error.to_string();
            assert!((1..=text.matches('\n').count() + 1).contains(&error.line()), "{shown}");
            assert!(shown.len() < 2000, "{} bytes: {shown}", shown.len());
            let hidden = |c: char| c != '\n' && forbidden_char(&c.to_string()).is_some();
            assert!(!shown.contains(hidden), "{shown:?}");
            assert!(!error.one_line().contains('\n'), "{shown}");
            Seen::Refused
        }
    }
}

fn within_their_range(limits: &Limits) {
    // A rate's range is part of its type.
    let Limits { fuel, cpu, memory, timeout, output, concurrency, crashes, rate: _ } = limits;
    let milliseconds = |time: &std::time::Duration| time.as_millis().try_into().unwrap_or(u64::MAX);
    let amount = |key| match key {
        "fuel" => *fuel,
        "cpu" => milliseconds(cpu),
        "memory" => Bytes::get(*memory),
        "timeout" => milliseconds(timeout),
        "output" => Bytes::get(*output),
        "concurrency" => (*concurrency).into(),
        "crashes" => (*crashes).into(),
        unknown => panic!("the limit `{unknown}` is not looked at"),
    };
    for rule in LIMIT_RULES {
        let found = amount(rule.key);
        assert!((rule.min..=rule.max).contains(&found), "{} is {found}", rule.key);
    }
}
