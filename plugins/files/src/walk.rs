//! Directories to entries: in order, bounded, never through a link.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::pattern::Names;
use crate::place::{Place, Places};

/// How deep a walk goes, and how many entries it looks at before it ends.
const MAX_DEPTH: usize = 32;
const MAX_VISITED: usize = 20_000;

/// Which entries are of interest.
pub struct Wanted {
    /// Files whose path below the place matches; all of one directory where there is no glob.
    pub names: Option<Names>,
    /// Also what begins with a dot.
    pub hidden: bool,
}

/// What is in a directory.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Listing {
    entries: Vec<Entry>,
    /// What was left out, and why; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// One entry.
#[derive(Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Entry {
    path: String,
    kind: Kind,
    /// In bytes; of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    File,
    Directory,
    /// Links are not followed.
    Link,
    Other,
}

/// The directories that may be used.
pub fn roots(places: &Places) -> Result<Listing, String> {
    if places.roots.is_empty() {
        return Err(
            "no directory is granted; add `files` to [grants] in the plugin's manifest".into()
        );
    }
    let entry = |root: &PathBuf| Entry { path: shown(root), kind: Kind::Directory, size: None };
    Ok(Listing { entries: places.roots.iter().map(entry).collect(), note: None })
}

/// The entries of a directory, or the files below it that a glob names.
pub fn list(place: &Place, wanted: &Wanted, limit: usize) -> Result<Listing, String> {
    let mut entries = Vec::new();
    let mut more = false;
    let mut take = |path: &Path, kind| {
        more = entries.len() == limit;
        if !more {
            let size = (kind == Kind::File).then(|| fs::symlink_metadata(path).ok()).flatten();
            entries.push(Entry { path: shown(path), kind, size: size.map(|about| about.len()) });
        }
        !more
    };
    let note = match &wanted.names {
        Some(_) => files(place, wanted, |path| take(path, Kind::File))?,
        None => {
            let all = children(&place.path, wanted).map_err(|error| place.explain(&error))?;
            all.iter().all(|(path, kind)| take(path, *kind));
            None
        }
    };
    let more = more.then(|| {
        format!("only the first {limit} are shown; narrow it with `glob`, or raise `limit`")
    });
    Ok(Listing { entries, note: more.or(note) })
}

/// Gives each wanted file below `place` to `visit`, until that has enough. Says what was left out.
pub fn files(
    place: &Place,
    wanted: &Wanted,
    mut visit: impl FnMut(&Path) -> bool,
) -> Result<Option<String>, String> {
    let first = children(&place.path, wanted).map_err(|error| place.explain(&error))?;
    let mut left: Vec<_> = first.into_iter().rev().map(|(path, kind)| (path, kind, 1)).collect();
    let (mut visited, mut unread, mut deep) = (0, 0, false);
    while let Some((path, kind, depth)) = left.pop() {
        visited += 1;
        if visited > MAX_VISITED {
            return Ok(Some(format!(
                "it ended after {MAX_VISITED} entries; begin in a directory further down"
            )));
        }
        match kind {
            Kind::Directory if depth == MAX_DEPTH => deep = true,
            Kind::Directory => match children(&path, wanted) {
                Ok(below) => {
                    left.extend(
                        below.into_iter().rev().map(|(path, kind)| (path, kind, depth + 1)),
                    );
                }
                Err(_) => unread += 1,
            },
            Kind::File if is_wanted(place, wanted, &path) && !visit(&path) => return Ok(None),
            Kind::File | Kind::Link | Kind::Other => {}
        }
    }
    Ok(match (unread, deep) {
        (0, false) => None,
        (0, true) => Some(format!("directories {MAX_DEPTH} levels down were not looked into")),
        (unread, _) => Some(format!("{unread} directories could not be read")),
    })
}

fn is_wanted(place: &Place, wanted: &Wanted, path: &Path) -> bool {
    let Some(names) = &wanted.names else { return true };
    let below = path.strip_prefix(&place.path).unwrap_or(path);
    names.matches(&shown(below))
}

/// By name.
fn children(directory: &Path, wanted: &Wanted) -> std::io::Result<Vec<(PathBuf, Kind)>> {
    let mut children = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !wanted.hidden && entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = match entry.file_type()? {
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_file() => Kind::File,
            _ => Kind::Other,
        };
        children.push((entry.path(), kind));
    }
    children.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(children)
}

pub fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in ["b.md", "a/c.md", "a/d.txt", ".git/e.md", "z.md"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "12345").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
        root
    }

    #[track_caller]
    fn check(glob: Option<&str>, hidden: bool, limit: usize, expected: &[&str]) -> Option<String> {
        let root = tree();
        let wanted = Wanted { names: glob.map(|glob| Names::parse(glob).unwrap()), hidden };
        let place = Place { path: root.path().into() };
        let listing = list(&place, &wanted, limit).unwrap();
        let below = |entry: &Entry| {
            let path = Path::new(&entry.path).strip_prefix(root.path()).unwrap();
            format!("{} {:?} {:?}", path.display(), entry.kind, entry.size.unwrap_or(0))
        };
        assert_eq!(listing.entries.iter().map(below).collect::<Vec<_>>(), expected);
        listing.note
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_is_listed_in_order_with_sizes() {
        let all = ["a Directory 0", "b.md File 5", "loop Link 0", "z.md File 5"];
        assert_eq!(check(None, false, 10, &all), None);
        assert_eq!(check(None, true, 10, &[&[".git Directory 0"], &all[..]].concat()), None);
        let note = check(None, false, 2, &all[..2]);
        assert!(note.unwrap().contains("only the first 2"));
    }

    #[test]
    fn a_glob_finds_files_below_and_follows_no_link() {
        let found = ["a/c.md File 5", "b.md File 5", "z.md File 5"];
        assert_eq!(check(Some("**/*.md"), false, 10, &found), None);
        assert_eq!(check(Some("**/*.md"), false, 3, &found), None);
        assert!(check(Some("**/*.md"), false, 2, &found[..2]).is_some());
        assert_eq!(check(Some("*.rs"), false, 2, &[]), None);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let wanted = Wanted { names: None, hidden: false };
        let error = list(&Place { path: "/no/such".into() }, &wanted, 1).unwrap_err();
        assert!(error.contains("there is no `/no/such`"), "{error}");
        assert!(roots(&Places { roots: Vec::new() }).unwrap_err().contains("[grants]"));
    }
}
