//! What lies in plugin directories: manifests, checked, and the Wasm files they name, not yet read.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::catalog::Refusal;
use crate::manifest::{MAX_MANIFEST, Manifest};
use crate::text::escape;

/// Files looked at in one directory. A directory with more is not a plugin directory.
const MAX_FILES: usize = 4096;
/// A Wasm file, in bytes.
pub(crate) const MAX_WASM: usize = 32 * 1024 * 1024;

/// A manifest that can be used, with the place of its Wasm.
#[derive(Debug)]
pub struct Candidate {
    /// The manifest's file, as shown to people.
    pub file: String,
    /// What it says.
    pub manifest: Manifest,
    wasm: PathBuf,
}

impl Candidate {
    /// Reads the Wasm file.
    pub fn read_wasm(&self) -> Result<Vec<u8>, Refusal> {
        let refuse = |reason: String| Refusal::plugin(&self.file, reason);
        let name = &self.manifest.wasm;
        read_at_most(&self.wasm, MAX_WASM).map_err(|error| match error {
            ReadError::Missing => refuse(format!(
                "`{name}` is missing; copy it beside the manifest, or name the right file with `wasm`"
            )),
            error => refuse(format!("`{name}` {error}")),
        })
    }
}

/// Every manifest in `directories`, by directory and file name, and what stands in the way of others.
#[must_use]
pub fn scan(directories: &[PathBuf]) -> Vec<Result<Candidate, Refusal>> {
    directories.iter().flat_map(|directory| scan_one(directory)).collect()
}

fn scan_one(directory: &Path) -> Vec<Result<Candidate, Refusal>> {
    let shown = escape(&directory.to_string_lossy());
    let refuse = |reason: String| vec![Err(Refusal::plugin(&shown, reason))];
    let files = match files(directory) {
        Ok(files) if files.len() > MAX_FILES => {
            return refuse(format!(
                "it holds more than {MAX_FILES} files; use a directory of its own"
            ));
        }
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return refuse("there is no such directory; create it and copy plugins into it".into());
        }
        Err(error) => return refuse(format!("the directory cannot be read: {error}")),
    };
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    for name in files.iter().filter(|name| has_extension(name, "toml")) {
        let candidate = candidate(directory, name);
        // A broken manifest may well mean the Wasm beside it.
        named.insert(format!("{}.wasm", stem(name)));
        named.extend(candidate.iter().map(|candidate| candidate.manifest.wasm.to_string()));
        found.push(candidate);
    }
    for name in files.iter().filter(|name| has_extension(name, "wasm") && !named.contains(*name)) {
        let manifest = escape(&format!("{}.toml", stem(name)));
        let reason =
            format!("no manifest names it; create `{manifest}` beside it (an empty file will do)");
        found.push(Err(Refusal::plugin(place(directory, name), reason)));
    }
    found
}

/// The names of the files, sorted. Hidden files are editors' and copiers' own.
fn files(directory: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(directory)?.take(MAX_FILES + 1) {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with('.') {
            names.insert(name.into_owned());
        }
    }
    Ok(names)
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn place(directory: &Path, name: &str) -> String {
    escape(&directory.join(name).to_string_lossy())
}

fn candidate(directory: &Path, name: &str) -> Result<Candidate, Refusal> {
    let file = place(directory, name);
    let refuse = |reason: String| Refusal::plugin(&file, reason);
    let bytes = read_at_most(&directory.join(name), MAX_MANIFEST)
        .map_err(|error| refuse(format!("the manifest {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        refuse(format!("the manifest is not UTF-8: byte {valid} is wrong"))
    })?;
    let manifest = Manifest::parse(&file, &text).map_err(|error| refuse(error.to_string()))?;
    let wasm = directory.join(&*manifest.wasm);
    Ok(Candidate { file, manifest, wasm })
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("is missing")]
    Missing,
    #[error("is {0}, not a file")]
    NoFile(&'static str),
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    #[error("cannot be read: {0}")]
    Io(io::Error),
}

/// A regular file's bytes. What is none is not even opened: opening a FIFO blocks.
pub(crate) fn read_at_most(path: &Path, at_most: usize) -> Result<Vec<u8>, ReadError> {
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => ReadError::Missing,
        _ => ReadError::Io(error),
    };
    let kind = std::fs::metadata(path).map_err(io)?;
    if kind.is_dir() {
        return Err(ReadError::NoFile("a directory"));
    }
    if !kind.is_file() {
        return Err(ReadError::NoFile("a pipe, socket or device"));
    }
    if kind.len() > at_most as u64 {
        return Err(ReadError::TooLarge(at_most));
    }
    let mut bytes = Vec::new();
    // It may have grown since.
    File::open(path)
        .and_then(|file| file.take(at_most as u64 + 1).read_to_end(&mut bytes))
        .map_err(io)?;
    if bytes.len() > at_most {
        return Err(ReadError::TooLarge(at_most));
    }
    Ok(bytes)
}
