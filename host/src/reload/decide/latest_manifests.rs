//! The plugins from which a person took grants away. That binds at once: a version that serves with more than is left
//! serves no longer, even if the version that is to follow it does not load.
//!
//! An author's change does not count here: a broken update leaves the version before in service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::scan::candidate::Candidate;
use super::super::scan::scanned::{Contents, Key, PluginUnit, Scan, SeenDirectory};
use super::directory_trust::DirectoryTrust;
use crate::lockfile::wider;
use crate::manifest::{Grants, Manifest, Sha256Digest};
use crate::suggestion::CommandName;

/// The latest manifest of each plugin, as the last scans saw it.
#[derive(Debug, Default)]
pub(crate) struct LatestManifests(BTreeMap<Key, Latest>);

/// The last manifest and local file of a plugin that could be read.
#[derive(Debug)]
struct Latest {
    local: Option<Sha256Digest>,
    manifest: Arc<Manifest>,
}

impl LatestManifests {
    /// Takes in what a scan saw. A unit that cannot be read, or not yet, keeps what was decided before.
    pub(crate) fn scanned(&mut self, scan: &Scan<Candidate, DirectoryTrust>) {
        for (directory, seen) in scan.directories.iter().enumerate() {
            let SeenDirectory::Listed(units, _) = seen else { continue };
            self.0.retain(|key, _| key.directory != directory || units.contains_key(&key.file));
            for (file, unit) in units {
                let PluginUnit::Pair(contents, candidate) = unit else { continue };
                let key = Key { directory, file: file.clone() };
                let manifest = candidate.manifest.clone();
                self.0.insert(key, Latest { local: contents.local, manifest });
            }
        }
    }

    /// True if the version `contents`, which may do what `grants` say, may do more than another local file grants now.
    pub(crate) fn withdraws(&self, key: &Key, contents: &Contents, grants: &Grants) -> bool {
        let latest = self.0.get(key).filter(|latest| latest.local != contents.local);
        latest.is_some_and(|latest| !wider(&latest.manifest.grants, grants).is_empty())
    }
}

/// The plugins that are not served because of that.
pub(crate) type Withdrawn = BTreeSet<Key>;

/// Returns the reason why such a plugin is not served.
pub(crate) fn reason() -> String {
    format!(
        "what it served with was taken away from it, and what lies there now is not served yet; `{}` says why",
        CommandName::Check.alone()
    )
}
