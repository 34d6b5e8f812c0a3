//! What a server says of its health: the JSON of `/health`, which strangers read, too. It holds numbers alone, and neither
//! names nor reasons.

use std::time::Duration;

use serde::Serialize;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

use crate::catalog::Catalog;

/// The state of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum ServerHealth {
    /// It serves.
    #[serde(rename = "ok")]
    Ok,
    /// It has not looked at all of its plugins yet.
    #[serde(rename = "loading")]
    Loading,
    /// It is about to end.
    #[serde(rename = "shutting down")]
    ShuttingDown,
}

/// The answer to `/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HealthReport {
    pub(crate) status: ServerHealth,
    /// The time of the answer, by RFC 3339.
    pub(crate) time: String,
    /// The version of toolrack.
    pub(crate) version: String,
    pub(crate) uptime_seconds: u64,
    /// The digest of the catalog. `None` until there is one.
    pub(crate) catalog: Option<String>,
    pub(crate) plugins: PluginCounts,
    /// The number of tools that are served.
    pub(crate) tools: usize,
    pub(crate) statistics: CallStatistics,
}

/// The numbers of plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PluginCounts {
    pub(crate) serving: usize,
    /// The plugins that are being loaded, and of which no older version serves.
    pub(crate) loading: usize,
    /// The plugins of which nothing, or no new version, is served.
    pub(crate) refused: usize,
}

/// The numbers of calls since the server started, of all tools that are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct CallStatistics {
    /// The calls that were begun.
    pub(crate) calls: u64,
    /// The calls that ended without an answer or with a failure.
    pub(crate) errors: u64,
}

impl HealthReport {
    /// Returns what a server in this state says that serves `catalog`, if it serves one yet, and runs for `uptime`.
    pub(crate) fn new(status: ServerHealth, uptime: Duration, catalog: Option<&Catalog>) -> Self {
        Self {
            status,
            time: now(),
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_seconds: uptime.as_secs(),
            catalog: catalog.map(shown_digest),
            plugins: catalog.map(PluginCounts::of).unwrap_or_default(),
            tools: catalog.map_or(0, |catalog| catalog.tools().len()),
            statistics: catalog.map(CallStatistics::of).unwrap_or_default(),
        }
    }
}

impl PluginCounts {
    fn of(catalog: &Catalog) -> Self {
        Self {
            serving: catalog.plugins().len(),
            loading: catalog.loading().len(),
            refused: catalog.count_refused().plugins,
        }
    }
}

impl CallStatistics {
    fn of(catalog: &Catalog) -> Self {
        catalog.tools().all().fold(Self::default(), |sum, tool| Self {
            calls: sum.calls + tool.tally.calls(),
            errors: sum.errors + tool.tally.errors(),
        })
    }
}

/// Returns the digest of `catalog` as it is shown.
pub(crate) fn shown_digest(catalog: &Catalog) -> String {
    format!("sha256:{}", catalog.digest())
}

/// Returns the time now, by RFC 3339.
fn now() -> String {
    let mut text = String::new();
    // A string takes all that is written to it.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}
