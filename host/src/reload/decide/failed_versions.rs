//! Versions that do not load: why, and when one that this machine could not load is loaded again.

use std::time::{Duration, Instant};

use super::super::scan::scanned::Contents;

/// The time after which a version is loaded again when a failure may pass; twice as long after each further one, so that
/// retries cost little.
const RETRY: Duration = Duration::from_secs(1);
const MAX_RETRY: Duration = Duration::from_hours(1);
/// The number of failures in a row after which calls of it wait no more.
const MAX_COMING: u32 = 4;

/// The reason why loading gave no plugin.
#[derive(Clone, Debug)]
pub enum LoadError {
    /// These bytes are no plugin.
    Bad(String),
    /// This machine could not; another time it may.
    Failed(String),
    /// The bytes that were to be loaded are not there any more.
    Changed,
}

/// A version that could not be loaded, which may be otherwise another time.
#[derive(Debug)]
pub(crate) struct FailedVersion {
    pub(crate) contents: Contents,
    pub(crate) reason: String,
    /// The number of failures in a row.
    times: u32,
    /// The time at which it is loaded again; `None` once it may be.
    pub(crate) retry_at: Option<Instant>,
}

impl FailedVersion {
    /// This version has failed, once more than `before`.
    pub(crate) fn again(
        before: Option<Self>,
        contents: Contents,
        reason: String,
        now: Instant,
    ) -> Self {
        let times = before.map_or(0, |failed| failed.times);
        let wait = RETRY.saturating_mul(1 << times.min(12)).min(MAX_RETRY);
        Self { contents, reason, times: times + 1, retry_at: Some(now + wait) }
    }

    /// True if it is time to load it again; that is asked once.
    pub(crate) fn is_to_retry(&mut self, now: Instant) -> bool {
        self.retry_at.take_if(|at| *at <= now).is_some()
    }

    /// True if calls wait until it is loaded again.
    pub(crate) fn is_coming_again(&self) -> bool {
        self.times <= MAX_COMING
    }
}
