//! The times of scans: after a hint and some quiet, and every now and then without one.

use std::time::{Duration, Instant};

/// The time between two looks at the files when nothing hints at a change.
pub(crate) const PERIOD: Duration = Duration::from_secs(30);
/// The time between two looks at the files where the system does not hint.
pub(crate) const POLL: Duration = Duration::from_secs(2);
/// The time after which all files are read again, whatever their times and sizes say.
pub(crate) const DEEP: Duration = Duration::from_mins(10);
/// The time that the files must be left alone before they are read.
const SCAN_QUIET: Duration = Duration::from_millis(300);
/// The time that a directory that is never left alone is waited for.
const MAX_SCAN_DELAY: Duration = Duration::from_secs(2);

/// Decides when the next scan is due.
#[derive(Debug)]
pub struct Schedule {
    /// The first and the last hint since the last scan began.
    hints: Option<(Instant, Instant)>,
    last_scan: Instant,
}

impl Schedule {
    /// A schedule at `now`, when a scan begins.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { hints: None, last_scan: now }
    }

    /// Notes that a file may have changed.
    pub fn hint(&mut self, now: Instant) {
        let first = self.hints.map_or(now, |(first, _)| first);
        self.hints = Some((first, now));
    }

    /// Notes that a scan begins, which looks at all that was hinted at.
    pub fn begin(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// Returns the time at which the next scan is due, if one is made every `interval` without any hint.
    #[must_use]
    pub fn due(&self, interval: Duration) -> Instant {
        let periodic = self.last_scan + interval;
        match self.hints {
            Some((first, last)) => (last + SCAN_QUIET).min(first + MAX_SCAN_DELAY).min(periodic),
            None => periodic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_waits_for_quiet_but_not_for_ever() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let interval = Duration::from_secs(30);
        let mut schedule = Schedule::new(start);
        assert_eq!(schedule.due(interval), at(30_000));
        schedule.hint(at(1000));
        assert_eq!(schedule.due(interval), at(1300));
        schedule.hint(at(1200));
        assert_eq!(schedule.due(interval), at(1500));
        for hint in 0..100 {
            schedule.hint(at(1200 + hint * 100));
        }
        assert_eq!(schedule.due(interval), at(3000));
        schedule.begin(at(3000));
        assert_eq!(schedule.due(interval), at(33_000));
    }
}
