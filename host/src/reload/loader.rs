//! Scanning and loading under way, and the catalog that comes of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, Id as TaskId, JoinHandle, JoinSet};
use tracing::Instrument as _;

use super::decide::core::Core;
use super::decide::directory_trust::DirectoryTrust;
use super::decide::failed_versions::LoadError;
use super::decide::latest_manifests::{self, LatestManifests, Withdrawn};
use super::decide::pending::{Pending, PendingJobs};
use super::decide::served_view::{ServedView, Standing};
use super::decide::tracked::Reason;
use super::hints::watch::{Mode, SystemWatches};
use super::load::{Loaded, load, optimize, verify};
use super::log;
use super::scan::candidate::Candidate;
use super::scan::known_files::Reread;
use super::scan::scanned::{Contents, Key, Scan};
use super::scan::scanner::{Scanner, shown};
use crate::catalog::{
    Catalog, Coming, ComingPlugin, MAX_PLUGINS, Plugin, Refusal, Refused, Unserved,
};
use crate::lockfile::{LockEntry, LockPolicy, PluginVersion};
use crate::manifest::is_local;
use crate::name::PluginName;
use crate::protected::Protected;
use crate::sandbox::Sandbox;
use crate::text::escape;

/// The time for which a scan reads files before those that it has read are loaded.
const SCAN_SLICE: Duration = Duration::from_millis(250);
/// The limit, in bytes, on the reason that a call gets where its plugin is not served.
const MAX_UNSERVED_REASON: usize = 400;
/// The limit on further looks at files that change while they are read: then they are loaded as they were seen last.
const MAX_LOOKS: u32 = 5;

/// Directories on their way to a catalog. Dropping it gives up on what is not done.
pub struct Loader {
    sandbox: Arc<Sandbox>,
    runtime: Handle,
    directories: Vec<PathBuf>,
    locking: LockPolicy,
    core: Core<Arc<Plugin>, DirectoryTrust>,
    /// The decisions of local files.
    decided: LatestManifests,
    withdrawn: Withdrawn,
    /// The scanner and its watches; `None` while a scan owns them on a blocking thread.
    eyes: Option<Eyes>,
    looking: Option<JoinHandle<(Eyes, Looked, Mode)>>,
    jobs: JoinSet<Result<Loaded, LoadError>>,
    /// Better code being made of plugins that serve; `None` where none is made.
    optimizing: Option<JoinSet<()>>,
    /// Looks for secrets that tools require, one at a time; `None` if none is under way.
    secrets: Option<JoinHandle<bool>>,
    /// True if there is more to look for once that has ended.
    secrets_again: bool,
    running: HashMap<TaskId, LoadingPlugin>,
    /// The names of plugins that were to be loaded.
    names: BTreeMap<Key, ComingPlugin>,
    pending: PendingJobs<TaskId>,
    mode: Mode,
    /// The number of further looks, by itself, at files that changed while they were read.
    looks_again: u32,
}

/// A plugin that is being loaded.
struct LoadingPlugin {
    job: AbortHandle,
    key: Key,
    contents: Contents,
    name: PluginName,
}

/// The choice whether plugins that serve get better code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimizing {
    /// They do, one after the other, beside serving.
    InBackground,
    /// They keep the code that they were first compiled to.
    Never,
}

/// The outcome of a scan.
type Looked = Scan<Candidate, DirectoryTrust>;

/// The scanner and its watches. They work on a thread that the file system may block.
struct Eyes {
    scanner: Scanner,
    watch: Option<SystemWatches>,
    protected: Protected,
}

impl Eyes {
    /// Looks, and sees to it that no plugin may write where files of plugins are linked from.
    fn look(&mut self, directories: &[PathBuf], reread: &Reread) -> (Looked, Mode) {
        let (scan, mode) = self.look_once(directories, reread);
        let links = self.scanner.links();
        if self.scanner.is_unfinished() {
            // The scan that follows sees the rest of the files; until then, none is forgotten.
            self.protected.add_links(links);
        } else if self.protected.note_links(links) {
            return (self.scanner.scan(reread), mode);
        }
        (scan, mode)
    }

    fn look_once(&mut self, directories: &[PathBuf], reread: &Reread) -> (Looked, Mode) {
        let Some(watch) = &mut self.watch else {
            return (self.scanner.scan(reread), Mode::Watching);
        };
        // First the watches, then the scan: what changes between the two is hinted at.
        let before = self.scanner.linked().clone();
        let mut mode = watch.arm(directories, &before);
        let mut scan = self.scanner.scan(reread);
        if *self.scanner.linked() != before {
            let linked = self.scanner.linked().clone();
            mode = watch.arm(directories, &linked);
            scan = self.scanner.scan(reread);
        }
        (scan, mode)
    }
}

/// A scanner of `directories` that keeps from plugins what `sandbox` does.
fn scanner(sandbox: &Sandbox, directories: Vec<PathBuf>, locking: LockPolicy) -> Scanner {
    let scanner = Scanner::new(directories).keeping(locking);
    scanner.under(sandbox.policy()).protecting(sandbox.protected())
}

impl Loader {
    /// A loader for `directories` that works on `runtime`, and has not begun. With `watch`, each scan
    /// sets the watches first.
    #[must_use]
    pub(super) fn new(
        sandbox: Arc<Sandbox>,
        runtime: Handle,
        directories: Vec<PathBuf>,
        locking: LockPolicy,
        watch: Option<SystemWatches>,
    ) -> Self {
        let protected = sandbox.protected();
        let scanner = scanner(&sandbox, directories.clone(), locking);
        let scanner = if watch.is_some() { scanner.in_pieces(SCAN_SLICE) } else { scanner };
        Self {
            sandbox,
            runtime,
            directories,
            locking,
            core: Core::new(MAX_PLUGINS, Instant::now()),
            decided: LatestManifests::default(),
            withdrawn: Withdrawn::new(),
            eyes: Some(Eyes { scanner, watch, protected }),
            looking: None,
            jobs: JoinSet::new(),
            optimizing: None,
            secrets: None,
            secrets_again: false,
            running: HashMap::new(),
            names: BTreeMap::new(),
            pending: PendingJobs::default(),
            mode: Mode::Watching,
            looks_again: 0,
        }
    }

    /// A loader that has begun to load what `directories` hold, once: [`step`](Self::step) until it is
    /// done.
    #[must_use]
    pub fn once(
        sandbox: Arc<Sandbox>,
        runtime: Handle,
        directories: Vec<PathBuf>,
        locking: LockPolicy,
    ) -> Self {
        let mut loader = Self::new(sandbox, runtime, directories, locking, None);
        loader.looks_again = MAX_LOOKS;
        loader.begin_scan(Reread::Everything);
        loader
    }

    /// Sets whether better code is made of plugins that serve.
    pub(super) fn optimizing(self, optimizing: Optimizing) -> Self {
        let optimizing = match optimizing {
            Optimizing::InBackground => Some(JoinSet::new()),
            Optimizing::Never => None,
        };
        Self { optimizing, ..self }
    }

    /// True if a scan is under way.
    pub(super) fn is_scanning(&self) -> bool {
        self.looking.is_some()
    }

    /// Begins a scan, unless one is under way.
    pub fn begin_scan(&mut self, reread: Reread) {
        let Some(mut eyes) = self.eyes.take() else { return };
        let directories = self.directories.clone();
        self.looking = Some(self.runtime.spawn_blocking(move || {
            let (scan, mode) = eyes.look(&directories, &reread);
            (eyes, scan, mode)
        }));
    }

    /// Waits for something under way to be done, and takes it in. `false` when nothing is.
    pub async fn step(&mut self) -> bool {
        tokio::select! {
            Some(looked) = finished(&mut self.looking) => {
                self.looking = None;
                match looked {
                    Ok((eyes, scan, mode)) => {
                        (self.eyes, self.mode) = (Some(eyes), mode);
                        self.decided.scanned(&scan);
                        let loads = self.core.scanned(scan, Instant::now());
                        self.withdraw();
                        self.names.retain(|key, _| self.core.knows(key));
                        // A version that was replaced makes room for the one that replaces it.
                        self.end_unwanted();
                        for (key, contents, candidate) in loads {
                            self.load(key, contents, candidate);
                        }
                        self.scan_on();
                        self.look_for_secrets();
                    }
                    // This is a fault of our own. The scanner is lost with its memory, so a new one begins.
                    Err(error) => {
                        let error = escape(&error.to_string());
                        tracing::error!("scanning the plugin directories failed: {error}");
                        let protected = self.sandbox.protected();
                        let scanner = scanner(&self.sandbox, self.directories.clone(), self.locking);
                        let scanner = scanner.in_pieces(SCAN_SLICE);
                        let reason = "an earlier scan failed";
                        self.mode = Mode::Polling(reason.into());
                        let watch = Some(SystemWatches::lost(reason));
                        self.eyes = Some(Eyes { scanner, watch, protected });
                    }
                }
                true
            }
            Some(loaded) = self.jobs.join_next_with_id() => {
                let (id, loaded) = match loaded {
                    Ok((id, loaded)) => (id, loaded),
                    Err(error) if error.is_cancelled() => {
                        self.pending.ended(&error.id(), Instant::now());
                        self.running.remove(&error.id());
                        return true;
                    }
                    Err(error) => {
                        let reason = escape(&format!("loading it failed inside toolrack: {error}"));
                        (error.id(), Err(LoadError::Bad(reason)))
                    }
                };
                self.took_step(&id, loaded);
                true
            }
            Some(looked) = finished(&mut self.secrets) => {
                self.secrets = None;
                // A look-up that panics is one that found what was known.
                if looked.unwrap_or_default() {
                    self.core.changed(Instant::now());
                }
                if std::mem::take(&mut self.secrets_again) {
                    self.look_for_secrets();
                }
                true
            }
            else => {
                let again = self.looks_again > 0 && self.core.take_stale();
                if again {
                    self.looks_again -= 1;
                    self.begin_scan(Reread::Everything);
                }
                again
            }
        }
    }

    /// Finds out which plugins may not serve any more with what they have.
    fn withdraw(&mut self) {
        let decided = &self.decided;
        let serving = self.core.serving();
        let withdrawn = serving
            .filter(|(key, contents, plugin)| decided.withdraws(key, contents, plugin.grants()))
            .map(|(key, ..)| key.clone());
        let withdrawn: Withdrawn = withdrawn.collect();
        if withdrawn != self.withdrawn {
            self.withdrawn = withdrawn;
            self.core.changed(Instant::now());
        }
    }

    /// Goes on with a scan that left files for the next.
    fn scan_on(&mut self) {
        let Some(eyes) = self.eyes.as_ref().filter(|eyes| eyes.scanner.is_unfinished()) else {
            return;
        };
        for (directory, file, manifest) in eyes.scanner.unread() {
            let place = self.directories.iter().position(|known| known == directory);
            let Some(directory) = place else { continue };
            let key = Key { directory, file: file.clone() };
            self.names.entry(key).or_insert_with(|| ComingPlugin::of(manifest));
        }
        self.begin_scan(Reread::Nothing);
    }

    /// Takes in that a job has come to its end, and begins what follows.
    fn took_step(&mut self, id: &TaskId, loaded: Result<Loaded, LoadError>) {
        let now = Instant::now();
        let Some(LoadingPlugin { key, contents, name, .. }) = self.running.remove(id) else {
            return;
        };
        let loaded = match loaded {
            // Another version has taken its place.
            Ok(Loaded::Listed(_)) if !self.core.wants(&key, &contents) => {
                self.pending.ended(id, now);
                return;
            }
            Ok(Loaded::Listed(plugin)) => {
                self.core.listed(&key, contents, plugin.clone(), now);
                let span = tracing::info_span!("load", plugin = name.as_str());
                let job = self.jobs.spawn_on(verify(plugin).instrument(span), &self.runtime);
                self.pending.goes_on(id, job.id());
                self.running.insert(job.id(), LoadingPlugin { job, key, contents, name });
                // The plugin may serve from now on, instead of a version whose code is still being made.
                self.end_unwanted();
                self.look_for_secrets();
                return;
            }
            Ok(Loaded::Verified(plugin)) => {
                if let Some(optimizing) = &mut self.optimizing {
                    // Those that are done make room for others.
                    while let Some(done) = optimizing.try_join_next() {
                        if let Err(error) = done {
                            let error = escape(&error.to_string());
                            tracing::error!("optimizing a plugin failed inside toolrack: {error}");
                        }
                    }
                    let job = optimize(self.sandbox.clone(), Arc::downgrade(&plugin));
                    optimizing.spawn_on(job, &self.runtime);
                }
                Ok(plugin)
            }
            Err(error) => Err(error),
        };
        if let Some((_, took)) = self.pending.ended(id, now)
            && self.pending.none_is_told()
        {
            log::tell_loaded(took);
        }
        self.core.loaded(&key, contents, loaded, now);
        self.withdraw();
        self.end_unwanted();
        self.look_for_secrets();
    }

    /// Looks for the secrets that tools require; if that is under way, once more after it.
    fn look_for_secrets(&mut self) {
        if self.secrets.is_some() {
            self.secrets_again = true;
            return;
        }
        let served = self.core.serving().map(|(_, _, plugin)| plugin);
        let plugins: Vec<_> = served.filter(|plugin| plugin.requires_secrets()).cloned().collect();
        if plugins.is_empty() {
            return;
        }
        self.secrets = Some(self.runtime.spawn_blocking(move || {
            plugins.iter().filter(|plugin| plugin.look_for_secrets()).count() > 0
        }));
    }

    /// Ends the jobs of versions that neither serve nor are to serve.
    fn end_unwanted(&self) {
        let running = self.running.values();
        let unwanted = running.filter(|running| !self.core.wants(&running.key, &running.contents));
        unwanted.for_each(|running| running.job.abort());
    }

    /// The decisions.
    pub fn core(&mut self) -> &mut Core<Arc<Plugin>, DirectoryTrust> {
        &mut self.core
    }

    /// Returns the loads that are under way.
    pub(super) fn pending(&mut self) -> &mut PendingJobs<TaskId> {
        &mut self.pending
    }

    /// Returns the way in which changes are noticed, as the last scan found.
    pub(super) fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Returns the number of plugins that are done, and of all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        let (loading, total) = self.core.progress();
        (total - loading, total)
    }

    /// A catalog of what is loaded now.
    #[must_use]
    pub fn catalog(&self) -> Catalog {
        self.build(self.core.view(), None)
    }

    /// Iterates over the lock entries of all loaded plugins: the directory, the manifest's file, the entry.
    pub fn entries(&self) -> impl Iterator<Item = (&Path, &str, LockEntry)> {
        self.core.good().map(|(key, contents, plugin)| {
            let directory = self.directories[key.directory].as_path();
            (directory, &*key.file, PluginVersion::of(contents.files(), plugin).entry())
        })
    }

    /// The catalog of `view`, which follows `previous`.
    #[must_use]
    pub fn build(&self, view: ServedView<Arc<Plugin>>, previous: Option<&Catalog>) -> Catalog {
        if !view.is_scanned {
            return Catalog::unscanned();
        }
        let is_withdrawn = |key: &Key| self.withdrawn.contains(key);
        let told: BTreeSet<Key> = view.refusals.iter().map(|(key, ..)| key.clone()).collect();
        let untold = self
            .withdrawn
            .iter()
            .filter(|key| !told.contains(key))
            .map(|key| Refusal::plugin(self.shown(key), latest_manifests::reason()));
        let untold: Vec<_> = untold.collect();
        let plugins = view.plugins.into_iter().filter(|(key, _)| !is_withdrawn(key));
        let plugins = plugins.map(|(_, plugin)| plugin).collect();
        let refusals = view.refusals.into_iter().map(|(key, standing, reason)| {
            let file = self.shown(&key);
            let refused = match standing {
                // A local file decides nothing where there is no plugin to decide of.
                _ if is_local(&key.file) => Refused::Warning,
                Standing::Older if !is_withdrawn(&key) => Refused::Version,
                Standing::Older | Standing::Nothing => Refused::Plugin,
            };
            let refusal = match reason {
                Reason::Wrong(reason) => Refusal::plugin(file, reason),
                Reason::Full => Refusal::full(file),
            };
            Refusal { refused, ..refusal }
        });
        let coming = Coming { loading: self.coming(), is_provisional: view.is_provisional };
        let refusals: Vec<_> = refusals.chain(untold).collect();
        let unserved = self.unserved(&refusals);
        Catalog::build(plugins, refusals, coming, previous).with_unserved(unserved)
    }

    /// The plugins among these refusals of which nothing is served, by the names that their tools would have.
    fn unserved(&self, refusals: &[Refusal]) -> Vec<Unserved> {
        let whole = refusals.iter().filter(|refusal| matches!(refusal.refused, Refused::Plugin));
        let whole: HashMap<_, _> = whole.map(|refusal| (refusal.file.as_str(), refusal)).collect();
        let of = |key: &Key| {
            let file = self.shown(key);
            let told = whole.get(file.as_str())?.one_line().replace(&file, &key.file);
            let reason = told[..told.floor_char_boundary(MAX_UNSERVED_REASON)].to_owned();
            Some(Unserved { prefix: self.named(key)?.prefix, reason })
        };
        self.core.keys().filter_map(of).collect()
    }

    /// The manifest's file, as shown to people.
    fn shown(&self, key: &Key) -> String {
        shown(&self.directories[key.directory], &key.file)
    }

    /// The plugins that calls wait for.
    fn coming(&self) -> Vec<ComingPlugin> {
        let coming = self.core.coming();
        let coming = coming.filter_map(|(key, changes_list)| {
            Some(ComingPlugin { changes_list, ..self.named(key)? })
        });
        coming.collect()
    }

    /// Returns the names of a plugin and its tools. A plugin that was not read is named after its file.
    fn named(&self, key: &Key) -> Option<ComingPlugin> {
        let by_file = || {
            let name = PluginName::new(Path::new(&key.file).file_stem()?.to_str()?).ok()?;
            let prefix = name.as_str().replace('-', "_").into();
            Some(ComingPlugin { name, prefix, changes_list: true })
        };
        self.names.get(key).cloned().or_else(by_file)
    }

    fn load(&mut self, key: Key, contents: Contents, candidate: Candidate) {
        let pending = Pending {
            plugin: candidate.manifest.name.clone(),
            file: candidate.file.clone(),
            since: Instant::now(),
        };
        let span = tracing::info_span!("load", plugin = candidate.manifest.name.as_str());
        let name = candidate.manifest.name.clone();
        self.names.insert(key.clone(), ComingPlugin::of(&candidate.manifest));
        let directory = self.directories[key.directory].clone();
        let job = load(self.sandbox.clone(), directory, candidate).instrument(span);
        let job = self.jobs.spawn_on(job, &self.runtime);
        self.pending.begun(job.id(), pending);
        self.running.insert(job.id(), LoadingPlugin { job, key, contents, name });
    }
}

/// The end of a task, if there is one. The task stays where it is when this is dropped.
async fn finished<T>(
    task: &mut Option<JoinHandle<T>>,
) -> Option<Result<T, tokio::task::JoinError>> {
    match task {
        Some(task) => Some(task.await),
        None => None,
    }
}
