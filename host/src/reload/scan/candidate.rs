//! The inputs for loading a plugin, as a scan found them: a checked manifest, and files by their digests.

use std::sync::Arc;

use super::hashed_file::HashedFile;
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

impl Wit {
    /// Returns a digest that differs between versions of it, readable or not.
    pub(crate) fn digest(&self) -> Sha256Digest {
        match &self.text {
            Ok(text) => text.digest(),
            Err(reason) => Sha256Digest::of(reason.as_bytes()),
        }
    }
}
