//! The inputs for loading a plugin, as a scan found them: a checked manifest, and files by their digests.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::known_files::KnownFile;
use crate::bounded_read::{self, read_at_most};
use crate::manifest::{Manifest, Sha256Digest};

/// The inputs for loading a plugin.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The manifest's file, as shown to people.
    pub file: String,
    /// The checked manifest.
    pub manifest: Arc<Manifest>,
    /// Its Wasm.
    pub wasm: HashedFile,
    /// The `.wit` file beside the manifest, which describes its functions. `None` where there is none.
    pub wit: Option<Wit>,
}

/// A `.wit` file.
#[derive(Clone, Debug)]
pub struct Wit {
    /// The file, as shown to people.
    pub file: String,
    /// The text, or the reason why it cannot be read.
    pub text: Result<HashedFile, String>,
}

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
    pub(super) fn new(path: PathBuf, known: &KnownFile, at_most: usize) -> Self {
        Self { path, digest: known.digest, bytes: known.bytes.clone(), at_most }
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

impl Wit {
    /// Returns a digest that differs between versions of it, readable or not.
    pub(super) fn digest(&self) -> Sha256Digest {
        match &self.text {
            Ok(text) => text.digest(),
            Err(reason) => Sha256Digest::of(reason.as_bytes()),
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
