//! The turns of servers that make or remove a Unix socket: by a lock of this user's own, which no other user can hold.
//!
//! This file does not know where the sockets lie.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::fs::file_lock::{FileLock, StillLocked};
use crate::home::Home;

/// The name of the lock.
const SOCKETS_LOCK: &str = "unix-sockets";

/// The place of the lock. By default there is none, and nothing keeps servers apart.
#[derive(Clone, Debug, Default)]
pub struct SocketLocks(Option<PathBuf>);

impl SocketLocks {
    /// The lock in this home.
    #[must_use]
    pub fn of(home: Option<&Home>) -> Self {
        Self(home.map(Home::locks))
    }

    /// Waits for the turn, for so long at most. It ends when what is returned is dropped. `None` where there is no lock.
    #[cfg(unix)]
    pub(super) fn take(&self, time: Duration) -> io::Result<Option<FileLock>> {
        // A server without a directory of its own, as on a read-only disk, is served all the same.
        let lock = self.0.as_ref().and_then(|locks| FileLock::new(locks, SOCKETS_LOCK).ok());
        let Some(lock) = lock else { return Ok(None) };
        lock.take(time).map_err(|StillLocked| {
            let why = "another toolrack of yours makes or removes a socket, and has not ended yet; try again";
            io::Error::new(io::ErrorKind::ResourceBusy, why)
        })?;
        Ok(Some(lock))
    }
}
