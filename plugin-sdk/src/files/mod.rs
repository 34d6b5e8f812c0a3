//! Work that `std::fs` does not do for granted files: it names the directories, says what an error means and which
//! line of the manifest it asks for, and changes files whole or not at all. Needs the feature `files`.
//!
//! A plugin sees each directory where `at` puts it, and nothing beside:
//!
//! ```toml
//! [grants]
//! files = [{ path = "~/notes", at = "/notes", access = "read" }]
//! ```
//!
//! Files are read with `std::fs`. To change one, [`create`], [`replace`] and [`append`] are the better way: on a
//! full disk the old file stays as it was, and the error says that the disk is full, which `std::fs` loses.
//!
//! ```
//! use toolrack_sdk::{ToolError, files};
//!
//! fn note(name: &str) -> Result<String, ToolError> {
//!     let path = format!("/notes/{name}");
//!     Ok(std::fs::read_to_string(&path).map_err(|error| files::explain(&error, &path))?)
//! }
//! assert!(note("missing.md").is_err());
//! ```

mod append;
mod create;
mod explain;
mod in_place;
mod kept;
mod links;
mod names;
mod sweep;
mod turn;
mod write;
mod written;

#[cfg_attr(target_family = "wasm", path = "wasi.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "native.rs")]
mod system;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use append::append;
pub use create::create;
pub use explain::explain;
pub use links::real;
pub use system::entries;
pub use write::{replace, replace_unchanged};
pub use written::{is_of_windows, of_host, seen, slip};

/// The variable in which the host says where directories are on its machine.
const HOST_PATHS: &str = "TOOLRACK_HOST_PATHS";

/// The directories that the manifest grants, as the plugin sees them. In a native build it is `/`
/// alone: let the function that needs them take them as a parameter, and test that one.
pub fn roots() -> Vec<PathBuf> {
    system::roots()
}

/// The names of granted directories on the host's machine: for each as the plugin sees it the path that the operator
/// granted, the real one where that leads through links, and `~/...` where it lies in the home directory of the user who
/// runs the server. Empty unless the plugin may know, as `config = { host_paths = true }` under `[grants]` says.
pub fn host_paths() -> BTreeMap<PathBuf, Vec<String>> {
    let text = std::env::var(HOST_PATHS).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// The identity of a file, whatever its name. `None` where the system does not tell.
type Identity = Option<(u64, u64)>;

/// The content of a directory.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// In no order.
    pub entries: Vec<Entry>,
    /// The number of further ones whose names are not UTF-8: WASI has no way to name those.
    pub unnamed: usize,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Without the directory.
    pub name: String,
    /// The kind of thing that it is.
    pub kind: Kind,
}

/// The kind of thing that stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, whatever it leads to.
    Link,
    /// A device.
    Device,
    /// A named pipe or a socket; WASI does not tell them apart.
    Pipe,
}
