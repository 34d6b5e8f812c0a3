//! The settings that every command that loads plugins needs.

use std::path::PathBuf;

use crate::home::Home;
use crate::lockfile::LockPolicy;
use crate::protected::Protected;
use crate::sandbox::Compiler;

/// The plugin directories and what is done with them.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) plugins: Vec<PathBuf>,
    pub(super) compiler: Compiler,
    /// The strictness with which locks are kept to.
    pub(super) locking: LockPolicy,
    /// The paths that no plugin sees, wherever it is loaded from.
    pub(super) protected: Protected,
    /// Toolrack's own directory. `None` where the environment names none.
    pub(super) home: Option<Home>,
}
