//! The outcome of a scan as plain data: the bytes' digests, not the bytes' meaning to a sandbox.

use std::collections::BTreeMap;

use crate::manifest::Sha256Digest;

/// A scan of all plugin directories, in order of precedence. `L` is the data from which a version is loaded,
/// `K` the lock of a directory.
#[derive(Clone, Debug)]
pub struct Scan<L, K> {
    /// One for each directory.
    pub directories: Vec<SeenDirectory<L, K>>,
}

/// One plugin directory.
#[derive(Clone, Debug)]
pub enum SeenDirectory<L, K> {
    /// Its units by the file that names them (the manifest, or a Wasm file that no manifest names), and its
    /// lock.
    Listed(BTreeMap<String, PluginUnit<L>>, K),
    /// There is none of this name, or not any more.
    Missing(String),
    /// It is there and cannot be read, which says nothing of what it holds.
    Unreadable(String),
}

/// A manifest together with its Wasm.
#[derive(Clone, Debug)]
pub enum PluginUnit<L> {
    /// Both are there and were read.
    Pair(Contents, L),
    /// The manifest is good and its Wasm is not there: not yet, or no more.
    Half(String),
    /// It changed while it was read.
    Changing,
    /// Its turn to be read has not come: the next scan follows at once, and goes on with it.
    Unread,
    /// It cannot be read, or cannot become a plugin as it is.
    Refused(String),
}

/// The digests of a plugin's files and of its missing directories; two equal ones are one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contents {
    /// The manifest.
    pub manifest: Sha256Digest,
    /// The Wasm.
    pub wasm: Sha256Digest,
    /// The `.wit` file beside the manifest, if there is one; the reason why it cannot be read, where it cannot.
    pub wit: Option<Sha256Digest>,
    /// The local file beside the manifest, if there is one.
    pub local: Option<Sha256Digest>,
    /// The digest of the granted directories that are not given; `None` if all are.
    pub missing: Option<Sha256Digest>,
}

/// Names a unit over all scans.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The place of its directory.
    pub directory: usize,
    /// The file; empty for what concerns the directory itself.
    pub file: String,
}
