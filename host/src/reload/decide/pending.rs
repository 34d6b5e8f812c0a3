//! The loads that are under way, the time of their beginning, and those that take long enough for a line of the log.
//!
//! The module is pure: it is told the time. The loader and the readers of these are not known here.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::name::PluginName;

/// Loading that takes longer is worth a word. What is cached takes milliseconds, so it is compiling
/// mostly, or waiting for others that compile.
pub(crate) const SLOW_LOAD: Duration = Duration::from_secs(2);

/// A plugin that is being loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its name.
    pub plugin: PluginName,
    /// Its manifest, as shown to people.
    pub file: String,
    /// The time at which that began.
    pub since: Instant,
}

/// The plugins that are being loaded, by their jobs. `J` names a job.
#[derive(Debug)]
pub(crate) struct PendingJobs<J>(HashMap<J, PendingJob>);

#[derive(Debug)]
struct PendingJob {
    pending: Pending,
    is_told: bool,
}

impl<J> Default for PendingJobs<J> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<J: Eq + Hash> PendingJobs<J> {
    /// Notes that a job has begun.
    pub(crate) fn begun(&mut self, job: J, pending: Pending) {
        self.0.insert(job, PendingJob { pending, is_told: false });
    }

    /// Notes that a job has ended, well or not. Returns its load and the time that it took, if it was reported as slow.
    pub(crate) fn ended(&mut self, job: &J, now: Instant) -> Option<(Pending, Duration)> {
        let PendingJob { pending, is_told } = self.0.remove(job)?;
        let took = now.duration_since(pending.since);
        is_told.then_some((pending, took))
    }

    /// Notes that the job goes on as `next`.
    pub(crate) fn goes_on(&mut self, job: &J, next: J) {
        if let Some(job) = self.0.remove(job) {
            self.0.insert(next, job);
        }
    }

    /// Returns the loads that have become slow since the last call, the longest first.
    pub(crate) fn slow(&mut self, now: Instant) -> Vec<Pending> {
        let jobs = self.0.values_mut();
        let slow = jobs.filter(|job| !job.is_told && job.pending.since + SLOW_LOAD <= now);
        let slow = slow.map(|job| {
            job.is_told = true;
            job.pending.clone()
        });
        sorted(slow.collect())
    }

    /// True if no job is left that was reported as slow.
    pub(crate) fn none_is_told(&self) -> bool {
        !self.0.values().any(|job| job.is_told)
    }

    /// Returns the time at which [`slow`](Self::slow) will next return a load, if none ends before. `None` if it will
    /// not.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let quiet = self.0.values().filter(|job| !job.is_told);
        quiet.map(|job| job.pending.since + SLOW_LOAD).min()
    }

    /// All of them, the longest first.
    pub(crate) fn all(&self) -> Vec<Pending> {
        sorted(self.0.values().map(|job| job.pending.clone()).collect())
    }
}

fn sorted(mut jobs: Vec<Pending>) -> Vec<Pending> {
    jobs.sort_by(|one, two| (one.since, &one.file).cmp(&(two.since, &two.file)));
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(name: &str, since: Instant) -> Pending {
        let plugin = PluginName::new(name).expect("a name");
        Pending { plugin, file: format!("{name}.toml"), since }
    }

    fn names(jobs: &[Pending]) -> Vec<&str> {
        jobs.iter().map(|job| job.plugin.as_str()).collect()
    }

    #[test]
    fn what_is_slow_is_told_once_and_its_end_with_its_duration() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut jobs = PendingJobs::default();
        jobs.begun(1, pending("slow", start));
        jobs.begun(2, pending("later", start + second));
        jobs.begun(3, pending("quick", start));
        assert_eq!(jobs.deadline(), Some(start + SLOW_LOAD));
        assert_eq!(names(&jobs.slow(start + second)), [""; 0]);
        assert_eq!(jobs.ended(&3, start + second), None);
        assert_eq!(names(&jobs.slow(start + SLOW_LOAD)), ["slow"]);
        assert_eq!(jobs.deadline(), Some(start + second + SLOW_LOAD));
        assert_eq!(names(&jobs.slow(start + second + SLOW_LOAD)), ["later"]);
        assert_eq!(jobs.deadline(), None);
        assert_eq!(names(&jobs.slow(start + second * 60)), [""; 0]);
        assert_eq!(names(&jobs.all()), ["slow", "later"]);
        let took = jobs.ended(&1, start + second * 9);
        assert_eq!(took, Some((pending("slow", start), second * 9)));
        assert_eq!(jobs.ended(&1, start + second * 9), None);
        assert_eq!(names(&jobs.all()), ["later"]);
    }

    #[test]
    fn the_next_version_begins_anew_whatever_becomes_of_the_one_before() {
        let start = Instant::now();
        let mut jobs = PendingJobs::default();
        jobs.begun(1, pending("p", start));
        jobs.begun(2, pending("p", start + SLOW_LOAD));
        assert_eq!(jobs.ended(&1, start + SLOW_LOAD), None);
        assert_eq!(jobs.all(), [pending("p", start + SLOW_LOAD)]);
        assert_eq!(names(&jobs.slow(start + SLOW_LOAD)), [""; 0]);
        assert_eq!(names(&jobs.slow(start + SLOW_LOAD * 2)), ["p"]);
    }
}
