//! Calls on their way to the collector: kept within bounds, so that whoever tells of one never waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::counts::SpanCounts;
use super::ended_call::TracedCall;
use super::settings::BatchSettings;
use crate::sync::lock;

/// The memory of calls that wait, in bytes.
const MAX_WAITING_TRACE_BYTES: usize = 16 * 1024 * 1024;

/// The calls that wait.
pub(super) struct TraceQueue {
    // A lock and not a snapshot: calls end on every thread. It is held to move some.
    state: Mutex<TraceQueueState>,
    /// Notified when the first comes, and when as many wait as are sent at once.
    woken: Notify,
    batches: BatchSettings,
    counts: Arc<SpanCounts>,
}

#[derive(Default)]
struct TraceQueueState {
    waiting: VecDeque<TracedCall>,
    spans: usize,
    bytes: usize,
    is_closed: bool,
}

impl TraceQueue {
    pub(super) fn new(batches: BatchSettings, counts: Arc<SpanCounts>) -> Self {
        Self { state: Mutex::default(), woken: Notify::new(), batches, counts }
    }

    fn state(&self) -> MutexGuard<'_, TraceQueueState> {
        lock(&self.state)
    }

    /// Puts a call behind the others, or counts its spans as lost where there is no room for it.
    pub(super) fn put(&self, call: TracedCall) {
        let (spans, bytes) = (call.spans(), call.size());
        let mut state = self.state();
        let is_full = state.spans + spans > self.batches.most_waiting
            || state.bytes + bytes > MAX_WAITING_TRACE_BYTES;
        if is_full || state.is_closed {
            drop(state);
            return self.counts.add_lost(spans as u64);
        }
        let before = state.spans;
        state.spans += spans;
        state.bytes += bytes;
        state.waiting.push_back(call);
        let is_due = before < self.batches.most_at_once && state.spans >= self.batches.most_at_once;
        drop(state);
        if before == 0 || is_due {
            self.woken.notify_one();
        }
    }

    /// Takes as many as are sent at once: one at least, if any waits.
    pub(super) fn take(&self) -> Vec<TracedCall> {
        let mut state = self.state();
        let (mut taken, mut spans) = (Vec::new(), 0);
        while let Some(call) = state.waiting.front() {
            let more = call.spans();
            if spans > 0 && spans + more > self.batches.most_at_once {
                break;
            }
            let bytes = call.size();
            spans += more;
            state.spans -= more;
            state.bytes -= bytes;
            taken.extend(state.waiting.pop_front());
        }
        if state.waiting.is_empty() {
            // A busy hour is not to be held for ever.
            state.waiting.shrink_to(64);
        }
        taken
    }

    /// The number of spans that wait.
    fn waiting(&self) -> usize {
        self.state().spans
    }

    /// Takes no more calls, and returns the number of spans that wait.
    pub(super) fn close(&self) -> usize {
        let mut state = self.state();
        state.is_closed = true;
        state.spans
    }

    /// Waits until calls are to be sent: the first has waited as long as it may, as many wait as are sent at once, or the end is
    /// near.
    pub(super) async fn due(&self, end: &mut watch::Receiver<Option<Instant>>) {
        while self.waiting() == 0 {
            tokio::select! {
                () = self.woken.notified() => {}
                () = told_of_end(end) => return,
            }
        }
        let mut delay = std::pin::pin!(sleep(self.batches.delay));
        while self.waiting() < self.batches.most_at_once {
            tokio::select! {
                () = self.woken.notified() => {}
                () = &mut delay => return,
                () = told_of_end(end) => return,
            }
        }
    }

    /// Waits for so long, or until the end is near.
    pub(super) async fn rest(time: Duration, end: &mut watch::Receiver<Option<Instant>>) {
        tokio::select! {
            () = sleep(time) => {}
            () = told_of_end(end) => {}
        }
    }
}

/// Resolves once the end is near. An owner that is gone has ended, too.
pub(super) async fn told_of_end(end: &mut watch::Receiver<Option<Instant>>) {
    drop(end.wait_for(Option::is_some).await);
}
