//! Putting checked plugins in place: all files are written beside, and renamed when all are whole.

use std::fs;
use std::path::{Path, PathBuf};

use super::{FileFailure, InstallError, ManifestSource, Pair, PluginDirectory};
use crate::failpoint::{self, Point};
use crate::fs::atomic_write::{Unfinished, sweep, sync};
use crate::fs::bounded_read::read_at_most;
use crate::manifest::{MAX_MANIFEST, Sha256Digest};
use crate::reload::{MAX_WASM, MAX_WIT, wit_of};

/// Replaced manifests that are kept of one plugin; beyond, the last takes the place of the one before.
const MAX_BACKUPS: usize = 9;

/// The change that installing a plugin made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallChange {
    /// It is new.
    Installed,
    /// It takes the place of another version, with this digest where that had a Wasm.
    Updated(Option<Sha256Digest>),
    /// It is there already.
    Unchanged,
}

/// The choice what becomes of a manifest that another one replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldManifest {
    /// It is kept beside the new one: a person may have edited it.
    Kept,
    /// It is gone.
    Dropped,
}

/// Installs `pairs` on `shelf`, all or, where a file cannot be written, none.
pub fn place(
    pairs: &[Pair],
    shelf: &PluginDirectory,
    old: OldManifest,
) -> Result<Vec<InstallChange>, InstallError> {
    let directory = &shelf.directory;
    fs::create_dir_all(directory)
        .map_err(FileFailure::at::<InstallError>(directory, "it cannot be made"))?;
    sweep(directory);
    let mut changes = Vec::new();
    let mut renames = Vec::new();
    for pair in pairs {
        let change = change(pair, shelf);
        changes.push(change);
        if change == InstallChange::Unchanged {
            continue;
        }
        let mut files = Vec::new();
        if let Some(wasm) = &pair.wasm {
            files.push(write(directory, &pair.wasm_file, wasm)?);
        }
        if let Some(wit) = &pair.wit {
            files.push(write(directory, &wit_of(&pair.file), wit)?);
        }
        if old == OldManifest::Kept
            && let Some((backup, text)) = replaced(pair, shelf)
        {
            let file = write(directory, &backup, &text)?;
            // Nobody reads the copy who could not read the file.
            let permits =
                fs::metadata(directory.join(&pair.file)).and_then(|old| file.permits_as(&old));
            permits.map_err(FileFailure::at::<InstallError>(&file.path, "it cannot be written"))?;
            files.push(file);
        }
        // One that is there already is nobody's to write: it may be the author's own, who works beside it.
        let is_there = manifest_there(pair, shelf).as_ref() == Some(&pair.text);
        if pair.source != ManifestSource::Kept && !is_there {
            files.push(write(directory, &pair.file, &pair.text)?);
        }
        renames.push(files);
    }
    // A plugin's Wasm comes before its manifest: no moment shows a manifest without a Wasm.
    for (number, file) in renames.into_iter().flatten().enumerate() {
        let path = file.path.clone();
        let between = if number == 0 { Ok(()) } else { failpoint::at(Point::BetweenRenames) };
        between
            .and_then(|()| file.finish())
            .map_err(FileFailure::at::<InstallError>(&path, "it cannot be put in place"))?;
    }
    remove_old_wasm(pairs, shelf);
    remove_old_wit(pairs, shelf);
    sync(directory);
    Ok(changes)
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<Unfinished, InstallError> {
    let path = directory.join(name);
    Unfinished::write(directory, name, bytes)
        .map_err(FileFailure::at::<InstallError>(&path, "it cannot be written"))
}

/// True if another manifest is installed where that of `pair` goes.
#[must_use]
pub fn replaces_manifest(pair: &Pair, shelf: &PluginDirectory) -> bool {
    let stays = pair.source == ManifestSource::Kept || shelf.entry(&pair.file).is_none();
    !stays && manifest_there(pair, shelf).as_ref() != Some(&pair.text)
}

/// Returns the path at which the manifest that `pair` replaces is kept. `None` if it replaces none that can be read.
#[must_use]
pub fn backup(pair: &Pair, shelf: &PluginDirectory) -> Option<PathBuf> {
    replaced(pair, shelf).map(|(name, _)| shelf.directory.join(name))
}

/// The name under which the manifest that `pair` replaces is kept, and what it holds.
fn replaced(pair: &Pair, shelf: &PluginDirectory) -> Option<(String, Vec<u8>)> {
    if !replaces_manifest(pair, shelf) {
        return None;
    }
    let text = read_at_most(&shelf.directory.join(&pair.file), MAX_MANIFEST).ok()?;
    Some((backup_name(pair, shelf, &text), text))
}

/// A name that nothing else is kept under: what a person wrote is lost neither by the next update nor in favour of it.
fn backup_name(pair: &Pair, shelf: &PluginDirectory, text: &[u8]) -> String {
    let first = format!("{}.bak", pair.file);
    let more = (2..MAX_BACKUPS).map(|number| format!("{first}{number}"));
    let is_free = |name: &String| {
        let path = shelf.directory.join(name);
        path.symlink_metadata().is_err()
            || read_at_most(&path, MAX_MANIFEST).is_ok_and(|kept| kept == text)
    };
    std::iter::once(first.clone())
        .chain(more)
        .find(is_free)
        .unwrap_or_else(|| format!("{first}{MAX_BACKUPS}"))
}

/// Reads the installed file of the same name as the manifest. `None` where it is missing or longer than the manifest.
fn manifest_there(pair: &Pair, shelf: &PluginDirectory) -> Option<Vec<u8>> {
    read_at_most(&shelf.directory.join(&pair.file), pair.text.len()).ok()
}

fn change(pair: &Pair, shelf: &PluginDirectory) -> InstallChange {
    let Some(there) = shelf.entry(&pair.file) else { return InstallChange::Installed };
    let old = read_at_most(&shelf.directory.join(&there.wasm), MAX_WASM).ok();
    let text = manifest_there(pair, shelf);
    let wit = read_at_most(&shelf.directory.join(wit_of(&pair.file)), MAX_WIT).ok();
    if there.wasm == pair.wasm_file
        && old == pair.wasm
        && wit == pair.wit
        && text.as_ref() == Some(&pair.text)
    {
        return InstallChange::Unchanged;
    }
    InstallChange::Updated(old.map(|bytes| Sha256Digest::of(&bytes)))
}

/// A new version may have no `.wit` file; the old one would describe what is gone.
fn remove_old_wit(pairs: &[Pair], shelf: &PluginDirectory) {
    for pair in pairs.iter().filter(|pair| pair.wit.is_none()) {
        // Mostly there is none. One that stays can do no more than describe.
        let _ = fs::remove_file(shelf.directory.join(wit_of(&pair.file)));
    }
}

/// A new version may name another Wasm; nobody names the old one then.
fn remove_old_wasm(pairs: &[Pair], shelf: &PluginDirectory) {
    let Ok(now) = PluginDirectory::look(&shelf.directory) else { return };
    for old in pairs.iter().filter_map(|pair| shelf.entry(&pair.file)) {
        if !now.entries().iter().any(|entry| entry.wasm == old.wasm) {
            // If it stays, it is refused as a Wasm that no manifest names, and does no harm.
            let _ = fs::remove_file(shelf.directory.join(&old.wasm));
        }
    }
}
