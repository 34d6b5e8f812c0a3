//! The core of reloading under invented histories: files come, change and go, hints are lost, invented
//! and late, loading ends in any order. Whatever happened, what is served in the end is what a fresh
//! look at the same files would serve, and nothing that was served on the way was ever wrong, or not accepted
//! by the lock that was in force.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use toolrack::lockfile::Verdict;
use toolrack::manifest::Sha256Digest;
use toolrack::reload::{
    Contents, Core, FIRST_HOLD, GONE_GRACE, HOLD, Judge, Key, LoadError, PluginUnit, Reason, Scan,
    Schedule, SeenDirectory, ServedView, Standing, TELL_AFTER,
};

const DIRECTORIES: usize = 2;
const PLUGINS: usize = 3;
/// More than can be there at once, so that the cap is met now and then.
const MOST: usize = 3;
const PERIOD: Duration = Duration::from_secs(30);
/// Wasm of this version and above does not load.
const BROKEN: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manifest {
    /// Its version, and the version of the Wasm that it pins.
    Good(u8, Option<u8>),
    Broken(u8),
}

#[derive(Clone, Copy, Debug, Default)]
struct Files {
    manifest: Option<Manifest>,
    wasm: Option<u8>,
    changing: bool,
    unread: bool,
}

/// What is accepted, by plugin: a manifest's version, with any Wasm or this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lock {
    is_there: bool,
    /// Whether there has to be one.
    is_required: bool,
    accepted: [Option<(u8, Option<u8>)>; PLUGINS],
}

impl Judge<Load> for Lock {
    fn is_there(&self) -> bool {
        self.is_there
    }

    fn forbids(&self, file: &str) -> Option<String> {
        let is_listed = self.is_there && self.accepted[plugin(file)].is_some();
        (self.is_required && !is_listed).then(|| "it is not locked".into())
    }

    fn judge(&self, file: &str, _: &Contents, (manifest, wasm): &Load) -> Verdict {
        let plugin = plugin(file);
        match (self.is_there, self.accepted[plugin], manifest) {
            (false, ..) if !self.is_required => Verdict::Accepted,
            (false, ..) | (_, None, _) => Verdict::Unlisted("it is not locked".into()),
            (_, Some((version, pin)), Manifest::Good(found, _))
                if version == *found && pin.is_none_or(|pin| pin == *wasm) =>
            {
                Verdict::Accepted
            }
            _ => Verdict::Differs("another version is locked".into()),
        }
    }
}

/// The plugin that a file is of.
fn plugin(file: &str) -> usize {
    usize::from(file.as_bytes()[0] - b'0')
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    There,
    Missing,
    Unreadable,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Manifest(usize, Option<Manifest>),
    Wasm(usize, Option<u8>),
    Changing(usize, bool),
    Unread(usize, bool),
    Directory(usize, State),
    /// What the lock of a directory accepts of a plugin.
    Accept(usize, usize, Option<(u8, Option<u8>)>),
    /// The lock of a directory comes or goes.
    Lock(usize, bool),
    Hint,
    Time(u64),
    /// One of the loads under way tells its tools.
    Listed(usize),
    /// One of the loads under way ends.
    Loaded(usize),
    /// One of them fails, which it may not do another time.
    Fails(usize),
}

#[derive(Clone, Debug)]
struct World {
    files: [Files; DIRECTORIES * PLUGINS],
    directories: [State; DIRECTORIES],
    locks: [Lock; DIRECTORIES],
}

/// How a pair would load: the manifest and the Wasm it was made of.
type Load = (Manifest, u8);

impl World {
    /// All plugins of one directory are there and good; the other directory is not there.
    fn with_one_directory() -> Self {
        let good = Files {
            manifest: Some(Manifest::Good(0, None)),
            wasm: Some(0),
            changing: false,
            unread: false,
        };
        let files = [good; DIRECTORIES * PLUGINS];
        Self { files, directories: [State::There, State::Missing], ..Self::new(false) }
    }

    fn new(is_required: bool) -> Self {
        Self {
            files: [Files::default(); DIRECTORIES * PLUGINS],
            directories: [State::There; DIRECTORIES],
            locks: std::array::from_fn(|_| Lock { is_required, ..Lock::default() }),
        }
    }

    fn scan(&self) -> Scan<Load, Lock> {
        let directory = |directory: usize| match self.directories[directory] {
            State::Missing => SeenDirectory::Missing("no such directory".into()),
            State::Unreadable => SeenDirectory::Unreadable("input/output error".into()),
            State::There => {
                let units = (0..PLUGINS).filter_map(|plugin| {
                    let unit = self.unit(directory * PLUGINS + plugin)?;
                    Some((format!("{plugin}.toml"), unit))
                });
                SeenDirectory::Listed(units.collect(), self.locks[directory].clone())
            }
        };
        Scan { directories: (0..DIRECTORIES).map(directory).collect() }
    }

    fn unit(&self, at: usize) -> Option<PluginUnit<Load>> {
        let Files { manifest, wasm, changing, unread } = self.files[at];
        Some(match (manifest, wasm) {
            (None, None) => return None,
            _ if changing => PluginUnit::Changing,
            (Some(Manifest::Good(..)), Some(_)) if unread => PluginUnit::Unread,
            (None, Some(_)) => PluginUnit::Refused("no manifest".into()),
            (Some(Manifest::Broken(version)), _) => {
                PluginUnit::Refused(format!("bad TOML {version}"))
            }
            (Some(_), None) => PluginUnit::Half("the Wasm is missing".into()),
            (Some(manifest), Some(wasm)) => {
                PluginUnit::Pair(pair((manifest, wasm)), (manifest, wasm))
            }
        })
    }
}

/// The place of a unit's files in the world.
fn at(key: &Key) -> usize {
    key.directory * PLUGINS + usize::from(key.file.as_bytes()[0] - b'0')
}

fn pair((manifest, wasm): Load) -> Contents {
    let digest = |text: String| Sha256Digest::of(text.as_bytes());
    Contents {
        manifest: digest(format!("{manifest:?}")),
        wasm: digest(format!("{wasm}")),
        wit: None,
        local: None,
        missing: None,
    }
}

fn accepts(lock: &Lock, key: &Key, load: Load) -> bool {
    lock.judge(&key.file, &pair(load), &load) == Verdict::Accepted
}

fn fits((manifest, wasm): Load) -> bool {
    match manifest {
        Manifest::Good(_, pin) => wasm < BROKEN && pin.is_none_or(|pin| pin == wasm),
        Manifest::Broken(_) => false,
    }
}

/// What follows the files: the tasks around the core, without tasks.
struct Follower {
    core: Core<Load, Lock>,
    schedule: Schedule,
    loads: VecDeque<(Key, Contents, Load)>,
    published: Option<ServedView<Load>>,
    now: Instant,
    /// What was there together, what was ordered last, and what did not load when it was last tried.
    seen: BTreeSet<(Key, Contents)>,
    /// All locks that scans saw, by directory.
    locks: Vec<(usize, Lock)>,
    ordered: BTreeMap<Key, Contents>,
    failed: BTreeMap<Key, Contents>,
    /// Versions whose tools were known before they were loaded, and which did not turn out to be none.
    listed: BTreeSet<(Key, Contents)>,
}

impl Follower {
    fn new(now: Instant) -> Self {
        Self {
            core: Core::new(MOST, now),
            schedule: Schedule::new(now),
            loads: VecDeque::new(),
            published: None,
            now,
            seen: BTreeSet::new(),
            locks: Vec::new(),
            ordered: BTreeMap::new(),
            failed: BTreeMap::new(),
            listed: BTreeSet::new(),
        }
    }

    fn scan(&mut self, world: &World) -> Result<(), String> {
        self.schedule.begin(self.now);
        let scan = world.scan();
        // What is not there may be forgotten.
        let is_there = |key: &Key| match &scan.directories[key.directory] {
            SeenDirectory::Listed(units, _) => units.contains_key(&key.file),
            SeenDirectory::Missing(_) | SeenDirectory::Unreadable(_) => false,
        };
        self.ordered.retain(|key, _| is_there(key));
        self.failed.retain(|key, _| is_there(key));
        for (directory, seen) in scan.directories.iter().enumerate() {
            let SeenDirectory::Listed(units, lock) = seen else { continue };
            self.locks.push((directory, lock.clone()));
            for (file, unit) in units {
                if let PluginUnit::Pair(pair, _) = unit {
                    self.seen.insert((Key { directory, file: file.clone() }, *pair));
                }
            }
        }
        for (key, pair, load) in self.core.scanned(scan, self.now) {
            if self.failed.get(&key) == Some(&pair) {
                return Err(format!("{key:?} is loaded again though it did not load"));
            }
            // A load that is superseded may end all the same.
            self.ordered.insert(key.clone(), pair);
            self.loads.push_back((key, pair, load));
        }
        Ok(())
    }

    /// A load under way tells its tools.
    fn listed(&mut self, which: usize) {
        let Some((key, pair, load)) = self.loads.get(which % self.loads.len().max(1)).cloned()
        else {
            return;
        };
        self.listed.insert((key.clone(), pair));
        self.core.listed(&key, pair, load, self.now);
    }

    fn loaded(&mut self, world: &World, which: usize) {
        let Some((key, pair, load)) = self.loads.remove(which % self.loads.len().max(1)) else {
            return;
        };
        let is_there = world.files[at(&key)].wasm == Some(load.1);
        let loaded = match (is_there, fits(load)) {
            (false, _) => Err(LoadError::Changed),
            (true, true) => Ok(load),
            (true, false) => Err(LoadError::Bad(format!("{load:?} does not load"))),
        };
        if matches!(&loaded, Err(LoadError::Bad(_))) {
            self.listed.remove(&(key.clone(), pair));
            if self.ordered.get(&key) == Some(&pair) {
                self.failed.insert(key.clone(), pair);
            }
        }
        self.core.loaded(&key, pair, loaded, self.now);
    }

    /// A load under way fails.
    fn fails(&mut self, which: usize) {
        if let Some((key, pair, _)) = self.loads.remove(which % self.loads.len().max(1)) {
            let failed = LoadError::Failed("there is not enough memory".into());
            self.core.loaded(&key, pair, Err(failed), self.now);
        }
    }

    /// Lets time pass until `then`, with everything that falls due on the way.
    fn pass(&mut self, world: &World, then: Instant) -> Result<(), String> {
        loop {
            self.settle()?;
            let core = self.core.deadline(self.now);
            let due = core.unwrap_or(then).min(self.schedule.due(PERIOD)).min(then);
            self.now = due.max(self.now);
            if self.schedule.due(PERIOD) <= self.now {
                self.scan(world)?;
            } else if due == then {
                return self.settle();
            }
        }
    }

    fn settle(&mut self) -> Result<(), String> {
        if self.core.take_stale() {
            self.schedule.hint(self.now);
        }
        if let Some(view) = self.core.publish(self.now) {
            for (key, load) in &view.plugins {
                // What a file says of itself is believed until its code is there.
                let is_listed = self.listed.contains(&(key.clone(), pair(*load)));
                let is_known = fits(*load) || is_listed;
                if !is_known || !self.seen.contains(&(key.clone(), pair(*load))) {
                    return Err(format!("{key:?} serves {load:?}"));
                }
                let was_accepted = self.locks.iter().any(|(directory, lock)| {
                    *directory == key.directory && accepts(lock, key, *load)
                });
                if !was_accepted {
                    return Err(format!("{key:?} serves {load:?}, which no lock ever accepted"));
                }
            }
            if view.plugins.len() > MOST {
                return Err(format!("{} plugins", view.plugins.len()));
            }
            self.published = Some(view);
            if self.core.publish(self.now).is_some() {
                return Err("published twice".into());
            }
        }
        Ok(())
    }
}

fn play(is_required: bool, events: &[Event]) -> Result<(), String> {
    let start = Instant::now();
    let mut world = World::new(is_required);
    let mut follower = Follower::new(start);
    follower.scan(&world)?;
    for event in events {
        match *event {
            Event::Manifest(at, manifest) => world.files[at].manifest = manifest,
            Event::Wasm(at, wasm) => world.files[at].wasm = wasm,
            Event::Changing(at, changing) => world.files[at].changing = changing,
            Event::Unread(at, unread) => world.files[at].unread = unread,
            Event::Directory(at, state) => world.directories[at] = state,
            Event::Accept(directory, plugin, accepted) => {
                world.locks[directory].accepted[plugin] = accepted;
            }
            Event::Lock(directory, is_there) => world.locks[directory].is_there = is_there,
            Event::Hint => follower.schedule.hint(follower.now),
            Event::Listed(which) => follower.listed(which),
            Event::Loaded(which) => follower.loaded(&world, which),
            Event::Fails(which) => follower.fails(which),
            Event::Time(millis) => {
                let then = follower.now + Duration::from_millis(millis);
                follower.pass(&world, then)?;
            }
        }
        follower.settle()?;
    }
    // The files come to rest, and nobody hints at anything any more.
    for files in &mut world.files {
        (files.changing, files.unread) = (false, false);
    }
    for _ in 0..4 {
        let then = follower.now + PERIOD + GONE_GRACE + TELL_AFTER + HOLD;
        follower.pass(&world, then)?;
        while !follower.loads.is_empty() {
            follower.loaded(&world, 0);
        }
    }
    let then = follower.now + GONE_GRACE + TELL_AFTER + HOLD;
    follower.pass(&world, then)?;
    compare(&world, &follower)
}

/// What is served after all that, against a fresh look at the same files.
fn compare(world: &World, follower: &Follower) -> Result<(), String> {
    let served = follower.published.as_ref().ok_or("nothing was published")?;
    let core = follower.core.view();
    if core.plugins != served.plugins || core.refusals != served.refusals {
        return Err(format!("the core has {core:?}, and {served:?} was published"));
    }
    let mut fresh = Follower::new(follower.now);
    fresh.scan(world)?;
    while !fresh.loads.is_empty() {
        fresh.loaded(world, 0);
    }
    fresh.settle()?;
    let fresh = fresh.published.ok_or("a fresh look publishes nothing")?;
    let readable = |key: &&Key| world.directories[key.directory] != State::Unreadable;
    let refused: BTreeMap<_, _> =
        served.refusals.iter().map(|(key, standing, _)| (key, *standing)).collect();
    for (key, load) in &served.plugins {
        let unit = world.unit(at(key));
        let lock = &world.locks[key.directory];
        if readable(&key)
            && matches!(lock.judge(&key.file, &pair(*load), load), Verdict::Unlisted(_))
        {
            return Err(format!("{key:?} serves {load:?}, which is not locked at all"));
        }
        let is_current = matches!(unit, Some(PluginUnit::Pair(there, _)) if there == pair(*load))
            && accepts(lock, key, *load);
        if !is_current && readable(&key) && refused.get(key) != Some(&Standing::Older) {
            return Err(format!(
                "{key:?} serves {load:?}, which is not there, and does not say so"
            ));
        }
    }
    // What is held back takes room too: it is loaded.
    let mut occupied: BTreeSet<_> = served.plugins.iter().map(|(key, _)| key).collect();
    let held = served.refusals.iter().filter(
        |(.., reason)| matches!(reason, Reason::Wrong(reason) if reason.ends_with("locked")),
    );
    occupied.extend(held.map(|(key, ..)| key));
    let is_full = occupied.len() == MOST;
    for (key, load) in &fresh.plugins {
        let is_served = served.plugins.contains(&(key.clone(), *load));
        let has_no_room = is_full && refused.contains_key(key);
        if !is_served && !has_no_room {
            return Err(format!("{key:?} with {load:?} is not served"));
        }
    }
    for (key, _, reason) in &fresh.refusals {
        if !refused.contains_key(key) && !served.plugins.iter().any(|(served, _)| served == key) {
            return Err(format!("{key:?} is not refused, though {reason:?}"));
        }
    }
    for key in refused.keys().filter(|key| readable(key)) {
        let known = fresh.refusals.iter().any(|(fresh, ..)| fresh == *key);
        if !known && !is_full {
            return Err(format!("{key:?} is refused for nothing"));
        }
    }
    Ok(())
}

#[test]
fn a_first_scan_that_hangs_keeps_nobody_waiting_for_ever() {
    let start = Instant::now();
    let mut core = Core::<Load, Lock>::new(MOST, start);
    assert!(core.publish(start + FIRST_HOLD / 2).is_none());
    assert_eq!(core.deadline(start), Some(start + FIRST_HOLD));
    assert!(core.publish(start + FIRST_HOLD).is_some());
}

/// The reason of a plugin that is not what it says.
fn lies() -> Reason {
    Reason::Wrong("it lies".into())
}

#[test]
fn a_plugin_whose_tools_are_known_serves_before_it_is_loaded() {
    let start = Instant::now();
    let mut follower = Follower::new(start);
    let mut world = World::with_one_directory();
    follower.scan(&world).expect("a scan");
    follower.listed(0);
    follower.loaded(&world, 1);
    assert!(follower.core.publish(start).is_none(), "of one nothing is known");
    follower.listed(1);
    assert_eq!(follower.core.publish(start).expect("all are known").plugins.len(), 3);
    follower.loaded(&world, 0);
    assert_eq!(follower.core.publish(start).expect("its code is there").plugins.len(), 3);
    // The code of the last one is not what it says.
    let (key, pair, _) = follower.loads.pop_front().expect("it loads");
    follower.core.loaded(&key, pair, Err(LoadError::Bad("it lies".into())), start);
    let view = follower.core.publish(start).expect("it is refused");
    let is_told = view.refusals.iter().any(|(_, _, reason)| *reason == lies());
    assert_eq!((view.plugins.len(), is_told), (2, true));
    // It is replaced while its code is made: it serves until the other one does.
    world.files[2].wasm = Some(2);
    follower.now = start + PERIOD / 2;
    follower.scan(&world).expect("a scan");
    follower.listed(0);
    world.files[2].wasm = Some(1);
    let serves = |follower: &Follower| {
        follower.core.view().plugins.iter().map(|(_, load)| load.1).collect::<Vec<_>>()
    };
    assert_eq!(serves(&follower), [0, 0, 2]);
    follower.scan(&world).expect("a scan");
    assert_eq!(serves(&follower), [0, 0, 2], "of the other nothing is known yet");
    follower.loaded(&world, 1);
    assert_eq!(serves(&follower), [0, 0, 1]);
    follower.loads.clear();
    // A new version of what serves is loaded beside it.
    world.files[0].wasm = Some(1);
    follower.now = start + PERIOD;
    follower.scan(&world).expect("a scan");
    follower.listed(0);
    let view = follower.core.view();
    assert_eq!(view.plugins[0].1.1, 0, "the version before serves until it can be called");
    follower.loaded(&world, 0);
    assert_eq!(follower.core.view().plugins[0].1.1, 1);
}

#[test]
fn what_served_by_its_tools_alone_goes_with_its_reason() {
    let mut follower = Follower::new(Instant::now());
    let world = World::with_one_directory();
    follower.scan(&world).expect("a scan");
    (0..3).for_each(|which| follower.listed(which));
    follower.pass(&world, follower.now + Duration::from_secs(1)).expect("right");
    let published = follower.published.as_ref().expect("published");
    assert_eq!((published.plugins.len(), published.is_provisional), (3, false));
    let (key, pair, _) = follower.loads.pop_front().expect("it loads");
    follower.core.loaded(&key, pair, Err(LoadError::Bad("it lies".into())), follower.now);
    let view = follower.core.publish(follower.now + HOLD).expect("it goes");
    let is_told = view.refusals.iter().any(|(_, _, reason)| *reason == lies());
    assert_eq!((view.plugins.len(), is_told), (2, true));
}

#[test]
fn what_could_not_be_loaded_is_loaded_again_soon_and_its_tools_stay() {
    let start = Instant::now();
    let mut follower = Follower::new(start);
    let mut world = World::new(false);
    world.files[0] = Files {
        manifest: Some(Manifest::Good(0, None)),
        wasm: Some(0),
        changing: false,
        unread: false,
    };
    follower.scan(&world).expect("a scan");
    follower.listed(0);
    for wait in [1, 2, 4, 8] {
        follower.fails(0);
        let soon = follower.now + Duration::from_secs(wait);
        follower.pass(&world, soon - Duration::from_millis(1)).expect("right");
        assert!(follower.loads.is_empty(), "not before {wait} s");
        follower.pass(&world, soon + Duration::from_millis(500)).expect("right");
        assert_eq!(follower.loads.len(), 1, "after {wait} s");
        let published = follower.published.as_ref().expect("published");
        assert_eq!(published.plugins.len(), 1, "its tools stay");
        follower.listed(0);
    }
    assert_eq!(follower.core.view().refusals.len(), 1, "that it fails is told by now");
    follower.loaded(&world, 0);
    assert!(follower.core.view().refusals.is_empty());
    assert_eq!(follower.core.view().plugins.len(), 1);
}

#[test]
fn a_lock_that_is_away_for_a_moment_counts_on_and_one_that_stays_away_does_not() {
    let start = Instant::now();
    let mut follower = Follower::new(start);
    let good = |version| Files {
        manifest: Some(Manifest::Good(version, None)),
        wasm: Some(0),
        changing: false,
        unread: false,
    };
    let mut world = World::new(false);
    (world.files[0], world.files[1]) = (good(0), good(0));
    world.locks[0].is_there = true;
    world.locks[0].accepted[0] = Some((0, None));
    let served = |follower: &Follower| {
        let view = follower.published.as_ref().expect("published");
        view.plugins.iter().map(|(key, load)| (at(key), *load)).collect::<Vec<_>>()
    };
    let settle = |follower: &mut Follower, world: &World, time| {
        follower.scan(world).expect("a scan");
        while !follower.loads.is_empty() {
            follower.loaded(world, 0);
        }
        let then = follower.now + time;
        follower.pass(world, then).expect("right");
    };
    settle(&mut follower, &world, HOLD);
    let first = (0, (Manifest::Good(0, None), 0));
    assert_eq!(served(&follower), [first], "the other is not locked");

    // Away, while the locked one changes too.
    world.locks[0].is_there = false;
    world.files[0] = good(1);
    settle(&mut follower, &world, GONE_GRACE - Duration::from_millis(1));
    assert_eq!(served(&follower), [first]);
    world.locks[0].is_there = true;
    settle(&mut follower, &world, PERIOD);
    assert_eq!(served(&follower), [first]);

    world.locks[0].is_there = false;
    settle(&mut follower, &world, GONE_GRACE + HOLD);
    let second = (0, (Manifest::Good(1, None), 0));
    assert_eq!(served(&follower), [second, (1, (Manifest::Good(0, None), 0))]);
}

#[test]
fn a_file_that_is_saved_wrong_again_and_again_is_told_of_what_stood() {
    let mut world = World::new(false);
    world.files[0] =
        Files { manifest: Some(Manifest::Good(0, None)), wasm: Some(0), ..Files::default() };
    let mut follower = Follower::new(Instant::now());
    let told = |follower: &Follower| {
        let view = follower.published.as_ref().expect("published");
        view.refusals.iter().map(|(.., reason)| format!("{reason:?}")).collect::<Vec<_>>().concat()
    };
    let save = |follower: &mut Follower, world: &World, time| {
        follower.scan(world).expect("a scan");
        while !follower.loads.is_empty() {
            follower.loaded(world, 0);
        }
        let then = follower.now + time;
        follower.pass(world, then).expect("right");
    };
    save(&mut follower, &world, PERIOD);
    let (mut reasons, pause) = (BTreeSet::new(), TELL_AFTER + Duration::from_secs(1));
    for version in 0..12 {
        world.files[0].manifest = Some(Manifest::Broken(version));
        save(&mut follower, &world, pause);
        reasons.insert(told(&follower));
    }
    // Each stood long enough, and two are told in the time in which four are saved.
    assert!((6..=8).contains(&reasons.len()), "{reasons:?}");
    world.files[0].manifest = Some(Manifest::Broken(12));
    save(&mut follower, &world, GONE_GRACE);
    assert!(told(&follower).contains("12"), "{}", told(&follower));
}

#[test]
fn a_version_that_goes_on_though_its_file_broke_keeps_its_place() {
    let good = Some(Manifest::Good(0, None));
    let mut events = vec![];
    for at in [2, 5, 4, 0] {
        events.extend([Event::Manifest(at, good), Event::Wasm(at, Some(0))]);
    }
    events.extend([Event::Hint, Event::Time(300), Event::Manifest(2, Some(Manifest::Broken(0)))]);
    // Whatever the order in which their loads end, no more are served than there can be.
    play(false, &events).expect("right");
}

#[test]
fn what_changed_together_is_published_once_unless_a_part_takes_long() {
    let start = Instant::now();
    let mut follower = Follower::new(start);
    let world = World::with_one_directory();
    follower.scan(&world).expect("a scan");
    follower.loaded(&world, 0);
    follower.loaded(&world, 0);
    assert!(follower.core.publish(start).is_none(), "one is loading");
    follower.loaded(&world, 0);
    assert_eq!(follower.core.publish(start).expect("all").plugins.len(), 3);

    let later = start + PERIOD;
    let mut world = world;
    for files in &mut world.files {
        files.wasm = Some(1);
    }
    follower.now = later;
    follower.scan(&world).expect("a scan");
    // That the tools of new versions are known changes nothing before their code is made.
    (0..3).for_each(|which| follower.listed(which));
    follower.loaded(&world, 0);
    assert!(follower.core.publish(later).is_none(), "two are loading");
    assert!(follower.core.publish(later + HOLD).is_some(), "they take long");
    follower.loaded(&world, 0);
    follower.loaded(&world, 0);
    assert!(follower.core.publish(later + HOLD).is_some(), "all are done");
    assert!(follower.core.publish(later + HOLD * 2).is_none(), "nothing is new");
}

#[test]
fn what_was_promised_and_does_not_come_is_promised_no_more() {
    let start = Instant::now();
    let mut follower = Follower::new(start);
    let mut world = World::with_one_directory();
    follower.scan(&world).expect("a scan");
    follower.loaded(&world, 0);
    assert!(follower.core.publish(start + FIRST_HOLD).is_some(), "two take long");
    for files in &mut world.files[1..] {
        *files = Files::default();
    }
    follower.now = start + FIRST_HOLD;
    follower.scan(&world).expect("a scan");
    assert_eq!(follower.core.publish(follower.now).expect("they are gone").plugins.len(), 1);
    assert!(follower.core.publish(follower.now + HOLD).is_none(), "nothing is new");
}

fn event() -> impl Strategy<Value = Event> {
    let unit = || 0..DIRECTORIES * PLUGINS;
    let manifest = prop_oneof![
        6 => (0..3u8, prop::option::weighted(0.3, 0..3u8)).prop_map(|(v, pin)| Some(Manifest::Good(v, pin))),
        1 => (0..2u8).prop_map(|version| Some(Manifest::Broken(version))),
        2 => Just(None),
    ];
    let wasm = prop_oneof![5 => (0..=BROKEN).prop_map(Some), 1 => Just(None)];
    let state = prop_oneof![Just(State::There), Just(State::Missing), Just(State::Unreadable)];
    let time = prop_oneof![0..700u64, 700..8_000u64, Just(31_000u64)];
    let accepted = prop::option::weighted(0.8, (0..3u8, prop::option::weighted(0.3, 0..3u8)));
    prop_oneof![
        3 => (0..DIRECTORIES, 0..PLUGINS, accepted)
            .prop_map(|(directory, plugin, accepted)| Event::Accept(directory, plugin, accepted)),
        1 => (0..DIRECTORIES, prop::bool::weighted(0.6))
            .prop_map(|(directory, is_there)| Event::Lock(directory, is_there)),
        4 => (unit(), manifest).prop_map(|(at, manifest)| Event::Manifest(at, manifest)),
        4 => (unit(), wasm).prop_map(|(at, wasm)| Event::Wasm(at, wasm)),
        1 => (unit(), any::<bool>()).prop_map(|(at, changing)| Event::Changing(at, changing)),
        1 => (unit(), any::<bool>()).prop_map(|(at, unread)| Event::Unread(at, unread)),
        1 => (0..DIRECTORIES, state).prop_map(|(at, state)| Event::Directory(at, state)),
        4 => Just(Event::Hint),
        6 => time.prop_map(Event::Time),
        3 => any::<usize>().prop_map(Event::Listed),
        5 => any::<usize>().prop_map(Event::Loaded),
        1 => any::<usize>().prop_map(Event::Fails),
    ]
}

/// Invented histories: as many as take seconds in either profile.
const HISTORIES: u32 = if cfg!(debug_assertions) { 2_000 } else { 10_000 };

proptest! {
    #![proptest_config(ProptestConfig { cases: HISTORIES, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_history_ends_in_what_is_there(
        is_required in prop::bool::weighted(0.3),
        events in prop::collection::vec(event(), 1..60),
    ) {
        play(is_required, &events).map_err(TestCaseError::fail)?;
    }
}
