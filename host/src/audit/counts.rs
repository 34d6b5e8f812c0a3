//! The number of lines of the audit log that were written, and of those that were lost.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The numbers, since the server started.
#[derive(Debug, Default)]
pub struct AuditCounts {
    written: AtomicU64,
    lost: AtomicU64,
}

impl AuditCounts {
    /// The number of lines that were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    /// The number of lines that were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    pub(super) fn add_written(&self, lines: u64) {
        self.written.fetch_add(lines, Relaxed);
    }

    pub(super) fn add_lost(&self, lines: u64) {
        self.lost.fetch_add(lines, Relaxed);
    }
}
