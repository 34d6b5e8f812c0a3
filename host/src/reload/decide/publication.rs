//! The times at which a catalog is published: soon, as it stands, and as a whole once all that belongs together is
//! there.
//!
//! Calls are served from either; clients are told of the whole only, and the first list waits for it.

use std::time::{Duration, Instant};

/// The time that a change that is ready waits for others that still load, so that it is announced once.
pub const HOLD: Duration = Duration::from_secs(2);
/// The time that the first catalog waits for plugins that still load. Clients wait for it: some give a list of tools
/// five seconds, and want to be answered within two.
pub const FIRST_HOLD: Duration = Duration::from_millis(1500);
/// The time for which changes are gathered before they are published although more still load.
const GATHER: Duration = Duration::from_millis(25);

/// The changes that are to be published, and the time of the first.
#[derive(Debug)]
pub(crate) struct Publication {
    /// The time since which the last publication is out of date. `None` if it is not.
    any_stale_since: Option<Instant>,
    /// The time since which the last whole is out of date. `None` if it is not.
    whole_stale_since: Option<Instant>,
    started: Instant,
    first: First,
    scanned: bool,
}

/// The first whole is special: clients wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Unscanned,
    Loading,
    Published,
}

/// The extent of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The plugins that are there, while more are about to come.
    Provisional,
    /// All plugins, or those that are there after a wait.
    Whole,
}

impl Publication {
    /// Nothing is published yet, and clients wait.
    pub(crate) fn new(now: Instant) -> Self {
        let since = Some(now);
        Self {
            any_stale_since: since,
            whole_stale_since: since,
            started: now,
            first: First::Unscanned,
            scanned: false,
        }
    }

    /// Notes that a first scan has ended.
    pub(crate) fn scanned(&mut self) {
        self.scanned = true;
        if self.first == First::Unscanned {
            self.first = First::Loading;
        }
    }

    /// True if the directories have been looked at.
    pub(crate) fn is_scanned(&self) -> bool {
        self.scanned
    }

    /// True if no whole has been published yet.
    pub(crate) fn is_first(&self) -> bool {
        self.first != First::Published
    }

    /// Notes that the published catalog is out of date.
    pub(crate) fn changed(&mut self, now: Instant) {
        self.whole_stale_since.get_or_insert(now);
        self.wake_waiting_calls(now);
    }

    /// Has a catalog published because a plugin that calls wait for will not come, so that they are answered.
    pub(crate) fn wake_waiting_calls(&mut self, now: Instant) {
        self.any_stale_since.get_or_insert(now);
    }

    /// Returns the time at which the next whole is to be published. `None` if the last one is up to date. `is_done`
    /// says that nothing loads any more.
    fn whole_at(&self, is_done: bool, now: Instant) -> Option<Instant> {
        let changed = self.whole_stale_since?;
        Some(match self.first {
            First::Loading | First::Published if is_done => now,
            First::Published => changed + HOLD,
            // A file system that hangs does not keep clients waiting for ever either.
            First::Unscanned | First::Loading => self.started + FIRST_HOLD,
        })
    }

    /// Returns the time at which the catalog is to be published, whole or not. `None` if it is up to date, or before
    /// the first scan has ended.
    fn any_at(&self) -> Option<Instant> {
        self.any_stale_since.filter(|_| self.scanned).map(|since| since + GATHER)
    }

    /// Returns the time at which [`due`](Self::due) may return an extent.
    pub(crate) fn deadline(&self, is_done: bool, now: Instant) -> Option<Instant> {
        self.whole_at(is_done, now).into_iter().chain(self.any_at()).min()
    }

    /// Returns the extent to publish now, if any; it is taken as published.
    pub(crate) fn due(&mut self, is_done: bool, now: Instant) -> Option<Extent> {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let is_any = is_due(self.any_at());
        if is_due(self.whole_at(is_done, now)) || (is_any && is_done) {
            (self.any_stale_since, self.whole_stale_since, self.first) =
                (None, None, First::Published);
            return Some(Extent::Whole);
        }
        is_any.then(|| {
            self.any_stale_since = None;
            Extent::Provisional
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_whole_waits_for_what_loads_but_not_for_long() {
        let start = Instant::now();
        let mut publication = Publication::new(start);
        assert_eq!(publication.due(true, start), None, "nothing was looked at yet");
        publication.scanned();
        assert_eq!(publication.due(true, start), Some(Extent::Whole));
        let mut publication = Publication::new(start);
        publication.scanned();
        assert_eq!(publication.deadline(false, start), Some(start + GATHER));
        assert_eq!(publication.due(false, start + GATHER), Some(Extent::Provisional));
        assert_eq!(publication.deadline(false, start), Some(start + FIRST_HOLD));
        assert_eq!(publication.due(false, start + FIRST_HOLD - Duration::from_millis(1)), None);
        assert_eq!(publication.due(false, start + FIRST_HOLD), Some(Extent::Whole));
        assert_eq!(publication.deadline(false, start), None, "there is nothing new");
        publication.changed(start + FIRST_HOLD);
        let later = start + FIRST_HOLD + GATHER;
        assert_eq!(publication.deadline(false, start), Some(later));
        assert_eq!(publication.due(false, later), Some(Extent::Provisional));
        assert_eq!(publication.deadline(false, start), Some(start + FIRST_HOLD + HOLD));
        assert_eq!(publication.due(false, start + FIRST_HOLD + HOLD), Some(Extent::Whole));
    }

    #[test]
    fn a_directory_that_cannot_be_read_keeps_nobody_waiting() {
        let start = Instant::now();
        let mut publication = Publication::new(start);
        assert_eq!(publication.due(false, start + GATHER), None, "nothing is known");
        assert_eq!(publication.due(false, start + FIRST_HOLD), Some(Extent::Whole));
    }

    #[test]
    fn what_comes_no_more_is_told_to_those_who_wait_for_it_and_is_no_change() {
        let start = Instant::now();
        let mut publication = Publication::new(start);
        publication.scanned();
        assert_eq!(publication.due(false, start + FIRST_HOLD), Some(Extent::Whole));
        publication.wake_waiting_calls(start + FIRST_HOLD);
        let later = start + FIRST_HOLD + GATHER;
        assert_eq!(publication.due(false, later), Some(Extent::Provisional));
        assert_eq!(publication.deadline(false, later), None);
        publication.wake_waiting_calls(later);
        assert_eq!(publication.due(true, later + GATHER), Some(Extent::Whole), "no more comes");
    }
}
