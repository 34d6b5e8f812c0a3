//! What is written for people: links lead somewhere, and manifests in it are manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use toolrack::manifest::{Limits, Manifest};

use crate::architecture::root;

/// All documents, by their paths from the root.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for folder in ["", "docs"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                found.insert(path.strip_prefix(root()).expect("below").to_owned(), text);
            }
        }
    }
    assert!(found.len() > 8, "{:?}", found.keys());
    found
}

/// The lines outside of blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// What a heading is linked by.
fn anchor(heading: &str) -> String {
    let kept = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    heading.trim_start_matches('#').trim().chars().filter_map(kept).collect()
}

/// The blocks of code in this language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    text.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap_or(rest)).collect()
}

/// True if a block of TOML is not of another file: of Cargo's, of Codex's, or the configuration.
fn is_manifest(block: &&str) -> bool {
    !["[dep", "[mcp_servers", "[policy", "[http]", "[[auth.", "[redis]"]
        .iter()
        .any(|part| block.contains(part))
}

#[test]
fn links_lead_somewhere() {
    let documents = documents();
    let anchors: BTreeMap<_, BTreeSet<_>> = documents
        .iter()
        .map(|(path, text)| {
            let headings = prose(text).filter(|line| line.starts_with('#')).map(anchor);
            (path.clone(), headings.collect())
        })
        .collect();
    let (mut broken, mut links) = (Vec::new(), 0);
    for (path, text) in &documents {
        for target in prose(text).flat_map(|line| line.split("](").skip(1)) {
            let target = target.split(')').next().expect("one part at least");
            if target.contains("://") {
                continue;
            }
            links += 1;
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let file = match file {
                "" => path.clone(),
                file => path.parent().expect("a file").join(file),
            };
            let whole = root().join(&file).canonicalize();
            let leads = whole.is_ok_and(|whole| {
                let known = whole.strip_prefix(root().canonicalize().expect("it is here"));
                place.is_empty()
                    || known.is_ok_and(|known| {
                        anchors.get(known).is_some_and(|anchors| anchors.contains(place))
                    })
            });
            if !leads {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(links > 40, "only {links} links were found: is this test still looking?");
}

#[test]
fn manifests_in_documents_are_manifests() {
    let mut found = 0;
    for (path, text) in documents() {
        for block in blocks(&text, "toml").into_iter().filter(is_manifest) {
            let manifest = match block.starts_with("# weather.local.toml") {
                true => Manifest::parse_with("plugin.toml", "", Some(block)),
                false => Manifest::parse("plugin.toml", block),
            };
            let manifest = manifest.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            if block.contains("these are the defaults") {
                assert_eq!(manifest.limits, Limits::default(), "{}", path.display());
            }
            found += 1;
        }
    }
    assert!(found >= 4, "only {found} manifests were found: is this test still looking?");
}

#[test]
fn bounds_that_are_told_are_those_of_the_constants() {
    let text = fs::read_to_string(root().join("docs/limits.md")).expect("a document");
    let rows = text.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let mut checked = 0;
    for row in rows.filter(|row| row.len() == 6 && row[3].contains("` in `")) {
        let [name, file] = row[3].trim_matches('`').split("` in `").collect::<Vec<_>>()[..] else {
            panic!("a constant and its file: {row:?}");
        };
        let source = fs::read_to_string(root().join(file)).expect(file);
        let definition = source.lines().find_map(|line| {
            let (_, rest) = line.split_once(&format!("const {name}: "))?;
            Some(rest.split_once("= ")?.1.trim_end_matches(';'))
        });
        let definition = definition.unwrap_or_else(|| panic!("{file} has no {name}"));
        assert_eq!(amount(row[2]), Some(value(definition)), "{}: {name} is {definition}", row[1]);
        checked += 1;
    }
    assert!(checked > 50, "only {checked} rows were found: is this test still looking?");
}

/// The number in a cell such as `64 KiB` or `1.5 s`, in bytes or milliseconds.
fn amount(cell: &str) -> Option<u64> {
    let (number, unit) = cell.split_once(' ').unwrap_or((cell, ""));
    let number: f64 = number.replace(',', "").parse().ok()?;
    let unit: f64 = match unit {
        "" | "ms" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "s" => 1000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    Some((number * unit) as u64)
}

/// The value of a constant such as `64 * 1024` or `Duration::from_secs(5)`, in bytes or milliseconds.
fn value(definition: &str) -> u64 {
    let factors = |text: &str| -> u64 {
        let factors = text.split('*').map(|factor| factor.trim().replace('_', ""));
        factors.map(|factor| factor.parse::<u64>().expect("a number")).product()
    };
    match definition.strip_prefix("Duration::from_").and_then(|rest| rest.strip_suffix(')')) {
        Some(rest) => match rest.split_once('(') {
            Some(("secs", seconds)) => factors(seconds) * 1000,
            Some(("millis", millis)) => factors(millis),
            Some(("mins", minutes)) => factors(minutes) * 60_000,
            Some(("hours", hours)) => factors(hours) * 3_600_000,
            _ => panic!("{definition}"),
        },
        None => factors(definition),
    }
}
