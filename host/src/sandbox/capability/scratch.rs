//! Scratch directories: a fresh and private one for each call that is granted one, removed when the
//! call ends.
//!
//! All directories of one process lie in one, beside a file that is locked while the process lives. The directories
//! that a killed process left are removed by the next process that starts.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::fs::atomic_write::random_name;
use crate::fs::remove_tree::remove_tree;
use crate::home::private_directory;
use crate::sync::lock;

/// Directories of calls that have ended and that are still being removed: while there are more, no new one is made.
const MAX_UNREMOVED: usize = 32;

/// The longest time that the end of a call waits for its directory to be removed; a larger one goes later.
const REMOVAL_WAIT: Duration = Duration::from_millis(100);

/// The place at which this process makes scratch directories.
pub struct Scratches {
    root: PathBuf,
    // A lock, because the first two calls may come at once.
    own: Mutex<Option<Arc<Own>>>,
    made: AtomicU64,
}

/// The directory of this process.
struct Own {
    directory: PathBuf,
    lock: PathBuf,
    /// The number of directories that are being removed.
    unremoved: AtomicUsize,
    /// Held open, and locked, for as long as the process lives.
    _held: File,
}

/// The directory of one call. It is removed when this is dropped.
pub(crate) struct Scratch {
    /// The path of the directory. `None` when it is removed already.
    path: Option<PathBuf>,
    directory: Arc<File>,
    own: Arc<Own>,
}

impl Scratches {
    /// Creates a place below `root`, which is made when it is needed.
    #[must_use]
    pub fn below(root: PathBuf) -> Self {
        Self { root, own: Mutex::default(), made: AtomicU64::new(0) }
    }

    /// Removes the directories that dead processes left. Blocks.
    pub fn sweep(root: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root)? {
            let path = entry?.path();
            let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes()[0] == b'.');
            if hidden || path.extension().is_none_or(|extension| extension != "lock") {
                continue;
            }
            let Ok(held) = File::open(&path) else { continue };
            if held.try_lock().is_ok() {
                drop(Own::at(path.with_extension(""), path, held));
            }
        }
        Ok(())
    }

    /// A new and empty directory. Blocks.
    pub(crate) fn fresh(&self) -> io::Result<Scratch> {
        let own = self.own()?;
        if own.unremoved.load(Ordering::Relaxed) >= MAX_UNREMOVED {
            return Err(io::Error::other(
                "those of earlier calls are still being removed; call it again in a while",
            ));
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let path = own.directory.join(number.to_string());
        fs::create_dir(&path)?;
        Ok(Scratch { directory: Arc::new(open(&path)?), path: Some(path), own })
    }

    fn own(&self) -> io::Result<Arc<Own>> {
        let mut own = lock(&self.own);
        if let Some(own) = &*own {
            return Ok(own.clone());
        }
        let made = Arc::new(Own::new(&self.root)?);
        *own = Some(made.clone());
        Ok(made)
    }
}

impl Own {
    fn new(root: &Path) -> io::Result<Self> {
        private_directory(root).map_err(io::Error::other)?;
        let name = format!("{}-{}", std::process::id(), random_name()?);
        let directory = root.join(&name);
        // A process that sees the lock's name sees it locked.
        let (unfinished, lock) = (root.join(format!(".{name}")), directory.with_extension("lock"));
        let held = File::create_new(&unfinished)?;
        held.lock()?;
        fs::rename(&unfinished, &lock)?;
        fs::create_dir(&directory)?;
        Ok(Self::at(directory, lock, held))
    }

    fn at(directory: PathBuf, lock: PathBuf, held: File) -> Self {
        Self { directory, lock, unremoved: AtomicUsize::new(0), _held: held }
    }

    /// Removes the directory of one call. Blocks.
    fn remove(&self, path: &Path) {
        // A call that is cancelled may still be writing a file; then the process's end removes the rest.
        let _ = remove_tree(path);
        self.unremoved.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // The lock goes last, and only if nothing is left behind: else the next process tries again.
        if remove_tree(&self.directory).is_ok() || !self.directory.exists() {
            let _ = fs::remove_file(&self.lock);
        }
    }
}

impl Scratch {
    /// The directory, open.
    pub(crate) fn directory(&self) -> Arc<File> {
        self.directory.clone()
    }

    /// Removes it, and waits for that a while: what takes longer goes on beside other calls.
    pub(crate) async fn remove(mut self) {
        let Some(removal) = self.removal() else { return };
        let _ = tokio::time::timeout(REMOVAL_WAIT, spawn_blocking(removal)).await;
    }

    /// Returns the job that removes it. `None` if it was taken before.
    fn removal(&mut self) -> Option<impl FnOnce() + Send + use<>> {
        let (path, own) = (self.path.take()?, self.own.clone());
        own.unremoved.fetch_add(1, Ordering::Relaxed);
        Some(move || own.remove(&path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some(removal) = self.removal() else { return };
        // The directory may hold much, and a cancelled call drops this on a thread of the guests.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(removal)),
            Err(_) => removal(),
        }
    }
}

#[cfg(not(windows))]
fn open(directory: &Path) -> io::Result<File> {
    File::open(directory)
}

#[cfg(windows)]
fn open(directory: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;
    // FILE_FLAG_BACKUP_SEMANTICS: without it a directory cannot be opened.
    fs::OpenOptions::new().read(true).custom_flags(0x0200_0000).open(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<PathBuf> {
        fs::read_dir(root).expect("there").map(|entry| entry.expect("an entry").path()).collect()
    }

    fn path(scratch: &Scratch) -> PathBuf {
        scratch.path.clone().expect("not removed")
    }

    #[test]
    fn a_scratch_directory_is_gone_with_all_that_is_in_it() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().join("scratch");
        let scratches = Scratches::below(root.clone());
        let (one, two) = (scratches.fresh().expect("made"), scratches.fresh().expect("made"));
        assert_ne!(path(&one), path(&two));
        fs::create_dir_all(path(&one).join("a/b")).expect("made");
        fs::write(path(&one).join("a/b/c"), "x").expect("written");
        let [first, second] = [&one, &two].map(path);
        drop(one);
        assert!(!first.exists() && second.exists());
        drop(two);
        assert!(!second.exists());
        drop(scratches);
        assert!(names(&root).is_empty(), "{:?}", names(&root));
    }

    #[test]
    fn no_directory_is_made_while_too_many_wait_to_be_removed() {
        let root = tempfile::tempdir().expect("a directory");
        let scratches = Scratches::below(root.path().join("scratch"));
        let mut first = scratches.fresh().expect("made");
        let removal = first.removal().expect("not removed");
        first.own.unremoved.fetch_add(MAX_UNREMOVED - 1, Ordering::Relaxed);
        let refused = scratches.fresh().err().expect("refused").to_string();
        assert!(refused.contains("still being removed"), "{refused}");
        removal();
        assert!(scratches.fresh().is_ok());
    }

    #[test]
    fn what_a_dead_process_left_is_swept_and_what_a_live_one_has_is_not() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("7-dead/0/deep")).expect("made");
        fs::write(root.path().join("7-dead.lock"), "").expect("written");
        let scratches = Scratches::below(root.path().to_owned());
        let scratch = scratches.fresh().expect("made");
        Scratches::sweep(root.path()).expect("swept");
        assert!(path(&scratch).exists());
        assert!(!root.path().join("7-dead").exists() && !root.path().join("7-dead.lock").exists());
        assert_eq!(names(root.path()).len(), 2);
    }

    #[test]
    fn what_cannot_be_removed_keeps_its_lock_so_that_the_next_tries_again() {
        let root = tempfile::tempdir().expect("a directory");
        let (left, lock) = (root.path().join("7-dead"), root.path().join("7-dead.lock"));
        // No directory, whatever it is.
        fs::write(&left, "").expect("written");
        fs::write(&lock, "").expect("written");
        Scratches::sweep(root.path()).expect("swept");
        assert!(left.exists() && lock.exists());
        fs::remove_file(&left).expect("removed");
        Scratches::sweep(root.path()).expect("swept");
        assert!(!lock.exists());
    }
}
