//! The files of one server in the run directory, and the lock that says whether it lives.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::failpoint::{self, Point};
use crate::home::{PrivateError, private_directory};

/// The number of times that a server tries to take its own lock: a process that asks whether it is free holds it for a
/// moment.
const TRIES: usize = 100;
const LIVENESS_INTERVAL: Duration = Duration::from_millis(10);

/// The place of a server's files.
#[derive(Clone, Debug)]
pub struct ServerFiles {
    run: PathBuf,
    pid: u32,
}

/// The reason why a server cannot write its status.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The directory is not to be trusted.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// A file in it cannot be made, locked or written.
    #[error("it cannot be used: {0}")]
    Io(io::Error),
    /// Process ids are unique on one machine only.
    #[error(
        "a server with the process id {0} uses it already, in another container or on another machine; \
         set TOOLRACK_HOME to a directory of your own"
    )]
    Taken(u32),
}

// Not as its source: the sentence holds it already.
impl From<io::Error> for PlaceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A lock that is held until this is dropped.
pub(super) struct LivenessLock(
    #[expect(dead_code, reason = "closing it lets go of the lock")] File,
);

impl ServerFiles {
    /// The files of the process `pid` in the directory `run`.
    #[must_use]
    pub fn new(run: PathBuf, pid: u32) -> Self {
        Self { run, pid }
    }

    /// The files of this process.
    #[must_use]
    pub fn own(run: PathBuf) -> Self {
        Self::new(run, std::process::id())
    }

    /// The server's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The run directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.run
    }

    /// Returns the path of the file that says what the server serves.
    #[must_use]
    pub fn status(&self) -> PathBuf {
        self.run.join(format!("{}.json", self.pid))
    }

    /// Returns the path of the file with the lines that its plugins write.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.run.join(format!("{}.log", self.pid))
    }

    fn lock(&self) -> PathBuf {
        self.run.join(format!("{}.lock", self.pid))
    }

    fn unfinished(&self) -> PathBuf {
        self.run.join(format!(".{}.json", self.pid))
    }

    /// Takes the place for this process. Waits for a moment where others look whether it is free.
    pub(super) fn take(&self) -> Result<LivenessLock, PlaceError> {
        private_directory(&self.run)?;
        for _ in 0..TRIES {
            let file =
                OpenOptions::new().write(true).create(true).truncate(false).open(self.lock())?;
            if let Some(held) = self.try_hold(file)? {
                return Ok(held);
            }
            std::thread::sleep(LIVENESS_INTERVAL);
        }
        Err(PlaceError::Taken(self.pid))
    }

    /// Takes the lock of a server that is dead. `None` where it lives.
    pub(super) fn take_over(&self) -> io::Result<Option<LivenessLock>> {
        self.try_hold(OpenOptions::new().write(true).open(self.lock())?)
    }

    /// Locks `file` unless another process has. Between opening and locking, the name may have gone to
    /// another file: then the lock is worth nothing.
    fn try_hold(&self, file: File) -> io::Result<Option<LivenessLock>> {
        match file.try_lock() {
            Ok(()) => Ok(is_at(&file, &self.lock())?.then_some(LivenessLock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Writes the status whole: a reader sees the old one or the new one.
    pub(super) fn write(&self, status: &[u8]) -> io::Result<()> {
        let unfinished = self.unfinished();
        let mut file = File::create(&unfinished)?;
        file.write_all(status)?;
        drop(file);
        failpoint::at(Point::StatusWritten)?;
        fs::rename(unfinished, self.status())
    }

    /// Removes all files; the lock last, so that nothing is left behind without one.
    pub(super) fn remove(&self, _held: LivenessLock) {
        for path in [self.unfinished(), self.status(), self.log(), self.lock()] {
            // A file that cannot be removed is found dead by the next process that looks.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let opened = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_once_and_free_when_its_owner_is_gone() {
        let run = tempfile::tempdir().expect("a directory");
        let place = ServerFiles::new(run.path().join("run"), 7);
        let held = place.take().expect("free");
        assert!(place.take_over().expect("looked at").is_none());
        drop(held);
        let held = place.take_over().expect("looked at").expect("free");
        place.write(b"{}").expect("written");
        place.remove(held);
        assert_eq!(fs::read_dir(place.directory()).expect("there").count(), 0);
    }

    #[test]
    #[cfg(unix)]
    fn the_lock_of_a_file_that_lost_its_name_is_worth_nothing() {
        let run = tempfile::tempdir().expect("a directory");
        let place = ServerFiles::new(run.path().join("run"), 7);
        place.remove(place.take().expect("free"));
        let old = File::create(place.lock()).expect("made");
        fs::remove_file(place.lock()).expect("removed");
        assert!(place.try_hold(old).expect("looked at").is_none());
        // The lock of a file whose name another file has by now is worth nothing either.
        let old = File::create(place.lock()).expect("made");
        fs::rename(place.lock(), place.log()).expect("moved");
        File::create(place.lock()).expect("made");
        assert!(place.try_hold(old).expect("looked at").is_none());
        let _held = place.take().expect("free");
    }
}
