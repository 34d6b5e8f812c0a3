//! The digest of a catalog: where two servers have the same one, they serve the same tools with the same code.

use super::Catalog;
use super::offer::definition::definition_digest;
use crate::manifest::Sha256Digest;

impl Catalog {
    /// Returns the digest of all that clients are told of the tools, and of the Wasm behind each, in the order in which they
    /// are listed. It is computed once.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        *self.digest.get_or_init(|| {
            let mut digests = Vec::with_capacity(self.tools.len() * 2);
            for tool in self.tools.all() {
                digests.push(*definition_digest(&tool.name, &tool.spec).as_bytes());
                digests.push(*tool.plugin.digest.as_bytes());
            }
            Sha256Digest::of(digests.as_flattened())
        })
    }
}
