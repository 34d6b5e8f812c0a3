//! docs/faults.md: its tables are made from the cases that there are. `BLESS=1` writes them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::case::Class;
use crate::{
    answers, changes, crashes, escapes, guests, hostile, lines, locks, manifests, modules, paces,
    points, requests, streams, system,
};

pub(crate) const CLASSES: [Class; 15] = [
    guests::CLASS,
    answers::CLASS,
    hostile::CLASS,
    modules::CLASS,
    escapes::CLASS,
    lines::CLASS,
    requests::CLASS,
    streams::CLASS,
    manifests::CLASS,
    changes::CLASS,
    locks::CLASS,
    paces::CLASS,
    crashes::CLASS,
    points::CLASS,
    system::CLASS,
];

/// Cases that not every machine can play, and what they need. Where it is missing, they say so.
const NEEDS: [(&str, &str); 16] = [
    ("wasm_unreadable", "a user that is not root, who reads every file"),
    ("unreadable_directory", "a user that is not root, who reads every directory"),
    ("no_processes", "a user that is not root, whom no number of processes limits, and `prlimit`"),
    ("full_disk", "user and mount namespaces, to have a disk of 16 KiB"),
    ("add_dies_between", POINTS),
    ("add_fails_between", POINTS),
    ("add_dies_before", POINTS),
    ("approve_dies", POINTS),
    ("approve_fails", POINTS),
    ("cache_dies", POINTS),
    ("cache_fails", POINTS),
    ("cache_hangs", POINTS),
    ("status_fails", POINTS),
    ("plugin_log_fails", POINTS),
    ("status_dies", POINTS),
    ("add_on_a_full_disk", "user and mount namespaces, to have a disk of 64 KiB"),
];

const POINTS: &str = "a host built with `--features failpoints`, as `.ci/run` does";

/// Whether it is known that this case may not be possible.
pub(crate) fn may_be_missing(case: &str) -> bool {
    NEEDS.iter().any(|(name, _)| *name == case)
}

/// What stands before the tables is written by hand.
const BEGIN: &str =
    "<!-- from here on: BLESS=1 cargo test --package toolrack --test faults table -->\n";

fn tables() -> String {
    let count: usize = CLASSES.iter().map(|class| class.cases.len()).sum();
    let mut text = format!("{BEGIN}\nThere are {count} cases.\n");
    for class in &CLASSES {
        let _ = write!(
            text,
            "\n## {}\n\n| case | what is done | what is seen |\n|---|---|---|\n",
            class.name
        );
        for case in class.cases {
            let (done, seen) = (cell(case.done), cell(case.seen));
            let _ = writeln!(text, "| `{}` | {done} | {seen} |", case.name);
        }
    }
    text += "\n## What a machine has to offer\n\nWhere it does not, the case says so in its output and its \
             record, and nothing is claimed.\n\n| case | needs |\n|---|---|\n";
    for (name, needs) in NEEDS {
        let _ = writeln!(text, "| `{name}` | {needs} |");
    }
    text
}

/// A text in one cell.
fn cell(text: &str) -> String {
    text.trim_start_matches(": ").replace('\n', " ").replace('|', "\\|").replace('<', "&lt;")
}

#[test]
fn the_page_lists_the_cases_that_there_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md");
    let page = fs::read_to_string(&path).unwrap();
    let (prose, _) = page.split_once(BEGIN).expect("the line above the tables");
    let made = format!("{prose}{}", tables());
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert!(
        page == made || std::env::var_os("BLESS").is_some(),
        "BLESS=1 writes docs/faults.md anew"
    );
}

#[test]
fn every_case_has_a_name_of_its_own_and_says_what_is_seen() {
    let mut names = BTreeSet::new();
    for case in CLASSES.iter().flat_map(|class| class.cases) {
        assert!(names.insert(case.name), "{} is there twice", case.name);
        assert!(case.seen.trim_matches('…').len() > 1, "{} says nothing", case.name);
    }
    for (name, _) in NEEDS {
        assert!(names.contains(name), "there is no {name}");
    }
}
