//! Files changed whole or not at all.

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use super::create::create;
use super::in_place::{first, in_place};
use super::kept::{check_kept, is_kept_apart, keep_added, until_done};
use super::links;
use super::names::BESIDE;
use super::sweep::sweep_beside;
use super::system::{self, Open};
use super::turn::{self, Turn};

/// Gives a file another content, or writes a new one. It keeps its mode and its owner, other names of the file (hard
/// links) keep being that file, and a symbolic link stays one: what it leads to is changed.
///
/// The new file is written beside the old one and takes its place only when it is whole. Where that would lose a name
/// or the owner, or nothing may be added to the directory, the file is changed in place; what it had is put back if
/// the rest does not fit.
///
/// # Errors
///
/// If the new content cannot be written: then the file is as it was.
pub fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = links::real(path)?;
    until_done(|| match Open::existing(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(&path, bytes).map(|()| true)
        }
        file => put(&path, file?, bytes, None),
    })
}

/// The same for a file that holds `old`: `false` if it holds something else right before it would be changed, since
/// another program has written it; then nothing is.
///
/// Of plugins that do so with one file, in however many servers, no change is lost: a file beside it, whose name ends in
/// `.toolrack-lock`, stands there for the moment between the comparison and the change, and one that is left behind is
/// removed after two seconds. Where none can be made, the file is read again after the change, and it is an error if
/// another change has undone this one. No other program heeds it. What such a program adds to the end in that moment is kept, what
/// it changes there is not; and what it adds later through a file that it opened before is lost.
///
/// # Errors
///
/// If there is no such file, or the new content cannot be written: then the file is as it was.
pub fn replace_unchanged(path: impl AsRef<Path>, old: &[u8], new: &[u8]) -> io::Result<bool> {
    let path = links::real(path)?;
    put(&path, Open::existing(&path)?, new, Some(old))
}

/// Changes a file that holds `old`, if that is given.
fn put(path: &Path, file: Open, bytes: &[u8], old: Option<&[u8]>) -> io::Result<bool> {
    sweep_beside(path);
    let (_, names) = file.about()?;
    if names <= 1 {
        // Windows replaces no file that is open.
        drop(file);
        match beside(path, bytes, old) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            done => return done,
        }
    }
    let turn = turn::take(path)?;
    let is_same = match old {
        Some(old) => first(path, old.len() + 1)? == old,
        None => true,
    };
    if !is_same || turn.is_lost() {
        return Ok(false);
    }
    let file = Open::existing(path)?;
    let (length, names) = file.about()?;
    in_place(path, &file, length, bytes)?;
    if !turn::is_at(&file, path) {
        return Ok(false);
    }
    if !is_kept_apart(names, &turn) {
        check_kept(path, bytes)?;
    }
    Ok(true)
}

fn beside(path: &Path, bytes: &[u8], old: Option<&[u8]>) -> io::Result<bool> {
    let new = name_beside(path);
    let put = || {
        let file = Open::new(&new)?;
        file.write(bytes, 0)?;
        file.sync()?;
        drop(file);
        let turn = turn::take(path)?;
        let is_done = match old {
            Some(old) => take_place(&new, path, old, &turn)?,
            None => fs::rename(&new, path).map(|()| true)?,
        };
        if is_done && !turn.is_held() {
            check_kept(path, bytes)?;
        }
        Ok(is_done)
    };
    let done = put();
    if !matches!(done, Ok(true)) {
        let _ = fs::remove_file(&new);
    }
    done
}

/// Renames `new` to `path`, where `old` stands. What is added there until then comes along.
fn take_place(new: &Path, path: &Path, old: &[u8], turn: &Turn) -> io::Result<bool> {
    use io::Read as _;
    let (_, opened) = system::about(path)?;
    let mut there = fs::File::open(path)?;
    let mut found = Vec::new();
    there.by_ref().take(old.len() as u64 + 1).read_to_end(&mut found)?;
    let is_there = || io::Result::Ok(seen(&there.metadata()?) == seen(&fs::metadata(path)?));
    if found != old || turn.is_lost() || system::about(path)?.1 != opened || !is_there()? {
        return Ok(false);
    }
    if fs::rename(new, path).is_err() {
        // Windows replaces no file that is open.
        drop(there);
        return fs::rename(new, path).map(|()| true);
    }
    keep_added(there, old.len() as u64, path).map(|()| true)
}

/// Returns facts that tell one state of a file from another without reading it.
fn seen(about: &fs::Metadata) -> (u64, Option<std::time::SystemTime>) {
    (about.len(), about.modified().ok())
}

fn name_beside(path: &Path) -> PathBuf {
    let random = RandomState::new().build_hasher().finish();
    path.with_file_name(format!(".{random:016x}{BESIDE}"))
}

#[cfg(all(test, unix))]
mod tests;
