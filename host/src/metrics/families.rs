//! The metrics: which there are, and where each number comes from.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use tokio::sync::watch;

use super::process::ProcessNumbers;
use crate::audit::AuditCounts;
use crate::catalog::{
    CacheCounts, Catalog, HistogramSnapshot, MEMORY_BOUNDS, Plugin, PluginCounts,
    StatisticsSnapshot, TIME_BOUNDS, Tool,
};
use crate::mcp::RefusalCounts;
use crate::redis::RedisState;
use crate::reload::{ReloadCounts, ReloadResult};
use crate::tool::ErrorKind;
#[cfg(feature = "otlp")]
use crate::traces::SpanCounts;

/// The things that metrics are read from.
pub struct MetricsSource {
    /// The catalog that is served.
    pub catalog: watch::Receiver<Option<Arc<Catalog>>>,
    /// The number of plugins that were added, updated, removed and refused.
    pub reloads: Arc<ReloadCounts>,
    /// The lines of the audit log. `None` where there is none.
    pub audit: Option<Arc<AuditCounts>>,
    /// The spans of traces. `None` where there are none.
    #[cfg(feature = "otlp")]
    pub spans: Option<Arc<SpanCounts>>,
    /// The number of refusals over HTTP. `None` where it is not served.
    pub refusals: Option<Arc<RefusalCounts>>,
    /// The state of Redis. `None` where there is none.
    pub redis: Option<Arc<RedisState>>,
    /// The time at which the server started.
    pub started: SystemTime,
}

/// The metric that counts an error of this kind, and the value of its last label.
enum ErrorMetric {
    /// A limit stopped the call.
    Stopped(&'static str),
    /// The call did not reach its guest.
    Refused(&'static str),
    /// The call ended otherwise without an answer.
    Failed(&'static str),
}

impl ErrorMetric {
    fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Fuel
            | ErrorKind::Cpu
            | ErrorKind::Timeout
            | ErrorKind::Memory
            | ErrorKind::Stack
            | ErrorKind::Output
            | ErrorKind::Log
            | ErrorKind::HostCalls
            | ErrorKind::Handles => Self::Stopped(kind.name()),
            ErrorKind::Rate => Self::Refused("rate"),
            ErrorKind::Paused => Self::Refused("breaker"),
            ErrorKind::InvalidArguments => Self::Refused("schema"),
            ErrorKind::Unready => Self::Refused("queue"),
            ErrorKind::ToolError
            | ErrorKind::Crash
            | ErrorKind::InvalidAnswer
            | ErrorKind::Unfit
            | ErrorKind::Host => Self::Failed(kind.name()),
        }
    }
}

/// A plugin, its tools, and the statistics of all of them.
struct PluginNumbers<'a> {
    plugin: &'a Plugin,
    name: &'a str,
    tools: Vec<(&'a Tool, StatisticsSnapshot)>,
    sum: Option<StatisticsSnapshot>,
}

impl<'a> PluginNumbers<'a> {
    fn of(catalog: &'a Catalog, plugin: &'a Arc<Plugin>) -> Self {
        let tools = catalog.tools().of(plugin);
        let tools: Vec<_> = tools.map(|tool| (&**tool, tool.statistics.snapshot())).collect();
        let sum = tools
            .iter()
            .map(|(_, statistics)| statistics.clone())
            .reduce(|sum, more| sum.with(&more));
        Self { plugin, name: plugin.name.as_str(), tools, sum }
    }

    /// The errors of its tools of which `label` makes a label, with the tool's name. Those that never came are among them: of a
    /// series that begins with its first value, nobody can tell how it grew.
    fn errors(
        &self,
        label: fn(ErrorMetric) -> Option<&'static str>,
    ) -> impl Iterator<Item = (&'a str, &'static str, u64)> {
        self.tools.iter().flat_map(move |(tool, statistics)| {
            let counted = ErrorKind::ALL.into_iter().zip(statistics.errors);
            counted.filter_map(move |(kind, count)| {
                Some((tool.name.as_str(), label(ErrorMetric::of(kind))?, count))
            })
        })
    }
}

// The trait asks for it, and nobody prints it.
impl fmt::Debug for MetricsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsSource")
    }
}

impl Collector for MetricsSource {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let catalog = self.catalog.borrow().clone();
        let plugins = catalog.iter().flat_map(|catalog| {
            catalog.plugins().iter().map(|plugin| PluginNumbers::of(catalog, plugin))
        });
        let mut metrics = Metrics { encoder };
        let plugins: Vec<_> = plugins.collect();
        metrics.calls(&plugins)?;
        metrics.guests(&plugins)?;
        metrics.results(&plugins)?;
        metrics.plugins(&plugins)?;
        self.states(catalog.as_deref(), &mut metrics)?;
        self.process(&mut metrics)
    }
}

impl MetricsSource {
    /// The plugins by their states, the changes of what is served, and the version.
    fn states(&self, catalog: Option<&Catalog>, metrics: &mut Metrics<'_>) -> fmt::Result {
        let PluginCounts { serving, loading, refused, held } =
            catalog.map(Catalog::count_plugins).unwrap_or_default();
        let mut states = metrics.gauge("toolrack_plugins", "Plugins by what becomes of them")?;
        let counts =
            [("serving", serving), ("loading", loading), ("refused", refused), ("held", held)];
        for (state, count) in counts {
            gauge(&mut states, &[("state", state)], count as u64)?;
        }
        let mut reloads = metrics.counter("toolrack_reloads", "Changes of what is served")?;
        for result in ReloadResult::ALL {
            count(&mut reloads, &[("result", result.name())], self.reloads.get(result))?;
        }
        if let Some(audit) = &self.audit {
            let mut lines = metrics.counter("toolrack_audit_lines", "Lines of the audit log")?;
            for (result, lines_so) in [("written", audit.written()), ("lost", audit.lost())] {
                count(&mut lines, &[("result", result)], lines_so)?;
            }
            let about = "Lines of the audit log that wait to be written";
            gauge(
                &mut metrics.gauge("toolrack_audit_waiting_lines", about)?,
                &[],
                audit.waiting(),
            )?;
            let about = "1 while the audit log cannot be written, else 0";
            let fails = u64::from(audit.problem().is_some());
            gauge(&mut metrics.gauge("toolrack_audit_failing", about)?, &[], fails)?;
        }
        #[cfg(feature = "otlp")]
        if let Some(spans) = &self.spans {
            let mut counts = metrics.counter("toolrack_spans", "Spans of traces")?;
            for (result, spans_so) in [("sent", spans.sent()), ("lost", spans.lost())] {
                count(&mut counts, &[("result", result)], spans_so)?;
            }
        }
        if let Some(refusals) = &self.refusals {
            let mut refused = metrics
                .counter("toolrack_http_refused", "Requests and connections that were refused")?;
            for (reason, number) in refusals.all() {
                count(&mut refused, &[("reason", reason)], number)?;
            }
        }
        if let Some(redis) = &self.redis {
            let mut connected = metrics.gauge(
                "toolrack_redis_connected",
                "1 while servers share rates and answers by way of Redis, 0 while it is away",
            )?;
            gauge(&mut connected, &[], redis.is_connected().into())?;
        }
        let mut build = metrics
            .gauge("toolrack_build_info", "The version of toolrack, and of all that it serves")?;
        let digest = catalog.map(|catalog| catalog.digest().short()).unwrap_or_default();
        gauge(&mut build, &[("version", env!("CARGO_PKG_VERSION")), ("catalog", &digest)], 1)
    }

    /// The numbers that the system tells of the process.
    fn process(&self, metrics: &mut Metrics<'_>) -> fmt::Result {
        let ProcessNumbers {
            cpu_seconds,
            resident_bytes,
            virtual_bytes,
            open_descriptors,
            max_descriptors,
            threads,
        } = ProcessNumbers::now();
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let encoder = &mut metrics.encoder;
        let mut time = encoder.encode_descriptor(
            "process_start_time",
            "The time at which the process started, since 1970",
            Some(&Unit::Seconds),
            MetricType::Gauge,
        )?;
        time.encode_gauge(&started)?;
        if let Some(cpu) = cpu_seconds {
            let mut time = encoder.encode_descriptor(
                "process_cpu",
                "Time on a processor, without the processes that compile",
                Some(&Unit::Seconds),
                MetricType::Counter,
            )?;
            time.encode_counter::<NoLabelSet, _, f64>(&cpu, None)?;
        }
        for (name, help, number) in [
            ("process_resident_memory_bytes", "Memory that the process holds", resident_bytes),
            ("process_virtual_memory_bytes", "Addresses that the process holds", virtual_bytes),
            ("process_open_fds", "Open descriptors", open_descriptors),
            ("process_max_fds", "The most open descriptors", max_descriptors),
            ("process_threads", "Threads", threads),
        ] {
            if let Some(number) = number {
                metrics.gauge(name, help)?.encode_gauge(&number)?;
            }
        }
        Ok(())
    }
}

/// The text of the metrics, one family after the other.
struct Metrics<'e> {
    encoder: DescriptorEncoder<'e>,
}

impl Metrics<'_> {
    fn gauge<'s>(&'s mut self, name: &'s str, help: &str) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)
    }

    /// A counter; its name is shown with `_total` behind it.
    fn counter<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.encoder.encode_descriptor(name, help, None, MetricType::Counter)
    }

    /// Times and errors of calls, by tool.
    fn calls(&mut self, plugins: &[PluginNumbers<'_>]) -> fmt::Result {
        let mut times = self.encoder.encode_descriptor(
            "mcp_server_operation_duration",
            "Time from the arrival of a call to its end",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (tool, statistics) in plugins.iter().flat_map(|plugin| &plugin.tools) {
            let method = ("mcp_method_name", "tools/call");
            let tool = ("gen_ai_tool_name", tool.name.as_str());
            histogram(
                &mut times,
                &[method, tool],
                &statistics.answered,
                &TIME_BOUNDS,
                MICROSECONDS,
            )?;
            let ended_otherwise =
                [("tool_error", &statistics.failed), ("cancelled", &statistics.given_up)];
            for (error, ended) in ended_otherwise.iter().filter(|(_, ended)| ended.count() > 0) {
                let labels = [method, tool, ("error_type", *error)];
                histogram(&mut times, &labels, ended, &TIME_BOUNDS, MICROSECONDS)?;
            }
        }
        type Label = fn(ErrorMetric) -> Option<&'static str>;
        let kinds: [(&str, &str, &str, Label); 3] =
            [
                ("toolrack_calls_stopped", "Calls that a limit stopped", "limit", |error| {
                    match error {
                        ErrorMetric::Stopped(limit) => Some(limit),
                        _ => None,
                    }
                }),
                (
                    "toolrack_calls_refused",
                    "Calls that were not made, or whose arguments the tool refused",
                    "reason",
                    |error| match error {
                        ErrorMetric::Refused(reason) => Some(reason),
                        _ => None,
                    },
                ),
                (
                    "toolrack_calls_failed",
                    "Calls that ended otherwise without an answer, or with a failure",
                    "reason",
                    |error| match error {
                        ErrorMetric::Failed(reason) => Some(reason),
                        _ => None,
                    },
                ),
            ];
        for (name, help, key, label) in kinds {
            let mut errors = self.counter(name, help)?;
            for plugin in plugins {
                for (tool, value, number) in plugin.errors(label) {
                    let labels = [("plugin", plugin.name), ("tool", tool), (key, value)];
                    count(&mut errors, &labels, number)?;
                }
            }
        }
        let mut cancelled = self.counter(
            "toolrack_calls_cancelled",
            "Calls whose clients cancelled them or have gone",
        )?;
        for plugin in plugins {
            for (tool, statistics) in &plugin.tools {
                let labels = [("plugin", plugin.name), ("tool", tool.name.as_str())];
                count(&mut cancelled, &labels, statistics.counts.cancelled)?;
            }
        }
        Ok(())
    }

    /// The time, work and memory that guests took, by plugin.
    fn guests(&mut self, plugins: &[PluginNumbers<'_>]) -> fmt::Result {
        let called = || {
            plugins
                .iter()
                .filter_map(|plugin| Some(([("plugin", plugin.name)], plugin.sum.as_ref()?)))
        };
        let mut waits = self.encoder.encode_descriptor(
            "toolrack_call_wait",
            "Time from the arrival of a call until it is begun, or its client gives it up",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (labels, sum) in called() {
            histogram(&mut waits, &labels, &sum.waits, &TIME_BOUNDS, MICROSECONDS)?;
        }
        let mut memory = self.encoder.encode_descriptor(
            "toolrack_guest_memory_peak",
            "The most memory that a call held",
            Some(&Unit::Bytes),
            MetricType::Histogram,
        )?;
        for (labels, sum) in called() {
            histogram(&mut memory, &labels, &sum.memory, &MEMORY_BOUNDS, BYTES)?;
        }
        let mut running = self.gauge("toolrack_calls_in_flight", "Calls that run")?;
        for (labels, sum) in called() {
            gauge(&mut running, &labels, sum.counts.running)?;
        }
        let mut waiting = self.gauge("toolrack_calls_waiting", "Calls that wait to be begun")?;
        for (labels, sum) in called() {
            gauge(&mut waiting, &labels, sum.counts.waiting)?;
        }
        let mut cpu = self.encoder.encode_descriptor(
            "toolrack_guest_cpu",
            "Time of guests on a processor",
            Some(&Unit::Seconds),
            MetricType::Counter,
        )?;
        for (labels, sum) in called() {
            let seconds = Duration::from_micros(sum.cpu_us).as_secs_f64();
            cpu.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&seconds, None)?;
        }
        let mut fuel = self.counter("toolrack_guest_fuel", "Work of guests")?;
        for (labels, sum) in called() {
            count(&mut fuel, &labels, sum.fuel)?;
        }
        Ok(())
    }

    /// The calls of tools whose answers are kept, by what was found of them.
    fn results(&mut self, plugins: &[PluginNumbers<'_>]) -> fmt::Result {
        let mut requests = self.counter(
            "toolrack_cache_requests",
            "Calls of tools whose answers are kept, by what was found",
        )?;
        for plugin in plugins.iter().filter(|plugin| plugin.plugin.keeps_answers()) {
            let Some(sum) = &plugin.sum else { continue };
            let CacheCounts { hits, misses } = sum.cache;
            for (result, number) in [("hit", hits), ("miss", misses)] {
                count(&mut requests, &[("plugin", plugin.name), ("result", result)], number)?;
            }
        }
        Ok(())
    }

    /// The plugins that are served, and those of them that are left alone.
    fn plugins(&mut self, plugins: &[PluginNumbers<'_>]) -> fmt::Result {
        let mut breakers = self.gauge(
            "toolrack_breaker_open",
            "1 while a plugin is left alone because it keeps crashing",
        )?;
        for PluginNumbers { plugin, name, .. } in plugins {
            let is_open = plugin.paused().is_some();
            gauge(&mut breakers, &[("plugin", *name)], is_open.into())?;
        }
        let mut info = self.gauge("toolrack_plugin_info", "The version of each plugin")?;
        for PluginNumbers { plugin, name, .. } in plugins {
            let version = plugin.digest.short();
            gauge(&mut info, &[("plugin", *name), ("version", &version)], 1)?;
        }
        Ok(())
    }
}

/// Microseconds in a second.
const MICROSECONDS: f64 = 1e6;

const BYTES: f64 = 1.0;

type Labels<'a> = [(&'static str, &'a str)];

fn gauge(family: &mut MetricEncoder<'_>, labels: &Labels<'_>, value: u64) -> fmt::Result {
    family.encode_family(&labels)?.encode_gauge(&value)
}

fn count(family: &mut MetricEncoder<'_>, labels: &Labels<'_>, value: u64) -> fmt::Result {
    family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None)
}

/// Encodes a histogram with these bounds of its own, of which `unit` are one of what is shown.
#[expect(clippy::cast_precision_loss, reason = "sums are shown to 15 digits")]
fn histogram(
    family: &mut MetricEncoder<'_>,
    labels: &Labels<'_>,
    values: &HistogramSnapshot,
    bounds: &[u64],
    unit: f64,
) -> fmt::Result {
    let (mut buckets, mut below) = (Vec::with_capacity(bounds.len() + 1), 0);
    for bound in bounds {
        let up_to = values.up_to(*bound);
        buckets.push((*bound as f64 / unit, up_to - below));
        below = up_to;
    }
    let number = values.count();
    buckets.push((f64::INFINITY, number - below));
    let sum = values.sum() as f64 / unit;
    family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, number, &buckets, None)
}
