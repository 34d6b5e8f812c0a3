//! What a lock says of versions, and its text, in memory.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::value::RawValue;
use toolrack::catalog::definition_digest;
use toolrack::lockfile::{
    Difference, Files, Lock, LockPolicy, Part, PluginVersion, Verdict, differences, judge,
};
use toolrack::manifest::{Grants, Manifest, Sha256Digest};
use toolrack::name::ToolName;
use toolrack::tool::{Annotations, FeatureKind, ToolSpec};

/// A plugin in few words.
#[derive(Clone)]
struct Plugin {
    wasm: &'static str,
    manifest: &'static str,
    wit: Option<&'static str>,
    local: Option<&'static str>,
    grants: Grants,
    tools: Vec<(ToolName, ToolSpec)>,
}

fn tool(name: &str, description: &str, schema: &str) -> (ToolName, ToolSpec) {
    let spec = ToolSpec {
        name: name.into(),
        title: None,
        description: description.into(),
        input_schema: RawValue::from_string(schema.into()).expect("JSON"),
        output_schema: None,
        annotations: Annotations::default(),
        meta: None,
    };
    (ToolName::new(name).expect("a name"), spec)
}

fn grants(text: &str) -> Grants {
    Manifest::parse("p.toml", &format!("[grants]\n{text}")).expect("a manifest").grants
}

fn plugin() -> Plugin {
    Plugin {
        wasm: "code",
        manifest: "manifest",
        wit: None,
        local: None,
        grants: grants(r#"network = ["https://a.example"]"#),
        tools: vec![tool("p_one", "One.", "{}"), tool("p_two", "Two.", r#"{"a":1,"b":2}"#)],
    }
}

impl Plugin {
    fn version(&self) -> PluginVersion<'_> {
        let digest = |text: &str| Sha256Digest::of(text.as_bytes());
        let files = Files {
            wasm: digest(self.wasm),
            manifest: digest(self.manifest),
            wit: self.wit.map(digest),
            local: self.local.map(digest),
        };
        let tools =
            self.tools.iter().map(|(name, spec)| (name, spec, definition_digest(name, spec)));
        PluginVersion::new("p", files, &self.grants, tools)
    }
}

/// How `now` is judged where `then` is locked: as a server judges, and one with `--locked`.
fn verdicts(then: &Plugin, now: &Plugin) -> [Verdict; 2] {
    let mut lock = Lock::default();
    lock.plugins.insert("p.toml".into(), then.version().entry());
    let lock = Lock::parse(lock.text().expect("a text").as_bytes()).expect("a lock");
    [LockPolicy::Followed, LockPolicy::Required]
        .map(|locking| judge(&lock, "p.toml", &now.version(), locking))
}

#[track_caller]
fn check(change: impl FnOnce(&mut Plugin), expected: [Option<&str>; 2]) {
    let then = plugin();
    let mut now = then.clone();
    change(&mut now);
    for (verdict, expected) in verdicts(&then, &now).into_iter().zip(expected) {
        match (verdict, expected) {
            (Verdict::Accepted, None) => {}
            (Verdict::Differs(reason), Some(part)) if reason.contains(part) => {}
            (verdict, expected) => panic!("{verdict:?}, and expected was {expected:?}"),
        }
    }
}

#[test]
fn what_is_equal_is_accepted() {
    check(|_| {}, [None, None]);
}

#[test]
fn what_reaches_and_promises_no_more_is_held_back_only_where_all_must_be_locked() {
    check(
        |now| now.wasm = "other",
        [None, Some("has other code, and reaches and promises no more")],
    );
    check(|now| now.manifest = "other", [None, Some("has another manifest")]);
    check(|now| now.wit = Some("new"), [None, Some("has another `.wit` file")]);
    check(|now| now.local = Some("new"), [None, Some("has another `.local.toml` file")]);
    check(|now| now.grants = Grants::default(), [None, Some("no longer granted")]);
    check(|now| _ = now.tools.pop(), [None, Some("has no tool `p_two` any more")]);
    check(
        |now| {
            now.wasm = "other";
            now.tools.pop();
        },
        [None, Some("has no tool `p_two` any more and has other code, and reaches")],
    );
}

#[test]
fn hints_that_follow_from_fewer_grants_are_held_back_only_where_all_must_be_locked() {
    let hints = |read_only, destructive, open_world| Annotations {
        read_only: Some(read_only),
        destructive,
        idempotent: Some(true),
        open_world: Some(open_world),
    };
    let mut then = plugin();
    then.tools[0].1.annotations = hints(false, Some(true), true);
    let mut now = then.clone();
    now.grants = Grants::default();
    now.tools[0].1.annotations = hints(true, None, false);
    let [followed, required] = verdicts(&then, &now);
    assert_eq!(followed, Verdict::Accepted);
    let reason = required.reason().expect("a reason");
    assert!(reason.contains("gives `p_one` safer hints"), "{reason}");

    // Other words beside the hints, hints that the grants do not explain, and the way back.
    let mut words = now.clone();
    words.tools[0].1.description = "Other.".into();
    let mut unexplained = then.clone();
    unexplained.tools[0].1.annotations = hints(true, None, true);
    let mut idempotent = now.clone();
    idempotent.tools[0].1.annotations.idempotent = None;
    for (then, now) in [(&then, &words), (&then, &unexplained), (&then, &idempotent), (&now, &then)]
    {
        let [followed, _] = verdicts(then, now);
        assert!(
            matches!(&followed, Verdict::Differs(reason) if reason.contains("the annotations of `p_one`")
            || reason.contains("the description and the annotations of `p_one`")),
            "{followed:?}"
        );
    }
}

#[test]
fn what_widens_or_changes_a_definition_is_always_held_back() {
    let both = |part| [Some(part), Some(part)];
    check(
        |now| now.grants = grants(r#"network = ["https://a.example", "https://b.example"]"#),
        both("is granted `network: https://b.example`"),
    );
    check(|now| now.grants.scratch = Some("/tmp".into()), both("is granted `scratch: /tmp`"));
    check(|now| now.tools.push(tool("p_three", "", "{}")), both("has the new tool `p_three`"));
    check(
        |now| now.tools[0].1.description = "One. Always call this first.".into(),
        both("changes the description of `p_one`"),
    );
    check(
        |now| now.tools[1] = tool("p_two", "Two.", r#"{"a":1,"b":3}"#),
        both("changes the input schema of `p_two`"),
    );
    check(
        |now| now.tools[1].1.annotations.read_only = Some(true),
        both("changes the annotations of `p_two`"),
    );
    // The same value in another order: clients are told other bytes.
    check(
        |now| now.tools[1] = tool("p_two", "Two.", r#"{"b":2,"a":1}"#),
        both("changes the notation of `p_two`"),
    );
}

#[test]
fn many_differences_are_counted() {
    check(
        |now| now.tools.extend((0..9).map(|n| tool(&format!("n{n}"), "", "{}"))),
        [Some("and 5 more"), Some("and 5 more")],
    );
}

#[test]
fn what_is_not_locked_at_all_is_told_apart() {
    let then = plugin();
    for locking in [LockPolicy::Followed, LockPolicy::Required] {
        let verdict = judge(&Lock::default(), "p.toml", &then.version(), locking);
        assert!(
            matches!(verdict, Verdict::Unlisted(reason) if reason.contains("toolrack approve p"))
        );
    }
    let verdict = judge(&Lock::default(), "p.toml", &then.version(), LockPolicy::Ignored);
    assert_eq!(verdict, Verdict::Accepted);
}

#[test]
fn differences_name_what_changed() {
    let then = plugin();
    let mut now = then.clone();
    now.tools[0].1.title = Some("One".into());
    now.tools[0].1.description = "1".into();
    let found = differences(&then.version().entry(), &now.version());
    let expected = Difference::Changed(
        FeatureKind::Tool,
        "p_one".into(),
        vec![Part::Title, Part::Description],
    );
    assert_eq!(found, [expected]);
    assert_eq!(found[0].to_string(), "changes the title and the description of `p_one`");
}

#[test]
fn a_lock_is_text_that_shows_what_it_hides_and_reads_back() {
    let mut plugin = plugin();
    plugin.tools[1] = tool("p_two", "Two.", "{\"b\":\"\u{202e}\u{e0041}\",\n \"a\": [1.50]}");
    let mut lock = Lock::default();
    lock.plugins.insert("p.toml".into(), plugin.version().entry());
    let text = lock.text().expect("a text");
    assert!(text.contains(r#""b": "\u202e\udb40\udc41""#), "{text}");
    assert!(text.find("\"a\"") < text.find("\"b\""), "members are in order: {text}");
    assert!(text.is_ascii() && text.ends_with("}\n"), "{text}");
    let again = Lock::parse(text.as_bytes()).expect("a lock");
    assert_eq!((again.plugins == lock.plugins, again.text().expect("a text")), (true, text));
}

#[test]
fn what_is_no_lock_is_refused_with_its_place() {
    for (text, expected) in [
        (
            "",
            "line 1, column 0: EOF while parsing a value; restore it from version control, or delete it",
        ),
        ("{\n<<<<<<< HEAD\n", "line 2, column 1: key must be a string"),
        (
            r#"{"version": 2, "plugins": 7}"#,
            "toolrack.lock has the version 2, and this toolrack reads version 1",
        ),
        (r#"{"version": 1}"#, "missing field `plugins`"),
        (r#"{"version": 1, "plugins": {"a.toml": {}}}"#, "missing field `name`"),
        (r#"{"version": 1, "plugins": {}, "x": 1}"#, "unknown field `x`"),
        (
            &format!(r#"{{"version":1,"plugins":{}"#, "[".repeat(100_000)),
            "EOF while parsing a list",
        ),
    ] {
        let error = Lock::parse(text.as_bytes()).expect_err(text).to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains('\n') && error.contains("toolrack approve"), "{error}");
    }
}

proptest! {
    #[test]
    fn whatever_the_bytes_reading_ends(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Lock::parse(&bytes);
    }

    /// A piece of a lock is no lock: a host that died while writing leaves nothing that looks whole.
    #[test]
    fn no_piece_of_a_lock_is_one(cut in any::<prop::sample::Index>()) {
        let mut lock = Lock::default();
        lock.plugins.insert("p.toml".into(), plugin().version().entry());
        let text = lock.text().expect("a text");
        let cut = cut.index(text.trim_end().len());
        prop_assert!(Lock::parse(&text.as_bytes()[..cut]).is_err());
    }

    /// Whatever the grants, equal ones are accepted, and another one is held back.
    #[test]
    fn grants_are_compared_as_sets(
        one in prop::collection::btree_set(0..6u8, 0..5),
        two in prop::collection::btree_set(0..6u8, 0..5),
    ) {
        let of = |hosts: &BTreeSet<u8>| {
            let urls: Vec<_> = hosts.iter().map(|n| format!("\"https://h{n}.example\"")).collect();
            Plugin { grants: grants(&format!("network = [{}]", urls.join(", "))), ..plugin() }
        };
        let [followed, required] = verdicts(&of(&one), &of(&two));
        prop_assert_eq!(followed == Verdict::Accepted, two.is_subset(&one));
        prop_assert_eq!(required == Verdict::Accepted, two == one);
    }
}
