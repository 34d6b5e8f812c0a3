//! The moment at which a call enters its plugin's code.

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

    /// True if it has been taken.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
