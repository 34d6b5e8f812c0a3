//! When what is served is published: soon, in one piece, and the first time complete.

use std::time::{Duration, Instant};

/// How long a change that is ready waits for others that still load, so that it is announced once.
pub const HOLD: Duration = Duration::from_secs(2);
/// The same for the first catalog, which clients wait for.
pub const MAX_LOADING: Duration = Duration::from_secs(60);
/// How often, until then, what is ready is given to calls.
pub const EARLY: Duration = Duration::from_millis(250);

/// What there is to publish, and since when.
#[derive(Debug)]
pub(super) struct Publication {
    /// Since when the published view is out of date.
    changed: Option<Instant>,
    started: Instant,
    first: First,
    /// When calls are given what is ready, if there is something new and no catalog yet.
    early: Option<Instant>,
}

/// The first catalog is special: it is complete, and it hides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Unscanned,
    Loading,
    Published,
}

impl Publication {
    /// Nothing is published yet, and clients wait.
    pub(super) fn new(now: Instant) -> Self {
        Self { changed: Some(now), started: now, first: First::Unscanned, early: None }
    }

    /// What there is has been looked at.
    pub(super) fn scanned(&mut self) {
        if self.first == First::Unscanned {
            self.first = First::Loading;
        }
    }

    /// Whether there was none yet.
    pub(super) fn is_first(&self) -> bool {
        self.first != First::Published
    }

    /// What was published is not what is to be served any more.
    pub(super) fn changed(&mut self, now: Instant) {
        self.changed.get_or_insert(now);
    }

    /// The same, by a plugin that can be called.
    pub(super) fn ready(&mut self, now: Instant) {
        self.changed(now);
        self.early.get_or_insert(now + EARLY);
    }

    /// When it is to be published, if it is. Whether something still loads is said by `is_done`.
    fn at(&self, is_done: bool, now: Instant) -> Option<Instant> {
        let changed = self.changed?;
        Some(match self.first {
            First::Loading | First::Published if is_done => now,
            First::Published => changed + HOLD,
            // Nor does a file system that hangs keep clients waiting for ever.
            First::Unscanned | First::Loading => self.started + MAX_LOADING,
        })
    }

    fn early_at(&self) -> Option<Instant> {
        self.early.filter(|_| self.is_first())
    }

    /// When [`is_due`](Self::is_due) or [`is_due_early`](Self::is_due_early) may say so.
    pub(super) fn deadline(&self, is_done: bool, now: Instant) -> Option<Instant> {
        self.at(is_done, now).into_iter().chain(self.early_at()).min()
    }

    /// Whether it is time to publish, which is then taken as done.
    pub(super) fn is_due(&mut self, is_done: bool, now: Instant) -> bool {
        let is_due = self.at(is_done, now).is_some_and(|at| at <= now);
        if is_due {
            (self.changed, self.early, self.first) = (None, None, First::Published);
        }
        is_due
    }

    /// Whether it is time to give calls what is ready, which is then taken as done.
    pub(super) fn is_due_early(&mut self, now: Instant) -> bool {
        let is_due = self.early_at().is_some_and(|at| at <= now);
        if is_due {
            self.early = None;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ready_before_the_first_catalog_waits_for_no_more_that_become_ready() {
        let start = Instant::now();
        let mut publication = Publication::new(start);
        publication.scanned();
        for millis in [0, 100, 200] {
            publication.ready(start + Duration::from_millis(millis));
        }
        assert_eq!(publication.deadline(false, start), Some(start + EARLY));
        assert!(!publication.is_due_early(start + EARLY - Duration::from_millis(1)));
        assert!(publication.is_due_early(start + EARLY));
        assert!(!publication.is_due_early(start + EARLY), "it was given");
        assert_eq!(publication.deadline(false, start), Some(start + MAX_LOADING));
        assert!(publication.is_due(true, start + EARLY));
        publication.ready(start + MAX_LOADING);
        assert!(!publication.is_due_early(start + MAX_LOADING * 2), "there is a catalog");
    }
}
