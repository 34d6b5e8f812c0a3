//! A sign for other processes that an entry of the cache is being made.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use super::cache_file::{TEMPORARY, remove};
use crate::fs::bounded_read::private;

/// A file that is locked, and touched again and again, while this lives, so that other processes can see that the work
/// goes on.
pub(crate) struct AtWork {
    path: PathBuf,
    _locked: Arc<File>,
    /// Ends the thread that touches it.
    _ends: mpsc::Sender<()>,
}

/// The process that does the work on an entry.
pub(crate) enum Begun {
    /// This process, as long as it keeps the [`AtWork`].
    Mine(AtWork),
    /// Another process, and the time at which it last touched the file, by the file system. `None` if that is not
    /// known.
    Theirs(Option<SystemTime>),
}

impl AtWork {
    /// The time between two touches of the file.
    pub(crate) const TOUCHES: Duration = Duration::from_millis(250);

    /// Begins the work of this name in `directory`, unless another process is at it.
    pub(crate) fn begin(directory: &Path, name: &str) -> io::Result<Begun> {
        let path = directory.join(format!("{TEMPORARY}{}", name.replace('.', "-")));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = private(&mut options).open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Begun::Mine(Self::touching(path, file))),
            Err(TryLockError::WouldBlock) => Ok(Begun::Theirs(file.metadata()?.modified().ok())),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn touching(path: PathBuf, file: File) -> Self {
        let locked = Arc::new(file);
        let (ends, ended) = mpsc::channel();
        let own = Arc::downgrade(&locked);
        let touch = move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(Self::TOUCHES) {
                let Some(file) = own.upgrade() else { return };
                let _ = file.set_modified(SystemTime::now());
            }
        };
        // Without the thread, other processes do the same work as well.
        let _ = std::thread::Builder::new().name("at work".into()).spawn(touch);
        Self { path, _locked: locked, _ends: ends }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        // A process that has opened the file meanwhile locks one that no other process finds: at worst, work is done
        // twice.
        remove(&self.path);
    }
}
