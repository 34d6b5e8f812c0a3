//! When what is served is published: soon, and in one piece as far as that does not keep clients waiting.

use std::time::{Duration, Instant};

/// How long a change that is ready waits for others that still load, so that it is announced once.
pub const HOLD: Duration = Duration::from_secs(2);
/// The same for the first catalog, which clients wait for: some give a list of tools five seconds, and want to be
/// answered within two.
pub const FIRST_HOLD: Duration = Duration::from_millis(1500);

/// What there is to publish, and since when.
#[derive(Debug)]
pub(super) struct Publication {
    /// Since when the published view is out of date.
    changed: Option<Instant>,
    started: Instant,
    first: First,
    scanned: bool,
}

/// The first catalog is special: clients wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Unscanned,
    Loading,
    Published,
}

impl Publication {
    /// Nothing is published yet, and clients wait.
    pub(super) fn new(now: Instant) -> Self {
        Self { changed: Some(now), started: now, first: First::Unscanned, scanned: false }
    }

    /// What there is has been looked at.
    pub(super) fn scanned(&mut self) {
        self.scanned = true;
        if self.first == First::Unscanned {
            self.first = First::Loading;
        }
    }

    /// True if the directories have been looked at.
    pub(super) fn is_scanned(&self) -> bool {
        self.scanned
    }

    /// Whether there was none yet.
    pub(super) fn is_first(&self) -> bool {
        self.first != First::Published
    }

    /// What was published is not what is to be served any more.
    pub(super) fn changed(&mut self, now: Instant) {
        self.changed.get_or_insert(now);
    }

    /// When it is to be published, if it is. Whether something still loads is said by `is_done`.
    fn at(&self, is_done: bool, now: Instant) -> Option<Instant> {
        let changed = self.changed?;
        Some(match self.first {
            First::Loading | First::Published if is_done => now,
            First::Published => changed + HOLD,
            // Nor does a file system that hangs keep clients waiting for ever.
            First::Unscanned | First::Loading => self.started + FIRST_HOLD,
        })
    }

    /// When [`is_due`](Self::is_due) may say so.
    pub(super) fn deadline(&self, is_done: bool, now: Instant) -> Option<Instant> {
        self.at(is_done, now)
    }

    /// Whether it is time to publish, which is then taken as done.
    pub(super) fn is_due(&mut self, is_done: bool, now: Instant) -> bool {
        let is_due = self.at(is_done, now).is_some_and(|at| at <= now);
        if is_due {
            (self.changed, self.first) = (None, First::Published);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_catalog_waits_for_what_loads_but_not_for_long() {
        let start = Instant::now();
        let mut publication = Publication::new(start);
        assert!(!publication.is_due(true, start), "nothing was looked at yet");
        publication.scanned();
        assert!(publication.is_due(true, start));
        let mut publication = Publication::new(start);
        publication.scanned();
        assert_eq!(publication.deadline(false, start), Some(start + FIRST_HOLD));
        assert!(!publication.is_due(false, start + FIRST_HOLD - Duration::from_millis(1)));
        assert!(publication.is_due(false, start + FIRST_HOLD));
        assert_eq!(publication.deadline(false, start), None, "there is nothing new");
        publication.changed(start + FIRST_HOLD);
        assert_eq!(publication.deadline(false, start), Some(start + FIRST_HOLD + HOLD));
    }

    #[test]
    fn a_directory_that_cannot_be_read_keeps_nobody_waiting() {
        let start = Instant::now();
        let mut publication = Publication::new(start);
        assert!(publication.is_due(false, start + FIRST_HOLD));
    }
}
