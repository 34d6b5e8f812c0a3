//! Plugins out of a plugin directory: the manifest first, so that no moment shows one without its
//! Wasm.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Shelf;
use crate::manifest::{local_of, nearest};
use crate::reload::{is_manifest, wit_of};
use crate::text::escape;

/// What was done with a plugin's files.
#[derive(Debug, PartialEq, Eq)]
pub struct Removed {
    /// The plugin's name.
    pub name: String,
    /// The directory they were in.
    pub directory: PathBuf,
    /// The manifest, which is gone.
    pub manifest: String,
    /// What happened to the Wasm.
    pub wasm: WasmRemoved,
    /// The `.wit` file, which is gone, if there was one.
    pub wit: Option<String>,
    /// What happened to the local file.
    pub local: LocalRemoved,
}

/// What happened to a plugin's local file.
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
pub enum Decided {
    /// It is kept.
    Kept,
    /// It is removed with the plugin.
    Purged,
}

/// What happened to a plugin's Wasm.
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
        /// Who needs it.
        manifest: String,
    },
}

/// Why nothing, or not all, was removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// No manifest has this name.
    #[error("there is no plugin `{}`{}", escape(.name), hint(.name, .known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// It is not clear which is meant.
    #[error(
        "`{}` is in several plugin directories: {}; say which one with --plugins",
        escape(.name), list(.directories.iter().map(|path| path.to_string_lossy()))
    )]
    Several {
        /// What was asked for.
        name: String,
        /// Where it is.
        directories: Vec<PathBuf>,
    },
    /// Two manifests give one name.
    #[error(
        "`{}` is the name in several manifests: {}; delete the file of the one that is meant",
        escape(.name), list(.files.iter().map(String::as_str))
    )]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The manifests.
        files: Vec<String>,
    },
    /// A file cannot be removed, or a directory not be read.
    #[error("{}: {error}", super::shown(.path))]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// Removes the plugins with these names from `directories`. Nothing is touched before all are found.
pub fn remove(
    names: &[String],
    directories: &[PathBuf],
    decided: Decided,
) -> Result<Vec<Removed>, RemoveError> {
    let mut shelves = Vec::<Shelf>::new();
    for directory in directories {
        if shelves.iter().any(|shelf| shelf.directory == *directory) {
            continue;
        }
        let look = Shelf::look(directory);
        shelves.push(look.map_err(|error| RemoveError::Io { path: directory.clone(), error })?);
    }
    let mut found: Vec<(&str, &Shelf, String)> = Vec::new();
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

fn find<'a>(name: &str, shelves: &'a [Shelf]) -> Result<(&'a Shelf, String), RemoveError> {
    let mut found = Vec::new();
    for shelf in shelves {
        let own = shelf.entries().iter().filter(|entry| entry.name == name);
        found.extend(own.map(|entry| (shelf, entry.file.clone())));
    }
    let name = || name.to_owned();
    match &*found {
        [] => {
            let entries = shelves.iter().flat_map(Shelf::entries);
            let known = entries.map(|entry| entry.name.clone()).collect();
            Err(RemoveError::Unknown { name: name(), known })
        }
        [one] => Ok(one.clone()),
        [(first, _), rest @ ..] => {
            if rest.iter().all(|(shelf, _)| shelf.directory == first.directory) {
                let files = found.into_iter().map(|(_, file)| file).collect();
                return Err(RemoveError::Ambiguous { name: name(), files });
            }
            let mut directories: Vec<_> =
                found.iter().map(|(shelf, _)| shelf.directory.clone()).collect();
            directories.dedup();
            Err(RemoveError::Several { name: name(), directories })
        }
    }
}

/// Removes a manifest, the `.wit` file beside it and, unless another names it, its Wasm. Of a link, the link.
fn remove_one(
    name: &str,
    directory: &Path,
    file: String,
    decided: Decided,
) -> Result<Removed, RemoveError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| RemoveError::Io { path, error }
    };
    let shelf = Shelf::look(directory).map_err(io(directory))?;
    let wasm = shelf.entry(&file).map(|entry| entry.wasm.clone()).unwrap_or_default();
    let manifest = directory.join(&file);
    fs::remove_file(&manifest).map_err(io(&manifest))?;
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
            Err(error) => return Err(io(&path)(error)),
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

/// Removes the local file beside the manifest `file`, if that is meant.
fn remove_local(
    directory: &Path,
    file: &str,
    decided: Decided,
) -> Result<LocalRemoved, RemoveError> {
    let name = local_of(file);
    let path = directory.join(&name);
    if path.symlink_metadata().is_err() {
        return Ok(LocalRemoved::Missing);
    }
    match decided {
        Decided::Kept => Ok(LocalRemoved::Kept(name)),
        Decided::Purged => match fs::remove_file(&path) {
            Ok(()) => Ok(LocalRemoved::Gone(name)),
            Err(error) => Err(RemoveError::Io { path, error }),
        },
    }
}

fn hint(name: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "; no plugin is installed".into();
    }
    let near = nearest(name, known.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{}`?", escape(near))).unwrap_or_default();
    format!("{near}; installed are {}", list(known.iter().map(String::as_str)))
}

fn list(words: impl Iterator<Item = impl AsRef<str>>) -> String {
    words.map(|word| escape(word.as_ref())).collect::<Vec<_>>().join(", ")
}
