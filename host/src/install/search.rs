//! A directory that a person named, to the manifests in it.

use std::path::{Path, PathBuf};

use super::{FileFailure, InstallError, PluginDirectory};
use crate::fs::bounded_read::read_at_most;
use crate::manifest::MAX_MANIFEST;
use crate::reload::is_manifest;

/// Directories below a directory that are looked into. One with more holds something else too.
const MAX_SEARCHED_DIRECTORIES: usize = 1000;
/// The depth of directories to which is searched.
const MAX_SEARCH_DEPTH: usize = 4;
/// Directories that are not searched: they hold dependencies, build output or files of tests.
const PASSED_OVER: [&str; 7] =
    ["target", "node_modules", "tests", "test", "testdata", "fixtures", "__pycache__"];

/// The files that were found.
#[derive(Debug, Default)]
pub(super) struct FoundFiles {
    pub(super) manifests: Vec<PathBuf>,
    /// Files that are no manifests though they are called so, and directories that were not looked into.
    pub(super) passed_over: Vec<PathBuf>,
}

/// The manifests in `directory`; where it has none itself, those in the directories below it.
pub(super) fn search(directory: &Path) -> Result<FoundFiles, InstallError> {
    let mut found = FoundFiles::default();
    found.look(directory)?;
    let mut level = vec![directory.to_owned()];
    let mut looked_into = 0;
    for _ in 0..MAX_SEARCH_DEPTH {
        let is_found = looked_into == 0 && !found.manifests.is_empty();
        if is_found || looked_into > MAX_SEARCHED_DIRECTORIES {
            break;
        }
        let below: Vec<_> = level.iter().flat_map(|above| found.directories_in(above)).collect();
        for directory in &below {
            looked_into += 1;
            if looked_into > MAX_SEARCHED_DIRECTORIES {
                break;
            }
            // One that cannot be read is not meant.
            let _ = found.look(directory);
        }
        level = below;
    }
    if found.manifests.is_empty() {
        return Err(InstallError::NoManifests(directory.to_owned()));
    }
    Ok(found)
}

impl FoundFiles {
    fn look(&mut self, directory: &Path) -> Result<(), InstallError> {
        let shelf = PluginDirectory::look(directory);
        let shelf =
            shelf.map_err(FileFailure::at::<InstallError>(directory, "it cannot be read"))?;
        for entry in shelf.entries() {
            let path = directory.join(&entry.file);
            let is_other = entry.is_broken && is_of_something_else(&path);
            if is_other { &mut self.passed_over } else { &mut self.manifests }.push(path);
        }
        Ok(())
    }

    /// The directories in `above` that are looked into, in the order of their names.
    fn directories_in(&mut self, above: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(above).into_iter().flatten().flatten();
        // A link could lead back.
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut paths: Vec<_> = folders.map(|entry| entry.path()).collect();
        paths.sort();
        let (over, own) = paths.into_iter().partition::<Vec<_>, _>(|path| is_passed_over(path));
        self.passed_over.extend(over);
        own
    }
}

fn is_passed_over(directory: &Path) -> bool {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || PASSED_OVER.contains(&&*name)
}

/// True if a file that is called like a manifest, and is none, is not meant as one: no Wasm lies beside it, and it has
/// none of a manifest's tables. `Cargo.toml` is such a file.
fn is_of_something_else(path: &Path) -> bool {
    debug_assert!(path.file_name().is_some_and(|name| is_manifest(&name.to_string_lossy())));
    let text = read_at_most(path, MAX_MANIFEST).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let tables = ["[plugin", "[limits", "[grants", "[[tools"];
    let is_meant =
        text.lines().any(|line| tables.iter().any(|table| line.trim().starts_with(table)));
    !is_meant && !path.with_extension("wasm").exists()
}
