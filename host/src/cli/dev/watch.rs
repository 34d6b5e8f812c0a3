//! The files of a crate, watched for saves. `target` and hidden files are cargo's and editors' own.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::event::DevEvent;
use super::outputs::Outputs;
use crate::text::escape;

/// Directories watched in one crate. One with more holds something else too.
const MAX_WATCHED_DIRECTORIES: usize = 4096;

/// A watch on a crate. Dropping it ends it.
pub(super) struct CrateWatch {
    watcher: RecommendedWatcher,
    root: PathBuf,
    /// A lock, because what is learned of a build counts for the thread that hears of changes.
    outputs: Arc<RwLock<Outputs>>,
}

impl CrateWatch {
    /// Sends [`DevEvent::Saved`] whenever something in `root` changes, but for `outputs`.
    pub(super) fn start(
        root: &Path,
        outputs: Outputs,
        events: Sender<DevEvent>,
    ) -> anyhow::Result<Self> {
        let outputs = Arc::new(RwLock::new(outputs));
        let known = outputs.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let known = known.read().unwrap_or_else(PoisonError::into_inner);
            // After an error of the watch anything may have changed.
            if event.map_or(true, |event| is_save(&event, &known)) {
                // Nobody listens once the command is over.
                let _ = events.send(DevEvent::Saved);
            }
        });
        let watcher = watcher.context("files cannot be watched on this system")?;
        let mut watch = Self { watcher, root: root.to_owned(), outputs };
        watch
            .watcher
            .watch(root, RecursiveMode::NonRecursive)
            .context("the crate cannot be watched")?;
        watch.cover();
        Ok(watch)
    }

    /// Learns where cargo builds, by the file that it built.
    pub(super) fn learn(&self, built: &Path) {
        self.outputs.write().unwrap_or_else(PoisonError::into_inner).learn(built);
    }

    /// Watches the directories there are now. One by one, because a recursive watch would follow every
    /// file that cargo writes.
    pub(super) fn cover(&mut self) {
        for directory in self.directories() {
            if let Err(error) = self.watcher.watch(&directory, RecursiveMode::NonRecursive)
                && directory.exists()
            {
                let directory = escape(&directory.to_string_lossy());
                tracing::warn!("saves in {directory} are not seen: {error}");
            }
        }
    }

    fn directories(&self) -> Vec<PathBuf> {
        let mut found = vec![self.root.clone()];
        let mut next = 0;
        while next < found.len() && found.len() < MAX_WATCHED_DIRECTORIES {
            // A directory that cannot be read is not there, or not the crate's.
            let entries = std::fs::read_dir(&found[next]).into_iter().flatten().flatten();
            let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let paths: Vec<_> = folders.map(|entry| entry.path()).collect();
            found.extend(paths.into_iter().filter(|path| self.is_own(path)));
            next += 1;
        }
        found
    }

    fn is_own(&self, directory: &Path) -> bool {
        let outputs = self.outputs.read().unwrap_or_else(PoisonError::into_inner);
        !is_passed_over(directory) && !outputs.hold(directory)
    }
}

/// True if a file that counts got other content.
fn is_save(event: &notify::Event, outputs: &Outputs) -> bool {
    let changes = match event.kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    };
    let is_own = |path: &PathBuf| !is_passed_over(path) && !outputs.hold(path);
    changes && (event.paths.is_empty() || event.paths.iter().any(is_own))
}

/// True if a file or directory is not the author's, but what tools write while they build.
fn is_passed_over(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    const BUILD_OUTPUT: [&str; 5] =
        ["target", "Cargo.lock", "node_modules", "package-lock.json", "__pycache__"];
    name.starts_with('.') || name.ends_with('~') || BUILD_OUTPUT.contains(&&*name)
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, DataChange, MetadataKind};

    use super::*;

    #[test]
    fn a_save_is_a_change_of_content_in_a_file_of_the_author() {
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        for (kind, path, expected) in [
            (data, "/crate/src/lib.rs", true),
            (EventKind::Create(CreateKind::Any), "/crate/src", true),
            (EventKind::Access(AccessKind::Any), "/crate/src/lib.rs", false),
            (
                EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
                "/crate/src/lib.rs",
                false,
            ),
            (data, "/crate/src/.lib.rs.swp", false),
            (data, "/crate/src/lib.rs~", false),
            (data, "/crate/target", false),
            (EventKind::Create(CreateKind::Any), "/crate/targetuw1hoe", false),
            (EventKind::Create(CreateKind::Any), "/crate/targets", true),
            (data, "/crate/Cargo.lock", false),
            (EventKind::Create(CreateKind::Any), "/crate/plugins", false),
            (data, "/crate/plugins/roman.toml", false),
        ] {
            let event = notify::Event::new(kind).add_path(path.into());
            let outputs = Outputs::new(Path::new("/crate"), &["/crate/plugins".into()]);
            assert_eq!(is_save(&event, &outputs), expected, "{event:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn what_is_installed_in_the_crate_is_no_save_whatever_the_directory_is_called() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().canonicalize().expect("canonical");
        for directory in ["src/inner", "plugins", "target/release", ".git"] {
            std::fs::create_dir_all(root.join(directory)).expect("made");
        }
        let link = root.join("src/link");
        std::os::unix::fs::symlink(root.join("plugins"), &link).expect("a link");
        let (events, _inbox) = std::sync::mpsc::channel();
        for plugins in [root.join("plugins"), link, root.join("src/../plugins")] {
            let outputs = Outputs::new(&root, &[plugins]);
            let watch = CrateWatch::start(&root, outputs, events.clone()).expect("a watch");
            let found = watch.directories();
            assert_eq!(found, [root.clone(), root.join("src"), root.join("src/inner")]);
        }
    }
}
