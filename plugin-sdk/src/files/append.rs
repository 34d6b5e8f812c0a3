//! Additions to the end of a file.

use std::fs;
use std::io;
use std::path::Path;

use super::kept::{SETTLED, changed_meanwhile, is_kept_apart, until_done};
use super::links;
use super::sweep::sweep_beside;
use super::system::Open;
use super::turn::{self, Turn};
use super::write::create;

/// The most bytes that are kept of what another program adds while a file is changed.
const MAX_ADDED: u64 = 8 * 1024 * 1024;

/// Adds to the end of a file, or writes a new one. What other programs add meanwhile is kept.
///
/// # Errors
///
/// If not all can be added: then nothing is, unless another program adds to the file meanwhile.
pub fn append(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = links::real(path)?;
    sweep_beside(&path);
    until_done(|| {
        let turn = turn::take(&path)?;
        match Open::existing(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(&path, bytes).map(|()| true)
            }
            file => add(&path, &file?, bytes, &turn),
        }
    })
}

/// Adds to a file that was opened at `path`: `false` if another has taken its place there, so that what was added is
/// in no file that has a name.
pub(super) fn add(path: &Path, file: &Open, bytes: &[u8], turn: &Turn) -> io::Result<bool> {
    let (length, names) = file.about()?;
    file.append(bytes).inspect_err(|_| {
        if is_only_ours(path, length, bytes) {
            let _ = file.set_length(length);
        }
    })?;
    if !turn::is_at(file, path) {
        return Ok(false);
    }
    if !is_kept_apart(names, turn) && !bytes.is_empty() {
        std::thread::sleep(SETTLED);
        let behind = behind(fs::File::open(path)?, length, MAX_ADDED + bytes.len() as u64)?;
        if !behind.windows(bytes.len()).any(|part| part == bytes) {
            return Err(changed_meanwhile());
        }
    }
    Ok(true)
}

/// Returns the content of a file behind `start`, at most `max` bytes.
fn behind(mut file: fs::File, start: u64, max: u64) -> io::Result<Vec<u8>> {
    use io::{Read as _, Seek as _};
    let mut bytes = Vec::new();
    // WASI's libc reads nothing more from a file whose end it has seen.
    file.seek(io::SeekFrom::Start(start))?;
    file.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// True if what stands in the file behind `length` is a beginning of `bytes`.
pub(super) fn is_only_ours(path: &Path, length: u64, bytes: &[u8]) -> bool {
    let added = fs::File::open(path).and_then(|file| behind(file, length, bytes.len() as u64 + 1));
    added.is_ok_and(|added| bytes.starts_with(&added))
}

/// Adds to the file at `path` what `there`, whose place it took, holds behind `length`.
pub(super) fn keep_added(there: fs::File, length: u64, path: &Path) -> io::Result<()> {
    let added = behind(there, length, MAX_ADDED)?;
    if added.is_empty() { Ok(()) } else { Open::existing(path)?.append(&added) }
}
