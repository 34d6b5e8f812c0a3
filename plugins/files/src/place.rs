//! Which paths there are: those in a directory that the manifest grants. Nothing here touches a file.
//!
//! The sandbox holds the border, not this file: a path that leads out does not open. What is checked here
//! is checked to say what is wrong.

use std::io;
use std::path::{Component, Path, PathBuf};

use toolrack_sdk::files;

/// The directories that may be used.
pub struct Places {
    pub roots: Vec<PathBuf>,
}

/// A path in one of them.
pub struct Place {
    pub path: PathBuf,
}

impl Places {
    /// Those of the manifest.
    pub fn granted() -> Self {
        Self { roots: files::roots() }
    }

    /// The place that `text` means. Where one directory is granted, a path may also begin in it.
    pub fn find(&self, text: &str) -> Result<Place, String> {
        let given = Path::new(text.trim());
        if given.as_os_str().is_empty() {
            return Err(format!("`path` is empty; write one such as {}", self.shown()));
        }
        if given.components().any(|part| part == Component::ParentDir) {
            return Err(format!(
                "`{text}` has `..` in it; write the path from the root, such as {}",
                self.shown()
            ));
        }
        let path = match &self.roots[..] {
            _ if given.has_root() => given.to_path_buf(),
            [root] => root.join(given),
            _ => {
                return Err(format!(
                    "`{text}` does not say in which directory; it begins with one of {}",
                    self.shown()
                ));
            }
        };
        // Without `.` and doubled slashes.
        Ok(Place { path: path.components().collect() })
    }

    fn shown(&self) -> String {
        let shown: Vec<_> = self.roots.iter().map(|root| format!("`{}`", root.display())).collect();
        if shown.is_empty() { "nothing: no directory is granted".into() } else { shown.join(", ") }
    }
}

impl Place {
    /// The error as a sentence that says what to do.
    pub fn explain(&self, error: &io::Error) -> String {
        files::explain(error, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(roots: &[&str], text: &str, expected: Result<&str, &str>) {
        let places = Places { roots: roots.iter().map(PathBuf::from).collect() };
        match (places.find(text), expected) {
            (Ok(place), Ok(path)) => assert_eq!(place.path, Path::new(path), "{text}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
            (Ok(place), Err(_)) => panic!("{text}: {}", place.path.display()),
            (Err(error), Ok(_)) => panic!("{text}: {error}"),
        }
    }

    #[test]
    fn a_path_is_absolute_or_begins_in_the_one_directory() {
        check(&["/notes"], "/notes//a/./b.md", Ok("/notes/a/b.md"));
        check(&["/notes"], "a.md", Ok("/notes/a.md"));
        check(&["/notes"], " . ", Ok("/notes"));
        check(&["/notes", "/code"], "/code/a", Ok("/code/a"));
        check(&["/notes", "/code"], "a.md", Err("one of `/notes`, `/code`"));
        check(&["/notes"], "", Err("`path` is empty"));
        check(&["/notes"], "/notes/../etc/passwd", Err("has `..` in it"));
        check(&[], "a", Err("no directory is granted"));
    }
}
