//! The statistics of one tool since the server started.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::call_counts::{CacheCounts, CallCounts};
use super::histogram::{Histogram, HistogramSnapshot};
use crate::catalog::admission::entry::EntryTicket;
use crate::sandbox::CallOutcome;
use crate::tool::{CallError, CallTrace, ErrorKind, Usage};

/// The most fuel of a call that takes next to nothing: well below a brief turn of a guest.
const BRIEF_FUEL: u64 = 50_000;
const BRIEF_TIME: Duration = Duration::from_millis(1);

/// Upper bounds of times, in microseconds, for whoever collects them: those of OpenTelemetry's conventions for MCP, with
/// four below them for calls of Wasm.
pub(crate) const TIME_BOUNDS: [u64; 18] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
];
/// The bounds in one power of ten, in hundredths of it. A bucket is at most a sixth wider than its lower bound: so wrong may a
/// quantile be.
const STEPS: [u64; 20] = [
    100, 110, 120, 135, 150, 175, 200, 225, 250, 275, 300, 350, 400, 450, 500, 550, 600, 700, 800,
    900,
];
/// Bounds of times that are kept: from 10 µs to 300 s, in microseconds.
static FINE_TIME_BOUNDS: [u64; 151] = fine_time_bounds();
/// Bounds of the memory of guests: from 64 KiB to 4 GiB, in bytes.
pub(crate) static MEMORY_BOUNDS: [u64; 17] = memory_bounds();

/// Counters of one tool's calls. With the counts for rates and of crashes, they are all of a catalog that changes; they
/// go from one version of a tool to the next.
#[derive(Debug)]
pub struct ToolStatistics {
    calls: AtomicU64,
    cancelled: AtomicU64,
    running: AtomicU64,
    waiting: AtomicU64,
    errors: [AtomicU64; ErrorKind::ALL.len()],
    /// Times of runs from the arrival to the end, in microseconds: of calls that entered their guest.
    runs: Histogram,
    /// Times from the arrival to the answer, in microseconds, of all calls: one that was kept is among them.
    answered: Histogram,
    /// The same of calls that ended without an answer or with a failure.
    failed: Histogram,
    /// The same of calls whose clients did not wait for their end.
    given_up: Histogram,
    /// Times from the arrival to the guest, or to where the client gave up, in microseconds.
    waits: Histogram,
    /// The most bytes that guests held.
    memory: Histogram,
    fuel: AtomicU64,
    cpu_us: AtomicU64,
    peak_memory: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    is_brief: AtomicBool,
}

/// The statistics of a tool, or of several, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatisticsSnapshot {
    /// The calls by where they stand.
    pub(crate) counts: CallCounts,
    /// Calls that ended without an answer or with a failure, in the order of [`ErrorKind::ALL`].
    pub(crate) errors: [u64; ErrorKind::ALL.len()],
    /// Times from the arrival of a call to its end, or until its client gave it up, in microseconds, of calls that entered
    /// their guest. The time of a hit or a refusal says nothing of the tool.
    pub(crate) runs: HistogramSnapshot,
    /// Times from the arrival of a call to its answer, in microseconds, of all calls.
    pub(crate) answered: HistogramSnapshot,
    /// The same of calls that ended without an answer or with a failure.
    pub(crate) failed: HistogramSnapshot,
    /// Times from the arrival of a call until its client did not wait for its end any more.
    pub(crate) given_up: HistogramSnapshot,
    /// Times from the arrival of a call until it was begun, or was given up before that, in microseconds.
    pub(crate) waits: HistogramSnapshot,
    /// The most bytes of memory of calls that entered their guest.
    pub(crate) memory: HistogramSnapshot,
    /// The fuel of all calls.
    pub(crate) fuel: u64,
    /// The time on a processor of all calls, in microseconds.
    pub(crate) cpu_us: u64,
    /// The most bytes of memory that one call held.
    pub(crate) peak_memory: u64,
    /// The calls by what was found of them in the result cache.
    pub(crate) cache: CacheCounts,
}

/// A call that is counted: as waiting until it is begun, as running until it ends. If it is dropped before, its client has
/// given it up.
pub struct TrackedCall {
    statistics: Arc<ToolStatistics>,
    arrived: Instant,
    trace: Arc<CallTrace>,
    /// The ticket that it hands in when it enters the plugin. `None` where nobody takes it back.
    entry: Option<Arc<EntryTicket>>,
    stage: CallStage,
}

#[derive(Clone, Copy)]
enum CallStage {
    Waiting,
    Running,
    Ended,
}

const fn fine_time_bounds() -> [u64; 151] {
    let mut bounds = [0; 151];
    // In microseconds; a hundredth of it is below one, so the step is multiplied first.
    let (mut decade, mut at) = (10, 0);
    while at < bounds.len() {
        bounds[at] = decade * STEPS[at % STEPS.len()] / 100;
        at += 1;
        if at.is_multiple_of(STEPS.len()) {
            decade *= 10;
        }
    }
    bounds
}

const fn memory_bounds() -> [u64; 17] {
    let mut bounds = [64 * 1024; 17];
    let mut at = 1;
    while at < bounds.len() {
        bounds[at] = bounds[at - 1] * 2;
        at += 1;
    }
    bounds
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Default for ToolStatistics {
    fn default() -> Self {
        Self {
            calls: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            running: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            errors: std::array::from_fn(|_| AtomicU64::new(0)),
            runs: Histogram::new(&FINE_TIME_BOUNDS),
            answered: Histogram::new(&FINE_TIME_BOUNDS),
            failed: Histogram::new(&FINE_TIME_BOUNDS),
            given_up: Histogram::new(&FINE_TIME_BOUNDS),
            waits: Histogram::new(&FINE_TIME_BOUNDS),
            memory: Histogram::new(&MEMORY_BOUNDS),
            fuel: AtomicU64::new(0),
            cpu_us: AtomicU64::new(0),
            peak_memory: AtomicU64::new(0),
            cache_hits: AtomicU64::new(0),
            cache_misses: AtomicU64::new(0),
            is_brief: AtomicBool::new(false),
        }
    }
}

impl ToolStatistics {
    /// Returns the number of calls, by where they stand.
    #[must_use]
    pub fn counts(&self) -> CallCounts {
        CallCounts {
            calls: self.calls.load(Relaxed),
            errors: self.errors.iter().map(|count| count.load(Relaxed)).sum(),
            cancelled: self.cancelled.load(Relaxed),
            running: self.running.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
        }
    }

    /// Returns all of them at this moment.
    #[must_use]
    pub(crate) fn snapshot(&self) -> StatisticsSnapshot {
        StatisticsSnapshot {
            counts: self.counts(),
            errors: std::array::from_fn(|at| self.errors[at].load(Relaxed)),
            runs: self.runs.snapshot(),
            answered: self.answered.snapshot(),
            failed: self.failed.snapshot(),
            given_up: self.given_up.snapshot(),
            waits: self.waits.snapshot(),
            memory: self.memory.snapshot(),
            fuel: self.fuel.load(Relaxed),
            cpu_us: self.cpu_us.load(Relaxed),
            peak_memory: self.peak_memory.load(Relaxed),
            cache: CacheCounts {
                hits: self.cache_hits.load(Relaxed),
                misses: self.cache_misses.load(Relaxed),
            },
        }
    }

    /// True if the last call took next to nothing.
    pub(crate) fn is_brief(&self) -> bool {
        self.is_brief.load(Relaxed)
    }

    /// Takes note of a call that came then, and was refused with this error before anything of it ran.
    pub(crate) fn refused(&self, error: ErrorKind, came: Instant) {
        self.calls.fetch_add(1, Relaxed);
        self.errors[error as usize].fetch_add(1, Relaxed);
        let time = microseconds(came.elapsed());
        self.waits.record(time);
        self.failed.record(time);
    }

    /// Takes in what a call took that ended this many microseconds after its arrival.
    fn used(&self, usage: Usage, took: u64) {
        let Usage { fuel, peak_memory, time, cpu, answer_age_ms: _ } = usage;
        if time > Duration::ZERO {
            self.runs.record(took);
            self.fuel.fetch_add(fuel, Relaxed);
            self.cpu_us.fetch_add(microseconds(cpu), Relaxed);
            self.peak_memory.fetch_max(peak_memory, Relaxed);
            self.memory.record(peak_memory);
        }
    }
}

impl StatisticsSnapshot {
    /// Returns the statistics of both.
    pub(crate) fn with(self, other: &Self) -> Self {
        let Self {
            counts,
            errors,
            runs,
            answered,
            failed,
            given_up,
            waits,
            memory,
            fuel,
            cpu_us,
            peak_memory,
            cache,
        } = self;
        Self {
            counts: counts + other.counts,
            errors: std::array::from_fn(|at| errors[at] + other.errors[at]),
            runs: runs.with(&other.runs),
            answered: answered.with(&other.answered),
            failed: failed.with(&other.failed),
            given_up: given_up.with(&other.given_up),
            waits: waits.with(&other.waits),
            memory: memory.with(&other.memory),
            fuel: fuel + other.fuel,
            cpu_us: cpu_us + other.cpu_us,
            peak_memory: peak_memory.max(other.peak_memory),
            cache: cache + other.cache,
        }
    }
}

impl TrackedCall {
    /// A call that came then, and leaves this trace.
    pub(crate) fn arrived(
        statistics: Arc<ToolStatistics>,
        came: Instant,
        trace: Arc<CallTrace>,
        entry: Option<Arc<EntryTicket>>,
    ) -> Self {
        statistics.waiting.fetch_add(1, Relaxed);
        Self { statistics, arrived: came, trace, entry, stage: CallStage::Waiting }
    }

    /// Takes the entry of the call. Returns true if nobody has taken it before.
    pub(crate) fn take_entry(&self) -> bool {
        self.entry.as_ref().is_none_or(|entry| entry.take())
    }

    /// True if the call can be taken back, and begin anew, until it has taken its entry.
    pub(crate) fn can_begin_anew(&self) -> bool {
        self.entry.is_some()
    }

    /// The call is begun: it waits for nothing any more.
    pub(crate) fn begin(&mut self) {
        let all = &self.statistics;
        all.waiting.fetch_sub(1, Relaxed);
        all.running.fetch_add(1, Relaxed);
        all.calls.fetch_add(1, Relaxed);
        all.waits.record(microseconds(self.arrived.elapsed()));
        self.trace.begin();
        self.stage = CallStage::Running;
    }

    /// The call ended; it kept its threads `busy` for so long, with all that was done for it.
    pub(crate) fn ended(mut self, ended: &CallOutcome, busy: Duration) {
        self.leave();
        self.stage = CallStage::Ended;
        let all = &self.statistics;
        let times = match &ended.outcome {
            Ok(_) => &all.answered,
            Err(error) => {
                all.errors[error.kind() as usize].fetch_add(1, Relaxed);
                &all.failed
            }
        };
        let took = microseconds(self.arrived.elapsed());
        times.record(took);
        let Usage { fuel, time, .. } = ended.usage;
        all.used(ended.usage, took);
        let is_brief = fuel <= BRIEF_FUEL && time <= BRIEF_TIME && busy <= BRIEF_TIME;
        all.is_brief.store(is_brief, Relaxed);
    }

    /// The call ended with this error before it was begun.
    pub(crate) fn refuse(mut self, error: CallError) -> CallOutcome {
        self.begin();
        let ended = CallOutcome::before(error);
        self.ended(&ended, Duration::ZERO);
        ended
    }

    /// No answer to the call is kept.
    pub(crate) fn missed(&self) {
        self.statistics.cache_misses.fetch_add(1, Relaxed);
    }

    /// The call ended with an answer that is kept. It is no run of the tool.
    pub(crate) fn hit(mut self) {
        self.leave();
        self.stage = CallStage::Ended;
        self.statistics.cache_hits.fetch_add(1, Relaxed);
        self.statistics.answered.record(microseconds(self.arrived.elapsed()));
    }

    fn leave(&self) {
        let counter = match self.stage {
            CallStage::Waiting => &self.statistics.waiting,
            CallStage::Running => &self.statistics.running,
            CallStage::Ended => return,
        };
        counter.fetch_sub(1, Relaxed);
    }
}

impl Drop for TrackedCall {
    fn drop(&mut self) {
        self.leave();
        let all = &self.statistics;
        let time = microseconds(self.arrived.elapsed());
        match self.stage {
            // It begins anew with another version, or whoever took it back counts it.
            CallStage::Waiting
                if self.entry.as_ref().is_some_and(|entry| entry.is_taken_back()) =>
            {
                return;
            }
            CallStage::Ended => return,
            CallStage::Waiting => {
                all.calls.fetch_add(1, Relaxed);
                all.waits.record(time);
            }
            CallStage::Running => {}
        }
        all.cancelled.fetch_add(1, Relaxed);
        all.given_up.record(time);
        all.used(self.trace.abandoned().unwrap_or_default(), time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::StatisticsSummary;
    use crate::tool::Output;

    fn answered(usage: Usage) -> CallOutcome {
        CallOutcome { outcome: Ok(Output::default()), usage, slot: None }
    }

    fn arrived(statistics: &Arc<ToolStatistics>) -> TrackedCall {
        TrackedCall::arrived(statistics.clone(), Instant::now(), Arc::default(), None)
    }

    fn called(statistics: &Arc<ToolStatistics>, ended: &CallOutcome, busy: Duration) {
        let mut call = arrived(statistics);
        call.begin();
        call.ended(ended, busy);
    }

    #[test]
    fn a_tool_is_brief_whose_last_call_took_little_work_and_little_time() {
        let statistics = Arc::new(ToolStatistics::default());
        assert!(!statistics.is_brief());
        let (zero, over) = (Duration::ZERO, BRIEF_TIME + Duration::from_nanos(1));
        for (fuel, time, busy, is_brief) in [
            (BRIEF_FUEL, BRIEF_TIME, BRIEF_TIME, true),
            (BRIEF_FUEL + 1, BRIEF_TIME, BRIEF_TIME, false),
            (0, zero, zero, true),
            (BRIEF_FUEL, over, zero, false),
            (0, zero, over, false),
        ] {
            let usage = Usage { fuel, time, ..Usage::default() };
            called(&statistics, &answered(usage), busy);
            assert_eq!(statistics.is_brief(), is_brief, "{fuel} {time:?} {busy:?}");
        }
        let host = CallOutcome::before(CallError::Host("gone".into()));
        called(&statistics, &host, Duration::ZERO);
        assert_eq!(statistics.counts().errors, 1);
    }

    #[test]
    fn each_call_is_counted_where_it_stands() {
        let statistics = Arc::new(ToolStatistics::default());
        let stands = || {
            let now = statistics.counts();
            (now.waiting, now.running, now.calls, now.cancelled)
        };
        let entry = Arc::<EntryTicket>::default();
        let taken = (statistics.clone(), Instant::now(), Arc::default(), Some(entry.clone()));
        let taken = TrackedCall::arrived(taken.0, taken.1, taken.2, taken.3);
        assert!(entry.take_back() && !taken.take_entry());
        drop(taken);
        assert_eq!(stands(), (0, 0, 0, 0), "it began anew with another version");
        let mut call = arrived(&statistics);
        assert_eq!(stands(), (1, 0, 0, 0));
        call.begin();
        assert_eq!(stands(), (0, 1, 1, 0));
        call.trace.abandon(Usage { fuel: 5, time: Duration::from_secs(1), ..Usage::default() });
        drop(call);
        assert_eq!(stands(), (0, 0, 1, 1));
        assert_eq!(statistics.snapshot().fuel, 5);
        let usage = Usage {
            fuel: 7,
            peak_memory: 65_537,
            time: Duration::from_millis(3),
            cpu: Duration::from_millis(2),
            answer_age_ms: None,
        };
        called(&statistics, &answered(usage), Duration::ZERO);
        called(&statistics, &CallOutcome::before(CallError::Unready("no".into())), Duration::ZERO);
        assert_eq!(stands(), (0, 0, 3, 1));
        drop(arrived(&statistics));
        assert_eq!(stands(), (0, 0, 4, 2), "its client gave it up while it waited");
        statistics.refused(ErrorKind::Unready, Instant::now());
        let refused = arrived(&statistics).refuse(CallError::Unready("no".into()));
        assert!(refused.outcome.is_err());
        assert_eq!(stands(), (0, 0, 6, 2));
        let now = statistics.snapshot();
        assert_eq!((now.fuel, now.cpu_us, now.peak_memory), (12, 2_000, 65_537));
        assert_eq!((now.answered.count(), now.failed.count(), now.waits.count()), (1, 3, 6));
        assert_eq!(now.given_up.count(), 2);
        arrived(&statistics).hit();
        let summary = StatisticsSummary::from(statistics.snapshot());
        assert_eq!((summary.runs, summary.fuel), (2, 12), "neither a hit nor a refusal is a run");
        assert!(summary.time.is_some());
        let refused = Arc::new(ToolStatistics::default());
        refused.refused(ErrorKind::Unready, Instant::now());
        arrived(&refused).hit();
        assert_eq!(StatisticsSummary::from(refused.snapshot()).time, None);
        assert_eq!(now.memory.quantile(1.0), Some(131_072));
        assert_eq!(now.errors[ErrorKind::Unready as usize], 3);
    }

    #[test]
    fn bounds_ascend_and_reach_as_far_as_they_are_said_to() {
        assert!(FINE_TIME_BOUNDS.is_sorted_by(|one, next| one < next), "{FINE_TIME_BOUNDS:?}");
        assert_eq!(FINE_TIME_BOUNDS[150], 300_000_000);
        assert_eq!(FINE_TIME_BOUNDS[..3], [10, 11, 12]);
        for pair in FINE_TIME_BOUNDS.windows(2).filter(|pair| pair[0] >= 100) {
            assert!(pair[1] * 6 <= pair[0] * 7, "{pair:?}");
        }
        for bound in TIME_BOUNDS {
            assert!(FINE_TIME_BOUNDS.contains(&bound), "{bound}");
        }
        assert_eq!(MEMORY_BOUNDS[16], 4 << 30);
    }
}
