//! The moment at which a call enters its plugin's code.

use std::sync::atomic::{AtomicU8, Ordering};

/// The right of one call to enter a plugin's code. The side that takes it decides: the call, which then enters, or the
/// server, which then begins the call anew.
#[derive(Debug, Default)]
pub struct EntryTicket(AtomicU8);

/// Nobody has taken it.
const FREE: u8 = 0;
/// The call has taken it.
const ENTERED: u8 = 1;
/// The server has taken it.
const TAKEN_BACK: u8 = 2;

impl EntryTicket {
    /// Takes the entry for the call. Returns true if nobody has taken it before.
    #[must_use]
    pub fn take(&self) -> bool {
        self.take_as(ENTERED)
    }

    /// Takes the entry for the server. Returns true if nobody has taken it before.
    #[must_use]
    pub fn take_back(&self) -> bool {
        self.take_as(TAKEN_BACK)
    }

    fn take_as(&self, taker: u8) -> bool {
        self.0.compare_exchange(FREE, taker, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// True if it has been taken.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.0.load(Ordering::Acquire) != FREE
    }

    /// True if the server has taken it.
    #[must_use]
    pub fn is_taken_back(&self) -> bool {
        self.0.load(Ordering::Acquire) == TAKEN_BACK
    }
}
