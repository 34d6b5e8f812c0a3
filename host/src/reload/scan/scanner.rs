//! Plugin directories to a [`Scan`]: manifests checked, Wasm files hashed, both only where they may
//! have changed.
//!
//! The consequences of a scan are not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::decide::directory_trust::DirectoryTrust;
use super::candidate::{Candidate, Wit};
use super::hashed_file::HashedFile;
use super::known_files::{KnownFiles, LocalText, Reread};
use super::lock_reader::LockReader;
use super::presence::FolderPresence;
use super::scanned::{Contents, PluginUnit, Scan, SeenDirectory};
use super::signature::FileSignature;
use crate::fs::bounded_read::ReadError;
use crate::fs::others_rights::everybody_writes;
use crate::lockfile::{LOCK_FILE, LockPolicy};
use crate::manifest::{Manifest, Policy, is_local, local_of, manifest_of};
use crate::protected::Protected;
use crate::suggestion::CommandName;
use crate::text::{escape, escape_path, shell_word};

/// The limit on files in one directory. A directory with more is not a plugin directory.
const MAX_SCANNED_FILES: usize = 4096;
/// The size limit of a Wasm file, in bytes.
pub(crate) const MAX_WASM: usize = 32 * 1024 * 1024;
/// The size limit of a `.wit` file, in bytes.
pub(crate) const MAX_WIT: usize = 1024 * 1024;

/// The size up to which a Wasm file is read before larger ones, in bytes: most plugins in Rust are no larger.
const SMALL_WASM: u64 = 4 * 1024 * 1024;

/// Scans the same directories again and again, and remembers what it read.
#[derive(Debug)]
pub struct Scanner {
    directories: Vec<PathBuf>,
    locks: LockReader,
    known: KnownFiles,
    /// The time for which Wasm files that were not read before are read in one piece.
    piece: Option<Duration>,
    /// The time after which no more such files are read in this piece, once one was.
    piece_ends: Option<Instant>,
    /// True in the first piece of a scan, which leaves large files to the others.
    is_first_piece: bool,
    /// The manifests that this piece leaves to the next: the directory, the file, and the checked manifest.
    unread: Vec<(PathBuf, String, Arc<Manifest>)>,
    presence: FolderPresence,
}

/// The turn at which a Wasm file is read.
enum ReadTurn {
    Now,
    /// The file is read in another piece of this scan.
    Later,
    /// The file was read in this scan, and has changed since.
    NextScan,
}

/// The reason why a local file that was listed is not read.
enum LocalUnread {
    /// It is not there any more.
    Changing,
    /// It cannot be read, for this reason.
    Refused(String),
}

impl Scanner {
    /// A scanner that has seen nothing of `directories`, which come in order of precedence.
    #[must_use]
    pub fn new(directories: Vec<PathBuf>) -> Self {
        Self {
            directories,
            locks: LockReader::default(),
            known: KnownFiles::default(),
            piece: None,
            piece_ends: None,
            is_first_piece: true,
            unread: Vec::new(),
            presence: FolderPresence::default(),
        }
    }

    /// Lets a scan read new files for the time `piece` only. It leaves the rest for the next scan, so that many large
    /// files do not delay the others.
    #[must_use]
    pub fn in_pieces(self, piece: Duration) -> Self {
        Self { piece: Some(piece), ..self }
    }

    /// True if the last scan left files for the next, which is to follow at once.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Returns the manifests that the last scan left for the next: the directory, the file, and the checked manifest.
    pub(crate) fn unread(&self) -> &[(PathBuf, String, Arc<Manifest>)] {
        &self.unread
    }

    /// Sets how strictly the scanner keeps to locks.
    #[must_use]
    pub fn keeping(self, locking: LockPolicy) -> Self {
        Self { locks: LockReader::new(locking), ..self }
    }

    /// Sets what no manifest is given.
    #[must_use]
    pub fn under(self, policy: Arc<Policy>) -> Self {
        Self { known: KnownFiles::under(policy), ..self }
    }

    /// Sets what is kept from plugins.
    #[must_use]
    pub fn protecting(self, protected: Protected) -> Self {
        Self { presence: FolderPresence::protecting(protected), ..self }
    }

    /// The files in the plugin directories that are links.
    pub(crate) fn links(&self) -> &BTreeSet<PathBuf> {
        self.known.links()
    }

    /// The directories that files in the plugin directories are linked from.
    #[must_use]
    pub fn linked(&self) -> &BTreeSet<PathBuf> {
        self.known.linked()
    }

    /// Looks at everything, or goes on where the last scan ended early. Blocks as long as the file system does.
    pub fn scan(&mut self, reread: &Reread) -> Scan<Candidate, DirectoryTrust> {
        self.is_first_piece = std::mem::take(&mut self.unread).is_empty();
        if self.is_first_piece {
            self.known.begin();
            self.presence.begin();
        }
        self.piece_ends = None;
        let directories = self.directories.clone();
        let directories = directories.iter().map(|path| self.directory(path, reread)).collect();
        if self.unread.is_empty() {
            self.known.end();
            self.presence.end();
        }
        Scan { directories }
    }

    fn directory(
        &mut self,
        directory: &Path,
        reread: &Reread,
    ) -> SeenDirectory<Candidate, DirectoryTrust> {
        let (files, strange) = match files(directory) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return SeenDirectory::Missing(format!(
                    "there is no such directory{}; create it and copy plugins into it, or use `{}`",
                    below(directory),
                    CommandName::Add.with(["FILE"])
                ));
            }
            Err(error) => {
                return SeenDirectory::Unreadable(format!("the directory cannot be read: {error}"));
            }
        };
        let reason = "its name is not UTF-8; rename it";
        let mut units: BTreeMap<_, _> = strange
            .into_iter()
            .filter(|name| has_extension(name, "toml") || has_extension(name, "wasm"))
            .map(|name| (name, PluginUnit::Refused(reason.into())))
            .collect();
        let mut named = BTreeSet::new();
        units.extend(
            files.iter().filter_map(|name| Some((name.clone(), stray_local(name, &files)?))),
        );
        let lock = directory.join(LOCK_FILE);
        let open = self.open_to_all([&directory.to_owned(), &lock]);
        for name in files.iter().filter(|name| is_manifest(name)) {
            let (unit, wasm) = self.unit(directory, name, &files, reread);
            let unit = open.clone().map_or(unit, PluginUnit::Refused);
            // A broken manifest may well mean the Wasm beside it.
            named.insert(format!("{}.wasm", stem(name)));
            named.extend(wasm);
            units.insert(name.clone(), unit);
        }
        for name in files.iter().filter(|name| has_extension(name, "wasm")) {
            if !named.contains(name) {
                let reason = leads_nowhere(&directory.join(name)).unwrap_or_else(|| unnamed(name));
                units.insert(name.clone(), PluginUnit::Refused(reason));
            }
        }
        self.known.note_link(&lock);
        let (trust, problem) = self.locks.look(&lock, reread.includes(&lock));
        units.extend(problem.map(|reason| (LOCK_FILE.to_owned(), PluginUnit::Refused(reason))));
        SeenDirectory::Listed(units, trust)
    }

    /// Returns the reason why nothing is served of these files where only what is locked is served: every user of this
    /// machine can change one of them. `None` if nobody else can, or the host is not that strict.
    fn open_to_all<'a>(&self, paths: impl IntoIterator<Item = &'a PathBuf>) -> Option<String> {
        if self.locks.policy() != LockPolicy::Required {
            return None;
        }
        let open = paths.into_iter().find(|path| everybody_writes(path))?;
        Some(format!(
            "everybody on this machine can write {}, and only what is locked is served, as --locked or `locked` in the configuration \
             demands; `chmod go-w {}` takes that away",
            escape_path(open),
            shell_word(&open.to_string_lossy())
        ))
    }

    /// The turn of the Wasm at `path` in this piece of the scan.
    fn turn(&mut self, path: &Path) -> ReadTurn {
        let Some(piece) = self.piece else { return ReadTurn::Now };
        let Some(size) = size(path).filter(|_| !self.known.has(path)) else { return ReadTurn::Now };
        // A file that changes all the time must not keep others from their turn.
        if self.known.was_asked(path) {
            return ReadTurn::NextScan;
        }
        let is_large = self.is_first_piece && size > SMALL_WASM;
        let now = Instant::now();
        match self.piece_ends {
            Some(end) if end <= now => ReadTurn::Later,
            _ if is_large => ReadTurn::Later,
            Some(_) => ReadTurn::Now,
            // Each piece but the first reads one file at least.
            None => {
                self.piece_ends = Some(now + piece);
                ReadTurn::Now
            }
        }
    }

    /// The local file beside the manifest `name`, if there is one. One that cannot be read is not one that is absent:
    /// without it, the plugin could do what a person took away.
    fn local(
        &mut self,
        directory: &Path,
        name: &str,
        files: &BTreeSet<String>,
        reread: &Reread,
    ) -> Result<Option<LocalText>, LocalUnread> {
        let local_name = local_of(name);
        if !files.contains(&local_name) {
            return Ok(None);
        }
        let path = directory.join(&local_name);
        match self.known.local(&path, reread) {
            Ok(local) => Ok(Some(local)),
            Err(ReadError::Missing) if !path.is_symlink() => Err(LocalUnread::Changing),
            Err(error) => {
                let reason = leads_nowhere(&path)
                    .unwrap_or_else(|| format!("`{}` {error}", escape(&local_name)));
                Err(LocalUnread::Refused(reason))
            }
        }
    }

    /// The unit of a manifest, and the Wasm file it names.
    fn unit(
        &mut self,
        directory: &Path,
        name: &str,
        files: &BTreeSet<String>,
        reread: &Reread,
    ) -> (PluginUnit<Candidate>, Option<String>) {
        let path = directory.join(name);
        let file = shown(directory, name);
        let local = match self.local(directory, name, files, reread) {
            Ok(local) => local,
            Err(LocalUnread::Changing) => return (PluginUnit::Changing, None),
            Err(LocalUnread::Refused(reason)) => return (PluginUnit::Refused(reason), None),
        };
        let first = match self.known.manifest(&path, local.as_ref(), reread) {
            Ok(known) => known,
            // The file was listed a moment ago.
            Err(ReadError::Missing) if !path.is_symlink() => return (PluginUnit::Changing, None),
            Err(error) => {
                let reason =
                    leads_nowhere(&path).unwrap_or_else(|| format!("the manifest {error}"));
                return (PluginUnit::Refused(reason), None);
            }
        };
        let manifest = match first.manifest {
            Some(Ok(manifest)) => manifest,
            Some(Err(reason)) => return (PluginUnit::Refused(reason), None),
            None => return (PluginUnit::Changing, None),
        };
        let wasm_name = manifest.wasm.to_string();
        let wasm_path = directory.join(&wasm_name);
        match self.turn(&wasm_path) {
            ReadTurn::Now => {}
            ReadTurn::Later => {
                self.unread.push((directory.to_owned(), name.to_owned(), manifest));
                return (PluginUnit::Unread, Some(wasm_name));
            }
            ReadTurn::NextScan => return (PluginUnit::Changing, Some(wasm_name)),
        }
        let wasm = match self.known.hashed(&wasm_path, MAX_WASM, reread) {
            Ok(wasm) => wasm,
            Err(error) => {
                let unit = match leads_nowhere(&wasm_path) {
                    Some(reason) => PluginUnit::Half(reason),
                    None => without_wasm(&wasm_name, &error),
                };
                return (unit, Some(wasm_name));
            }
        };
        let wit_name = wit_of(name);
        let wit_path = directory.join(&wit_name);
        let wit = files.contains(&wit_name).then(|| self.known.hashed(&wit_path, MAX_WIT, reread));
        // The files are read one after the other. Only if none changed meanwhile were they ever there
        // together.
        let still = |path: &Path, known: &FileSignature| {
            FileSignature::of(path).is_ok_and(|signature| signature == *known)
        };
        let is_still = match &wit {
            None | Some(Err(_)) => true,
            Some(Ok(wit)) => still(&wit_path, &wit.signature),
        };
        let local_path = directory.join(local_of(name));
        let is_still = match &local {
            None => is_still,
            Some(local) => is_still && still(&local_path, &local.signature),
        };
        let mut read = vec![&path, &wasm_path];
        read.extend(wit.is_some().then_some(&wit_path));
        read.extend(local.is_some().then_some(&local_path));
        if let Some(reason) = self.open_to_all(read) {
            return (PluginUnit::Refused(reason), Some(wasm_name));
        }
        if !still(&path, &first.signature) || !still(&wasm_path, &wasm.signature) || !is_still {
            return (PluginUnit::Changing, Some(wasm_name));
        }
        let wit = wit.map(|read| Wit {
            file: shown(directory, &wit_name),
            text: read
                .map(|known| HashedFile::new(wit_path, known.digest, known.bytes, MAX_WIT))
                .map_err(|error| error.to_string()),
        });
        let contents = Contents {
            manifest: first.digest,
            wasm: wasm.digest,
            wit: wit.as_ref().map(Wit::digest),
            local: local.as_ref().map(LocalText::digest),
            missing: self.presence.missing(&path, &manifest.grants.files),
        };
        let wasm = HashedFile::new(wasm_path, wasm.digest, wasm.bytes, MAX_WASM);
        (PluginUnit::Pair(contents, Candidate { file, manifest, wasm, wit }), Some(wasm_name))
    }
}

/// Returns what is wrong with a link to nothing. `None` if `path` is no such link.
fn leads_nowhere(path: &Path) -> Option<String> {
    let target = std::fs::read_link(path).ok()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (name, target) = (escape(&name), escape(&target.to_string_lossy()));
    let is_gone =
        std::fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    is_gone.then(|| {
        format!("`{name}` is a link to {target}, where nothing lies; put the file there, or remove the link")
    })
}

/// Returns the reason why a Wasm file that no manifest names is not served.
fn unnamed(wasm: &str) -> String {
    let manifest = format!("{}.toml", stem(wasm));
    if is_local(&manifest) {
        return "no manifest names it, and none can have its name: what ends in `.local` is a person's; rename it".into();
    }
    let manifest = escape(&manifest);
    format!("no manifest names it; create `{manifest}` beside it (an empty file will do)")
}

/// The size of a file, if it is one that can be read.
fn size(path: &Path) -> Option<u64> {
    let about = std::fs::metadata(path).ok()?;
    about.is_file().then_some(about.len())
}

/// The unit of a manifest whose Wasm is not read.
fn without_wasm(name: &str, error: &ReadError) -> PluginUnit<Candidate> {
    let name = escape(name);
    match error {
        ReadError::Missing => PluginUnit::Half(format!(
            "`{name}` is missing; build it or copy it beside the manifest, or name the right file with `wasm`"
        )),
        error => PluginUnit::Refused(format!("`{name}` {error}")),
    }
}

/// The names of the files, and apart from them those that are not UTF-8, as far as they can be shown.
/// Hidden files are editors' and copiers' own. All of them, or none: from a part it would look as if
/// the others had been deleted.
fn files(directory: &Path) -> io::Result<(BTreeSet<String>, BTreeSet<String>)> {
    let (mut names, mut strange) = (BTreeSet::new(), BTreeSet::new());
    for (number, entry) in std::fs::read_dir(directory)?.enumerate() {
        if number == MAX_SCANNED_FILES {
            return Err(io::Error::other(format!(
                "it holds more than {MAX_SCANNED_FILES} files; use a directory of its own"
            )));
        }
        match entry?.file_name().into_string() {
            Ok(name) if name.starts_with('.') => {}
            Ok(name) => _ = names.insert(name),
            Err(name) => _ = strange.insert(name.to_string_lossy().into_owned()),
        }
    }
    Ok((names, strange))
}

/// True if the scan takes a file of this name for a manifest.
pub(crate) fn is_manifest(name: &str) -> bool {
    has_extension(name, "toml") && !name.starts_with('.') && !is_local(name)
}

/// The unit of a local file whose manifest is not among `files`.
fn stray_local(name: &str, files: &BTreeSet<String>) -> Option<PluginUnit<Candidate>> {
    if is_local(name) && manifest_of(name).is_none() {
        let stem = stem(stem(name));
        return Some(PluginUnit::Refused(format!(
            "it decides nothing: rename it to `{}`, in small letters at the end",
            escape(&local_of(&format!("{stem}.toml")))
        )));
    }
    let manifest = manifest_of(name).filter(|manifest| !files.contains(manifest))?;
    Some(PluginUnit::Refused(format!(
        "it decides nothing: there is no `{}` beside it; remove it, or install the plugin again",
        escape(&manifest)
    )))
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

/// A manifest's name without `.toml`, a Wasm's without `.wasm`.
pub(crate) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The file beside the manifest `name` that describes functions.
pub(crate) fn wit_of(name: &str) -> String {
    format!("{}.wit", stem(name))
}

/// A file of a plugin directory as shown to people; the directory itself, if `name` is empty.
pub(crate) fn shown(directory: &Path, name: &str) -> String {
    let path = if name.is_empty() { directory.to_path_buf() } else { directory.join(name) };
    escape_path(&path)
}

/// Names the working directory, which is a client's choice, if `directory` is relative to it. Empty if it is not.
fn below(directory: &Path) -> String {
    match std::env::current_dir() {
        Ok(here) if directory.is_relative() => {
            format!(" below {}", escape_path(&here))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_with_too_many_files_is_not_listed_in_part() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        for at in 0..MAX_SCANNED_FILES {
            std::fs::write(path.join(at.to_string()), "").expect("written");
        }
        let (names, _) = files(path).expect("listed");
        assert_eq!(names.len(), MAX_SCANNED_FILES);
        std::fs::write(path.join(".hidden"), "").expect("written");
        let error = files(path).expect_err("too many").to_string();
        assert!(error.contains("more than 4096 files"), "{error}");
    }
}
