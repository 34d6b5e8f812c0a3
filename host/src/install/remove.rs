//! Plugins out of a plugin directory: the manifest first, so that no moment shows one without its
//! Wasm.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::find::{FindError, find, shelves};
use super::{FileFailure, PluginDirectory};
use crate::manifest::local_of;
use crate::reload::{is_manifest, wit_of};

/// The outcome for a plugin's files.
#[derive(Debug, PartialEq, Eq)]
pub struct Removed {
    /// The plugin's name.
    pub name: String,
    /// The directory they were in.
    pub directory: PathBuf,
    /// The manifest, which is gone.
    pub manifest: String,
    /// The outcome for the Wasm.
    pub wasm: WasmRemoved,
    /// The `.wit` file, which is gone, if there was one.
    pub wit: Option<String>,
    /// The outcome for the local file.
    pub local: LocalRemoved,
}

/// The outcome for a plugin's local file.
#[derive(Debug, PartialEq, Eq)]
pub enum LocalRemoved {
    /// It is gone.
    Gone(String),
    /// There was none.
    Missing,
    /// It stays, for when the plugin is installed again.
    Kept(String),
}

/// The choice what becomes of what a person decided of a plugin that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalFiles {
    /// It is kept.
    Keep,
    /// It is removed with the plugin.
    Purge,
}

/// The outcome for a plugin's Wasm.
#[derive(Debug, PartialEq, Eq)]
pub enum WasmRemoved {
    /// It is gone.
    Gone(String),
    /// It was not there.
    Missing,
    /// It stays: the other manifest names it too.
    Stays {
        /// The Wasm.
        wasm: String,
        /// The manifest that needs it.
        manifest: String,
    },
}

/// The reason why nothing, or not all, was removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// It is not clear what is meant.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A file cannot be removed, or a directory not be read.
    #[error(transparent)]
    File(#[from] FileFailure),
}

/// Removes the plugins with these names from `directories`. Nothing is touched before all are found.
pub fn remove(
    names: &[String],
    directories: &[PathBuf],
    decided: LocalFiles,
) -> Result<Vec<Removed>, RemoveError> {
    let shelves = shelves(directories)?;
    let mut found: Vec<(&str, &PluginDirectory, String)> = Vec::new();
    for name in names {
        // Naming a plugin twice removes it once.
        if !found.iter().any(|(known, ..)| known == name) {
            let (shelf, file) = find(name, &shelves)?;
            found.push((name, shelf, file));
        }
    }
    let each = found.into_iter();
    each.map(|(name, shelf, file)| remove_one(name, &shelf.directory, file, decided)).collect()
}

/// The local files of `name` in `directories` whose plugin is not there any more.
#[must_use]
pub fn left_local(name: &str, directories: &[PathBuf]) -> Vec<PathBuf> {
    let manifest = format!("{name}.toml");
    if !is_manifest(&manifest) || name.contains(['/', '\\']) {
        return Vec::new();
    }
    let left = directories.iter().filter(|directory| !directory.join(&manifest).exists());
    let left = left.map(|directory| directory.join(local_of(&manifest)));
    left.filter(|local| local.is_file()).collect()
}

/// Removes a manifest, the `.wit` file beside it and, unless another names it, its Wasm. Of a link, the link.
fn remove_one(
    name: &str,
    directory: &Path,
    file: String,
    decided: LocalFiles,
) -> Result<Removed, RemoveError> {
    let shelf = PluginDirectory::look(directory)
        .map_err(FileFailure::at::<RemoveError>(directory, "it cannot be read"))?;
    let wasm = shelf.entry(&file).map(|entry| entry.wasm.clone()).unwrap_or_default();
    let manifest = directory.join(&file);
    fs::remove_file(&manifest).map_err(not_removed(&manifest))?;
    let wit = wit_of(&file);
    // Mostly there is none. Without a manifest it means nothing.
    let wit = fs::remove_file(directory.join(&wit)).is_ok().then_some(wit);
    let mut others = shelf.entries().iter().filter(|entry| entry.file != file);
    let path = directory.join(&wasm);
    let wasm = match others.find(|entry| entry.wasm == wasm) {
        Some(other) if path.exists() => WasmRemoved::Stays { wasm, manifest: other.file.clone() },
        _ => match fs::remove_file(&path) {
            Ok(()) => WasmRemoved::Gone(wasm),
            Err(error) if error.kind() == io::ErrorKind::NotFound => WasmRemoved::Missing,
            Err(error) => return Err(not_removed(&path)(error)),
        },
    };
    let local = remove_local(directory, &file, decided)?;
    Ok(Removed {
        name: name.to_owned(),
        directory: directory.to_owned(),
        manifest: file,
        wasm,
        wit,
        local,
    })
}

fn not_removed(path: &Path) -> impl FnOnce(io::Error) -> RemoveError {
    FileFailure::at(path, "it cannot be removed")
}

/// Removes the local file beside the manifest `file`, if that is meant.
fn remove_local(
    directory: &Path,
    file: &str,
    decided: LocalFiles,
) -> Result<LocalRemoved, RemoveError> {
    let name = local_of(file);
    let path = directory.join(&name);
    if path.symlink_metadata().is_err() {
        return Ok(LocalRemoved::Missing);
    }
    match decided {
        LocalFiles::Keep => Ok(LocalRemoved::Kept(name)),
        LocalFiles::Purge => match fs::remove_file(&path) {
            Ok(()) => Ok(LocalRemoved::Gone(name)),
            Err(error) => Err(not_removed(&path)(error)),
        },
    }
}
