//! Plugins into a plugin directory and out of it, so that whoever serves the directory meanwhile sees
//! whole files only.
//!
//! The order is: gather what is to be installed ([`gather()`]), see what it would overwrite
//! ([`obstacles`]), load it apart ([`Stage`]), put it in place ([`place()`]). Who loads, and what people
//! read of all this, is not known here.

mod directory_lock;
mod file_failure;
mod error;
mod plugin_directory;
mod find;
mod pair;
mod search;
mod commit;
mod gather;
mod obstacle;
mod remove;
mod stage;

pub use commit::{InstallChange, OldManifest, backup, place, replaces_manifest};
pub use directory_lock::{DirectoryBusy, DirectoryLock};
pub use error::InstallError;
pub use file_failure::FileFailure;
pub use find::{FindError, installed, plugin_meant};
pub use gather::{Gathered, gather};
pub use obstacle::obstacles;
pub use pair::{ManifestSource, Pair};
pub use plugin_directory::{InstalledManifest, PluginDirectory};
pub use remove::{LocalFiles, LocalRemoved, RemoveError, Removed, WasmRemoved, left_local, remove};
pub use stage::{DividedName, Stage};
