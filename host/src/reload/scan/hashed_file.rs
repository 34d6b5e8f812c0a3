//! A file that was read and hashed, whose bytes can be had again.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::fs::bounded_read::{self, read_at_most};
use crate::manifest::Sha256Digest;

/// A file that was read and hashed.
#[derive(Clone, Debug)]
pub struct HashedFile {
    path: PathBuf,
    digest: Sha256Digest,
    bytes: Option<Arc<[u8]>>,
    at_most: usize,
}

/// The reason why the bytes that were hashed cannot be read again.
#[derive(Debug, thiserror::Error)]
pub enum HashedFileError {
    /// The file does not hold them any more.
    #[error("the file changed while it was loaded")]
    Changed,
    /// The file is there, and the system does not let it be read.
    #[error("its file cannot be read: {0}")]
    Unreadable(io::Error),
}

impl HashedFile {
    /// Creates the file at `path`, of at most `at_most` bytes. Without its `bytes` it is read again when they are wanted.
    pub(crate) fn new(
        path: PathBuf,
        digest: Sha256Digest,
        bytes: Option<Arc<[u8]>>,
        at_most: usize,
    ) -> Self {
        Self { path, digest, bytes, at_most }
    }

    /// The SHA-256 of [`bytes`](Self::bytes).
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        self.digest
    }

    /// The bytes that were hashed.
    pub fn bytes(&self) -> Result<Arc<[u8]>, HashedFileError> {
        if let Some(bytes) = &self.bytes {
            return Ok(bytes.clone());
        }
        let bytes = read_at_most(&self.path, self.at_most).map_err(|error| match error {
            bounded_read::ReadError::Io(error) => HashedFileError::Unreadable(error),
            bounded_read::ReadError::Missing
            | bounded_read::ReadError::NoFile(_)
            | bounded_read::ReadError::TooLarge(_) => HashedFileError::Changed,
        })?;
        if Sha256Digest::of(&bytes) == self.digest {
            Ok(bytes.into())
        } else {
            Err(HashedFileError::Changed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_has_not_changed() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("a.wasm");
        std::fs::write(&path, "one").expect("written");
        let file = |path: PathBuf| HashedFile {
            path,
            digest: Sha256Digest::of(b"one"),
            bytes: None,
            at_most: 8,
        };
        assert_eq!(&*file(path.clone()).bytes().expect("its bytes"), b"one");
        // No name that a system takes.
        let error = file(root.path().join("\0")).bytes().expect_err("it cannot be read");
        assert!(matches!(error, HashedFileError::Unreadable(_)), "{error}");
        assert!(matches!(file(root.path().join("b")).bytes(), Err(HashedFileError::Changed)));
        for bytes in ["two", "too many bytes"] {
            std::fs::write(&path, bytes).expect("written");
            assert!(matches!(file(path.clone()).bytes(), Err(HashedFileError::Changed)), "{bytes}");
        }
    }
}
