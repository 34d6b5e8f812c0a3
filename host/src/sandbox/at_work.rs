//! A sign for other processes that somebody makes an entry of the cache.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use super::stored::{TEMPORARY, remove};
use crate::regular::private;

/// A file that is locked, and touched again and again, while this lives, so that others can see that somebody is at work.
pub(super) struct AtWork {
    path: PathBuf,
    _locked: Arc<File>,
    /// Ends the thread that touches it.
    _ends: mpsc::Sender<()>,
}

/// Who does the work on an entry.
pub(super) enum Begun {
    /// This one, as long as it keeps this.
    Mine(AtWork),
    /// Another process. The time at which it has said so last, by its file system.
    Theirs(Option<SystemTime>),
}

impl AtWork {
    /// How often the file is touched.
    pub(super) const TOUCHES: Duration = Duration::from_millis(250);

    /// Begins the work of this name in `directory`, unless another is at it.
    pub(super) fn begin(directory: &Path, name: &str) -> io::Result<Begun> {
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
        // Without it, others do the same work as well.
        let _ = std::thread::Builder::new().name("at work".into()).spawn(touch);
        Self { path, _locked: locked, _ends: ends }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        // Who has opened it meanwhile locks a file that nobody else finds: at worst, work is done twice.
        remove(&self.path);
    }
}
