//! One command at a time that changes a plugin directory. Servers only read it, and wait for nobody.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long another command is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The right to change a plugin directory, until it is dropped or the process ends. No file is made for it.
///
/// Where a system cannot lock a directory, as Windows and some network file systems cannot, it keeps nobody away.
#[derive(Debug)]
pub struct DirectoryLock {
    directory: PathBuf,
    /// `None` where the directory cannot be locked, or is not there yet.
    file: Option<File>,
}

/// Another command holds the directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: another toolrack is at work there, and has not ended within {} s; try again when it has ended",
    super::shown(.0), PATIENCE.as_secs()
)]
pub struct DirectoryBusy(PathBuf);

impl DirectoryLock {
    /// Waits until nobody else changes `directory`.
    pub fn take(directory: &Path) -> Result<Self, DirectoryBusy> {
        Self::take_within(directory, PATIENCE)
    }

    /// Waits until nobody else changes any of `directories`, which may name one of them twice.
    pub fn take_all(directories: &[PathBuf]) -> Result<Vec<Self>, DirectoryBusy> {
        // Two commands that take them in one order never wait for each other.
        let mut real: Vec<_> =
            directories.iter().filter_map(|directory| directory.canonicalize().ok()).collect();
        real.sort();
        real.dedup();
        real.iter().map(|directory| Self::take(directory)).collect()
    }

    fn take_within(directory: &Path, patience: Duration) -> Result<Self, DirectoryBusy> {
        let lock = Self { directory: directory.to_owned(), file: File::open(directory).ok() };
        lock.wait(patience)?;
        Ok(lock)
    }

    /// Lets others change the directory while `work` is done, such as asking a person.
    pub fn released<T>(&self, work: impl FnOnce() -> T) -> Result<T, DirectoryBusy> {
        // What cannot be unlocked was not locked.
        let _ = self.file.as_ref().map(File::unlock);
        let done = work();
        self.wait(PATIENCE)?;
        Ok(done)
    }

    fn wait(&self, patience: Duration) -> Result<(), DirectoryBusy> {
        let Some(file) = &self.file else { return Ok(()) };
        let started = Instant::now();
        while let Err(TryLockError::WouldBlock) = file.try_lock() {
            if started.elapsed() >= patience {
                return Err(DirectoryBusy(self.directory.clone()));
            }
            sleep(BETWEEN_TRIES);
        }
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn one_holds_a_directory_until_it_lets_go() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path();
        let try_take = || DirectoryLock::take_within(path, Duration::ZERO);
        let held = try_take().expect("nobody holds it");
        let busy = try_take().expect_err("it is held").to_string();
        assert!(busy.contains("another toolrack is at work there"), "{busy}");
        held.released(|| drop(try_take().expect("it is let go"))).expect("nobody else holds it");
        try_take().expect_err("it is held again");
        drop(held);
        let twice = [path.to_owned(), path.join("."), path.join("missing")];
        assert_eq!(DirectoryLock::take_all(&twice).expect("each once").len(), 1);
        assert_eq!(std::fs::read_dir(path).expect("readable").count(), 0, "no file is left");
    }

    #[test]
    fn a_directory_that_is_missing_is_nobodys() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("plugins");
        let both = [DirectoryLock::take(&path), DirectoryLock::take(&path)];
        assert!(both.iter().all(Result::is_ok));
    }
}
