//! The decision what to serve, from the outcomes of scans and loads: no files, no clock, no tasks.
//!
//! Time comes in as an argument, plugins are a type parameter, so that histories can be invented and
//! compared with a fresh look at the same files.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::super::scan::scanned::{Contents, Key, PluginUnit, Scan, SeenDirectory};
use super::failed_versions::LoadError;
use super::locks_in_force::{GONE_GRACE, Judge, Locks};
use super::publication::{Extent, Publication};
use super::served_view::ServedView;
use super::tracked::{Comparison, CurrentVersion, Due, LoadStage, Reason, Then, Tracked};

/// The time that a fault must stand before it is told: a slow copy is not a broken file.
pub const TELL_AFTER: Duration = Duration::from_secs(2);

/// All units and what is known of them. `P` is a loaded plugin, `K` the lock of a directory.
#[derive(Debug)]
pub struct Core<P, K> {
    units: BTreeMap<Key, Tracked<P>>,
    locks: Locks<K>,
    /// The largest number of plugins that are loaded.
    most: usize,
    publication: Publication,
    /// True if the files are to be looked at again soon, as where one changed while it was read.
    stale: bool,
    /// True if the last scan saw more plugins than there was room for.
    full: bool,
    /// True if the catalog that was published last says that others are loading.
    promises: bool,
}

impl<P: Clone, K: Judge<P>> Core<P, K> {
    /// Nothing is known yet. At most `most` plugins are loaded.
    #[must_use]
    pub fn new(most: usize, now: Instant) -> Self {
        Self {
            units: BTreeMap::new(),
            locks: Locks::default(),
            most,
            publication: Publication::new(now),
            stale: false,
            full: false,
            promises: false,
        }
    }

    /// Takes in what a scan saw. Gives what is to be loaded, in order; a later order for a key takes the
    /// place of an earlier one.
    pub fn scanned<L>(&mut self, scan: Scan<L, K>, now: Instant) -> Vec<(Key, Contents, L)> {
        self.publication.scanned();
        self.full = false;
        let mut loads = Vec::new();
        for (directory, seen) in scan.directories.into_iter().enumerate() {
            let own = Key { directory, file: String::new() };
            match seen {
                SeenDirectory::Listed(units, lock) => {
                    if self.locks.seen(directory, lock, now) {
                        self.judge_again(directory, now);
                    }
                    self.forget(now, |key| {
                        key.directory == directory && !units.contains_key(&key.file)
                    });
                    let mut room = self.most.saturating_sub(self.occupied());
                    for (file, unit) in units {
                        let key = Key { directory, file };
                        let load = self.unit(&key, unit, &mut room, now);
                        loads.extend(load.map(|(contents, how)| (key, contents, how)));
                    }
                }
                SeenDirectory::Missing(reason) => {
                    let keys: Vec<_> = self.units.keys().cloned().collect();
                    for key in keys.into_iter().filter(|key| key.directory == directory) {
                        if key != own {
                            self.gone(&key, reason.clone(), Then::Forget, now);
                        }
                    }
                    self.gone(&own, reason, Then::Refuse, now);
                }
                // An unreadable directory says nothing of its files: all its units stay as they are.
                SeenDirectory::Unreadable(reason) => {
                    for (key, unit) in &mut self.units {
                        if key.directory == directory {
                            unit.stays();
                        }
                    }
                    self.refuse(&own, reason, now);
                }
            }
        }
        self.advance(now);
        loads
    }

    /// Takes in a plugin whose tools are known before its code is made. It serves if no older version does, which
    /// could be called without waiting.
    pub fn listed(&mut self, key: &Key, contents: Contents, plugin: P, now: Instant) {
        let Some(unit) = self.units.get_mut(key) else { return };
        let is_accepted = self.locks.refuses(key, &contents, &plugin).is_none();
        if unit.lists(contents, plugin, is_accepted) {
            self.publication.changed(now);
        }
    }

    /// Takes in how loading ended. What is not wanted any more is dropped.
    pub fn loaded(
        &mut self,
        key: &Key,
        contents: Contents,
        loaded: Result<P, LoadError>,
        now: Instant,
    ) {
        let Some(unit) = self.units.get_mut(key) else { return };
        if let Err(LoadError::Bad(reason)) = &loaded {
            unit.is_bad(contents, reason.clone());
        }
        if unit.is_loading(&contents) {
            self.loaded_wanted(key, contents, loaded, now);
        } else if unit.is_superseded(&contents) {
            self.loaded_superseded(key, contents, loaded);
            self.publication.changed(now);
        } else if unit.is_listed(&contents) {
            unit.loaded_listed(contents, loaded);
            self.publication.changed(now);
        }
    }

    /// Takes in how loading ended for the version that lies there.
    fn loaded_wanted(
        &mut self,
        key: &Key,
        contents: Contents,
        loaded: Result<P, LoadError>,
        now: Instant,
    ) {
        let unit = self.tracked(key);
        let unlists = match &loaded {
            Ok(_) | Err(LoadError::Changed) => false,
            Err(LoadError::Bad(_)) => unit.is_listed(&contents),
            // Another time it may have code: its tools stay, so that they do not come and go. What fails again and
            // again is not listed either.
            Err(LoadError::Failed(reason)) => {
                let is_listed = unit.is_listed(&contents);
                unit.fails(contents, reason.clone(), now);
                is_listed && !unit.is_coming_again()
            }
        };
        let was_served = unlists && unit.unlists();
        if was_served {
            self.publication.changed(now);
        }
        match loaded {
            Ok(plugin) => match self.locks.refuses(key, &contents, &plugin) {
                None => {
                    self.tracked(key).serve(contents, plugin);
                    self.publication.changed(now);
                }
                Some(reason) => {
                    self.tracked(key).hold(contents, plugin, reason.clone());
                    self.refuse(key, reason, now);
                    self.advance(now);
                }
            },
            Err(LoadError::Bad(reason) | LoadError::Failed(reason)) => {
                self.publication.wake_waiting_calls(now);
                self.refuse(key, reason, now);
                // A plugin that was served and is not any more is told with the reason.
                if was_served {
                    self.tracked(key).tell_now(now);
                }
                self.advance(now);
            }
            Err(LoadError::Changed) => {
                self.tracked(key).now = CurrentVersion::Unknown;
                self.stale = true;
            }
        }
    }

    /// Takes in how loading ended for a version that another has taken the place of: it serves all the same until that
    /// one does.
    fn loaded_superseded(&mut self, key: &Key, contents: Contents, loaded: Result<P, LoadError>) {
        let accepted =
            loaded.ok().filter(|plugin| self.locks.refuses(key, &contents, plugin).is_none());
        let unit = self.tracked(key);
        match accepted {
            Some(plugin) => unit.stays_good(contents, plugin),
            None => unit.ends_superseded(),
        }
    }

    /// True if the files are to be looked at again soon, hint or no hint.
    pub fn take_stale(&mut self) -> bool {
        // A unit that was refused for want of room may have room now.
        if self.full && self.occupied() < self.most {
            (self.full, self.stale) = (false, true);
        }
        std::mem::take(&mut self.stale)
    }

    /// Returns the view to publish, if it has changed and is due.
    pub fn publish(&mut self, now: Instant) -> Option<ServedView<P>> {
        self.advance(now);
        let is_done = self.is_done();
        // The promise is withdrawn even if none of them came to be served, as where it was removed.
        if is_done && std::mem::take(&mut self.promises) {
            self.publication.changed(now);
        }
        let extent = self.publication.due(is_done, now)?;
        self.promises = !is_done || !self.publication.is_scanned();
        Some(ServedView { is_provisional: extent == Extent::Provisional, ..self.view() })
    }

    /// Returns the view as it is now.
    #[must_use]
    pub fn view(&self) -> ServedView<P> {
        ServedView { is_scanned: self.publication.is_scanned(), ..ServedView::of(&self.units) }
    }

    /// Iterates over the units that serve, with their versions.
    pub fn serving(&self) -> impl Iterator<Item = (&Key, &Contents, &P)> {
        let serving = self.units.iter().map(|(key, unit)| (key, unit.serving_version()));
        serving
            .filter_map(|(key, version)| version.map(|(contents, plugin)| (key, contents, plugin)))
    }

    /// Takes in that something else is to be served of what is known: other tools of a plugin, or none.
    pub fn changed(&mut self, now: Instant) {
        self.publication.changed(now);
    }

    /// Iterates over the good plugins, with their versions.
    pub fn good(&self) -> impl Iterator<Item = (&Key, &Contents, &P)> {
        let good = self.units.iter().map(|(key, unit)| Some((key, unit.good.as_ref()?)));
        good.flatten().map(|(key, (contents, plugin))| (key, contents, plugin))
    }

    /// Returns the time at which [`publish`](Self::publish) and [`take_stale`](Self::take_stale) should be asked again,
    /// if nothing else happens before. `None` if no time is set.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let units = self.units.values().filter_map(Tracked::deadline);
        let stale = self.stale.then_some(now);
        let published = self.publication.deadline(self.is_done(), now);
        units.chain(published).chain(self.locks.deadline()).chain(stale).min()
    }

    /// Returns the number of units that are loading, and the number of all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        let loading =
            self.units.values().filter(|unit| matches!(unit.now, CurrentVersion::Loading(..)));
        (loading.count(), self.units.len())
    }

    /// True if this version is being loaded and is still wanted.
    #[must_use]
    pub fn wants(&self, key: &Key, contents: &Contents) -> bool {
        let is_wanted = |unit: &Tracked<P>| {
            unit.is_loading(contents) || unit.is_listed(contents) || unit.is_superseded(contents)
        };
        self.units.get(key).is_some_and(is_wanted)
    }

    /// The units that were seen and are not forgotten.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.units.keys()
    }

    /// True if the unit was seen and is not forgotten.
    #[must_use]
    pub fn knows(&self, key: &Key) -> bool {
        self.units.contains_key(key)
    }

    /// The units that calls wait for, and whether each is being loaded and will change what is served.
    pub fn coming(&self) -> impl Iterator<Item = (&Key, bool)> {
        let coming = self.units.iter().filter(|(_, unit)| unit.is_coming());
        coming.map(|(key, unit)| (key, unit.is_awaited()))
    }

    /// True if all is known that is to be served now.
    fn is_done(&self) -> bool {
        !self.units.values().any(Tracked::is_awaited)
    }

    /// Takes in one unit of a directory that could be listed.
    fn unit<L>(
        &mut self,
        key: &Key,
        unit: PluginUnit<L>,
        room: &mut usize,
        now: Instant,
    ) -> Option<(Contents, L)> {
        let there = match &unit {
            PluginUnit::Pair(contents, _) => Some(contents),
            PluginUnit::Half(_)
            | PluginUnit::Refused(_)
            | PluginUnit::Changing
            | PluginUnit::Unread => None,
        };
        if !matches!(unit, PluginUnit::Changing | PluginUnit::Unread) {
            self.tracked(key).supersedes(there);
            if self.tracked(key).gives_up_failed(there) {
                self.publication.changed(now);
            }
        }
        let (contents, how) = match unit {
            PluginUnit::Pair(contents, how) => (contents, how),
            PluginUnit::Half(reason) => {
                self.tracked(key).lets_go();
                self.gone(key, reason, Then::Refuse, now);
                return None;
            }
            PluginUnit::Refused(reason) => {
                self.tracked(key).lets_go();
                self.refuse(key, reason, now);
                return None;
            }
            PluginUnit::Changing => {
                self.tracked(key).stays();
                self.stale = true;
                return None;
            }
            PluginUnit::Unread => {
                // Its place is kept, so that the order of reading does not decide which plugins are served.
                match self.takes_room(key, room) {
                    true => self.tracked(key).is_to_be_read(),
                    false => self.full = true,
                }
                return None;
            }
        };
        match self.tracked(key).lies_there(contents) {
            Comparison::Known => {}
            Comparison::Forgiven => self.publication.changed(now),
            Comparison::Accepted => self.publication.changed(now),
            Comparison::Refused(reason) => self.refuse(key, reason, now),
            Comparison::New if let Some(reason) = self.locks.forbids(key) => {
                self.refuse(key, reason, now);
            }
            Comparison::New if self.takes_room(key, room) => {
                self.tracked(key).now = CurrentVersion::Loading(contents, LoadStage::Unknown);
                return Some((contents, how));
            }
            Comparison::New => {
                self.full = true;
                self.refuse_for(key, Reason::Full, now);
            }
        }
        None
    }

    /// True if one more may be loaded, of which `room` is left; a unit that has a place keeps it.
    fn takes_room(&mut self, key: &Key, room: &mut usize) -> bool {
        if self.tracked(key).is_occupied() {
            return true;
        }
        let left = room.checked_sub(1);
        *room = left.unwrap_or_default();
        left.is_some()
    }

    fn occupied(&self) -> usize {
        self.units.values().filter(|unit| unit.is_occupied()).count()
    }

    fn tracked(&mut self, key: &Key) -> &mut Tracked<P> {
        self.units.entry(key.clone()).or_insert_with(Tracked::new)
    }

    /// Judges the units of a directory again, as another lock is in force.
    fn judge_again(&mut self, directory: usize, now: Instant) {
        let Some(lock) = self.locks.of(directory) else { return };
        let own = self.units.iter_mut().filter(|(key, _)| key.directory == directory);
        for (key, unit) in own {
            if unit.judge_again(|contents, plugin| lock.judge(&key.file, contents, plugin)) {
                self.publication.changed(now);
            }
        }
    }

    /// Refuses the version that lies there. The last good version is served.
    fn refuse(&mut self, key: &Key, reason: String, now: Instant) {
        self.refuse_for(key, Reason::Wrong(reason), now);
    }

    fn refuse_for(&mut self, key: &Key, reason: Reason, now: Instant) {
        let is_first = self.publication.is_first();
        let tracked = self.tracked(key);
        let tell_at = match (&tracked.told, tracked.told_at) {
            _ if is_first => now,
            // A copy that stalls is wrong in another way after each piece: not each is told. Somebody who saves a file
            // again and again is told of the last that stood.
            (Some(_), Some(told_at)) => (now + TELL_AFTER).max(told_at + GONE_GRACE),
            (None, _) | (_, None) => now + TELL_AFTER,
        };
        // A fault that is told at once is not expected to pass.
        let patience = if is_first { Duration::ZERO } else { TELL_AFTER };
        tracked.refuse(reason, tell_at, now + patience);
    }

    /// Notes that the unit is not there; it may be on its way.
    fn gone(&mut self, key: &Key, reason: String, then: Then, now: Instant) {
        // A fault at the start is told at once. A unit that goes with its directory may come back with it.
        let until = match then {
            Then::Refuse if self.publication.is_first() => now,
            Then::Refuse | Then::Forget => now + GONE_GRACE,
        };
        self.tracked(key).gone(reason, until, then, now + GONE_GRACE);
    }

    fn forget(&mut self, now: Instant, is_forgotten: impl Fn(&Key) -> bool) {
        let mut was_seen = false;
        self.units.retain(|key, unit| {
            let forgotten = is_forgotten(key);
            was_seen |= forgotten && (unit.serving().is_some() || unit.told.is_some());
            !forgotten
        });
        if was_seen {
            self.publication.changed(now);
        }
    }

    /// Lets happen what was waiting for its time.
    fn advance(&mut self, now: Instant) {
        for directory in self.locks.expire(now) {
            self.judge_again(directory, now);
            self.stale = true;
        }
        let mut forgotten = BTreeSet::new();
        for (key, unit) in &mut self.units {
            self.stale |= unit.is_to_retry(now);
            if unit.loses_patience(now) {
                self.publication.wake_waiting_calls(now);
            }
            match unit.advance(now) {
                Due::Nothing => {}
                Due::Changed => self.publication.changed(now),
                Due::Forgotten => {
                    forgotten.insert(key.clone());
                }
            }
        }
        self.forget(now, |key| forgotten.contains(key));
    }
}
