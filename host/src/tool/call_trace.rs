//! The trace of one call that somebody observes: when it was begun. Whoever runs the call writes it, whoever tells of its end
//! reads it.

use std::sync::OnceLock;
use std::time::Instant;

/// The trace of a call. It outlives a call that is cancelled.
#[derive(Debug, Default)]
pub struct CallTrace {
    begun: OnceLock<Instant>,
}

impl CallTrace {
    /// Notes that the call waits for nothing any more.
    pub fn begin(&self) {
        // A call begins once.
        let _ = self.begun.set(Instant::now());
    }

    /// The time at which the call was begun. `None` if it has only waited.
    #[must_use]
    pub fn begun(&self) -> Option<Instant> {
        self.begun.get().copied()
    }
}
