//! Checks of what plugins offer that were passed before, kept with their code: none need be made twice.

use std::sync::Arc;

use super::directory::{Cache, CacheEntry};
use super::lazy_cache::LazyCache;
use crate::manifest::Sha256Digest;

/// The checks that were passed under this version of the program, as far as there is a place to keep that. Only the
/// callers that make the checks know what they are of.
#[derive(Clone)]
pub struct Checks(Option<Arc<LazyCache>>);

impl Checks {
    pub(crate) fn of(cache: Option<Arc<LazyCache>>) -> Self {
        Self(cache)
    }

    /// True if everything that `digest` is of passed before. Blocks.
    #[must_use]
    pub fn has_passed(&self, digest: &Sha256Digest) -> bool {
        self.cache().is_some_and(|cache| cache.read(CacheEntry::Passed(digest)).is_some())
    }

    /// Keeps the fact that everything that `digest` is of has passed. Blocks.
    pub fn passed(&self, digest: &Sha256Digest) {
        if let Some(cache) = self.cache() {
            cache.keep(CacheEntry::Passed(digest), &[]);
        }
    }

    fn cache(&self) -> Option<&Cache> {
        self.0.as_ref()?.get()
    }
}
