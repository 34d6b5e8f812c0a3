//! The thread that sends spans: batch by batch, again where a collector may take them later, and to an end that is bounded.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::collector::{Collector, NotTaken, TakenInPart};
use super::counts::SpanCounts;
use super::ended_call::TracedCall;
use super::queue::{TraceQueue, told_of_end};
use super::spans::{IdSource, spans};
use super::wire::{ExportRequest, KeyValue, ResourceSpans, ScopeSpans, WireResource, WireScope};

/// The attempts at one batch, and the time before the second; each further one waits twice as long.
const MAX_EXPORT_ATTEMPTS: u32 = 5;
const FIRST_EXPORT_REST: Duration = Duration::from_secs(1);

/// The time between two lines of the log that tell of lost spans.
const LOST_AGAIN: Duration = Duration::from_secs(60);

/// The exporter, on its thread.
pub(super) struct SpanExporter {
    pub(super) queue: Arc<TraceQueue>,
    pub(super) ids: Arc<IdSource>,
    pub(super) counts: Arc<SpanCounts>,
    pub(super) collector: Collector,
    pub(super) resource: Vec<(String, String)>,
    pub(super) timeout: Duration,
    /// The time until which everything has to be sent, once the end is near.
    pub(super) end: watch::Receiver<Option<Instant>>,
    pub(super) state: ExporterState,
}

/// The things that were told.
#[derive(Default)]
pub(super) struct ExporterState {
    /// True if the last request was not taken, which was told.
    fails: bool,
    /// True if it was told that a collector takes requests but for a part.
    told_in_part: bool,
    /// The number of lost spans that were told, and the time of that.
    told_lost: u64,
    told_lost_at: Option<Instant>,
}

/// The spans of one request.
struct SpanBatch {
    body: Bytes,
    spans: u64,
}

impl SpanExporter {
    pub(super) async fn run(mut self) {
        loop {
            self.queue.due(&mut self.end).await;
            let calls = self.queue.take();
            if calls.is_empty() {
                // Nothing waits, and nothing more comes.
                break;
            }
            let batch = self.batch(&calls);
            drop(calls);
            if !self.send(batch).await {
                break;
            }
        }
        self.counts.add_lost(self.queue.close() as u64);
        self.state.told_lost_at = None;
        self.tell_lost();
    }

    fn batch(&self, calls: &[TracedCall]) -> SpanBatch {
        let spans: Vec<_> = calls.iter().flat_map(|call| spans(call, &self.ids)).collect();
        let count = spans.len() as u64;
        let attributes = self.resource.iter().map(|(key, value)| KeyValue::new(key, &**value));
        let scope =
            WireScope { name: "toolrack".into(), version: env!("CARGO_PKG_VERSION").into() };
        let request = ExportRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(WireResource { attributes: attributes.collect() }),
                scope_spans: vec![ScopeSpans { scope: Some(scope), spans }],
            }],
        };
        SpanBatch { body: request.encode_to_vec().into(), spans: count }
    }

    /// Sends a batch, as often as that may help. Returns false once the time of the end has passed.
    async fn send(&mut self, batch: SpanBatch) -> bool {
        let mut rest = FIRST_EXPORT_REST;
        for attempt in 1..=MAX_EXPORT_ATTEMPTS {
            let error = match self.attempt(batch.body.clone()).await {
                Ok(in_part) => {
                    self.sent(&batch, in_part);
                    return true;
                }
                Err(error) => error,
            };
            self.tell_failure(&error);
            let is_last = !error.is_passing() || attempt == MAX_EXPORT_ATTEMPTS;
            // Near the end, what failed is not tried again.
            let ends = self.end.borrow().is_some();
            if is_last || ends {
                self.counts.add_lost(batch.spans);
                return !ends;
            }
            TraceQueue::rest(error.retry_after().unwrap_or(rest), &mut self.end).await;
            rest *= 2;
        }
        true
    }

    /// Sends a request once, in the time that it may take, and that the end leaves.
    async fn attempt(&mut self, body: Bytes) -> Result<Option<TakenInPart>, NotTaken> {
        let began = Instant::now();
        let late = || NotTaken::Late(began.elapsed());
        let mut sending = Box::pin(timeout_at(began + self.timeout, self.collector.send(body)));
        tokio::select! {
            sent = &mut sending => return sent.unwrap_or_else(|_| Err(late())),
            () = told_of_end(&mut self.end) => {}
        }
        let last = self.end.borrow().unwrap_or(began);
        match timeout_at(last, sending).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_)) | Err(_) => Err(late()),
        }
    }

    fn sent(&mut self, batch: &SpanBatch, in_part: Option<TakenInPart>) {
        let rejected = in_part.as_ref().map_or(0, |in_part| in_part.rejected.min(batch.spans));
        self.counts.add_sent(batch.spans - rejected);
        self.counts.add_lost(rejected);
        if let Some(TakenInPart { message, .. }) = in_part
            && !std::mem::replace(&mut self.state.told_in_part, true)
        {
            let url = self.collector.url();
            tracing::warn!(
                spans = rejected,
                "{url} has not taken all spans of a request: {message}"
            );
        }
        if std::mem::take(&mut self.state.fails) {
            tracing::info!("traces reach {} again", self.collector.url());
        }
        self.tell_lost();
    }

    fn tell_failure(&mut self, error: &NotTaken) {
        if !std::mem::replace(&mut self.state.fails, true) {
            tracing::warn!(
                "traces cannot be sent to {}: {error}; calls go on, and their spans wait, or are lost and counted where they become \
                 too many",
                self.collector.url()
            );
        }
    }

    /// Tells of spans that were lost since it was told last, unless that was a moment ago.
    fn tell_lost(&mut self) {
        let lost = self.counts.lost();
        let spans = lost - self.state.told_lost;
        let was_told = self.state.told_lost_at.is_some_and(|told| told.elapsed() < LOST_AGAIN);
        if spans > 0 && !was_told {
            self.state.told_lost_at = Some(Instant::now());
            self.state.told_lost = lost;
            tracing::warn!(
                spans,
                "spans were lost: they were too many, could not be sent in time, or the collector did not take them"
            );
        }
    }
}
