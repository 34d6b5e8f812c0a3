//! The number of changes of what is served, since the server started.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Changes of what is served, counted as the log tells of them.
#[derive(Debug, Default)]
pub struct ReloadCounts {
    added: AtomicU64,
    updated: AtomicU64,
    removed: AtomicU64,
    refused: AtomicU64,
}

/// The outcome of a reload for one plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadResult {
    /// It is served, and was not before.
    Added,
    /// Another version of it is served.
    Updated,
    /// It is served no more.
    Removed,
    /// It, or its new version, is not served.
    Refused,
}

impl ReloadResult {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Added, Self::Updated, Self::Removed, Self::Refused];

    /// The name, for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Refused => "refused",
        }
    }
}

impl ReloadCounts {
    /// Returns how often a plugin ended so.
    #[must_use]
    pub fn get(&self, result: ReloadResult) -> u64 {
        self.of(result).load(Relaxed)
    }

    pub(super) fn count(&self, result: ReloadResult) {
        self.of(result).fetch_add(1, Relaxed);
    }

    fn of(&self, result: ReloadResult) -> &AtomicU64 {
        match result {
            ReloadResult::Added => &self.added,
            ReloadResult::Updated => &self.updated,
            ReloadResult::Removed => &self.removed,
            ReloadResult::Refused => &self.refused,
        }
    }
}
