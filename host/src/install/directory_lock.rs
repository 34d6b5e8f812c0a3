//! One command at a time that changes a plugin directory. Servers only read it, and wait for nobody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fs::file_lock::{FileLock, StillLocked};
use crate::home::Home;
use crate::manifest::Sha256Digest;
use crate::text::escape_path;

/// The time that another command is waited for.
const DIRECTORY_LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The right to change a plugin directory, until it is dropped or the process ends.
///
/// What is locked is a file in this user's home, named after where the directory lies: a lock on the directory itself could
/// be held by whoever may read it. Without a home it keeps nobody away, nor does it keep away another user, who has another.
#[derive(Debug)]
pub struct DirectoryLock {
    directory: PathBuf,
    /// `None` where there is no home that files can be made in.
    file: Option<FileLock>,
}

/// Another command holds the directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: another toolrack is at work there, and has not ended within {} s; try again when it has ended",
    escape_path(.0), DIRECTORY_LOCK_TIMEOUT.as_secs()
)]
pub struct DirectoryBusy(PathBuf);

impl DirectoryLock {
    /// Waits until nobody else changes `directory`, which need not be there yet.
    pub fn take(home: Option<&Home>, directory: &Path) -> Result<Self, DirectoryBusy> {
        Self::take_within(home, directory, DIRECTORY_LOCK_TIMEOUT)
    }

    /// Waits until nobody else changes any of `directories`, which may name one of them twice.
    pub fn take_all(
        home: Option<&Home>,
        directories: &[PathBuf],
    ) -> Result<Vec<Self>, DirectoryBusy> {
        // Two commands that take them in one order never wait for each other.
        let mut real: Vec<_> = directories.iter().map(|directory| real(directory)).collect();
        real.sort();
        real.dedup();
        real.iter().map(|directory| Self::take(home, directory)).collect()
    }

    fn take_within(
        home: Option<&Home>,
        directory: &Path,
        patience: Duration,
    ) -> Result<Self, DirectoryBusy> {
        let name = Sha256Digest::of(real(directory).as_os_str().as_encoded_bytes()).to_string();
        let file = home.and_then(|home| FileLock::new(&home.locks(), &name).ok());
        let lock = Self { directory: directory.to_owned(), file };
        lock.wait(patience)?;
        Ok(lock)
    }

    /// Lets others change the directory while `work` is done, such as asking a person.
    pub fn released<T>(&self, work: impl FnOnce() -> T) -> Result<T, DirectoryBusy> {
        self.file.iter().for_each(FileLock::release);
        let done = work();
        self.wait(DIRECTORY_LOCK_TIMEOUT)?;
        Ok(done)
    }

    fn wait(&self, patience: Duration) -> Result<(), DirectoryBusy> {
        let taken = self.file.as_ref().map_or(Ok(()), |file| file.take(patience));
        taken.map_err(|StillLocked| DirectoryBusy(self.directory.clone()))
    }
}

/// Where a directory lies, past links; of one that is missing, where it would.
fn real(directory: &Path) -> PathBuf {
    let known = directory.canonicalize().or_else(|_| {
        let whole = std::path::absolute(directory)?;
        let (Some(above), Some(name)) = (whole.parent(), whole.file_name()) else {
            return Ok(whole);
        };
        Ok::<_, std::io::Error>(above.canonicalize().map(|above| above.join(name)).unwrap_or(whole))
    });
    known.unwrap_or_else(|_| directory.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_a_directory_until_it_lets_go() {
        let root = tempfile::tempdir().expect("a directory");
        let (home, path) = (Home::at(root.path().join("home")), root.path().join("plugins"));
        // The first time the directory is not there yet.
        for _ in 0..2 {
            let try_take = || DirectoryLock::take_within(Some(&home), &path, Duration::ZERO);
            let held = try_take().expect("nobody holds it");
            let busy = try_take().expect_err("it is held").to_string();
            assert!(busy.contains("another toolrack is at work there"), "{busy}");
            held.released(|| drop(try_take().expect("it is let go")))
                .expect("nobody else holds it");
            try_take().expect_err("it is held again");
            drop(held);
            let twice = [path.clone(), path.join("."), path.join("../plugins")];
            let _ = std::fs::create_dir(&path);
            let taken = DirectoryLock::take_all(Some(&home), &twice);
            assert_eq!(taken.expect("each once").len(), 1);
            assert_eq!(std::fs::read_dir(&path).expect("readable").count(), 0, "no file is left");
        }
    }

    #[test]
    fn without_a_home_nobody_is_kept_away() {
        let root = tempfile::tempdir().expect("a directory");
        let both = [DirectoryLock::take(None, root.path()), DirectoryLock::take(None, root.path())];
        assert!(both.iter().all(Result::is_ok));
    }
}
