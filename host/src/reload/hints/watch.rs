//! Hints that files may have changed, from the system. The only module that knows notify.
//!
//! A hint may come twice, late or never; it is a reason to scan, and nothing else follows from it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use super::super::scan::known_files::Reread;
use super::network;
use crate::fs::links::link_chain;
use crate::sync::lock;

/// Names that hints may collect; then everything is read again.
const MAX_HINTED_NAMES: usize = 1024;
/// Directories watched because files are linked from there.
const MAX_LINKED: usize = 64;

/// The way in which changes are noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The system tells at once.
    Watching,
    /// A directory is not there; it is looked for again and again.
    Awaiting,
    /// The system does not tell, for this reason; the files are looked at again and again.
    Polling(String),
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Watching => write!(f, "watching"),
            Self::Awaiting => write!(f, "waiting for a directory to be created"),
            Self::Polling(reason) => write!(f, "polling: {reason}"),
        }
    }
}

/// The hints that were not taken yet.
///
/// A lock, because the system's thread that gives hints must never wait for room in a channel.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    reread: Mutex<Reread>,
    /// Names that alone are of interest in a directory, which is watched for nothing else.
    links: Mutex<Links>,
    arrived: Notify,
}

impl Hints {
    /// Resolves when there is one since the last time.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Takes what they say should be read again.
    pub(crate) fn take(&self) -> Reread {
        std::mem::take(&mut lock(&self.reread))
    }

    fn event(&self, event: notify::Result<Event>) {
        let Ok(event) = event else { return self.add(None) };
        match event.kind {
            // Reading is not changing; most of it is our own.
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
            EventKind::Access(_) => return,
            _ => {}
        }
        let mut names = Vec::new();
        for (parent, name) in
            event.paths.iter().filter_map(|path| path.parent().zip(path.file_name()))
        {
            match self.links().get(parent).map(|links| links.contains(name)) {
                // Another directory lies there.
                Some(true) => return self.add(None),
                Some(false) => {}
                None => names.push(name.to_owned()),
            }
        }
        if names.is_empty() && !event.paths.is_empty() && !event.need_rescan() {
            return;
        }
        self.add((!event.need_rescan()).then_some(names));
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        lock(&self.links)
    }

    /// Adds these names, or everything.
    fn add(&self, names: Option<Vec<OsString>>) {
        let mut reread = lock(&self.reread);
        *reread = match (std::mem::take(&mut *reread), names) {
            (Reread::Everything, _) | (_, None) => Reread::Everything,
            (Reread::Nothing, Some(names)) => Reread::Named(names.into_iter().collect()),
            (Reread::Named(mut known), Some(names)) => {
                known.extend(names);
                if known.len() > MAX_HINTED_NAMES {
                    Reread::Everything
                } else {
                    Reread::Named(known)
                }
            }
        };
        drop(reread);
        self.arrived.notify_one();
    }
}

/// Symbolic links, by the directories that they stand in.
type Links = BTreeMap<PathBuf, BTreeSet<OsString>>;

/// The system's watches.
pub(crate) struct SystemWatches {
    watcher: Result<RecommendedWatcher, String>,
    hints: Arc<Hints>,
    armed: BTreeSet<PathBuf>,
}

impl SystemWatches {
    /// Watches nothing yet. The hints arrive in `hints`.
    #[must_use]
    pub(crate) fn new(hints: Arc<Hints>) -> Self {
        let own = hints.clone();
        let watcher = notify::recommended_watcher(move |event| own.event(event));
        let watcher = watcher.map_err(|error| reason(&error));
        Self { watcher, hints, armed: BTreeSet::new() }
    }

    /// A watch that gives no hints, for this reason.
    #[must_use]
    pub(crate) fn lost(reason: &str) -> Self {
        Self { watcher: Err(reason.into()), hints: Arc::default(), armed: BTreeSet::new() }
    }

    /// Sets all watches anew, so that each is on the directory that has the name now. What happens
    /// meanwhile is seen by the scan that follows.
    pub(crate) fn arm(&mut self, directories: &[PathBuf], linked: &BTreeSet<PathBuf>) -> Mode {
        let watcher = match &mut self.watcher {
            Ok(watcher) => watcher,
            Err(reason) => return Mode::Polling(reason.clone()),
        };
        for path in std::mem::take(&mut self.armed) {
            // The directory may have lost its watch by being removed.
            let _ = watcher.unwatch(&path);
        }
        let mut mode = Mode::Watching;
        let wanted: BTreeSet<_> =
            directories.iter().chain(linked.iter().take(MAX_LINKED)).collect();
        let mut links = Links::new();
        for (parent, name) in wanted.iter().flat_map(|path| link_chain(path).links).take(MAX_LINKED)
        {
            links.entry(parent).or_default().insert(name);
        }
        // In a wanted directory every name is of interest.
        links.retain(|parent, _| !wanted.iter().any(|path| is_same(path, parent)));
        for parent in links.keys() {
            // The links are looked at every now and then where that fails.
            if watcher.watch(parent, RecursiveMode::NonRecursive).is_ok() {
                self.armed.insert(parent.clone());
            }
        }
        *self.hints.links() = links;
        for path in wanted {
            match watcher.watch(path, RecursiveMode::NonRecursive) {
                Ok(()) => _ = self.armed.insert(path.clone()),
                Err(error) => mode = mode.worse(missed(path, &error)),
            }
            if let Some(name) = network::file_system(path) {
                let reason = format!(
                    "changes that other machines make on {name} are not told by the system"
                );
                mode = mode.worse(Mode::Polling(reason));
            }
        }
        mode
    }
}

/// True if `path`, which may lead over links, is this directory.
fn is_same(path: &Path, directory: &Path) -> bool {
    fs::canonicalize(path).is_ok_and(|path| path == directory)
}

impl Mode {
    fn worse(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Polling(_), _) | (_, Self::Watching) => self,
            _ => other,
        }
    }
}

fn missed(path: &Path, error: &notify::Error) -> Mode {
    if path.try_exists().is_ok_and(|exists| !exists) {
        return Mode::Awaiting;
    }
    Mode::Polling(reason(error))
}

fn reason(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => "the system's limit of watched files is reached (on Linux: \
             fs.inotify.max_user_watches)"
            .into(),
        ErrorKind::Io(error) => format!("the system gives no watch: {error}"),
        _ => format!("the system gives no watch: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, Flag, ModifyKind};

    use super::*;

    /// Checks the files that are to be read again after these events.
    #[track_caller]
    fn check(events: &[(Event, &[&str])], expected: Option<&[&str]>) {
        let hints = Hints::default();
        for (event, names) in events {
            let event = names.iter().fold(event.clone(), |event, name| {
                event.add_path(Path::new("/plugins").join(name))
            });
            hints.event(Ok(event));
        }
        match (hints.take(), expected) {
            (Reread::Everything, None) => {}
            (Reread::Nothing, Some([])) => {}
            (Reread::Named(found), Some(names)) => {
                assert_eq!(found, names.iter().map(OsString::from).collect());
            }
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
        assert!(matches!(hints.take(), Reread::Nothing), "it is taken once");
    }

    #[test]
    fn a_hint_names_what_changed_and_reading_is_none() {
        let changed = Event::new(EventKind::Modify(ModifyKind::Data(DataChange::Any)));
        let closed = |mode| Event::new(EventKind::Access(AccessKind::Close(mode)));
        check(
            &[(changed.clone(), &["a.toml"]), (changed.clone(), &["a.wasm"])],
            Some(&["a.toml", "a.wasm"]),
        );
        check(&[(closed(AccessMode::Write), &["a.wasm"])], Some(&["a.wasm"]));
        check(&[(closed(AccessMode::Read), &["a.wasm"])], Some(&[]));
    }

    #[test]
    fn beside_a_link_nothing_else_is_of_interest() {
        let changed =
            |path: &str| Event::new(EventKind::Modify(ModifyKind::Any)).add_path(path.into());
        let hints = Hints::default();
        *hints.links() = [("/srv".into(), [OsString::from("current")].into())].into();
        hints.event(Ok(changed("/srv/other")));
        assert!(matches!(hints.take(), Reread::Nothing));
        hints.event(Ok(changed("/srv/current")));
        assert!(matches!(hints.take(), Reread::Everything));
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_directory_behind_links_is_watched_with_the_links() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().expect("a directory");
        let path = |name: &str| root.path().join(name);
        for name in ["one", "two", "links"] {
            fs::create_dir(path(name)).expect("made");
        }
        symlink("../one", path("links/current")).expect("linked");
        symlink("links/current", path("plugins")).expect("linked");
        let found = link_chain(&path("plugins")).links;
        let real = fs::canonicalize(root.path()).expect("it is there");
        let expected = [(real.clone(), "plugins".into()), (real.join("links"), "current".into())];
        assert!(found.ends_with(&expected), "{found:?}");
        let hints = Arc::new(Hints::default());
        let mut watch = SystemWatches::new(hints.clone());
        assert_eq!(watch.arm(&[path("plugins")], &BTreeSet::new()), Mode::Watching);
        symlink("../two", path("links/next")).expect("linked");
        fs::rename(path("links/next"), path("links/current")).expect("renamed");
        let arrived = tokio::time::timeout(std::time::Duration::from_secs(20), hints.arrived());
        arrived.await.expect("a hint");
        assert!(matches!(hints.take(), Reread::Everything));
    }

    #[test]
    fn where_hints_were_lost_or_are_too_many_everything_is_read_again() {
        let changed = Event::new(EventKind::Modify(ModifyKind::Any));
        let lost = changed.clone().set_flag(Flag::Rescan);
        check(&[(lost.clone(), &[])], None);
        check(&[(changed.clone(), &["a.toml"]), (lost, &["a.toml"])], None);
        let names: Vec<_> = (0..=MAX_HINTED_NAMES).map(|at| at.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let (one, most) = (&names[..1], &names[1..]);
        check(&[(changed.clone(), most)], Some(most));
        check(&[(changed.clone(), most), (changed, one)], None);
    }
}
