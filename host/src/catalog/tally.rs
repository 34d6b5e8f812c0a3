//! What a tool has been asked since the server started.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of one tool's calls. They are the one thing of a catalog that changes: they go from one
/// version of a tool to the next.
#[derive(Debug, Default)]
pub struct Tally {
    calls: AtomicU64,
    errors: AtomicU64,
}

impl Tally {
    /// Calls that were begun.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// Calls that ended without an answer or with a failure. One that was cancelled is none.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors.load(Relaxed)
    }

    pub(super) fn call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    pub(super) fn error(&self) {
        self.errors.fetch_add(1, Relaxed);
    }
}
