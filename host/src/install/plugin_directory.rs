//! The manifests in a plugin directory, and the Wasm that each names.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::manifest::{Grants, MAX_MANIFEST, Manifest, Policy, local_of};
use crate::reload::{is_manifest, stem};

/// The manifests of a directory.
#[derive(Debug)]
pub struct PluginDirectory {
    /// The directory.
    pub directory: PathBuf,
    entries: Vec<InstalledManifest>,
}

/// A manifest in a directory.
#[derive(Debug)]
pub struct InstalledManifest {
    /// Its file's name.
    pub file: String,
    /// The plugin's name; that of the file, without `.toml`, where the manifest is broken.
    pub name: String,
    /// The Wasm file it names; the one beside it where the manifest is broken.
    pub wasm: String,
    /// What it is granted; nothing where the manifest is broken.
    pub grants: Grants,
    /// True if it cannot be read.
    pub is_broken: bool,
}

impl PluginDirectory {
    /// Looks at `directory`. One that is missing holds nothing.
    pub fn look(directory: &Path) -> io::Result<Self> {
        let mut files = BTreeSet::new();
        match std::fs::read_dir(directory) {
            Ok(entries) => {
                for entry in entries {
                    // A name that is not UTF-8 names no plugin.
                    let name = entry?.file_name().into_string().ok();
                    files.extend(name.filter(|name| is_manifest(name)));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let entries = files.into_iter().filter(|file| !directory.join(file).is_dir());
        let entries = entries.map(|file| InstalledManifest::read(directory, file)).collect();
        Ok(Self { directory: directory.to_owned(), entries })
    }

    /// All manifests, by file name.
    #[must_use]
    pub fn entries(&self) -> &[InstalledManifest] {
        &self.entries
    }

    /// The manifest in this file.
    #[must_use]
    pub fn entry(&self, file: &str) -> Option<&InstalledManifest> {
        self.entries.iter().find(|entry| entry.file == file)
    }
}

impl InstalledManifest {
    fn read(directory: &Path, file: String) -> Self {
        let text = read_at_most(&directory.join(&file), MAX_MANIFEST).ok();
        let local = read_local(directory, &file);
        let parsed = |local: Option<&[u8]>| {
            text.as_deref()
                .and_then(|text| Manifest::of_files(&file, text, local, &Policy::default()).ok())
        };
        let manifest = local.ok().and_then(|local| parsed(local.as_deref()));
        // The plugin's files do not depend on the local file.
        let manifest = manifest.or_else(|| parsed(None));
        let stem = stem(&file).to_owned();
        match manifest {
            Some(manifest) => Self {
                name: manifest.name.to_string(),
                wasm: manifest.wasm.into(),
                grants: manifest.grants,
                file,
                is_broken: false,
            },
            None => Self {
                wasm: format!("{stem}.wasm"),
                name: stem,
                grants: Grants::default(),
                file,
                is_broken: true,
            },
        }
    }
}

/// The local file beside the manifest `file` of `directory`, if there is one.
pub(super) fn read_local(directory: &Path, file: &str) -> Result<Option<Vec<u8>>, ReadError> {
    let path = directory.join(local_of(file));
    match read_at_most(&path, MAX_MANIFEST) {
        Ok(bytes) => Ok(Some(bytes)),
        // A link that leads nowhere is one that cannot be read.
        Err(ReadError::Missing) if !path.is_symlink() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A manifest, if the text is one. What is wrong with it, loading says.
pub(super) fn parse(file: &str, text: &[u8]) -> Option<Manifest> {
    Manifest::parse(file, std::str::from_utf8(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_files_that_are_named_so_and_not_hidden() {
        let directory = tempfile::tempdir().expect("a directory");
        for file in ["a.toml", "b.wasm", ".c.toml", ".toml", "d.toml.bak", "f.local.toml"] {
            std::fs::write(directory.path().join(file), "").expect("written");
        }
        std::fs::create_dir(directory.path().join("e.toml")).expect("made");
        let shelf = PluginDirectory::look(directory.path()).expect("readable");
        let files: Vec<_> = shelf.entries().iter().map(|entry| &*entry.file).collect();
        assert_eq!(files, ["a.toml"]);
    }
}
