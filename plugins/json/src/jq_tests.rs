//! jq's own tests. They are no part of this repository: `tests/jq/run` gets them and says where they lie.
//! docs/jq.md lists the cases that differ, with their reasons; the list has to be exact.

use crate::query::tests::outputs;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// The variable with the directory of jq's files `*.test`.
const PLACE: &str = "JQ_TESTS";

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/jq.md");

/// A case: its file and line, the filter, the input, the outputs. Without outputs the filter is wrong.
struct Case {
    place: String,
    filter: String,
    expected: Expected,
}

enum Expected {
    Refused,
    Outputs { input: String, outputs: Vec<String> },
}

fn cases(file: &Path) -> Vec<Case> {
    let name = file.file_name().unwrap().to_str().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines().enumerate().peekable();
    let mut found = Vec::new();
    while let Some((number, line)) = lines.next() {
        let place = |number: usize| format!("{name}:{}", number + 1);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut rest: Vec<(usize, &str)> = Vec::new();
        while let Some(next) = lines.next_if(|(_, line)| !line.trim().is_empty()) {
            rest.push(next);
        }
        if line.starts_with("%%FAIL") {
            let Some((number, filter)) = rest.first() else { continue };
            found.push(Case {
                place: place(*number),
                filter: (*filter).to_string(),
                expected: Expected::Refused,
            });
            continue;
        }
        let mut rest =
            rest.iter().map(|(_, line)| (*line).to_string()).filter(|line| !line.starts_with('#'));
        let input = rest.next().unwrap_or_default();
        let expected = Expected::Outputs { input, outputs: rest.collect() };
        found.push(Case { place: place(number), filter: line.to_string(), expected });
    }
    found
}

/// The difference of a case's results, or nothing.
fn difference(case: &Case) -> Option<String> {
    match &case.expected {
        Expected::Refused => match crate::program::compile(&case.filter, &["$ENV".to_string()]) {
            Ok(_) => Some("is taken".to_string()),
            Err(_) => None,
        },
        Expected::Outputs { input, outputs: expected } => {
            let found = match outputs(&case.filter, input) {
                Ok(found) => found,
                Err((found, error))
                    if found.len() < expected.len() || error.starts_with("`filter`") =>
                {
                    return Some(error);
                }
                // jq's runner takes an error after the outputs for their end.
                Err((found, _)) => found,
            };
            let expected: Vec<Value> = expected
                .iter()
                .flat_map(|line| {
                    let read = crate::format::Format::Json.read(line);
                    read.unwrap_or_else(|error| panic!("{}: {error}", case.place))
                        .into_iter()
                        .map(Value)
                })
                .collect();
            let same = found.len() == expected.len()
                && found.iter().zip(&expected).all(|(found, expected)| {
                    found == expected || found.to_string() == expected.to_string()
                });
            let shown = |values: &[Value]| {
                let all: Vec<String> = values
                    .iter()
                    .map(|value| value.to_string().chars().take(300).collect())
                    .collect();
                all.join(" ")
            };
            (!same).then(|| format!("{}\n      not {}", shown(&found), shown(&expected)))
        }
    }
}

/// The places in the list of docs/jq.md: lines of tables that begin with a file and a line in backticks.
fn listed() -> BTreeSet<String> {
    let text = std::fs::read_to_string(LIST).unwrap_or_default();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let places = rows.filter_map(|row| row.split(" | ").next());
    let places = places
        .flat_map(|cell| cell.split(", ").map(|place| place.trim_matches(['`', ' ']).to_string()));
    places.filter(|place| place.contains(".test:")).collect()
}

#[test]
#[ignore = "jq's tests are no part of this repository; `tests/jq/run` gets them"]
fn answers_are_those_of_jq_itself() {
    let place = std::env::var(PLACE).expect("the directory of jq's tests, in `JQ_TESTS`");
    let mut files: Vec<_> =
        std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    let all: Vec<Case> = files.iter().flat_map(|file| cases(file)).collect();
    // A filter of jq's may be deep; the sandbox refuses that, a test would overflow.
    let work = move || {
        let mut differing = BTreeMap::new();
        for case in &all {
            if let Some(how) = difference(case) {
                differing.insert(case.place.clone(), format!("{}\n      {how}", case.filter));
            }
        }
        (all.len(), differing)
    };
    let (count, differing) =
        std::thread::Builder::new().stack_size(256 << 20).spawn(work).unwrap().join().unwrap();
    println!("{} of {count} of jq's tests pass", count - differing.len());
    let listed = listed();
    let mut wrong = String::new();
    for (place, how) in differing.iter().filter(|(place, _)| !listed.contains(*place)) {
        let _ = writeln!(wrong, "  {place} differs and is not listed\n      {how}");
    }
    for place in listed.iter().filter(|place| !differing.contains_key(*place)) {
        let _ = writeln!(wrong, "  {place} is listed and does not differ");
    }
    assert!(wrong.is_empty(), "docs/jq.md:\n{wrong}");
}
