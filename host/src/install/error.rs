//! The reasons why nothing was installed.

use std::path::{Path, PathBuf};

use super::file_failure::FileFailure;
use crate::catalog::Refusal;
use crate::text::{escape, escape_path};

/// The reason why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Plugins are not fit to be served beside what is installed.
    #[error("{} of the plugins are refused", .0.len())]
    Refused(Vec<Refusal>),
    /// There is nothing where something was named.
    #[error("{}: there is no such file or directory{}", escape_path(.0), address_advice(.0))]
    Missing(PathBuf),
    /// It is something else.
    #[error(
        "{}: expected a plugin's .wasm or .toml, or a directory that holds manifests",
        escape_path(.0)
    )]
    NoPlugin(PathBuf),
    /// A file that decides of a plugin is none.
    #[error(
        "{}: what ends in `.local.toml` decides what a plugin may do, and is no plugin; name the manifest beside it",
        escape_path(.0)
    )]
    Local(PathBuf),
    /// A directory without a plugin.
    #[error(
        "{}: it holds no manifest; a plugin is NAME.toml with NAME.wasm beside it, and a .wasm alone is \
         named itself, as is one in a directory for tests or build output",
        escape_path(.0)
    )]
    NoManifests(PathBuf),
    /// The scan passes such files over.
    #[error("{}: a file whose name begins with `.` is never served; rename it", escape_path(.0))]
    Hidden(PathBuf),
    /// The Wasm and the manifest beside it are not one plugin.
    #[error(
        "{}: the manifest `{}` beside it names `{}`; name the manifest to install that, or move it away",
        escape_path(.wasm), escape(.manifest), escape(.named)
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
