//! Following the directories: hints and time to scans, scans and loading to catalogs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::counts::ReloadCounts;
use super::decide::pending::Pending;
use super::hints::schedule::{DEEP, PERIOD, POLL, Schedule};
use super::hints::watch::{Hints, Mode, SystemWatches};
use super::loader::{Loader, Optimizing};
use super::log;
use super::scan::known_files::Reread;
use crate::catalog::Catalog;
use crate::lockfile::LockPolicy;
use crate::sandbox::Sandbox;

/// A scan that takes longer is worth a word: a file system may hang.
const SLOW_SCAN: Duration = Duration::from_secs(10);

/// Follows plugin directories and publishes catalogs.
pub struct Follower {
    loader: Loader,
    hints: Arc<Hints>,
    schedule: Schedule,
    mode: watch::Sender<Mode>,
    loading: watch::Sender<Vec<Pending>>,
    deep: Instant,
    /// The last catalog that was not provisional: what the log has told of.
    told: Option<Arc<Catalog>>,
    counts: Arc<ReloadCounts>,
    /// The time at which the last scan began. `None` once the log says that it takes long.
    slow: Option<Instant>,
}

impl Follower {
    /// A follower of `directories` whose work is done on `runtime`.
    #[must_use]
    pub fn new(
        sandbox: Arc<Sandbox>,
        runtime: Handle,
        directories: Vec<PathBuf>,
        locking: LockPolicy,
        optimizing: Optimizing,
    ) -> Self {
        let hints = Arc::new(Hints::default());
        let watch = SystemWatches::new(hints.clone());
        let loader =
            Loader::new(sandbox, runtime, directories, locking, Some(watch)).optimizing(optimizing);
        let now = Instant::now();
        let mode = watch::Sender::new(Mode::Watching);
        let (loading, schedule) = (watch::Sender::default(), Schedule::new(now));
        Self {
            loader,
            hints,
            schedule,
            mode,
            loading,
            deep: now,
            told: None,
            counts: Arc::default(),
            slow: Some(now),
        }
    }

    /// Returns the way in which changes are noticed, now and later.
    #[must_use]
    pub fn mode(&self) -> watch::Receiver<Mode> {
        self.mode.subscribe()
    }

    /// Returns the plugins that are being loaded, now and later.
    #[must_use]
    pub fn loading(&self) -> watch::Receiver<Vec<Pending>> {
        self.loading.subscribe()
    }

    /// Returns the counters of what became of plugins.
    #[must_use]
    pub fn counts(&self) -> Arc<ReloadCounts> {
        self.counts.clone()
    }

    /// Publishes the first catalog, and another whenever what is served has changed. Never ends.
    pub async fn run(mut self, publisher: watch::Sender<Option<Arc<Catalog>>>) {
        let started = Instant::now();
        self.loader.begin_scan(Reread::Everything);
        loop {
            let now = Instant::now();
            self.tell_mode();
            self.tell_loading(now);
            if self.loader.core().take_stale() {
                self.schedule.hint(now);
            }
            if self.schedule.due(self.interval()) <= now {
                self.scan(now);
            }
            if let Some(view) = self.loader.core().publish(now) {
                let previous = publisher.borrow().clone();
                let catalog = Arc::new(self.loader.build(view, previous.as_deref()));
                if !catalog.is_provisional() {
                    log::tell(self.told.as_deref(), &catalog, &self.counts);
                    if self.told.replace(catalog.clone()).is_none() {
                        self.tell_first(&catalog, started.elapsed());
                    }
                }
                publisher.send_replace(Some(catalog));
            }
            let core = self.loader.core().deadline(now);
            let slow = self.loader.pending().deadline();
            let due = self.schedule.due(self.interval());
            let deadline = core.into_iter().chain(slow).fold(due, Instant::min);
            tokio::select! {
                () = self.hints.arrived() => self.schedule.hint(Instant::now()),
                true = self.loader.step() => {}
                () = tokio::time::sleep_until(deadline.into()) => {}
            }
        }
    }

    fn interval(&self) -> Duration {
        match *self.mode.borrow() {
            Mode::Watching => PERIOD,
            Mode::Awaiting | Mode::Polling(_) => POLL,
        }
    }

    fn scan(&mut self, now: Instant) {
        self.schedule.begin(now);
        if self.loader.is_scanning() {
            // The scan hangs, or is long. A hint that came meanwhile keeps its turn.
            self.schedule.hint(now);
            if self.slow.take_if(|since| now.duration_since(*since) > SLOW_SCAN).is_some() {
                tracing::warn!("plugin directories: reading them takes longer than {SLOW_SCAN:?}");
            }
            return;
        }
        self.slow = Some(now);
        let mut reread = self.hints.take();
        if now.duration_since(self.deep) >= DEEP {
            self.deep = now;
            reread = Reread::Everything;
        }
        self.loader.begin_scan(reread);
    }

    fn tell_mode(&self) {
        let found = self.loader.mode();
        if *self.mode.borrow() == *found {
            return;
        }
        match found {
            Mode::Watching => tracing::info!("plugin directories: watching"),
            Mode::Awaiting => {}
            Mode::Polling(reason) => tracing::warn!(
                "plugin directories: looking every {} s, because {reason}",
                POLL.as_secs()
            ),
        }
        self.mode.send_replace(found.clone());
    }

    fn tell_loading(&mut self, now: Instant) {
        let pending = self.loader.pending();
        match &pending.slow(now)[..] {
            [] => {}
            slow => log::tell_slow(slow),
        }
        let all = pending.all();
        self.loading.send_if_modified(|known| {
            let is_new = *known != all;
            *known = all;
            is_new
        });
    }

    fn tell_first(&mut self, catalog: &Catalog, time: Duration) {
        let (done, total) = self.loader.progress();
        if done < total {
            let left = total - done;
            tracing::info!(
                "{left} of {total} plugins are still being compiled; calls of them wait"
            );
        }
        let refused = catalog.count_refused();
        tracing::info!(
            plugins = catalog.plugins().len(),
            tools = catalog.tools().len(),
            refused = refused.whole(),
            tools_not_served = (refused.parts > 0).then_some(refused.parts),
            time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            "serving"
        );
    }
}
