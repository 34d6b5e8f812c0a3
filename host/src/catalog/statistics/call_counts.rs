//! Calls by where they stand.

use std::ops::Add;

use serde::{Deserialize, Serialize};

/// The number of calls of a tool, or of several, by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CallCounts {
    /// Calls that were begun.
    pub calls: u64,
    /// Calls that ended without an answer or with a failure. A cancelled call does not count.
    pub errors: u64,
    /// Calls that were begun and then cancelled by their clients.
    pub cancelled: u64,
    /// Calls that run now.
    pub running: u64,
    /// Calls that wait for their plugin now.
    pub waiting: u64,
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
