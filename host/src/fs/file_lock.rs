//! One command at a time: a lock on a file that this user alone can open, so that no other user can hold it.
//!
//! What the lock is for is not known here.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::bounded_read::private;
use crate::home::{PrivateError, private_directory};

const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// A file that processes take turns at, until it is dropped or the process ends.
#[derive(Debug)]
pub struct FileLock(File);

/// The error that another process still holds the lock.
#[derive(Debug, PartialEq, Eq)]
pub struct StillLocked;

impl FileLock {
    /// The lock in the private directory `directory`, not taken yet.
    pub fn new(directory: &Path, name: &str) -> Result<Self, PrivateError> {
        private_directory(directory)?;
        Ok(Self(open(&directory.join(name))?))
    }

    /// Takes the lock, and waits for it as long as `patience`. Where files cannot be locked, it keeps no other process
    /// away.
    pub fn take(&self, patience: Duration) -> Result<(), StillLocked> {
        let started = Instant::now();
        while let Err(TryLockError::WouldBlock) = self.0.try_lock() {
            if started.elapsed() >= patience {
                return Err(StillLocked);
            }
            sleep(LOCK_INTERVAL);
        }
        Ok(())
    }

    /// Lets go of the lock.
    pub fn release(&self) {
        // A file that cannot be unlocked was not locked.
        let _ = self.0.unlock();
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    private(&mut options).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_a_lock_until_it_lets_go() {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("locks");
        let lock = || FileLock::new(&directory, "a").expect("opened");
        let (one, other) = (lock(), lock());
        one.take(Duration::ZERO).expect("free");
        assert_eq!(other.take(Duration::ZERO), Err(StillLocked));
        FileLock::new(&directory, "b").expect("opened").take(Duration::ZERO).expect("another");
        one.release();
        other.take(Duration::ZERO).expect("let go");
        drop(other);
        one.take(Duration::ZERO).expect("closed");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_open_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("locks");
        let _lock = FileLock::new(&directory, "a").expect("opened");
        let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&directory.join("a"))), (0o700, 0o600));
        std::os::unix::fs::symlink(root.path().join("x"), directory.join("link")).expect("a link");
        FileLock::new(&directory, "link").expect_err("no link is followed");
        assert!(!root.path().join("x").exists());
    }
}
