//! The moment at which a call enters its plugin's code.

use std::sync::atomic::{AtomicBool, Ordering};

/// The right of one call to enter a plugin's code. The side that takes it decides: the call, which then enters, or the
/// server, which then begins the call anew.
#[derive(Debug, Default)]
pub struct EntryTicket(AtomicBool);

impl EntryTicket {
    /// Takes the entry. Returns true the first time only.
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
