//! What it takes to load a plugin, as a scan found it: a checked manifest, and files by their digests.

use std::path::PathBuf;
use std::sync::Arc;

use super::known::Known;
use crate::manifest::{Manifest, Sha256Digest};
use crate::regular::read_at_most;

/// What it takes to load a plugin.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The manifest's file, as shown to people.
    pub file: String,
    /// What it says.
    pub manifest: Arc<Manifest>,
    /// Its Wasm.
    pub wasm: HashedFile,
    /// What lies beside the manifest to describe its functions.
    pub wit: Option<Wit>,
}

/// A `.wit` file.
#[derive(Clone, Debug)]
pub struct Wit {
    /// The file, as shown to people.
    pub file: String,
    /// What it holds, or why it cannot be read.
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

/// A file does not hold any more what was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file changed while it was loaded")]
pub struct FileChanged;

impl HashedFile {
    pub(super) fn new(path: PathBuf, known: &Known, at_most: usize) -> Self {
        Self { path, digest: known.digest, bytes: known.bytes.clone(), at_most }
    }

    /// The SHA-256 of [`bytes`](Self::bytes).
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        self.digest
    }

    /// The bytes that were hashed.
    pub fn bytes(&self) -> Result<Arc<[u8]>, FileChanged> {
        if let Some(bytes) = &self.bytes {
            return Ok(bytes.clone());
        }
        let bytes = read_at_most(&self.path, self.at_most).map_err(|_| FileChanged)?;
        if Sha256Digest::of(&bytes) == self.digest { Ok(bytes.into()) } else { Err(FileChanged) }
    }
}

impl Wit {
    /// What tells one version of it from another, be it readable or not.
    pub(super) fn digest(&self) -> Sha256Digest {
        match &self.text {
            Ok(text) => text.digest(),
            Err(reason) => Sha256Digest::of(reason.as_bytes()),
        }
    }
}
