//! Directories to entries: in order, bounded, never through a link.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use toolrack_sdk::files::{self, Kind};

use crate::glob::Glob;
use crate::place::Place;

/// The depth of a walk, and the number of entries that it looks at before it ends.
pub const MAX_DEPTH: usize = 32;
const MAX_VISITED: usize = 20_000;

/// The entries that are of interest.
#[derive(Default)]
pub struct Wanted {
    /// Those whose path below the place matches; all where there is no glob.
    pub glob: Option<Glob>,
    /// Not these, nor what is in them.
    pub exclude: Vec<Glob>,
    /// Also what begins with a dot.
    pub hidden: bool,
}

impl Wanted {
    pub fn parse(glob: Option<&str>, exclude: &[String], hidden: bool) -> Result<Self, String> {
        let exclude = exclude.iter().map(|glob| Glob::parse("exclude", glob));
        Ok(Self {
            glob: glob.map(|glob| Glob::parse("glob", glob)).transpose()?,
            exclude: exclude.collect::<Result<_, _>>()?,
            hidden,
        })
    }

    fn is_excluded(&self, below: &str, name: &str) -> bool {
        self.exclude.iter().any(|glob| glob.matches(glob.part(below, name)))
    }

    fn is_wanted(&self, found: &Found) -> bool {
        let Some(glob) = &self.glob else { return true };
        glob.is_directory == (found.kind == Kind::Directory)
            && glob.matches(glob.part(&found.below, found.name()))
    }
}

/// An entry on the way.
pub struct Found {
    pub path: PathBuf,
    /// The path below the place where the walk began.
    pub below: String,
    pub kind: Kind,
    depth: usize,
}

impl Found {
    fn name(&self) -> &str {
        self.below.rsplit('/').next().unwrap_or(&self.below)
    }
}

/// Gives each wanted entry below `place`, down to `depth` levels, to `visit`, a directory before what is in it, until
/// that has enough. Says what was left out.
pub fn walk(
    place: &Place,
    wanted: &Wanted,
    depth: usize,
    mut visit: impl FnMut(&Found) -> bool,
) -> Result<Option<String>, String> {
    let begin =
        Found { path: place.path.clone(), below: String::new(), kind: Kind::Directory, depth: 0 };
    let mut left_out = LeftOut::default();
    let first = children(&begin, wanted, &mut left_out).map_err(|error| place.explain(&error))?;
    let mut left: Vec<_> = first.into_iter().rev().collect();
    let mut visited = 0;
    while let Some(found) = left.pop() {
        visited += 1;
        if visited > MAX_VISITED {
            left_out.ended = true;
            break;
        }
        if wanted.is_wanted(&found) && !visit(&found) {
            break;
        }
        if wanted
            .glob
            .as_ref()
            .is_some_and(|glob| glob.would_match(glob.part(&found.below, found.name())))
        {
            left_out.bracketed.get_or_insert_with(|| found.below.clone());
        }
        if found.kind != Kind::Directory || found.depth >= depth {
            left_out.deep |= found.kind == Kind::Directory && depth == MAX_DEPTH;
            continue;
        }
        match children(&found, wanted, &mut left_out) {
            Ok(below) => left.extend(below.into_iter().rev()),
            Err(_) => left_out.unread += 1,
        }
    }
    Ok(left_out.note())
}

/// `1 line`, `2 lines`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The entries that a walk did not come to, beside those that it was told to leave out.
#[derive(Default)]
struct LeftOut {
    unread: usize,
    unnamed: usize,
    deep: bool,
    ended: bool,
    /// The text that the glob would match if its `[` were the character.
    bracketed: Option<String>,
}

impl LeftOut {
    fn note(&self) -> Option<String> {
        let mut notes = Vec::new();
        if self.ended {
            notes.push(format!(
                "it ended after {MAX_VISITED} entries: begin in a directory further down, or leave out more with `exclude`"
            ));
        }
        if self.unnamed > 0 {
            let count = self.unnamed;
            notes.push(format!(
                "left out, because their names are not UTF-8: {}",
                counted(count as u64, "entry", "entries")
            ));
        }
        if self.unread > 0 {
            let count = counted(self.unread as u64, "directory", "directories");
            notes.push(format!("{count} could not be read"));
        }
        if let Some(below) = &self.bracketed {
            notes.push(format!(
                "`{below}` does not match: `[` begins a set of characters; write `\\[` for the character"
            ));
        }
        if self.deep {
            notes.push(format!("directories {MAX_DEPTH} levels down were not looked into"));
        }
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

/// By name.
fn children(
    directory: &Found,
    wanted: &Wanted,
    left_out: &mut LeftOut,
) -> std::io::Result<Vec<Found>> {
    let found = files::entries(&directory.path)?;
    left_out.unnamed += found.unnamed;
    let child = |entry: files::Entry| {
        let below = match &*directory.below {
            "" => entry.name.clone(),
            below => format!("{below}/{}", entry.name),
        };
        let is_hidden = entry.name.starts_with('.') && !wanted.hidden;
        (!is_hidden && !wanted.is_excluded(&below, &entry.name)).then(|| Found {
            path: directory.path.join(&entry.name),
            below,
            kind: entry.kind,
            depth: directory.depth + 1,
        })
    };
    let mut children: Vec<_> = found.entries.into_iter().filter_map(child).collect();
    children.sort_by(by_name);
    Ok(children)
}

fn by_name(one: &Found, other: &Found) -> Ordering {
    one.below.cmp(&other.below)
}

pub fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The bytes of a text in JSON.
pub fn weight(text: &str) -> usize {
    let escaped = text.bytes().filter(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
    text.len() + 5 * escaped.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        glob: Option<&str>,
        exclude: &[&str],
        hidden: bool,
        depth: usize,
        expected: &[&str],
    ) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        for file in ["b.md", "a/c.md", "a/d/e.txt", ".git/e.md", "z.md"] {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "12345").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
        let exclude: Vec<_> = exclude.iter().map(ToString::to_string).collect();
        let wanted = Wanted::parse(glob, &exclude, hidden).unwrap();
        let mut all = Vec::new();
        let place = Place::from(root.path());
        let note = walk(&place, &wanted, depth, |found| {
            all.push(found.below.clone());
            true
        });
        assert_eq!(all, expected);
        note.unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn a_walk_goes_down_in_order_and_through_no_link() {
        let all = ["a", "a/c.md", "a/d", "a/d/e.txt", "b.md", "loop", "z.md"];
        assert_eq!(check(None, &[], false, 9, &all), None);
        check(None, &[], false, 1, &["a", "b.md", "loop", "z.md"]);
        check(None, &[], true, 1, &[".git", "a", "b.md", "loop", "z.md"]);
        check(Some("**/*.md"), &[], false, 9, &["a/c.md", "b.md", "z.md"]);
        check(Some("**/d/"), &[], false, 9, &["a/d"]);
        check(Some("*.rs"), &[], false, 9, &[]);
        // A name is one anywhere, as in `exclude`; a path begins in the directory.
        check(Some("*.md"), &[], false, 9, &["a/c.md", "b.md", "z.md"]);
        check(Some("*.md"), &["a"], false, 9, &["b.md", "z.md"]);
        check(Some("*.md"), &[], false, 1, &["b.md", "z.md"]);
        check(Some("d/"), &[], false, 9, &["a/d"]);
        check(Some("a/*.md"), &[], false, 9, &["a/c.md"]);
        check(Some("d/*.txt"), &[], false, 9, &[]);
        check(None, &["d", "loop", "z.*"], false, 9, &["a", "a/c.md", "b.md"]);
        check(None, &["a/*.md", "loop"], false, 2, &["a", "a/d", "b.md", "z.md"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_no_text_is_left_out_and_counted() {
        use std::os::unix::ffi::OsStrExt as _;
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").unwrap();
        std::fs::write(root.path().join("plain"), "").unwrap();
        let mut all = Vec::new();
        let note = walk(&Place::from(root.path()), &Wanted::default(), 1, |found| {
            all.push(found.below.clone());
            true
        });
        assert_eq!(all, ["plain"]);
        assert!(note.unwrap().unwrap().contains("not UTF-8: 1 entry"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error =
            walk(&Place::from(Path::new("/no/such")), &Wanted::default(), 1, |_| true).unwrap_err();
        assert!(error.contains("there is no `/no/such`"), "{error}");
    }
}
