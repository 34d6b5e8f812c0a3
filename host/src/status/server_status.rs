//! What one server tells of itself: the content of its status file.

use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::catalog::{CallCounts, Catalog, Paused, Refused, StatisticsSummary};
use crate::redis::RedisHealth;
use crate::reload::Pending;
use crate::tool::FeatureKind;

/// The status of one server. Names and reasons come from files and guests: escape them before you show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The server's process.
    pub pid: u32,
    /// The version of toolrack.
    pub version: String,
    /// The time at which it started, in milliseconds since 1970.
    pub started_ms: u64,
    /// The time at which it last began to serve something else, in milliseconds since 1970. `None` while it loads
    /// for the first time.
    pub published_ms: Option<u64>,
    /// The plugin directories, absolute, in order of precedence.
    pub directories: Vec<String>,
    /// The address that it listens on for clients over HTTP. `None` where it serves none.
    #[serde(default)]
    pub address: Option<String>,
    /// The state of its audit log. `None` where it writes none.
    #[serde(default)]
    pub audit: Option<AuditStatus>,
    /// True if it is about to end: a signal came.
    #[serde(default)]
    pub is_ending: bool,
    /// The state of the Redis that servers share. `None` where there is none.
    #[serde(default)]
    pub redis: Option<RedisHealth>,
    /// The way in which it follows them.
    pub watching: String,
    /// The plugins that are being loaded, the longest first.
    #[serde(default)]
    pub loading: Vec<LoadingStatus>,
    /// The plugins that are served.
    pub plugins: Vec<PluginStatus>,
    /// The plugins and tools that are refused, with the reasons.
    pub refusals: Vec<RefusalStatus>,
}

/// The state of an audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditStatus {
    /// The lines that wait to be written.
    pub waiting: u64,
    /// The lines that were lost since the server started.
    pub lost: u64,
    /// The reason why it cannot be written. `None` while it can.
    pub problem: Option<String>,
}

/// A plugin that is being loaded: compiled mostly, or waiting for others that are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadingStatus {
    /// Its name.
    pub name: String,
    /// Its manifest.
    pub file: String,
    /// The time at which that began, in milliseconds since 1970.
    pub since_ms: u64,
}

/// A plugin that is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginStatus {
    /// Its name.
    pub name: String,
    /// Its manifest.
    pub file: String,
    /// The SHA-256 of its Wasm: its version.
    pub sha256: String,
    /// The pause because it keeps crashing. `None` where it is called as usual.
    #[serde(default)]
    pub paused: Option<PausedStatus>,
    /// Its tools.
    pub tools: Vec<ToolStatus>,
}

/// A plugin that keeps crashing and is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PausedStatus {
    /// Crashes in a row.
    pub crashes: u32,
    /// The time at which one call tries it again, in milliseconds since 1970; `None` while one does.
    pub until_ms: Option<u64>,
    /// The reason of its last crash.
    pub reason: String,
}

/// A tool that is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolStatus {
    /// Its public name.
    pub name: String,
    /// Its calls, by where they stand.
    #[serde(flatten)]
    pub calls: CallCounts,
    /// The time and the resources that they took.
    #[serde(default)]
    pub statistics: StatisticsSummary,
}

/// Something that is not served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusalStatus {
    /// The manifest, or what else is at fault.
    pub file: String,
    /// The part of it that is not served.
    pub refused: RefusedStatus,
    /// The reason; may span lines.
    pub reason: String,
}

/// The part of a file that is not served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefusedStatus {
    /// All of it.
    Plugin,
    /// The version that it holds now; an older one is served.
    Version,
    /// The tool with this name.
    Tool(String),
    /// So many further tools, which are only counted.
    Further(usize),
    /// A `.wit` file; the plugin beside it is served.
    Notes,
    /// Nothing: it is a warning.
    Warning,
    /// The tool with this name can only fail as things stand, and is not listed.
    Unlisted(String),
    /// So many further tools that are not listed.
    FurtherUnlisted(usize),
}

impl LoadingStatus {
    pub(super) fn of(pending: &Pending) -> Self {
        let for_ms = u64::try_from(pending.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self {
            name: pending.plugin.to_string(),
            file: pending.file.clone(),
            since_ms: now_ms().saturating_sub(for_ms),
        }
    }
}

impl PausedStatus {
    pub(super) fn of(paused: Paused) -> Self {
        let Paused { crashes, until, reason } = paused;
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let until_ms = left.map(|left| {
            now_ms().saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
        });
        Self { crashes, until_ms, reason }
    }
}

impl Status {
    /// True if the server serves the plugins in `directory`.
    #[must_use]
    pub fn serves(&self, directory: &Path) -> bool {
        // Compared as they are now: a directory may have been made, or linked, since it was named.
        let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
        let wanted = real(directory);
        wanted.is_some() && self.directories.iter().any(|found| real(Path::new(found)) == wanted)
    }

    /// Takes over what `catalog` serves.
    pub(super) fn show(&mut self, catalog: &Catalog) {
        let plugins = catalog.plugins().iter().map(|plugin| {
            let tools = catalog.tools().of(plugin).map(|tool| ToolStatus {
                name: tool.name.to_string(),
                calls: tool.statistics.counts(),
                statistics: tool.statistics.snapshot().into(),
            });
            PluginStatus {
                name: plugin.name.to_string(),
                file: plugin.file.clone(),
                sha256: plugin.digest.to_string(),
                paused: plugin.paused().map(PausedStatus::of),
                tools: tools.collect(),
            }
        });
        let refusals = catalog.refusals().iter().map(|refusal| RefusalStatus {
            file: refusal.file.clone(),
            refused: match &refusal.refused {
                Refused::Plugin => RefusedStatus::Plugin,
                Refused::Version => RefusedStatus::Version,
                Refused::Feature(FeatureKind::Tool, name) => RefusedStatus::Tool(name.clone()),
                Refused::Further(count) => RefusedStatus::Further(*count),
                Refused::Notes => RefusedStatus::Notes,
                Refused::Warning => RefusedStatus::Warning,
                Refused::Unlisted(FeatureKind::Tool, name) => RefusedStatus::Unlisted(name.clone()),
                Refused::FurtherUnlisted(count) => RefusedStatus::FurtherUnlisted(*count),
                Refused::Function(name) => RefusedStatus::Tool(name.clone()),
            },
            reason: refusal.reason.clone(),
        });
        self.plugins = plugins.collect();
        self.refusals = refusals.collect();
    }
}

/// Now, in milliseconds since 1970.
#[must_use]
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    pub(super) fn a_directory_is_served_whatever_it_is_called() {
        let root = tempfile::tempdir().expect("a directory");
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir(at("real")).expect("made");
        std::fs::create_dir(at("other")).expect("made");
        std::os::unix::fs::symlink(at("real"), at("link")).expect("a link");
        for (served, asked, expected) in [
            ("real", "link", true),
            ("link", "real", true),
            ("other/../real", "real", true),
            ("missing", "missing", true),
            ("real", "other", false),
            ("real", "missing", false),
        ] {
            let status = Status {
                pid: 1,
                version: String::new(),
                started_ms: 0,
                published_ms: None,
                directories: vec![at(served).to_string_lossy().into_owned()],
                address: None,
                audit: None,
                is_ending: false,
                redis: None,
                watching: String::new(),
                loading: Vec::new(),
                plugins: Vec::new(),
                refusals: Vec::new(),
            };
            assert_eq!(status.serves(&at(asked)), expected, "{served} {asked}");
        }
    }
}
