//! The index: each case has a sentence on what is done, and one on what is seen of it. A test passes only
//! where the second is what was seen; docs/faults.md shows both.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::bench::Seen;
use crate::table::{CLASSES, may_be_missing};

/// The cases of one class.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) cases: &'static [Case],
}

/// One case. In `seen`, `…` stands for what differs between runs.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) done: &'static str,
    pub(crate) seen: &'static str,
    pub(crate) play: fn() -> Seen,
    pub(crate) pace: Pace,
}

/// What the time of a case goes into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Work: it is a test of its own.
    Works,
    /// Seconds in which nothing happens: it is played beside the others that do so.
    Waits,
}

/// `CLASS`, and a test for each of its cases. A case is a function of this file that gives what it saw, which
/// only a server that has passed the oracle can make ([`Seen`]). Those marked with `waits` share one test.
macro_rules! cases {
    ($class:literal; $($done:literal => $case:ident $($waits:ident)?, $seen:expr;)+) => {
        pub(crate) const CLASS: $crate::case::Class = $crate::case::Class {
            name: $class,
            cases: &[$($crate::case::Case {
                name: stringify!($case),
                done: $done,
                seen: $seen,
                play: $case,
                pace: $crate::case::pace!($($waits)?),
            }),+],
        };

        #[cfg(test)]
        mod case {
            $($crate::case::test!($case $($waits)?);)+
        }
    };
}
macro_rules! pace {
    () => {
        $crate::case::Pace::Works
    };
    (waits) => {
        $crate::case::Pace::Waits
    };
}
macro_rules! test {
    ($case:ident waits) => {};
    ($case:ident) => {
        #[test]
        fn $case() {
            let case = super::CLASS.cases.iter().find(|case| case.name == stringify!($case));
            $crate::case::check(&super::CLASS, case.expect("a case of the index"));
        }
    };
}
pub(crate) use {cases, pace, test};

/// Cases that wait do so together, each with servers of its own. `CASE=NAME` plays one of them.
#[test]
fn cases_that_wait() {
    let wanted = std::env::var("CASE").ok();
    let is_wanted = |case: &Case| {
        case.pace == Pace::Waits && wanted.as_ref().is_none_or(|name| name == case.name)
    };
    let failed: Vec<_> = std::thread::scope(|scope| {
        let cases =
            CLASSES.iter().flat_map(|class| class.cases.iter().map(move |case| (class, case)));
        let played: Vec<_> = cases
            .filter(|(_, case)| is_wanted(case))
            .map(|(class, case)| {
                let thread = std::thread::Builder::new().name(case.name.into());
                (case.name, thread.spawn_scoped(scope, move || check(class, case)).unwrap())
            })
            .collect();
        assert!(!played.is_empty(), "there is no such case");
        let failed =
            played.into_iter().filter_map(|(name, case)| case.join().is_err().then_some(name));
        failed.collect()
    });
    assert!(failed.is_empty(), "{failed:?}");
}

/// Plays a case, compares what was seen with the index, and leaves a record in `target/tmp/faults/`.
pub(crate) fn check(class: &Class, case: &Case) {
    let (name, seen) = (case.name, (case.play)());
    let record = match &seen {
        Seen::After { text, before, after } => {
            let outcome = if fits(case.seen, text) { "passed" } else { "not as expected" };
            json!({ "class": class.name, "case": name, "outcome": outcome, "seen": text,
                "before": before.json(), "after": after.json() })
        }
        Seen::NotHere(reason) => {
            assert!(may_be_missing(name), "docs/faults.md does not say that it may be impossible");
            json!({ "class": class.name, "case": name, "outcome": "not here", "reason": reason })
        }
    };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(name).with_extension("json"), format!("{record:#}\n")).unwrap();
    #[expect(clippy::print_stdout, reason = "a run tells its figures")]
    {
        println!("{record}");
    }
    assert_ne!(record["outcome"], "not as expected", "expected: {}", case.seen);
}

/// Whether `text` is what `pattern` says, with anything in place of each `…`.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for piece in pieces {
        last = Some(piece);
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty() || last == Some("")
}

#[test]
fn an_ellipsis_stands_for_anything_and_nothing_else_does() {
    for (pattern, text, expected) in [
        ("ok", "ok", true),
        ("ok", "okay", false),
        ("…kay", "okay", true),
        ("a…c…e", "abcde", true),
        ("a…c", "abcd", false),
        ("a…", "abcd", true),
        ("a…x…", "abcd", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern:?} {text:?}");
    }
}
