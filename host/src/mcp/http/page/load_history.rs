//! The load of the server over the last minutes, as the page draws it: in memory, in a ring of fixed size.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::catalog::{Catalog, StatisticsSnapshot, ToolStatistics};
use crate::mcp::http::legacy_session::session_id::now as now_ms;
use crate::start_resources::resident_memory;

/// The time between two samples.
pub(crate) const SAMPLE_INTERVAL: Duration = Duration::from_secs(5);
/// Samples that are kept: those of a quarter of an hour.
pub(crate) const MAX_SAMPLES: usize = 180;

/// The load of one interval.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadSample {
    /// The end of the interval, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// The memory of the server. `None` where the system does not tell.
    pub(crate) memory_bytes: Option<u64>,
    /// Calls that were begun, refused before that, or given up while they waited.
    pub(crate) calls: u64,
    /// Calls that ended without an answer or with a failure.
    pub(crate) errors: u64,
    /// The time from arrival to end, or to where a client gave up, below which half of the runs lie. `None` where none ended.
    pub(crate) p50_us: Option<u64>,
    /// The same of 95 in 100.
    pub(crate) p95_us: Option<u64>,
}

/// The samples that were taken, the oldest first.
#[derive(Default)]
pub(crate) struct LoadHistory {
    samples: VecDeque<LoadSample>,
    /// The statistics at the last sample, and when that was.
    last: Option<(Instant, StatisticsSnapshot)>,
}

impl LoadHistory {
    /// Takes a sample, if one is due.
    pub(crate) fn look(&mut self, catalog: Option<&Catalog>, now: Instant) {
        // A look may come a little early.
        let due = SAMPLE_INTERVAL - Duration::from_millis(100);
        if self.last.as_ref().is_some_and(|(then, _)| now.duration_since(*then) < due) {
            return;
        }
        let tools = catalog.into_iter().flat_map(|catalog| catalog.tools().all());
        let snapshots = tools.map(|tool| tool.statistics.snapshot());
        let sum = snapshots.reduce(|sum, more| sum.with(&more));
        let sum = sum.unwrap_or_else(|| ToolStatistics::default().snapshot());
        if let Some((_, before)) = self.last.replace((now, sum.clone())) {
            if self.samples.len() >= MAX_SAMPLES {
                self.samples.pop_front();
            }
            // Tools may have gone with what they had counted.
            let ended = sum.runs.since(&before.runs);
            self.samples.push_back(LoadSample {
                time_ms: now_ms(),
                memory_bytes: resident_memory(),
                calls: sum.counts.calls.saturating_sub(before.counts.calls),
                errors: sum.counts.errors.saturating_sub(before.counts.errors),
                p50_us: ended.quantile(0.5),
                p95_us: ended.quantile(0.95),
            });
        }
    }

    /// The samples, the oldest first.
    pub(crate) fn samples(&self) -> &VecDeque<LoadSample> {
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_bounded_and_samples_are_taken_when_they_are_due() {
        let (mut history, begun) = (LoadHistory::default(), Instant::now());
        for seconds in 0..(MAX_SAMPLES as u64 * 5 + 60) {
            history.look(None, begun + Duration::from_secs(seconds));
        }
        assert_eq!(history.samples().len(), MAX_SAMPLES);
        let taken = history.samples().back().expect("one");
        assert_eq!((taken.calls, taken.errors, taken.p50_us), (0, 0, None));
        assert_eq!(taken.memory_bytes.is_some(), cfg!(target_os = "linux"));
        let len = history.samples().len();
        history.look(None, begun);
        assert_eq!(history.samples().len(), len, "none is due");
    }
}
