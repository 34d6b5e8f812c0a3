//! The reasons why nothing was installed.

use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::Refusal;
use crate::text::{escape, escape_path};

/// The reason why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Plugins are not fit to be served beside what is installed.
    #[error("{} of the plugins are refused", .0.len())]
    Refused(Vec<Refusal>),
    /// There is nothing where something was named.
    #[error("{}: there is no such file or directory{}", escape_path(.0), if is_address(.0) { "; download it first" } else { "" })]
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
    #[error("{}: {doing}: {error}", escape_path(.path))]
    Io {
        /// The path.
        path: PathBuf,
        /// The failure in words, such as "it cannot be read".
        doing: &'static str,
        /// The error.
        error: io::Error,
    },
}

impl InstallError {
    /// Makes the error for `path`. `doing` is the failure in words, such as "it cannot be read".
    pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { path: path.to_owned(), doing, error }
    }
}

/// True if a person named an address on the web in place of a file.
fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.starts_with("https:/") || text.starts_with("http:/"))
}
