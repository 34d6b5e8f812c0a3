//! Additions to the end of a file.

use std::fs;
use std::io;
use std::path::Path;

use super::create::create;
use super::kept::{MAX_ADDED, SETTLED, behind, changed_meanwhile, is_kept_apart, until_done};
use super::links;
use super::sweep::sweep_beside;
use super::system::Open;
use super::turn::{self, Turn};

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

/// True if what stands in the file behind `length` is a beginning of `bytes`.
pub(super) fn is_only_ours(path: &Path, length: u64, bytes: &[u8]) -> bool {
    let added = fs::File::open(path).and_then(|file| behind(file, length, bytes.len() as u64 + 1));
    added.is_ok_and(|added| bytes.starts_with(&added))
}
