//! Plugins into a plugin directory and out of it, so that whoever serves the directory meanwhile sees
//! whole files only.
//!
//! The order is: gather what is to be installed ([`gather()`]), see what it would overwrite
//! ([`obstacles`]), load it apart ([`Stage`]), put it in place ([`place()`]). Who loads, and what people
//! read of all this, is not known here.

mod commit;
mod directory_lock;
mod file_failure;
mod find;
mod gather;
mod obstacle;
mod pair;
mod plugin_directory;
mod remove;
mod search;
mod stage;

use std::path::{Path, PathBuf};

use crate::catalog::Refusal;
use crate::text::escape;

pub use commit::{InstallChange, OldManifest, backup, place, replaces_manifest};
pub use directory_lock::{DirectoryBusy, DirectoryLock};
pub use file_failure::FileFailure;
pub use find::{FindError, installed};
pub use gather::{Gathered, gather};
pub use obstacle::obstacles;
pub use pair::{ManifestSource, Pair};
pub use plugin_directory::{InstalledManifest, PluginDirectory};
pub use remove::{LocalFiles, LocalRemoved, RemoveError, Removed, WasmRemoved, left_local, remove};
pub use stage::Stage;

/// The reason why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Plugins are not fit to be served beside what is installed.
    #[error("{} of the plugins are refused", .0.len())]
    Refused(Vec<Refusal>),
    /// There is nothing where something was named.
    #[error("{}: there is no such file or directory{}", shown(.0), address_advice(.0))]
    Missing(PathBuf),
    /// It is something else.
    #[error(
        "{}: expected a plugin's .wasm or .toml, or a directory that holds manifests",
        shown(.0)
    )]
    NoPlugin(PathBuf),
    /// A file that decides of a plugin is none.
    #[error(
        "{}: what ends in `.local.toml` decides what a plugin may do, and is no plugin; name the manifest beside it",
        shown(.0)
    )]
    Local(PathBuf),
    /// A directory without a plugin.
    #[error(
        "{}: it holds no manifest; a plugin is NAME.toml with NAME.wasm beside it, and a .wasm alone is \
         named itself, as is one in a directory for tests or build output",
        shown(.0)
    )]
    NoManifests(PathBuf),
    /// The scan passes such files over.
    #[error("{}: a file whose name begins with `.` is never served; rename it", shown(.0))]
    Hidden(PathBuf),
    /// The Wasm and the manifest beside it are not one plugin.
    #[error(
        "{}: the manifest `{}` beside it names `{}`; name the manifest to install that, or move it away",
        shown(.wasm), escape(.manifest), escape(.named)
    )]
    OtherWasm {
        /// The file that was to be installed.
        wasm: PathBuf,
        /// The file beside it.
        manifest: String,
        /// The file that the manifest names.
        named: String,
    },
    /// Two of the plugins go to one file.
    #[error("two of the plugins would be installed as `{}`; install one of them", escape(.0))]
    Twice(String),
    /// A file or directory cannot be read or written.
    #[error(transparent)]
    File(#[from] FileFailure),
}

/// Returns what to do where a person named an address in place of a path.
fn address_advice(path: &Path) -> String {
    let text = path.to_string_lossy();
    // Cleaning a path folds two slashes.
    if text.starts_with("https:/") || text.starts_with("http:/") {
        return "; download it first".into();
    }
    match text.strip_prefix("file:") {
        Some(rest) => {
            let path = rest.strip_prefix("//localhost").unwrap_or(rest).trim_start_matches('/');
            format!("; name the path itself: {}", escape(&format!("/{path}")))
        }
        None => String::new(),
    }
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
