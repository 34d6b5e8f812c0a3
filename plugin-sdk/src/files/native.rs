//! The file system in a native build, such as in tests.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{Entries, Entry, Identity, Kind};

pub(super) fn roots() -> Vec<PathBuf> {
    vec![PathBuf::from("/")]
}

/// Lists the directory at `path`.
///
/// # Errors
///
/// Those of the system.
pub fn entries(path: impl AsRef<Path>) -> io::Result<Entries> {
    let mut found = Entries::default();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = match entry.file_type()? {
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_file() => Kind::File,
            _ => Kind::Pipe,
        };
        match entry.file_name().into_string() {
            Ok(name) => found.entries.push(Entry { name, kind }),
            Err(_) => found.unnamed += 1,
        }
    }
    Ok(found)
}

/// A file that is open to be changed.
pub(super) struct Open {
    file: RefCell<File>,
    /// The same file, where what is written goes to its end.
    adding: Option<File>,
}

/// Returns the number of names that the file at `path` has, and its identity. A link is not followed.
pub(super) fn about(path: &Path) -> io::Result<(u64, Identity)> {
    let about = fs::symlink_metadata(path)?;
    Ok((names(&about), identity(&about)))
}

#[cfg(unix)]
fn names(about: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(about)
}

#[cfg(not(unix))]
fn names(_: &fs::Metadata) -> u64 {
    1
}

#[cfg(unix)]
fn identity(about: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Identity {
    None
}

impl Open {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Self { file: file.into(), adding: None })
    }

    pub(super) fn existing(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        let adding = Some(OpenOptions::new().append(true).open(path)?);
        Ok(Self { file: file.into(), adding })
    }

    /// Its length, and how many names it has.
    pub(super) fn about(&self) -> io::Result<(u64, u64)> {
        let about = self.file.borrow().metadata()?;
        Ok((about.len(), names(&about)))
    }

    /// The identity of the file.
    pub(super) fn identity(&self) -> Identity {
        self.file.borrow().metadata().ok().as_ref().and_then(identity)
    }

    pub(super) fn write(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }

    /// Adds to the end that the file has then.
    pub(super) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.adding.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        file.write_all(bytes)
    }

    pub(super) fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.borrow().set_len(length)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.borrow().sync_all()
    }
}
