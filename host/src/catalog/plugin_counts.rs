//! The plugins of a catalog in three numbers, as health checks and metrics tell them.

use serde::{Deserialize, Serialize};

use super::Catalog;

/// The number of plugins by what becomes of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PluginCounts {
    /// The plugins of which a version is served.
    pub(crate) serving: usize,
    /// The plugins that are being loaded, and of which no older version is served.
    pub(crate) loading: usize,
    /// The plugins of which nothing, or no new version, is served.
    pub(crate) refused: usize,
}

impl Catalog {
    /// The number of plugins by what becomes of them.
    #[must_use]
    pub(crate) fn count_plugins(&self) -> PluginCounts {
        PluginCounts {
            serving: self.plugins().len(),
            loading: self.loading().len(),
            refused: self.count_refused().plugins,
        }
    }
}
