//! A Wasm file by its digest, whose bytes are read where they are needed.

use std::sync::Arc;

use super::super::compile::error::CompileError;
use crate::manifest::Sha256Digest;

/// A Wasm file that is read only if its code is nowhere at hand.
#[derive(Clone)]
pub struct Wasm {
    /// The SHA-256 of the bytes.
    pub digest: Sha256Digest,
    read: Arc<dyn Fn() -> Result<Arc<[u8]>, CompileError> + Send + Sync>,
}

impl Wasm {
    /// A file with this digest. `read` gives the bytes that have it, or says why it cannot; it may
    /// block.
    pub fn new(
        digest: Sha256Digest,
        read: impl Fn() -> Result<Arc<[u8]>, CompileError> + Send + Sync + 'static,
    ) -> Self {
        Self { digest, read: Arc::new(read) }
    }

    /// Bytes that are here already.
    #[must_use]
    pub fn of(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self::new(Sha256Digest::of(&bytes), move || Ok(bytes.clone()))
    }

    /// The bytes. Blocks.
    pub(crate) fn bytes(&self) -> Result<Arc<[u8]>, CompileError> {
        (self.read)()
    }
}
