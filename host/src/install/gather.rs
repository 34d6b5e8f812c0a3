//! From the paths that a person named (Wasm files, manifests, directories of manifests) to the plugins that are
//! meant.

use std::io;
use std::path::{Path, PathBuf};

use super::search::{FoundFiles, search};
use super::{FileFailure, InstallError, Pair, PluginDirectory};
use crate::catalog::Refusal;
use crate::manifest::is_local;
use crate::reload::is_manifest;

/// The plugins that were named.
pub struct Gathered {
    /// The plugins. Each goes to files of its own.
    pub pairs: Vec<Pair>,
    /// The files in named directories that are taken for no plugin.
    pub passed_over: Vec<PathBuf>,
}

/// The plugins that `sources` name, to be installed on `shelf`.
pub fn gather(sources: &[PathBuf], shelf: &PluginDirectory) -> Result<Gathered, InstallError> {
    let mut pairs = Vec::<Pair>::new();
    let (mut passed_over, mut refusals) = (Vec::new(), Vec::<Refusal>::new());
    for found in sources.iter().map(|source| manifests_of(source)).collect::<Result<Vec<_>, _>>()? {
        passed_over.extend(found.passed_over);
        for path in found.manifests {
            match pair(&path, shelf) {
                Ok(pair) => pairs.push(pair),
                Err(InstallError::Refused(more)) => refusals.extend(more),
                Err(error) => return Err(error),
            }
        }
    }
    if !refusals.is_empty() {
        return Err(InstallError::Refused(refusals));
    }
    for (at, pair) in pairs.iter().enumerate() {
        for other in &pairs[..at] {
            if pair.file == other.file {
                return Err(InstallError::Twice(pair.file.clone()));
            }
            if pair.wasm_file == other.wasm_file && pair.wasm != other.wasm {
                return Err(InstallError::Twice(pair.wasm_file.clone()));
            }
        }
    }
    Ok(Gathered { pairs, passed_over })
}

/// A file itself; of a directory all manifests.
fn manifests_of(source: &Path) -> Result<FoundFiles, InstallError> {
    let kind = std::fs::metadata(source).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => InstallError::Missing(source.to_owned()),
        _ => FileFailure::at(source, "it cannot be looked at")(error),
    })?;
    if kind.is_dir() {
        return search(source);
    }
    Ok(FoundFiles { manifests: vec![source.to_owned()], ..FoundFiles::default() })
}

fn pair(path: &Path, shelf: &PluginDirectory) -> Result<Pair, InstallError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if is_manifest(name) {
        return Pair::of_manifest(path, shelf);
    }
    let Some(stem) = name.strip_suffix(".wasm") else {
        let hidden = name.starts_with('.') && name.ends_with(".toml");
        let error = match (hidden, is_local(name)) {
            (true, _) => InstallError::Hidden,
            (false, true) => InstallError::Local,
            (false, false) => InstallError::NoPlugin,
        };
        return Err(error(path.to_owned()));
    };
    let manifest = format!("{stem}.toml");
    if !path.with_file_name(&manifest).exists() {
        return Pair::of_wasm(path, shelf);
    }
    let pair = Pair::of_manifest(&path.with_file_name(&manifest), shelf)?;
    if pair.wasm_file != name {
        let (wasm, named) = (path.to_owned(), pair.wasm_file);
        return Err(InstallError::OtherWasm { wasm, manifest, named });
    }
    Ok(pair)
}
