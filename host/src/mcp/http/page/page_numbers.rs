//! The numbers of all tools at one moment, read once for all pages that are open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::{Catalog, StatisticsSnapshot, Tool};

/// The time for which numbers count that were read.
const NUMBERS_AGE: Duration = Duration::from_millis(900);

/// Numbers that were read.
pub(crate) struct PageNumbers {
    read: Instant,
    pub(crate) tools: Vec<(Arc<Tool>, StatisticsSnapshot)>,
    /// The plugins that are left alone after crashes.
    pub(crate) paused: Vec<String>,
}

impl PageNumbers {
    /// Reads the numbers of what `catalog` serves.
    pub(crate) fn read(catalog: Option<&Catalog>, now: Instant) -> Self {
        let tools = catalog.into_iter().flat_map(|catalog| catalog.tools().all());
        let plugins = catalog.map(Catalog::plugins).unwrap_or_default().iter();
        let paused = plugins.filter(|plugin| plugin.paused().is_some());
        Self {
            read: now,
            tools: tools.map(|tool| (tool.clone(), tool.statistics.snapshot())).collect(),
            paused: paused.map(|plugin| plugin.name.to_string()).collect(),
        }
    }

    /// True if they are too old to be shown.
    pub(crate) fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.read) > NUMBERS_AGE
    }
}
