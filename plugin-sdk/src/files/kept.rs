//! Changes that are told as done only if they are there in the end, whatever others do to the file meanwhile.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::in_place::first;
use super::system::Open;
use super::turn::Turn;

/// The most times that a change begins anew because another file took the place of the one that was changed.
const MAX_TRIES: usize = 20;

/// The most bytes that are kept of what another program adds while a file is changed.
pub(super) const MAX_ADDED: u64 = 8 * 1024 * 1024;

/// The time after which another program has written what it compared before a change without a lock.
pub(super) const SETTLED: Duration = Duration::from_millis(50);

/// Tries until it is done, or something fails.
pub(super) fn until_done(once: impl Fn() -> io::Result<bool>) -> io::Result<()> {
    for _ in 0..MAX_TRIES {
        if once()? {
            return Ok(());
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// True if the lock keeps all others from the file: those that change it by a name in another directory have another lock.
pub(super) fn is_kept_apart(names: u64, turn: &Turn) -> bool {
    names <= 1 && turn.is_held()
}

/// Fails unless the file at `path` holds `bytes`, where no lock keeps others from changing it at the same time.
pub(super) fn check_kept(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::thread::sleep(SETTLED);
    let is_kept = first(path, bytes.len() + 1)? == bytes;
    if is_kept { Ok(()) } else { Err(changed_meanwhile()) }
}

pub(super) fn changed_meanwhile() -> io::Error {
    io::Error::other(
        "another program changed it at the same time, and no lock kept the two apart; this change may be lost: \
         read the file, and repeat the change if it is not there",
    )
}

/// Adds to the file at `path` what `there`, whose place it took, holds behind `length`.
pub(super) fn keep_added(there: fs::File, length: u64, path: &Path) -> io::Result<()> {
    let added = behind(there, length, MAX_ADDED)?;
    if added.is_empty() { Ok(()) } else { Open::existing(path)?.append(&added) }
}

/// Returns the content of a file behind `start`, at most `max` bytes.
pub(super) fn behind(mut file: fs::File, start: u64, max: u64) -> io::Result<Vec<u8>> {
    use io::{Read as _, Seek as _};
    let mut bytes = Vec::new();
    // WASI's libc reads nothing more from a file whose end it has seen.
    file.seek(io::SeekFrom::Start(start))?;
    file.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}
