//! Calls by where they stand.

use std::ops::Add;

use serde::{Deserialize, Serialize};

/// The number of calls of a tool, or of several, by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CallCounts {
    /// Calls that were begun, refused before that, or given up while they waited.
    pub calls: u64,
    /// Calls that ended without an answer or with a failure. A cancelled call does not count.
    pub errors: u64,
    /// Calls whose clients cancelled them or have gone.
    pub cancelled: u64,
    /// Calls that run now.
    pub running: u64,
    /// Calls that wait for their plugin or their turn now.
    pub waiting: u64,
}

/// The number of calls of a tool, or of several, whose answers are kept, by what was found of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CacheCounts {
    /// Calls that ended with an answer that was kept.
    pub hits: u64,
    /// Calls of which no answer was kept.
    pub misses: u64,
}

impl CacheCounts {
    /// True if none was looked for.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Add for CacheCounts {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self { hits: self.hits + more.hits, misses: self.misses + more.misses }
    }
}

impl Add for CallCounts {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            calls: self.calls + more.calls,
            errors: self.errors + more.errors,
            cancelled: self.cancelled + more.cancelled,
            running: self.running + more.running,
            waiting: self.waiting + more.waiting,
        }
    }
}

impl std::iter::Sum for CallCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}
