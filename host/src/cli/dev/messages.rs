//! The messages of cargo about a build: the artifacts that it made.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::text::escape;

/// Cargo's messages.
#[derive(Debug, Default)]
pub(super) struct Messages {
    pub(super) artifacts: Vec<Artifact>,
}

impl Messages {
    /// The plugin that is meant: the one of `package`, or else the crate at `root`, or else the only one.
    pub(super) fn artifact(self, root: &Path, package: Option<&str>) -> anyhow::Result<Artifact> {
        if self.artifacts.is_empty() {
            bail!(
                "cargo built no plugin; a plugin's Cargo.toml has `crate-type = [\"cdylib\"]` under [lib]"
            );
        }
        let mut found: Vec<Artifact> = match package {
            Some(name) => self.artifacts.into_iter().filter(|one| one.package == name).collect(),
            None => match self.artifacts.iter().find(|one| one.directory == root) {
                Some(own) => vec![own.clone()],
                None => self.artifacts,
            },
        };
        if found.len() > 1 {
            let names: Vec<_> = found.iter().map(|one| escape(&one.package)).collect();
            bail!("there are several plugins, {}; choose one with --package", names.join(", "));
        }
        found.pop().context("the package builds no plugin; name another with --package")
    }
}

/// A plugin that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Artifact {
    /// Its package.
    pub(super) package: String,
    /// The directory of its crate.
    pub(super) directory: PathBuf,
    /// The component.
    pub(super) wasm: PathBuf,
}
