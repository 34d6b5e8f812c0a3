//! The files on the disk against the index: what changed, what is gone, what nobody has added.

mod disk;
mod recorded;

use std::fs;
use std::path::Path;

use gix_hash::ObjectId;
use gix_index::entry::{Flags, Mode, Stage};

use crate::change::{Change, Side};
use crate::file;
use crate::ignore::Ignored;
use crate::index::{Index, MARKS};
use crate::paths::{self, Paths, quoted};
use crate::repository::Repository;
use recorded::{differing, looks_unchanged};

pub use disk::{about, content, ends, id, mode, raw, size, stat_of};
pub use recorded::{changed, is_as_recorded};

const MAX_DEPTH: usize = 128;
/// Entries of directories that one call looks at.
const MAX_VISITED: usize = 1_000_000;
/// Files, and their bytes, that one call reads though their size and time are as recorded.
const MAX_REREAD: usize = 500;
const MAX_REREAD_BYTES: u64 = 32 * 1024 * 1024;

/// The result of a walk over the files.
#[derive(Default)]
pub struct Found {
    /// Against the index, in order.
    pub changes: Vec<Change>,
    /// Directories end with `/`.
    pub untracked: Vec<Vec<u8>>,
    pub notes: Vec<String>,
}

/// The extent to which untracked directories are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Untracked {
    No,
    Directories,
    EachFile,
}

pub fn compare(
    repository: &Repository,
    index: &Index,
    paths: &Paths,
    untracked: Untracked,
) -> Result<Found, String> {
    let work = repository.work()?;
    let seen = vec![false; index.entries().len()];
    let ignored = Ignored::new(repository);
    let mut walk = Walk {
        repository,
        work,
        index,
        paths,
        untracked,
        ignored,
        seen,
        visited: 0,
        left: Rereads { files: MAX_REREAD, bytes: MAX_REREAD_BYTES },
        found: Found::default(),
    };
    walk.directory(&[], false, 0)?;
    walk.gone();
    let mut found = walk.found;
    found.changes.sort_by(|one, other| one.path.cmp(&other.path));
    found.untracked.sort();
    Ok(found)
}

struct Walk<'a> {
    repository: &'a Repository,
    work: &'a Path,
    index: &'a Index,
    paths: &'a Paths,
    untracked: Untracked,
    ignored: Ignored,
    seen: Vec<bool>,
    visited: usize,
    left: Rereads,
    found: Found,
}

/// The rest of what one call may read of files that look unchanged. Git sees by their ctime that such a file was written and
/// given its old time (`touch -r`, `cp -p`); WASI does not tell it.
struct Rereads {
    files: usize,
    bytes: u64,
}

impl Rereads {
    fn take(&mut self, size: u64) -> bool {
        let fits = self.files > 0 && size <= self.bytes;
        if fits {
            self.files -= 1;
            self.bytes -= size;
        }
        fits
    }
}

impl Walk<'_> {
    fn directory(&mut self, directory: &[u8], ignored: bool, depth: usize) -> Result<(), String> {
        let Some(below) = paths::native(directory) else { return Ok(()) };
        let names = self.names(below, depth)?;
        self.ignored.enter(self.work, below);
        for (name, kind) in names {
            let path = if directory.is_empty() { name } else { [directory, b"/", &name].concat() };
            if kind.is_dir() {
                if self.paths.reach_into(&path) {
                    self.inner(&path, ignored, depth)?;
                }
            } else if self.paths.contain(&path) {
                self.file(&path, ignored)?;
            }
        }
        self.ignored.leave();
        Ok(())
    }

    /// The names in a directory but `.git`, in order, with their kinds.
    fn names(
        &mut self,
        below: &Path,
        depth: usize,
    ) -> Result<Vec<(Vec<u8>, fs::FileType)>, String> {
        let directory = self.work.join(below);
        let explain = |error| file::explain(&error, &directory);
        let mut names = Vec::new();
        for entry in fs::read_dir(&directory).map_err(explain)? {
            let entry = entry.map_err(explain)?;
            self.visited += 1;
            if self.visited > MAX_VISITED || depth > MAX_DEPTH {
                return Err(format!(
                    "`{}` holds too much to look through; narrow it with `paths`",
                    directory.display()
                ));
            }
            match (entry.file_name().into_string(), entry.file_type()) {
                (Ok(name), _) if name.eq_ignore_ascii_case(".git") => {}
                (Ok(name), Ok(kind)) => names.push((name.into_bytes(), kind)),
                _ => self.found.notes.push(format!(
                    "a name in `{}` is not UTF-8 and was passed over",
                    directory.display()
                )),
            }
        }
        names.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(names)
    }

    fn inner(&mut self, path: &[u8], ignored: bool, depth: usize) -> Result<(), String> {
        if let Some(at) = self.index.position(path) {
            let entry = &self.index.entries()[at];
            if entry.mode == Mode::COMMIT {
                self.seen[at] = true;
                return self.submodule(path, at);
            }
            if let Some(head) = self.nested_head(path) {
                self.seen[at] = true;
                let new = Some(Side::stored(Mode::COMMIT.bits(), head));
                let old = Some(Side::of_entry(entry));
                self.found.changes.push(Change::new(path.to_vec(), old, new));
                return Ok(());
            }
        }
        let ignored = ignored || self.ignored.contains(path, true);
        if !self.index.below(path).is_empty() {
            return self.directory(path, ignored, depth + 1);
        }
        if ignored || self.untracked == Untracked::No {
            return Ok(());
        }
        let nested = self.is_nested(path);
        if !nested && self.untracked == Untracked::EachFile {
            return self.directory(path, false, depth + 1);
        }
        let is_meant = match nested {
            true => self.paths.name_within(path),
            false => self.holds_untracked(path, depth + 1)?,
        };
        if is_meant {
            self.found.untracked.push([path, b"/"].concat());
        }
        Ok(())
    }

    /// True if something in an untracked directory is meant and not ignored.
    fn holds_untracked(&mut self, directory: &[u8], depth: usize) -> Result<bool, String> {
        let Some(below) = paths::native(directory) else { return Ok(false) };
        let names = self.names(below, depth)?;
        self.ignored.enter(self.work, below);
        let mut holds = false;
        for (name, kind) in names {
            let path = [directory, b"/", &name].concat();
            let ignored = self.ignored.contains(&path, kind.is_dir());
            let is_nested = kind.is_dir() && self.is_nested(&path);
            let is_meant = match kind.is_dir() {
                _ if ignored => false,
                true if is_nested => self.paths.name_within(&path),
                true => self.paths.reach_into(&path) && self.holds_untracked(&path, depth + 1)?,
                false => self.paths.contain(&path),
            };
            if is_meant {
                holds = true;
                break;
            }
        }
        self.ignored.leave();
        Ok(holds)
    }

    fn file(&mut self, path: &[u8], ignored: bool) -> Result<(), String> {
        let Some(at) = self.index.position(path) else {
            if self.index.knows(path) {
                self.see_all(path);
            } else if self.untracked != Untracked::No
                && !ignored
                && !self.ignored.contains(path, false)
            {
                self.found.untracked.push(path.to_vec());
            }
            return Ok(());
        };
        let entry = &self.index.entries()[at];
        self.seen[at] = true;
        // The walk came here through directories alone.
        let about =
            paths::native(path).and_then(|path| self.work.join(path).symlink_metadata().ok());
        if entry.flags.intersects(MARKS) {
            return Ok(());
        }
        if let Some(about) = &about
            && looks_unchanged(self.repository, self.index, entry, about)
            && !self.left.take(about.len())
        {
            return Ok(());
        }
        self.found.changes.extend(differing(self.repository, entry, path, about)?);
        Ok(())
    }

    /// Marks all stages of a path that is there.
    fn see_all(&mut self, path: &[u8]) {
        let start = self.index.entries().partition_point(|entry| self.index.path(entry) < path);
        for (at, entry) in self.index.entries().iter().enumerate().skip(start) {
            if self.index.path(entry) != path {
                return;
            }
            self.seen[at] = true;
        }
    }

    /// The commit of a repository in the files, of which git says no more than that.
    fn nested_head(&self, path: &[u8]) -> Option<ObjectId> {
        let inner = self.work.join(paths::native(path).filter(|_| self.is_nested(path))?);
        Repository::at(&inner).ok().flatten()?.refs.head().ok()?.commit
    }

    /// True for a repository in the files. What is called `.git` but is none is no more than a name.
    fn is_nested(&self, path: &[u8]) -> bool {
        let Some(native) = paths::native(path) else { return false };
        let inner = self.work.join(native);
        inner.join(".git").exists() && !matches!(Repository::at(&inner), Ok(None))
    }

    /// A submodule that is checked out changed if its head is another commit; its files are not looked at.
    fn submodule(&mut self, path: &[u8], at: usize) -> Result<(), String> {
        let entry = &self.index.entries()[at];
        if !self.is_nested(path) {
            return Ok(());
        }
        match self.nested_head(path) {
            Some(head) if head != entry.id => {
                let new = Side::stored(Mode::COMMIT.bits(), head);
                self.found.changes.push(Change::new(
                    path.to_vec(),
                    Some(Side::of_entry(entry)),
                    Some(new),
                ));
            }
            Some(_) => {}
            None => self
                .found
                .notes
                .push(format!("submodule `{}` could not be looked into", quoted(path))),
        }
        Ok(())
    }

    /// Adds the files that the index has and the disk has not.
    fn gone(&mut self) {
        for (entry, _) in self.index.entries().iter().zip(&self.seen).filter(|(_, seen)| !**seen) {
            let path = self.index.path(entry);
            let not_meant =
                entry.stage() != Stage::Unconflicted || entry.flags.contains(Flags::SKIP_WORKTREE);
            if !not_meant && self.paths.contain(path) {
                self.found.changes.push(Change::new(
                    path.to_vec(),
                    Some(Side::of_entry(entry)),
                    None,
                ));
            }
        }
    }
}
