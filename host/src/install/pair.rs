//! A manifest, its Wasm and what describes it on the way to a plugin directory, read once: what is checked is what is
//! installed.

use std::path::{Path, PathBuf};

use super::InstallError;
use super::plugin_directory::{PluginDirectory, parse, read_local};
use crate::catalog::Refusal;
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::lockfile::Files;
use crate::manifest::{MAX_MANIFEST, Manifest, Sha256Digest, local_of};
use crate::reload::{MAX_WASM, MAX_WIT, stem, wit_of};
use crate::text::{escape, escape_path};

/// A plugin to install.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The manifest's name in the plugin directory.
    pub file: String,
    /// The Wasm's.
    pub wasm_file: String,
    /// The source of the manifest.
    pub source: ManifestSource,
    pub(super) text: Vec<u8>,
    /// Absent where it is missing; then the plugin is refused when it is loaded.
    pub(super) wasm: Option<Vec<u8>>,
    /// The `.wit` file, if there is one. It goes where the manifest goes, and takes its name.
    pub(super) wit: Option<Vec<u8>>,
    /// The local file where the plugin goes, which stays as it is.
    pub(super) local: Option<Vec<u8>>,
    /// A local file beside the manifest that is installed. It is not taken: only who runs a plugin decides of it.
    pub foreign_local: Option<PathBuf>,
    /// The manifest as messages name it.
    pub(super) shown: PathBuf,
}

/// The source of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestSource {
    /// It came with the plugin.
    Brought,
    /// It is installed already, and stays.
    Kept,
    /// There was none; it is empty.
    Made,
}

impl Pair {
    /// The manifest at `path` with the Wasm it names.
    pub(super) fn of_manifest(path: &Path, shelf: &PluginDirectory) -> Result<Self, InstallError> {
        let file = file_name(path)?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let text = read(path, path, MAX_MANIFEST, "the manifest")?
            .ok_or_else(|| InstallError::Missing(path.to_owned()))?;
        let wasm_file = wasm_of(&file, &text);
        let named = format!("`{}`", escape(&wasm_file));
        let wasm = read(path, &directory.join(&wasm_file), MAX_WASM, &named)?;
        check_inside(path, shelf)?;
        let wit = read_wit(path)?;
        let source = ManifestSource::Brought;
        let (local, foreign_local) = (installed_local(&file, shelf)?, foreign_local(path, shelf));
        let shown = path.to_owned();
        Ok(Self { file, wasm_file, source, text, wasm, wit, local, foreign_local, shown })
    }

    /// The Wasm at `path` without a manifest of its own.
    pub(super) fn of_wasm(path: &Path, shelf: &PluginDirectory) -> Result<Self, InstallError> {
        let name = file_name(path)?;
        let stem = name.strip_suffix(".wasm").unwrap_or(&name);
        let wasm = read(path, path, MAX_WASM, "it")?
            .ok_or_else(|| InstallError::Missing(path.to_owned()))?;
        Self::of_bytes(stem, wasm, path.parent().unwrap_or(Path::new("")), shelf)
    }

    /// `wasm` as the plugin of an installed manifest, `<stem>.toml` or one that names `<stem>.wasm`; else
    /// of an empty one. Shown as from `directory`.
    pub fn of_bytes(
        stem: &str,
        wasm: Vec<u8>,
        directory: &Path,
        shelf: &PluginDirectory,
    ) -> Result<Self, InstallError> {
        let (file, wasm_file) = (format!("{stem}.toml"), format!("{stem}.wasm"));
        let named = || shelf.entries().iter().find(|there| there.wasm == wasm_file);
        if let Some(there) = shelf.entry(&file).or_else(named) {
            let installed = shelf.directory.join(&there.file);
            let pair =
                Self::of_text(there.file.clone(), &installed, wasm, ManifestSource::Kept, shelf)?;
            // Like the manifest, it stays where the plugin brings none.
            let brought = read_wit(&directory.join(&file))?;
            return Ok(Self { wit: brought.or(pair.wit), ..pair });
        }
        let (source, shown) = (ManifestSource::Made, directory.join(&file));
        let wit = read_wit(&shown)?;
        let (local, foreign_local) = (installed_local(&file, shelf)?, foreign_local(&shown, shelf));
        let (text, wasm) = (vec![], Some(wasm));
        Ok(Self { file, wasm_file, source, text, wasm, wit, local, foreign_local, shown })
    }

    /// `wasm` with the manifest at `path`, to be installed as `file`.
    pub fn of_text(
        file: String,
        path: &Path,
        wasm: Vec<u8>,
        source: ManifestSource,
        shelf: &PluginDirectory,
    ) -> Result<Self, InstallError> {
        let text = read(path, path, MAX_MANIFEST, "the manifest")?
            .ok_or_else(|| InstallError::Missing(path.to_owned()))?;
        let wasm_file = wasm_of(&file, &text);
        let (wit, shown, wasm) = (read_wit(path)?, path.to_owned(), Some(wasm));
        let (local, foreign_local) = (installed_local(&file, shelf)?, foreign_local(path, shelf));
        Ok(Self { file, wasm_file, source, text, wasm, wit, local, foreign_local, shown })
    }

    /// The plugin whose manifest `file` lies on `shelf`, as it is there.
    pub fn installed(file: &str, shelf: &PluginDirectory) -> Result<Self, InstallError> {
        let pair = Self::of_manifest(&shelf.directory.join(file), shelf)?;
        Ok(Self { source: ManifestSource::Kept, ..pair })
    }

    /// The same with another local file, or with none.
    #[must_use]
    pub fn with_local(self, text: &str) -> Self {
        let local = (!text.is_empty()).then(|| text.as_bytes().to_vec());
        Self { local, ..self }
    }

    /// The texts of the manifest and of the local file, where they are UTF-8.
    #[must_use]
    pub fn texts(&self) -> Option<(&str, Option<&str>)> {
        let text = std::str::from_utf8(&self.text).ok()?;
        let local = self.local.as_deref().map(std::str::from_utf8).transpose().ok()?;
        Some((text, local))
    }

    /// The `.wit` file as messages name it, whether there is one or not.
    #[must_use]
    pub fn wit_shown(&self) -> String {
        escape_path(&self.shown.with_extension("wit"))
    }

    /// Returns its files as a lock knows them. `None` where its Wasm is missing.
    #[must_use]
    pub fn files(&self) -> Option<Files> {
        Some(Files {
            wasm: Sha256Digest::of(self.wasm.as_deref()?),
            manifest: Sha256Digest::of(&self.text),
            wit: self.wit.as_deref().map(Sha256Digest::of),
            local: self.local.as_deref().map(Sha256Digest::of),
        })
    }

    /// Parses the manifest. `None` where it is broken, and then the plugin is refused.
    #[must_use]
    pub fn manifest(&self) -> Option<Manifest> {
        parse(&self.file, &self.text)
    }
}

/// Refuses a `.wit` file that is a link out of the directory that a plugin is brought in: what it leads to is not the
/// author's, and would be copied for all to read.
fn check_inside(path: &Path, shelf: &PluginDirectory) -> Result<(), InstallError> {
    let wit = path.with_file_name(wit_of(&file_name(path)?));
    let directory = wit.parent().filter(|directory| !directory.as_os_str().is_empty());
    let real = |path: &Path| path.canonicalize().ok();
    let Some(directory) = real(directory.unwrap_or(Path::new("."))) else { return Ok(()) };
    let (Some(there), true) = (real(&wit), wit.is_symlink()) else { return Ok(()) };
    if Some(&directory) == real(&shelf.directory).as_ref() || there.starts_with(&directory) {
        return Ok(());
    }
    let shown = (escape_path(&wit), escape_path(&there));
    let reason = format!(
        "{} is a link to {}, outside of the plugin's directory; copy the file",
        shown.0, shown.1
    );
    Err(InstallError::Refused(vec![Refusal::plugin(escape_path(path), reason)]))
}

/// The `.wit` file beside the manifest at `path`. What cannot be read cannot be installed.
fn read_wit(path: &Path) -> Result<Option<Vec<u8>>, InstallError> {
    let file = wit_of(&file_name(path)?);
    read(path, &path.with_file_name(&file), MAX_WIT, &format!("`{}`", escape(&file)))
}

/// The local file where the manifest `file` goes.
fn installed_local(file: &str, shelf: &PluginDirectory) -> Result<Option<Vec<u8>>, InstallError> {
    read_local(&shelf.directory, file).map_err(|error| {
        let path = shelf.directory.join(local_of(file));
        let is_dangling = matches!(error, ReadError::Missing) && path.is_symlink();
        let dangling = "; it is a link: make the file that it leads to, or remove the link";
        let error = format!("{error}{}", if is_dangling { dangling } else { "" });
        InstallError::Refused(vec![Refusal::plugin(escape_path(&path), format!("it {error}"))])
    })
}

/// The local file beside the manifest at `path`, unless that is where plugins are installed.
fn foreign_local(path: &Path, shelf: &PluginDirectory) -> Option<PathBuf> {
    let local = path.with_file_name(local_of(path.file_name()?.to_str()?));
    let real = |path: &Path| path.canonicalize().ok();
    let is_own = real(local.parent()?) == real(&shelf.directory);
    (!is_own && local.symlink_metadata().is_ok()).then_some(local)
}

/// A plain name that the scan does not pass over.
fn file_name(path: &Path) -> Result<String, InstallError> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| InstallError::NoPlugin(path.to_owned()))?;
    if name.starts_with('.') {
        return Err(InstallError::Hidden(path.to_owned()));
    }
    Ok(name.to_owned())
}

fn wasm_of(file: &str, text: &[u8]) -> String {
    let beside = || format!("{}.wasm", stem(file));
    parse(file, text).map_or_else(beside, |manifest| manifest.wasm.into())
}

/// A file's bytes, none where it is missing; what else is wrong with it refuses the plugin of `path`
/// in the words of the scan.
fn read(
    path: &Path,
    file: &Path,
    at_most: usize,
    named: &str,
) -> Result<Option<Vec<u8>>, InstallError> {
    match read_at_most(file, at_most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::Missing) => Ok(None),
        Err(error) => {
            let refusal = Refusal::plugin(escape_path(path), format!("{named} {error}"));
            Err(InstallError::Refused(vec![refusal]))
        }
    }
}
