//! The number of spans that were sent, and of those that were lost.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The numbers, since the server started.
#[derive(Debug, Default)]
pub struct SpanCounts {
    sent: AtomicU64,
    lost: AtomicU64,
}

impl SpanCounts {
    /// The number of spans that the collector has taken.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// The number of spans that were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    pub(super) fn add_sent(&self, spans: u64) {
        self.sent.fetch_add(spans, Relaxed);
    }

    pub(super) fn add_lost(&self, spans: u64) {
        self.lost.fetch_add(spans, Relaxed);
    }
}
