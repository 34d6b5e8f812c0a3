//! The tracer: told of each call that ends, it chooses whose trace is kept, and owns the thread that sends it.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::Instant;

use super::collector::Collector;
use super::counts::SpanCounts;
use super::ended_call::TracedCall;
use super::exporter::{ExporterState, SpanExporter};
use super::queue::TraceQueue;
use super::sampler::{Choice, Sampler};
use super::settings::TraceSettings;
use super::spans::IdSource;
use crate::fs::bounded_read::read_at_most;
use crate::mcp::{AnsweredRequest, CallObserver, EndedCall};
use crate::text::{escape_path, hexadecimal};
use crate::tool::TraceParent;

/// The time that the end waits for spans that were not sent yet.
const LAST_SPANS: Duration = Duration::from_secs(2);
/// The largest file of authorities, in bytes.
const MAX_COLLECTOR_AUTHORITIES: usize = 1024 * 1024;
/// Look-ups of names that block at once.
const MAX_COLLECTOR_LOOKUPS: usize = 2;

/// The reason why no traces are sent.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file of authorities cannot be used.
    #[error("OTEL_EXPORTER_OTLP_CERTIFICATE: {file}: {reason}")]
    Authorities {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// There is no thread for them.
    #[error("no thread can be started for traces: {0}")]
    Thread(std::io::Error),
}

/// The tracer. Dropping it sends what waits, or ends without that after two seconds.
pub struct Tracer {
    choosing: Arc<TraceChooser>,
    counts: Arc<SpanCounts>,
    end: watch::Sender<Option<Instant>>,
    thread: Option<JoinHandle<()>>,
}

struct TraceChooser {
    sampler: Sampler,
    ids: Arc<IdSource>,
    queue: Arc<TraceQueue>,
    counts: Arc<SpanCounts>,
}

impl Tracer {
    /// Starts the thread, which connects to nobody before there is a span.
    pub fn start(settings: TraceSettings) -> Result<Self, TraceError> {
        let TraceSettings { url, headers, authorities, resource, sampling, batches } = settings;
        let authorities = authorities.as_deref().map(read_authorities).transpose()?;
        let (end, told) = watch::channel(None);
        let (counts, ids) = (Arc::<SpanCounts>::default(), Arc::<IdSource>::default());
        let queue = Arc::new(TraceQueue::new(batches, counts.clone()));
        let exporter = SpanExporter {
            queue: queue.clone(),
            ids: ids.clone(),
            counts: counts.clone(),
            collector: Collector::new(url, headers, authorities.unwrap_or_default()),
            resource: described(resource, &ids),
            timeout: batches.timeout,
            end: told,
            state: ExporterState::default(),
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(MAX_COLLECTOR_LOOKUPS)
            .thread_name("lookup")
            .build()
            .map_err(TraceError::Thread)?;
        tracing::info!("traces go to {}", exporter.collector.url());
        let thread = std::thread::Builder::new().name("otlp".into()).spawn(move || {
            runtime.block_on(exporter.run());
            // A look-up that blocks is left behind.
            runtime.shutdown_background();
        });
        let thread = Some(thread.map_err(TraceError::Thread)?);
        let sampler = Sampler::new(sampling);
        let choosing = Arc::new(TraceChooser { sampler, ids, queue, counts: counts.clone() });
        Ok(Self { choosing, counts, end, thread })
    }

    /// The one that is to be told of calls.
    pub(crate) fn observer(&self) -> Arc<dyn CallObserver> {
        self.choosing.clone()
    }

    /// The number of spans that were sent and lost.
    #[must_use]
    pub fn counts(&self) -> Arc<SpanCounts> {
        self.counts.clone()
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.end.send_replace(Some(Instant::now() + LAST_SPANS));
        if let Some(thread) = self.thread.take() {
            // Whatever it waits for ends with that time.
            let _ = thread.join();
        }
    }
}

impl CallObserver for TraceChooser {
    fn reads_requests(&self) -> bool {
        true
    }

    fn ended(&self, call: &EndedCall<'_>) {
        let parent = call.source.and_then(|source| source.parent.as_ref());
        self.keep(parent, |trace| TracedCall::of(call, trace));
    }

    fn answered(&self, request: &AnsweredRequest) {
        let parent = request.source.parent.as_ref();
        self.keep(parent, |trace| TracedCall::answered(request, trace));
    }
}

impl TraceChooser {
    /// Puts a request that ended on its way, if its trace is kept.
    fn keep(&self, parent: Option<&TraceParent>, make: impl FnOnce([u8; 16]) -> TracedCall) {
        let trace = parent.map_or_else(|| self.ids.trace(), |parent| parent.trace);
        match self.sampler.choose(&trace, parent, std::time::Instant::now()) {
            Choice::Left => {}
            Choice::Kept => self.queue.put(make(trace)),
            Choice::OverRate => self.counts.add_lost(make(trace).spans() as u64),
        }
    }
}

/// The attributes of the resource: those of the operator, and what toolrack says of itself where the operator says nothing.
fn described(given: Vec<(String, String)>, ids: &IdSource) -> Vec<(String, String)> {
    let own = [
        ("service.name", "toolrack".to_owned()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", hexadecimal(&ids.trace())),
        ("telemetry.sdk.name", "toolrack".to_owned()),
        ("telemetry.sdk.language", "rust".to_owned()),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let mut described = given;
    for (key, value) in own {
        if !described.iter().any(|(given, _)| given == key) {
            described.push((key.to_owned(), value));
        }
    }
    described
}

fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TraceError> {
    let failed = |reason: &dyn Display| {
        let (file, reason) = (escape_path(path), reason.to_string());
        TraceError::Authorities { file, reason }
    };
    let bytes = read_at_most(path, MAX_COLLECTOR_AUTHORITIES).map_err(|error| failed(&error))?;
    let found = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(failed(&"it holds no certificate; expected PEM, with `BEGIN CERTIFICATE`")),
    }
}
