//! Files that scans have read: what each held, and whether it has to be read again.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::hashed_file::HashedFile;
use super::signature::FileSignature;
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::manifest::{MAX_MANIFEST, Manifest, Policy, Sha256Digest};

/// The limit on the bytes of Wasm and WIT that one scan keeps for loading; files beyond it are read again.
const MAX_KEPT: usize = 64 * 1024 * 1024;

/// The files that scans have read.
#[derive(Debug, Default)]
pub(crate) struct KnownFiles {
    /// The policy on what manifests are given.
    policy: Arc<Policy>,
    known: HashMap<PathBuf, KnownFile>,
    /// The files that were asked for in this scan; the others are forgotten.
    asked: BTreeSet<PathBuf>,
    /// Bytes of files that this scan keeps.
    kept: usize,
    /// The paths to which links among them lead.
    linked: BTreeSet<PathBuf>,
    /// The files of this scan that are links.
    links: BTreeSet<PathBuf>,
}

/// A file that a scan has read.
#[derive(Clone, Debug)]
pub(crate) struct KnownFile {
    pub(crate) signature: FileSignature,
    read: SystemTime,
    pub(crate) digest: Sha256Digest,
    /// The checked manifest, or its fault, if the file is a manifest. `None` if it is none, or if the local file beside
    /// it changed meanwhile.
    pub(crate) manifest: Option<Result<Arc<Manifest>, String>>,
    /// The digest of the local file that a manifest was read with. `None` if there was none, or for other files.
    local: Option<Sha256Digest>,
    pub(crate) bytes: Option<Arc<[u8]>>,
}

/// A local file as it was read.
#[derive(Clone, Debug)]
pub(crate) struct LocalText {
    pub(crate) signature: FileSignature,
    file: HashedFile,
}

/// The files that are read even if nothing speaks for a change.
#[derive(Clone, Debug, Default)]
pub enum Reread {
    /// None.
    #[default]
    Nothing,
    /// Those of these names.
    Named(BTreeSet<OsString>),
    /// All.
    Everything,
}

impl Reread {
    pub(crate) fn includes(&self, path: &Path) -> bool {
        match self {
            Self::Nothing => false,
            Self::Named(names) => path.file_name().is_some_and(|name| names.contains(name)),
            Self::Everything => true,
        }
    }
}

impl LocalText {
    /// The SHA-256 of the file.
    pub(crate) fn digest(&self) -> Sha256Digest {
        self.file.digest()
    }
}

impl KnownFiles {
    /// None yet; manifests are given what the policy lets them have.
    pub(crate) fn under(policy: Arc<Policy>) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Begins a scan, with its first piece.
    pub(crate) fn begin(&mut self) {
        (self.kept, self.asked) = (0, BTreeSet::new());
        (self.linked, self.links) = (BTreeSet::new(), BTreeSet::new());
    }

    /// Ends a scan: files that it did not ask for are forgotten.
    pub(crate) fn end(&mut self) {
        self.known.retain(|path, known| {
            known.bytes = None;
            self.asked.contains(path)
        });
    }

    /// The directories that the files of this scan are linked from.
    pub(crate) fn linked(&self) -> &BTreeSet<PathBuf> {
        &self.linked
    }

    /// The files of this scan that are links.
    pub(crate) fn links(&self) -> &BTreeSet<PathBuf> {
        &self.links
    }

    /// Notes `path`, which is read elsewhere, if it is a link.
    pub(crate) fn note_link(&mut self, path: &Path) {
        if path.is_symlink() {
            self.links.insert(path.into());
        }
    }

    /// A manifest, checked together with the local file beside it, which was read as `local`.
    pub(crate) fn manifest(
        &mut self,
        path: &Path,
        local: Option<&LocalText>,
        reread: &Reread,
    ) -> Result<KnownFile, ReadError> {
        let (signature, known) = self.recall(path, reread)?;
        let local_digest = local.map(LocalText::digest);
        if let Some(known) = known.filter(|known| known.local == local_digest) {
            return Ok(known);
        }
        let read = SystemTime::now();
        let bytes = read_at_most(path, MAX_MANIFEST)?;
        let digest = Sha256Digest::of(&bytes);
        // Its true name, not as it is shown: it gives the plugin's name and that of the Wasm.
        let file = path.to_string_lossy();
        let local = local.map(|local| local.file.bytes()).transpose();
        let manifest =
            local.map(|local| Manifest::of_files(&file, &bytes, local.as_deref(), &self.policy));
        let is_changing = manifest.is_err();
        let manifest = manifest.ok().map(|manifest| manifest.map(Arc::new));
        let known =
            KnownFile { signature, read, digest, manifest, local: local_digest, bytes: None };
        if !is_changing {
            self.known.insert(path.into(), known.clone());
        }
        Ok(known)
    }

    /// A local file.
    pub(crate) fn local(&mut self, path: &Path, reread: &Reread) -> Result<LocalText, ReadError> {
        let known = self.hashed(path, MAX_MANIFEST, reread)?;
        let file =
            HashedFile::new(path.to_owned(), known.digest, known.bytes.clone(), MAX_MANIFEST);
        Ok(LocalText { signature: known.signature, file })
    }

    /// A file that is only hashed.
    pub(crate) fn hashed(
        &mut self,
        path: &Path,
        at_most: usize,
        reread: &Reread,
    ) -> Result<KnownFile, ReadError> {
        let (signature, known) = self.recall(path, reread)?;
        if let Some(known) = known {
            return Ok(known);
        }
        let read = SystemTime::now();
        let bytes = read_at_most(path, at_most)?;
        let digest = Sha256Digest::of(&bytes);
        let bytes = (self.kept + bytes.len() <= MAX_KEPT).then(|| {
            self.kept += bytes.len();
            Arc::from(bytes)
        });
        let known = KnownFile { signature, read, digest, manifest: None, local: None, bytes };
        self.known.insert(path.into(), known.clone());
        Ok(known)
    }

    /// True if this file was read before, and looks as it did then.
    pub(crate) fn has(&self, path: &Path) -> bool {
        let known = self.known.get(path).map(|known| &known.signature);
        known.is_some_and(|known| FileSignature::of(path).is_ok_and(|now| now == *known))
    }

    /// True if this file was asked for in this scan.
    pub(crate) fn was_asked(&self, path: &Path) -> bool {
        self.asked.contains(path)
    }

    /// Returns the known contents of the file, if it cannot have changed.
    fn recall(
        &mut self,
        path: &Path,
        reread: &Reread,
    ) -> Result<(FileSignature, Option<KnownFile>), ReadError> {
        let was_read = !self.asked.insert(path.into());
        self.note_link(path);
        if path.is_symlink()
            && let Ok(target) = path.canonicalize()
        {
            self.linked.extend(target.parent().map(Path::to_path_buf));
        }
        let signature = FileSignature::of(path)?;
        let known = self.known.get(path).filter(|known| {
            let is_same = known.signature.is_proof(known.read) && !reread.includes(path);
            known.signature == signature && (was_read || is_same)
        });
        Ok((signature, known.cloned()))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn where_links_led_in_earlier_scans_is_forgotten() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().canonicalize().expect("canonical");
        let (link, target) = (root.join("link"), root.join("elsewhere/target"));
        std::fs::create_dir(root.join("elsewhere")).expect("made");
        std::fs::write(&target, "").expect("written");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        let mut files = KnownFiles::default();
        for (path, expected) in [(&link, vec![root.join("elsewhere")]), (&target, vec![])] {
            files.begin();
            files.hashed(path, 10, &Reread::Nothing).expect("read");
            files.end();
            assert!(files.linked().iter().eq(&expected), "{:?}", files.linked());
        }
    }
}
