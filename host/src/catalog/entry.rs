//! The moment at which a call that waited for its plugin's code enters it.

use std::sync::atomic::{AtomicBool, Ordering};

/// The entry of one call into a plugin's code. Either the call takes it, or the server, which then lets the call begin
/// anew with another version: never both.
#[derive(Debug, Default)]
pub struct Entry(AtomicBool);

impl Entry {
    /// Takes the entry. True for the first who asks.
    #[must_use]
    pub fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}
