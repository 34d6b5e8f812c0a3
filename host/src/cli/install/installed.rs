//! A plugin that was installed, as people read of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::output::print::{NAME, paint};
use crate::catalog::Plugin;
use crate::install::InstallChange;
use crate::lockfile::Files;
use crate::text::escape;

/// A plugin that was installed.
pub(crate) struct Installed {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) change: InstallChange,
    /// Its manifest's file, as shown to people.
    pub(crate) manifest: String,
    /// The same as it is.
    pub(crate) file: String,
    pub(crate) files: Files,
    pub(crate) directory: PathBuf,
}

impl Installed {
    /// True if its Wasm is not the one that was there.
    pub(crate) fn is_other_wasm(&self) -> bool {
        match self.change {
            InstallChange::Installed => true,
            InstallChange::Updated(old) => old != Some(self.plugin.digest),
            InstallChange::Unchanged => false,
        }
    }

    /// Returns its version and name in a few words.
    pub(crate) fn version(&self) -> String {
        format!("version {} of {}", self.plugin.digest.short(), self.plugin.name)
    }

    /// Returns the change in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let name = paint(NAME, &self.plugin.name);
        let version = self.plugin.digest.short();
        let directory = escape(&self.directory.to_string_lossy());
        match self.change {
            InstallChange::Installed => {
                format!("installed {name}, version {version}, in {directory}")
            }
            InstallChange::Unchanged => {
                format!("unchanged {name}, version {version}, in {directory}")
            }
            InstallChange::Updated(Some(_)) if !self.is_other_wasm() => {
                format!(
                    "updated {name}, version {version} as before with another manifest or `.wit` file, in {directory}"
                )
            }
            InstallChange::Updated(old) => {
                let old = old.map_or("none".into(), |old| old.short());
                format!("updated {name} from version {old} to {version} in {directory}")
            }
        }
    }
}
