//! ARCHITECTURE.md names every source file of the host once, and no path that is not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

fn map() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md")
}

#[test]
fn every_source_file_has_one_line_that_says_what_it_owns() {
    let map = map();
    let mut listed = BTreeSet::new();
    for line in map.lines() {
        let Some(row) = line.strip_prefix("| `host/src/") else { continue };
        let (file, about) = row.split_once("` | ").expect("two columns");
        assert!(about.trim_end_matches('|').trim().len() > 3, "no words for host/src/{file}");
        assert!(listed.insert(file.to_owned()), "host/src/{file} is listed twice");
    }
    let source = root().join("host/src");
    let found: BTreeSet<String> = files(&source)
        .iter()
        .map(|file| shown(file.strip_prefix(&source).expect("below")))
        .collect();
    let missing: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md lacks a line for {missing:?} of host/src");
    assert!(gone.is_empty(), "ARCHITECTURE.md lists {gone:?} of host/src, which are not there");
}

#[test]
fn the_picture_shows_layers_that_are_there() {
    let picture = fs::read_to_string(root().join("docs/architecture.svg")).expect("the picture");
    // A room of the host is a box with its name behind it.
    let rooms: Vec<_> = picture.split("class=\"room\"").skip(1).collect();
    assert_eq!(rooms.len(), 4);
    for room in rooms {
        let name = room.split("</text>").next().and_then(|text| text.rsplit('>').next());
        let name = name.expect("a name");
        let folder = root().join("host/src").join(name);
        assert!(folder.is_dir(), "the picture shows `{name}`, which is no layer");
    }
}

#[test]
fn every_path_that_is_named_exists() {
    let map = map();
    // Every second piece between backticks is code; blocks of code have their own lines.
    let named: BTreeSet<&str> = map
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|text| is_path(text))
        .collect();
    assert!(named.len() > 60, "only {} paths were found: is this test still looking?", named.len());
    let gone: Vec<_> = named.iter().filter(|path| !root().join(path).exists()).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names what is not there: {gone:?}");
}

/// A path from the root: it has a slash, and ends in one or in a file's extension. A method of the
/// protocol, such as `tools/list`, does neither.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    match text.rsplit_once('/') {
        Some((_, last)) => {
            text.chars().all(plain)
                && (last.is_empty() || last.contains('.') || text.starts_with('.'))
        }
        None => false,
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// A path as the map writes it on every system.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
