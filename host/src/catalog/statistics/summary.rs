//! The statistics of calls in a few numbers, as status files and health checks hold them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::call_counts::CacheCounts;
use super::histogram::HistogramSnapshot;
use super::tool_statistics::StatisticsSnapshot;
use crate::tool::ErrorKind;

/// The statistics of a tool, or of several, in a few numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatisticsSummary {
    /// Calls that ended without an answer or with a failure, by the name of the kind.
    pub errors_by_kind: BTreeMap<String, u64>,
    /// Calls that entered their guest: neither a kept answer nor a refusal.
    pub runs: u64,
    /// Times of runs from the arrival of the call to its end, or until its client gave it up. `None` before the first.
    pub time: Option<TimeSummary>,
    /// Times from the arrival of a call until it was begun, or was given up before that. `None` before the first.
    pub wait: Option<TimeSummary>,
    /// The fuel of all runs.
    pub fuel: u64,
    /// The time on a processor of all runs, in microseconds.
    pub cpu_us: u64,
    /// The most bytes of memory that one call held.
    pub peak_memory_bytes: u64,
    /// Calls by what was found of them in the result cache.
    #[serde(skip_serializing_if = "CacheCounts::is_none")]
    pub cache: CacheCounts,
}

/// Times of calls, in microseconds. Percentiles are estimates, and at most as wrong as a bucket of the histogram is wide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeSummary {
    /// The mean.
    pub average_us: u64,
    /// The time below which half of them lie.
    pub p50_us: u64,
    /// The time below which 95 of 100 lie.
    pub p95_us: u64,
    /// The time below which 99 of 100 lie.
    pub p99_us: u64,
}

impl TimeSummary {
    fn of(times: &HistogramSnapshot) -> Option<Self> {
        Some(Self {
            average_us: times.mean()?,
            p50_us: times.quantile(0.5)?,
            p95_us: times.quantile(0.95)?,
            p99_us: times.quantile(0.99)?,
        })
    }
}

impl From<StatisticsSnapshot> for StatisticsSummary {
    fn from(snapshot: StatisticsSnapshot) -> Self {
        let errors = ErrorKind::ALL.iter().zip(snapshot.errors).filter(|(_, count)| *count > 0);
        Self {
            errors_by_kind: errors.map(|(kind, count)| (kind.name().to_owned(), count)).collect(),
            runs: snapshot.runs.count(),
            time: TimeSummary::of(&snapshot.runs),
            wait: TimeSummary::of(&snapshot.waits),
            fuel: snapshot.fuel,
            cpu_us: snapshot.cpu_us,
            peak_memory_bytes: snapshot.peak_memory,
            cache: snapshot.cache,
        }
    }
}
