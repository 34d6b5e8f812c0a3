//! The listing of a plugin, kept with its code: a plugin that is only listed needs no code then.
//!
//! It is kept for its bytes, its grants and its limits: those that are asked know nothing else, and what is told of a tool
//! follows from what is granted.

use serde::{Deserialize, Serialize};

use super::super::code::code_store::Codes;
use super::directory::{CacheEntry, fingerprint};
use crate::manifest::{Grants, Limits, PluginKind, Sha256Digest};
use crate::tool::Listed;

/// The kind and the tools of a plugin, known without its code.
#[derive(Deserialize, Serialize)]
pub(crate) struct Listing {
    pub(crate) kind: PluginKind,
    /// The tools. A program has none here: its manifest says what it offers.
    pub(crate) listed: Listed,
}

/// The key under which the listing of one plugin is kept.
#[derive(Clone, Copy)]
pub(crate) struct ListingKey {
    wasm: Sha256Digest,
    terms: [u8; 32],
}

impl ListingKey {
    /// The place of a plugin with this Wasm under these terms.
    pub(crate) fn of(wasm: Sha256Digest, limits: &Limits, grants: &Grants) -> Self {
        Self { wasm, terms: fingerprint((limits, grants)) }
    }

    /// Returns the listing, if it is kept and so is the code, which a call needs.
    pub(crate) async fn find(self, codes: &Codes) -> Option<Listing> {
        let found = codes.with_cache(move |cache| {
            let entry = CacheEntry::Listing(&self.wasm, &self.terms);
            let kept = cache.has_code(&self.wasm).then(|| cache.read(entry))??;
            let listing = serde_json::from_slice(&kept);
            listing.inspect_err(|_| cache.forget(entry)).ok()
        });
        found.await
    }

    /// Returns the difference that was found when its code was compared with its file. `None` if none is kept.
    pub(crate) async fn disagreement(self, codes: &Codes) -> Option<String> {
        let found = codes.with_cache(move |cache| {
            String::from_utf8(cache.read(CacheEntry::Disagreement(&self.wasm, &self.terms))?).ok()
        });
        found.await
    }

    /// Keeps the difference between its code and its file, so that the file is not believed again.
    pub(crate) async fn keep_disagreement(self, codes: &Codes, problem: String) {
        let keep = codes.with_cache(move |cache| {
            cache.keep(CacheEntry::Disagreement(&self.wasm, &self.terms), problem.as_bytes());
            Some(())
        });
        keep.await;
    }

    /// Keeps `listing`.
    pub(crate) async fn keep(self, codes: &Codes, listing: Listing) {
        if let Ok(kept) = serde_json::to_vec(&listing) {
            let keep = codes.with_cache(move |cache| {
                cache.keep(CacheEntry::Listing(&self.wasm, &self.terms), &kept);
                Some(())
            });
            keep.await;
        }
    }
}
