//! The file system in a native build, such as in tests.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{Entries, Entry, Kind};

pub(super) fn roots() -> Vec<PathBuf> {
    vec![PathBuf::from("/")]
}

/// What is in the directory at `path`.
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
    path: PathBuf,
}

impl Open {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Self { file: file.into(), path: path.into() })
    }

    pub(super) fn existing(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Self { file: file.into(), path: path.into() })
    }

    /// Its length, and how many names it has.
    pub(super) fn about(&self) -> io::Result<(u64, u64)> {
        let about = self.file.borrow().metadata()?;
        #[cfg(unix)]
        let names = std::os::unix::fs::MetadataExt::nlink(&about);
        #[cfg(not(unix))]
        let names = 1;
        Ok((about.len(), names))
    }

    pub(super) fn write(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }

    /// Adds to the end that the file has then.
    pub(super) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().append(true).open(&self.path)?.write_all(bytes)
    }

    pub(super) fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.borrow().set_len(length)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.borrow().sync_all()
    }
}
