//! The granted directories that are not given, asked anew at each scan.
//!
//! A directory may lie on a file system that does not answer: a scan waits no longer than [`DIRECTORY_WAIT`] for all of
//! them, and is told what was so before.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::manifest::{FileGrant, Sha256Digest};
use crate::protected::Protected;
use crate::sandbox::is_absent;

/// The time that a scan waits for file systems that do not answer.
const DIRECTORY_WAIT: Duration = Duration::from_millis(250);

/// The state of granted directories, by their manifests.
#[derive(Debug, Default)]
pub(crate) struct FolderPresence {
    known: HashMap<PathBuf, KnownFolders>,
    /// The manifests that were asked about in this scan; the others are forgotten.
    asked: BTreeSet<PathBuf>,
    /// The time that this scan still waits.
    patience: Duration,
    protected: Protected,
}

#[derive(Debug, Default)]
struct KnownFolders {
    missing: Option<Sha256Digest>,
    /// A question that was not answered in time: no other is asked before it is.
    open: Option<Receiver<Option<Sha256Digest>>>,
}

impl FolderPresence {
    /// The state of directories of which none that is `protected` is given.
    pub(crate) fn protecting(protected: Protected) -> Self {
        Self { protected, ..Self::default() }
    }

    /// Begins a scan.
    pub(crate) fn begin(&mut self) {
        self.asked.clear();
        self.patience = DIRECTORY_WAIT;
    }

    /// Ends a scan: manifests that it did not ask about are forgotten.
    pub(crate) fn end(&mut self) {
        self.known.retain(|manifest, _| self.asked.contains(manifest));
    }

    /// Returns a digest of the directories of `grants` that are not given. `None` if all are.
    pub(crate) fn missing(
        &mut self,
        manifest: &Path,
        grants: &[FileGrant],
    ) -> Option<Sha256Digest> {
        if grants.is_empty() {
            return None;
        }
        self.asked.insert(manifest.to_owned());
        let (grants, protected) = (grants.to_vec(), self.protected.clone());
        let known = self.known.entry(manifest.to_owned()).or_default();
        let began = Instant::now();
        let missing = known.ask(self.patience, move || missing(&grants, &protected));
        self.patience = self.patience.saturating_sub(began.elapsed());
        missing
    }
}

impl KnownFolders {
    fn ask(
        &mut self,
        patience: Duration,
        look: impl FnOnce() -> Option<Sha256Digest> + Send + 'static,
    ) -> Option<Sha256Digest> {
        let open = self.open.take().or_else(|| {
            let (answer, open) = channel();
            let looks = std::thread::Builder::new().name("presence".into());
            let begun = looks.spawn(move || _ = answer.send(look()));
            begun.is_ok().then_some(open)
        });
        if let Some(open) = open {
            match open.recv_timeout(patience) {
                Ok(missing) => self.missing = missing,
                Err(_) => self.open = Some(open),
            }
        }
        self.missing
    }
}

fn missing(grants: &[FileGrant], protected: &Protected) -> Option<Sha256Digest> {
    let missing: Vec<_> = grants.iter().filter(|grant| is_absent(grant, protected)).collect();
    let names: Vec<_> = missing.iter().map(|grant| &*grant.at).collect();
    (!names.is_empty()).then(|| Sha256Digest::of(names.join("\n").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_hangs_is_asked_once_and_what_was_so_stays_so() {
        let mut known = KnownFolders::default();
        let digest = Some(Sha256Digest::of(b"/notes"));
        assert_eq!(known.ask(DIRECTORY_WAIT, move || digest), digest);
        let (release, hang) = channel::<()>();
        let hangs = move || {
            let _ = hang.recv();
            None
        };
        assert_eq!(known.ask(DIRECTORY_WAIT, hangs), digest);
        assert_eq!(known.ask(DIRECTORY_WAIT, || panic!("it is asked already")), digest);
        drop(release);
        while known.open.is_some() {
            known.ask(DIRECTORY_WAIT, || panic!("it is asked already"));
        }
        assert_eq!(known.missing, None);
    }
}
