//! The state of the server as the page shows it, in JSON: as much of it as a principal may see.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::load_history::{LoadHistory, LoadSample};
use super::recent_calls::RecentCall;
use super::told_reason::{file_name, without_directories};
use crate::catalog::{Catalog, Paused, Plugin, Refusal, Refused};
use crate::mcp::http::legacy_session::session_id::now as now_ms;
use crate::mcp::http::run::health::{CallStatistics, HealthReport, ServerHealth};
use crate::text::clip;
use crate::tokens::Principal;
use crate::tool::FeatureKind;

/// Bytes of one reason. What is longer is cut: the command line shows all of it.
pub(crate) const MAX_SHOWN_REASON: usize = 4096;

/// The state that the page begins with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageState<'a> {
    server: HealthReport,
    time_ms: u64,
    viewer: PageViewer<'a>,
    plugins: Vec<PluginCard<'a>>,
    loading: Vec<&'a str>,
    notices: Vec<PluginNotice<'a>>,
    /// The numbers of each tool. The tools themselves, which are the same for many, are no part of this.
    statistics: BTreeMap<&'a str, CallStatistics>,
    samples: Vec<&'a LoadSample>,
    calls: Vec<RecentCall>,
}

/// The principal that looks at the page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageViewer<'a> {
    /// The digest that the log knows it by; empty where nobody in particular looks.
    id: &'a str,
    /// True if it sees everything. One that may call some tools alone sees those.
    sees_all: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PluginCard<'a> {
    name: &'a str,
    version: String,
    sha256: String,
    file: &'a str,
    paused: Option<PluginPause>,
    limits: PluginBounds,
}

/// The bounds of one call of a plugin.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PluginBounds {
    memory_bytes: u64,
    timeout_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PluginPause {
    crashes: u32,
    /// The time until one call tries it again. `None` while one does.
    left_ms: Option<u64>,
    /// The last words of the plugin, which may be what another caller asked: for those alone who see everything.
    reason: Option<String>,
}

/// Something that is not served as its directory holds it, or a warning.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PluginNotice<'a> {
    file: &'a str,
    kind: NoticeKind,
    /// The tools or functions that it is about, where it is not about the plugin.
    tool: Option<&'a str>,
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum NoticeKind {
    /// Nothing of the plugin is served until a person accepts it.
    Held,
    /// A newer version waits until a person accepts it; the older serves.
    HeldVersion,
    /// Nothing of the plugin is served.
    Refused,
    /// The newer version cannot be served; the older serves.
    RefusedVersion,
    /// A part of the plugin is not served.
    Part,
    /// A part of the plugin is not listed, and nothing is wrong.
    Unlisted,
    Warning,
}

impl<'a> PageState<'a> {
    /// The state of a server that serves `seen` to this principal, in this state and for so long, with the calls that it
    /// may see.
    pub(crate) fn new(
        state: ServerHealth,
        uptime: Duration,
        seen: Option<&'a Catalog>,
        principal: &'a Principal,
        history: &'a LoadHistory,
        calls: Vec<RecentCall>,
    ) -> Self {
        let sees_all = principal.allow.is_none();
        let tools = || seen.into_iter().flat_map(|catalog| catalog.tools().all());
        let plugins = seen.map(Catalog::plugins).unwrap_or_default().iter();
        let plugins = plugins
            .filter(|plugin| sees_all || tools().any(|tool| tool.plugin.name == plugin.name))
            .map(|plugin| PluginCard::of(plugin, sees_all));
        // Those alone who may call everything are told what is not served, and why.
        let whole = seen.filter(|_| sees_all);
        let notices = whole.map(Catalog::refusals).unwrap_or_default().iter();
        let loading = whole.map(Catalog::loading).unwrap_or_default().iter();
        Self {
            server: HealthReport::new(state, uptime, seen)
                .with_calls(seen.map(CallStatistics::of).unwrap_or_default()),
            time_ms: now_ms(),
            viewer: PageViewer { id: &principal.id, sees_all },
            plugins: plugins.collect(),
            loading: loading.map(|plugin| plugin.name.as_str()).collect(),
            notices: notices.map(PluginNotice::of).collect(),
            samples: history.samples().iter().filter(|_| sees_all).collect(),
            statistics: tools()
                .map(|tool| (tool.name.as_str(), tool.statistics.snapshot().into()))
                .collect(),
            calls,
        }
    }
}

impl<'a> PluginCard<'a> {
    /// The card for a principal that may see everything if `sees_all`.
    fn of(plugin: &'a Plugin, sees_all: bool) -> Self {
        let limits = plugin.limits();
        let paused = plugin.paused();
        Self {
            name: plugin.name.as_str(),
            version: plugin.digest.short(),
            sha256: plugin.digest.to_string(),
            file: file_name(&plugin.file),
            paused: paused.map(|paused| PluginPause::of(&paused, &plugin.file, sees_all)),
            limits: PluginBounds {
                memory_bytes: limits.memory.get(),
                timeout_ms: milliseconds(limits.timeout),
            },
        }
    }
}

impl PluginPause {
    fn of(paused: &Paused, file: &str, sees_all: bool) -> Self {
        let left = paused.until.map(|until| until.saturating_duration_since(Instant::now()));
        let told = || without_directories(file, clip(&paused.reason, MAX_SHOWN_REASON));
        let reason = sees_all.then(told);
        Self { crashes: paused.crashes, left_ms: left.map(milliseconds), reason }
    }
}

impl<'a> PluginNotice<'a> {
    fn of(refusal: &'a Refusal) -> Self {
        let is_held = refusal.is_held_back();
        let (kind, tool) = match &refusal.refused {
            Refused::Plugin if is_held => (NoticeKind::Held, None),
            Refused::Plugin => (NoticeKind::Refused, None),
            Refused::Version if is_held => (NoticeKind::HeldVersion, None),
            Refused::Version => (NoticeKind::RefusedVersion, None),
            Refused::Feature(FeatureKind::Tool, name) | Refused::Function(name) => {
                (NoticeKind::Part, Some(&**name))
            }
            Refused::Further(_) => (NoticeKind::Part, None),
            Refused::Unlisted(FeatureKind::Tool, name) => (NoticeKind::Unlisted, Some(&**name)),
            Refused::FurtherUnlisted(_) => (NoticeKind::Unlisted, None),
            Refused::Notes | Refused::Warning => (NoticeKind::Warning, None),
        };
        let reason = clip(&refusal.reason, MAX_SHOWN_REASON);
        let reason = without_directories(&refusal.file, reason);
        Self { file: file_name(&refusal.file), kind, tool, reason }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
