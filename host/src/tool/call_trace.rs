//! The trace of one call: when it was begun, and what it used if it was ended from outside. Whoever runs the call writes it,
//! whoever tells of its end reads it.

use std::sync::OnceLock;
use std::time::Instant;

use super::outcome::Usage;

/// The trace of a call. It outlives a call that is cancelled.
#[derive(Debug, Default)]
pub struct CallTrace {
    begun: OnceLock<Instant>,
    abandoned: OnceLock<Usage>,
}

impl CallTrace {
    /// Notes that the call waits for nothing any more.
    pub fn begin(&self) {
        // A call begins once.
        let _ = self.begun.set(Instant::now());
    }

    /// Notes what the guest of the call had used when it was ended from outside.
    pub fn abandon(&self, usage: Usage) {
        let _ = self.abandoned.set(usage);
    }

    /// What its guest had used when it was ended from outside. `None` if it was not, or had no guest.
    #[must_use]
    pub fn abandoned(&self) -> Option<Usage> {
        self.abandoned.get().copied()
    }

    /// The time at which the call was begun. `None` if it has only waited.
    #[must_use]
    pub fn begun(&self) -> Option<Instant> {
        self.begun.get().copied()
    }
}
