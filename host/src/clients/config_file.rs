//! A client's file on the disk: read whole, written whole, with its owner, its permissions and its byte order mark.
//!
//! What the text means is not known here.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::error::FileError;
use crate::fs::atomic_write::{KeptOwner, Replacement};
use crate::fs::bounded_read::{ReadError, read};

/// The largest file that is edited, in bytes. Claude Code keeps its history in the same file.
pub(super) const MAX_CONFIG: usize = 64 * 1024 * 1024;
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A file as it was when it was read.
pub(super) struct ConfigFile {
    /// Where it lies, past a link.
    pub(super) path: PathBuf,
    /// `None` where there is no file.
    content: Option<(Vec<u8>, Metadata)>,
}

/// The users who may read a file that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// The user alone: clients keep keys in it.
    Owner,
    /// All users whom the system's default lets.
    Default,
}

impl ConfigFile {
    pub(super) fn read(path: &Path) -> Result<Self, FileError> {
        let path = past_link(path)?;
        let content = match read(&path, MAX_CONFIG) {
            Ok(content) => Some(content),
            Err(ReadError::Missing) => None,
            Err(error) => return Err(FileError::Unreadable(error.to_string())),
        };
        Ok(Self { path, content })
    }

    /// All of it. `None` where there is no file.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        self.content.as_ref().map(|(bytes, _)| &**bytes)
    }

    /// Its text, which is empty where there is no file.
    pub(super) fn text(&self) -> Result<&str, FileError> {
        let text = std::str::from_utf8(self.bytes().unwrap_or_default());
        let text = text.map_err(|_| FileError::NoText)?;
        Ok(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))
    }

    /// The bytes of the file with another text.
    pub(super) fn with_text(&self, text: &str) -> Vec<u8> {
        let mark = BYTE_ORDER_MARK.as_bytes();
        let is_marked = self.bytes().is_some_and(|bytes| bytes.starts_with(mark));
        let mark = if is_marked { mark } else { &[] };
        [mark, text.as_bytes()].concat()
    }

    /// Refuses a file that its owner protects.
    pub(super) fn check_writable(&self) -> Result<(), FileError> {
        let content = self.content.as_ref();
        let is_read_only = content.is_some_and(|(_, metadata)| metadata.permissions().readonly());
        if is_read_only { Err(FileError::ReadOnly) } else { Ok(()) }
    }

    /// Refuses a file that others may read, before it gets a secret. Rights are not Unix's on Windows.
    pub(super) fn check_private(&self) -> Result<(), FileError> {
        #[cfg(unix)]
        if let Some((_, metadata)) = &self.content {
            use std::os::unix::fs::MetadataExt as _;
            let mode = metadata.mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(FileError::Open { path: self.path.clone(), mode });
            }
        }
        Ok(())
    }

    /// Puts other bytes into the file, or removes it. Does neither where it is not as it was read.
    pub(super) fn replace(
        &self,
        bytes: Option<&[u8]>,
        audience: Audience,
    ) -> Result<(), FileError> {
        self.check_writable()?;
        match (bytes, self.bytes()) {
            (Some(bytes), _) => self.write(bytes, audience),
            (None, Some(_)) => {
                self.check_unchanged()?;
                Ok(fs::remove_file(&self.path)?)
            }
            (None, None) => Ok(()),
        }
    }

    fn check_unchanged(&self) -> Result<(), FileError> {
        let is_same = Self::read(&self.path)?.bytes() == self.bytes();
        if is_same { Ok(()) } else { Err(FileError::Changed) }
    }

    fn write(&self, bytes: &[u8], audience: Audience) -> Result<(), FileError> {
        self.check_unchanged()?;
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let old = self.content.as_ref().map(|(_, metadata)| metadata);
        let is_private = old.is_some() || audience == Audience::Owner;
        let replacement =
            Replacement { path: &self.path, old, is_private, owner: KeptOwner::Always };
        // Writing took a while; a client may have written meanwhile.
        replacement.write(bytes, || self.check_unchanged())
    }

    /// The directories that have to be made for the file, the outermost first.
    pub(super) fn missing_directories(&self) -> Vec<PathBuf> {
        let above = self.path.ancestors().skip(1);
        let missing = above.take_while(|directory| directory.symlink_metadata().is_err());
        // Others cannot be written down.
        let named = missing.filter(|directory| directory.to_str().is_some());
        let mut missing: Vec<_> = named.map(Path::to_owned).collect();
        missing.reverse();
        missing
    }
}

fn past_link(path: &Path) -> Result<PathBuf, FileError> {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    if !is_link {
        return Ok(path.to_owned());
    }
    path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FileError::Dangling(fs::read_link(path).unwrap_or_default()),
        _ => FileError::Unreadable(format!("cannot be read: {error}")),
    })
}
