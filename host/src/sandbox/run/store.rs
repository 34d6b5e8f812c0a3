//! One call's store: its WASI context, its guards, and the host functions a guest may call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::super::capability::files::door::{CallFiles, FileDoor};
use super::super::capability::files::quota::Quota;
use super::super::capability::host_facts;
use super::super::capability::http::{MAX_FIELDS, Requests};
use super::super::kind::bindings::toolrack::plugin::host;
use super::crossings::Crossings;
use super::guest_stream::GuestStream;
use super::invocation::{CallContext, Capabilities, Invocation, ProgressSink};
use super::log::{Capture, GuestLog, Severity, Stream};
use super::meter::{Meter, MeteredState};
use crate::manifest::{Grants, Limits, SecretName};
use crate::secret::ResolvedSecrets;
use crate::text::clip;
use crate::tool::{CallTrace, Progress};

/// Handles (streams, pollables, descriptors) that one call may hold at once.
pub(crate) const MAX_RESOURCES: usize = 1024;
/// The most random bytes that one request for them gives.
const MAX_RANDOM: u64 = 64 * 1024;
/// A longer progress message is cut.
const MAX_MESSAGE: usize = 1024;

/// The state of one call, which its store holds.
pub(crate) struct StoreState {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    requests: Requests,
    secrets: Arc<ResolvedSecrets>,
    table: ResourceTable,
    pub(crate) meter: Meter,
    pub(crate) log: GuestLog,
    grants: Arc<Grants>,
    files: CallFiles,
    progress: Option<ProgressSink>,
    pace: ProgressThrottle,
    /// The trace that the call leaves. `None` where nobody observes it.
    trace: Option<Arc<CallTrace>>,
}

/// A store with every guard set. `copied` bounds the bytes that one host call or one result copies
/// out of the guest.
pub(crate) fn new(
    engine: &Engine,
    limits: &Limits,
    copied: u64,
    terms: Invocation,
) -> wasmtime::Result<Store<StoreState>> {
    let Invocation { reach, context } = terms;
    let CallContext { turn, progress, span, trace } = context;
    let trace = Some(trace).filter(|trace| trace.notes_deeds());
    let Capabilities { grants, secrets, outgoing, process, files } = reach;
    let log = GuestLog::new(secrets.clone(), span);
    let mut table = ResourceTable::new();
    table.set_max_capacity(MAX_RESOURCES);
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(MAX_FIELDS);
    let notes = log.clone();
    let requests = Requests::new(outgoing, secrets.clone(), move |refusal| notes.note(refusal))
        .traced(trace.clone());
    // Besides the environment, nothing is granted here: arguments and stdin to programs only.
    let mut env = grants.env.clone();
    host_facts::add_to(&mut env, &grants.config, files.as_ref().map(|files| &files.folders));
    let notes = log.clone();
    let tell = move |text: &str| notes.note(text);
    let files =
        CallFiles::new(files, Quota::of_scratch(limits, tell.clone()), tell)?.traced(trace.clone());
    let mut wasi = WasiCtx::builder();
    wasi.stdout(GuestStream::new(Capture { stream: Stream::Stdout, log: log.clone() }))
        .stderr(GuestStream::new(Capture { stream: Stream::Stderr, log: log.clone() }))
        .max_random_size(MAX_RANDOM);
    // What `sockets` offers ends with an error.
    wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    if let Some(process) = process {
        process.give_to(&mut wasi, &mut env);
    }
    let env: Vec<_> = env.iter().collect();
    let wasi = wasi.envs(&env).build();
    let meter = Meter::new(limits, turn);
    let pace = ProgressThrottle::new();
    let state = StoreState {
        wasi,
        http,
        requests,
        secrets,
        table,
        meter,
        log,
        grants,
        files,
        progress,
        pace,
        trace,
    };
    let mut store = Store::new(engine, state);
    store.set_fuel(limits.fuel)?;
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(usize::try_from(copied).unwrap_or(usize::MAX));
    store.set_max_component_handles(MAX_RESOURCES);
    // Tasks, futures and streams, where there are such.
    if let Some(table) = store.concurrent_resource_table() {
        table.set_max_capacity(MAX_RESOURCES);
    }
    store.fuel_async_yield_interval(Some(turn.slice()))?;
    store.call_hook_async(Crossings);
    Ok(store)
}

impl MeteredState for StoreState {
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.meter.at_work();
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for StoreState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.meter.at_work();
        let Self { requests, table, http, .. } = self;
        WasiHttpCtxView { hooks: requests, table, ctx: http }
    }
}

impl StoreState {
    /// Gives the host's own functions the state, and notes that the host works for the guest.
    pub(crate) fn own(&mut self) -> &mut Self {
        self.meter.at_work();
        self
    }

    /// Gives the host's functions for files what they work on, and notes that the host works for the guest.
    pub(crate) fn files(&mut self) -> FileDoor<'_> {
        self.meter.at_work();
        FileDoor { table: &mut self.table, files: &mut self.files }
    }

    /// A value of the plugin's configuration: of a secret of this name, else of a config key.
    pub(crate) fn configured(&self, key: &str) -> Option<String> {
        let granted = SecretName::new(key).ok().filter(|name| self.grants.secrets.contains(name));
        let Some(name) = granted else { return self.grants.config.get(key).cloned() };
        match self.secrets.value(&name) {
            Ok(secret) => {
                if let Some(trace) = &self.trace {
                    trace.note(|uses| uses.secrets.note(name.as_str()));
                }
                Some(secret.expose().to_owned())
            }
            Err(missing) => {
                self.log.note(&missing.to_string());
                None
            }
        }
    }

    /// Returns the keys for which the plugin's configuration may have a value.
    pub(crate) fn configured_keys(&self) -> BTreeSet<String> {
        let secrets = self.grants.secrets.iter().map(ToString::to_string);
        self.grants.config.keys().cloned().chain(secrets).collect()
    }
}

impl host::Host for StoreState {
    fn progress(
        &mut self,
        value: f64,
        total: Option<f64>,
        message: Option<String>,
    ) -> wasmtime::Result<()> {
        let Some(sink) = &self.progress else { return Ok(()) };
        // JSON has no infinities.
        if value.is_finite() && self.pace.allows() {
            let message = message.map(|text| self.secrets.redactor().text(text));
            let message = message.map(|text| clip(&text, MAX_MESSAGE).to_owned());
            sink(Progress { value, total: total.filter(|total| total.is_finite()), message });
        }
        Ok(())
    }

    fn log(&mut self, level: host::Level, message: String) -> wasmtime::Result<()> {
        let severity = match level {
            host::Level::Debug => Severity::Debug,
            host::Level::Info => Severity::Info,
            host::Level::Warn => Severity::Warn,
            host::Level::Error => Severity::Error,
        };
        self.log.line(severity, &message).map_err(wasmtime::Error::new)
    }

    fn config(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.configured(&key))
    }
}

/// At most 20 progress notes a second, in bursts of 16.
struct ProgressThrottle {
    tokens: f64,
    /// The time at which the last note came. `None` if there was none.
    last: Option<Instant>,
}

impl ProgressThrottle {
    const BURST: f64 = 16.0;
    const INTERVAL: Duration = Duration::from_millis(50);

    fn new() -> Self {
        Self { tokens: Self::BURST, last: None }
    }

    fn allows(&mut self) -> bool {
        let now = Instant::now();
        let passed = self.last.replace(now).map_or(Duration::ZERO, |last| now - last);
        let earned = passed.as_secs_f64() / Self::INTERVAL.as_secs_f64();
        self.tokens = (self.tokens + earned).min(Self::BURST);
        let allowed = self.tokens >= 1.0;
        if allowed {
            self.tokens -= 1.0;
        }
        allowed
    }
}
