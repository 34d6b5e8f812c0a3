//! The part of a catalog that is still on its way.

use super::super::plugin::Plugin;
use super::feature::FeatureName;
use crate::manifest::Manifest;
use crate::name::PluginName;

/// The part of a catalog that is still on its way.
#[derive(Clone, Debug, Default)]
pub struct Coming {
    /// Plugins that are being loaded.
    pub loading: Vec<ComingPlugin>,
    /// True if another catalog follows as soon as one of them is there.
    pub is_provisional: bool,
}

/// A plugin that is on its way.
#[derive(Clone, Debug)]
pub struct ComingPlugin {
    /// Its name.
    pub name: PluginName,
    /// The prefix of the names of its tools.
    pub prefix: Box<str>,
    /// True if it will change what is listed; otherwise only calls wait for it.
    pub changes_list: bool,
}

impl ComingPlugin {
    /// The plugin of this manifest, which is being loaded.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self { name: manifest.name.clone(), prefix: manifest.prefix.clone(), changes_list: true }
    }
}

impl Coming {
    /// True if one of them may turn out to have the feature `name` of `plugin`, or to be that plugin itself.
    pub(crate) fn may_claim(&self, plugin: &Plugin, name: &impl FeatureName) -> bool {
        self.loading.iter().filter(|other| other.changes_list).any(|other| {
            // A plugin without a prefix may have any name; to wait for it for long would be to serve nothing.
            let may_wait = self.is_provisional || !other.prefix.is_empty();
            other.name == plugin.name || (may_wait && name.may_begin_with(&other.prefix))
        })
    }
}
