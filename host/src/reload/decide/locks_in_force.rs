//! The locks in force, one a directory: what a scan saw last, but that a lock which has gone counts on for
//! a while. A program that replaces a file may remove it first, and for that moment nothing must be free.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::super::scan::scanned::{Contents, Key};
use crate::lockfile::Verdict;

/// The time for which a plugin whose Wasm or directory has gone is served on: it may be on its way back. Also the time
/// that a second fault of a unit must stand before it is told.
pub const GONE_GRACE: Duration = Duration::from_secs(5);

/// A directory's lock, as it judges loaded plugins.
pub trait Judge<P>: Clone + PartialEq {
    /// True if there is a lock.
    fn is_there(&self) -> bool;
    /// Returns the reason why no code of the plugin that `file` names may be run, not even to ask it for its tools. `None`
    /// if it may.
    fn forbids(&self, file: &str) -> Option<String>;
    /// Decides whether this version of the plugin that `file` names may be served.
    fn judge(&self, file: &str, contents: &Contents, plugin: &P) -> Verdict;
}

#[derive(Debug)]
pub(crate) struct Locks<K>(BTreeMap<usize, InForce<K>>);

#[derive(Debug)]
struct InForce<K> {
    lock: K,
    /// The time at which a lock that has gone makes way for the absence of one. `None` while the lock is there.
    gone: Option<(Instant, K)>,
}

impl<K> Default for Locks<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Clone + PartialEq> Locks<K> {
    /// The one in force. None before the first scan.
    pub(crate) fn of(&self, directory: usize) -> Option<&K> {
        self.0.get(&directory).map(|in_force| &in_force.lock)
    }

    /// Returns the reason why the lock in force does not accept this version of a plugin. `None` if it does.
    pub(crate) fn refuses<P>(&self, key: &Key, contents: &Contents, plugin: &P) -> Option<String>
    where
        K: Judge<P>,
    {
        self.of(key.directory)?.judge(&key.file, contents, plugin).reason()
    }

    /// Returns the reason why the lock in force lets no code of this plugin run. `None` if it does.
    pub(crate) fn forbids<P>(&self, key: &Key) -> Option<String>
    where
        K: Judge<P>,
    {
        self.of(key.directory)?.forbids(&key.file)
    }

    /// Takes in the lock that a scan saw. True if another lock is in force now.
    pub(crate) fn seen<P>(&mut self, directory: usize, lock: K, now: Instant) -> bool
    where
        K: Judge<P>,
    {
        let Some(in_force) = self.0.get_mut(&directory) else {
            self.0.insert(directory, InForce { lock, gone: None });
            return true;
        };
        if !lock.is_there() && in_force.lock.is_there() {
            let until = in_force.gone.as_ref().map_or(now + GONE_GRACE, |(until, _)| *until);
            in_force.gone = Some((until, lock));
            return false;
        }
        in_force.gone = None;
        let is_new = in_force.lock != lock;
        in_force.lock = lock;
        is_new
    }

    /// The directories whose lock stayed away for too long.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<usize> {
        let mut expired = Vec::new();
        for (directory, in_force) in &mut self.0 {
            if let Some((_, nothing)) = in_force.gone.take_if(|(until, _)| *until <= now) {
                in_force.lock = nothing;
                expired.push(*directory);
            }
        }
        expired
    }

    /// Returns the time at which [`expire`](Self::expire) will next return a directory. `None` if no lock has gone.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.values().filter_map(|in_force| Some(in_force.gone.as_ref()?.0)).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A lock of which only its presence is known: true if it is there.
    #[derive(Clone, Debug, PartialEq)]
    struct There(bool);

    impl Judge<()> for There {
        fn is_there(&self) -> bool {
            self.0
        }

        fn forbids(&self, _file: &str) -> Option<String> {
            None
        }

        fn judge(&self, _file: &str, _pair: &Contents, (): &()) -> Verdict {
            Verdict::Accepted
        }
    }

    #[test]
    fn a_lock_that_has_gone_counts_on_for_a_while_however_often_it_is_looked_for() {
        let start = Instant::now();
        let mut locks = Locks::default();
        assert!(locks.seen(0, There(true), start));
        for millis in [0, 1, 1000] {
            assert!(!locks.seen(0, There(false), start + Duration::from_millis(millis)));
        }
        assert_eq!(locks.deadline(), Some(start + GONE_GRACE));
        assert_eq!(locks.expire(start + GONE_GRACE - Duration::from_millis(1)), [0; 0]);
        assert_eq!(locks.of(0), Some(&There(true)));
        assert_eq!(locks.expire(start + GONE_GRACE), [0]);
        assert_eq!((locks.of(0), locks.deadline()), (Some(&There(false)), None));
    }

    #[test]
    fn a_lock_that_comes_back_in_time_was_never_gone() {
        let start = Instant::now();
        let mut locks = Locks::default();
        for (there, is_new) in [(true, true), (false, false), (true, false)] {
            assert_eq!(locks.seen(0, There(there), start), is_new);
        }
        assert_eq!((locks.expire(start + GONE_GRACE), locks.deadline()), (vec![], None));
        // And the next time it has all its time again.
        let later = start + GONE_GRACE;
        locks.seen(0, There(false), later);
        assert_eq!(locks.deadline(), Some(later + GONE_GRACE));
    }
}
