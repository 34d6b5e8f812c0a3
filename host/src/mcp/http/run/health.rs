//! The report of a server on its health: the JSON of `/health`. It holds numbers alone, and neither names nor reasons.
//!
//! Strangers read it, too, but for the numbers of calls: exact sums that grow with each call tell of its arguments. Who is
//! a stranger is not known here.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

use crate::catalog::{CallCounts, Catalog, PluginCounts, StatisticsSnapshot, StatisticsSummary};
use crate::json;
use crate::redis::RedisHealth;

/// The state of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The state of the Redis that servers share. `None` where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redis: Option<RedisHealth>,
    /// The calls of the tools that whoever asks may call. `None` for a stranger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) statistics: Option<CallStatistics>,
}

/// The statistics of calls since the server started, of all tools of a catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallStatistics {
    #[serde(flatten)]
    pub(crate) counts: CallCounts,
    #[serde(flatten)]
    pub(crate) summary: StatisticsSummary,
}

impl HealthReport {
    /// Returns what a server in this state says that serves `catalog`, if it serves one yet, and runs for `uptime`. The numbers
    /// of calls are not among it.
    pub(crate) fn new(status: ServerHealth, uptime: Duration, catalog: Option<&Catalog>) -> Self {
        Self {
            status,
            time: now(),
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_seconds: uptime.as_secs(),
            catalog: catalog.map(shown_digest),
            plugins: catalog.map(Catalog::count_plugins).unwrap_or_default(),
            tools: catalog.map_or(0, |catalog| catalog.tools().len()),
            redis: None,
            statistics: None,
        }
    }

    /// Returns the same with the state of Redis.
    pub(crate) fn with_redis(self, redis: RedisHealth) -> Self {
        Self { redis: Some(redis), ..self }
    }

    /// Returns the same with the numbers of calls.
    pub(crate) fn with_calls(self, statistics: CallStatistics) -> Self {
        Self { statistics: Some(statistics), ..self }
    }

    /// Reads what another server says. `None` if it is no such report.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        serde_json::from_value(json::value(text).ok()?).ok()
    }
}

impl CallStatistics {
    /// Returns the statistics of all tools of `catalog`.
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let tools = catalog.tools().all().map(|tool| tool.statistics.snapshot());
        tools.reduce(|sum, more| sum.with(&more)).map(Self::from).unwrap_or_default()
    }
}

impl From<StatisticsSnapshot> for CallStatistics {
    fn from(snapshot: StatisticsSnapshot) -> Self {
        Self { counts: snapshot.counts, summary: snapshot.into() }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::runtime::{Builder, Handle};
    use tokio::task::LocalSet;

    use super::*;
    use crate::manifest::Sha256Digest;
    use crate::mcp::http::bounds::HttpBounds;
    use crate::mcp::http::trial::{TrialServer, settings};

    /// The first line of what a server answers to `path` that serves `catalog`, and its body.
    fn answer(catalog: Catalog, path: &str) -> (String, String) {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        LocalSet::new().block_on(&runtime, async {
            let (settings, guests) = (settings(HttpBounds::default()), Handle::current());
            let server = TrialServer::start(settings, guests, Arc::new(catalog)).await;
            let mut stream = TcpStream::connect(server.address).await.expect("a connection");
            let asked = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            stream.write_all(asked.as_bytes()).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("an answer");
            let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
            (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
        })
    }

    #[test]
    fn a_server_is_not_ready_before_it_has_looked_at_its_directories() {
        let (status, said) = answer(Catalog::unscanned(), "/readyz");
        assert!(status.contains(" 503 ") && said == "plugins are being loaded\n", "{status}");
        let (status, said) = answer(Catalog::unscanned(), "/health");
        let report = HealthReport::read(said.as_bytes()).expect("a report");
        assert!(status.contains(" 200 ") && report.status == ServerHealth::Loading, "{said}");
        // The digest is that of no bytes: no tools are served.
        let (status, said) = answer(Catalog::default(), "/readyz");
        let nothing = Sha256Digest::of(b"");
        assert!(status.contains(" 200 ") && said == format!("ok sha256:{nothing}\n"), "{said}");
    }

    #[test]
    fn a_server_that_has_looked_at_nothing_has_a_report_that_is_read_back() {
        let uptime = Duration::from_millis(61_999);
        let report = HealthReport::new(ServerHealth::Loading, uptime, None);
        assert_eq!((report.uptime_seconds, &report.catalog), (61, &None));
        let time = report.time.as_bytes();
        assert!(time.len() > 20 && time[10] == b'T' && time.ends_with(b"Z"), "{}", report.time);
        let written = serde_json::to_vec(&report).expect("JSON");
        assert_eq!(HealthReport::read(&written), Some(report));
        for other in ["", "ok\n", "{}", "[]", r#"{"status":"fine"}"#] {
            assert_eq!(HealthReport::read(other.as_bytes()), None, "{other}");
        }
    }
}
