//! The state of the audit log, for those who watch a server: its lines by what became of them, and why it cannot be written.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::sync::lock;

/// The numbers, since the server started.
#[derive(Debug, Default)]
pub struct AuditCounts {
    written: AtomicU64,
    lost: AtomicU64,
    waiting: AtomicU64,
    // A lock and not a snapshot: it changes where a write fails first, and where one succeeds again.
    problem: Mutex<Option<String>>,
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

    /// The number of entries that wait to be written.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Relaxed)
    }

    /// The reason why the file cannot be written now, with its name. `None` while it can.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        lock(&self.problem).clone()
    }

    pub(super) fn add_waiting(&self) {
        self.waiting.fetch_add(1, Relaxed);
    }

    pub(super) fn end_waiting(&self, entries: u64) {
        self.waiting.fetch_sub(entries, Relaxed);
    }

    pub(super) fn set_problem(&self, problem: Option<String>) {
        *lock(&self.problem) = problem;
    }

    pub(super) fn add_written(&self, lines: u64) {
        self.written.fetch_add(lines, Relaxed);
    }

    pub(super) fn add_lost(&self, lines: u64) {
        self.lost.fetch_add(lines, Relaxed);
    }
}
