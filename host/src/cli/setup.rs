//! The configuration that every command that loads plugins needs.

use std::path::PathBuf;
use std::sync::Arc;

use super::configured_files::ConfiguredFiles;
use crate::configuration::Configuration;
use crate::home::Home;
use crate::lockfile::LockPolicy;
use crate::manifest::Policy;
use crate::protected::Protected;
use crate::sandbox::Compiler;

/// The one that names the plugin directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DirectoriesFrom {
    /// `--plugins`
    Option,
    /// `TOOLRACK_PLUGINS`
    Variable,
    Configuration,
    /// Nobody: it is the one in toolrack's own directory.
    Default,
}

/// The plugin directories and what is done with them.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) plugins: Vec<PathBuf>,
    pub(super) plugins_from: DirectoriesFrom,
    pub(super) compiler: Compiler,
    /// The strictness with which locks are kept to.
    pub(super) locking: LockPolicy,
    /// The paths that no plugin sees, wherever it is loaded from.
    pub(super) protected: Protected,
    /// The policy on what plugins are given, whatever their manifests ask for.
    pub(super) policy: Arc<Policy>,
    /// The configuration that was given with `--config`, if one was.
    pub(super) config: Option<PathBuf>,
    /// The configuration: the person's and the administrator's.
    pub(super) configuration: Arc<Configuration>,
    /// The files that say how a server is run and who may use it, but for those that flags of `serve` name.
    pub(super) configured: ConfiguredFiles,
    /// Toolrack's own directory. `None` where the environment names none.
    pub(super) home: Option<Home>,
}
