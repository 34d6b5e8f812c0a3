//! The server: transport, engine, catalog and guests wired together, and the one way to end.

mod closing_advice;
mod signals;
mod shared_with_others;

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::LocalSet;

use crate::audit::{AuditError, AuditLog, AuditSettings};
use crate::catalog::{Catalog, ResultCache, forget_answers};
use crate::home::Home;
use crate::host::{Host, HostError};
use crate::lockfile::LockPolicy;
use crate::manifest::{Bytes, Policy, Rate};
use crate::mcp::{
    AllowedOrigin, CallObserver, CallObservers, ClientShares, Driver, Engine, Executor, HostPolicy,
    HttpAddress, HttpBounds, HttpServer, HttpServerError, HttpSettings, Listener, PrivateStdout,
    RecentCalls, RefusalCounts, ServerName, SessionKeyError, SessionKeyFiles, Settings,
    SocketLocks, Stdio, TlsFiles, TokenNeed,
};
use crate::metrics::{MetricsAddress, MetricsServer, MetricsSource};
use crate::oauth::OauthSettings;
use crate::protected::Protected;
use crate::redis::RedisSettings;
use crate::reload::Optimizing;
use crate::sandbox::Compiler;
use crate::status::{FollowedStatus, RememberedInstructions, StatusWriter};
use crate::suggestion::CommandName;
use crate::tokens::{Token, TokenFile, TokenFileError};
#[cfg(feature = "otlp")]
use crate::traces::{TraceSettings, Tracer};
use shared_with_others::SharedWithOthers;
pub use shared_with_others::SharingError;

/// The first port that a system lets every user listen on.
const FIRST_FREE_PORT: u16 = 1024;

/// The choices of the operator.
#[derive(Clone, Debug)]
pub struct Options {
    /// Plugin directories in order of precedence.
    pub plugins: Vec<PathBuf>,
    /// The strictness with which the server keeps to their locks.
    pub locking: LockPolicy,
    /// The choice whether plugins that serve get better code.
    pub optimizing: Optimizing,
    /// The way in which plugins are compiled.
    pub compiler: Compiler,
    /// The directories that no plugin sees.
    pub protected: Protected,
    /// The policy on what plugins are given, whatever their manifests ask for.
    pub policy: Arc<Policy>,
    /// The number of tools on a page of `tools/list`.
    pub page: Option<NonZeroUsize>,
    /// The choice whether it serves the client at stdin and stdout.
    pub stdio: bool,
    /// The address and the choices for clients that come over HTTP, if any do.
    pub http: Option<HttpOptions>,
    /// The address of metrics, and the names that the server is known by there. `None` where none are served.
    pub metrics: Option<MetricsOptions>,
    /// The audit log. `None` where none is written.
    pub audit: Option<AuditSettings>,
    /// The choices for traces. `None` where none are sent.
    #[cfg(feature = "otlp")]
    pub traces: Option<TraceSettings>,
    /// The memory of all answers that are kept; zero keeps none.
    pub result_cache: Bytes,
    /// The Redis in which servers share what they count and keep. `None` where there is none.
    pub redis: Option<RedisSettings>,
    /// The directory in which the server tells what it serves, among other things. `None` if there is no home
    /// directory.
    pub home: Option<Home>,
}

/// The choices of the operator for metrics.
#[derive(Clone, Debug)]
pub struct MetricsOptions {
    /// The address to listen on.
    pub address: MetricsAddress,
    /// The names that the server is known by, beside localhost and its addresses.
    pub hosts: Vec<ServerName>,
}

/// The choices of the operator for HTTP.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// The address to listen on.
    pub address: HttpAddress,
    /// Names that the server is known by, beside those of its address.
    pub hosts: Vec<ServerName>,
    /// Origins whose pages may use the server, beside this machine's.
    pub origins: Vec<AllowedOrigin>,
    /// True if everybody who reaches an address of other machines may use it.
    pub allow_unauthenticated: bool,
    /// The authorization servers whose tokens count. `None` if there are none.
    pub oauth: Option<OauthSettings>,
    /// The time that requests have to end once a signal came.
    pub grace: Duration,
    /// The time before that for which everything is served as before, so that a balancer notices.
    pub drain_delay: Duration,
    /// True if the page for people is served.
    pub page: bool,
    /// The rate at which one client may call tools, if there is one.
    pub rate_of_one: Option<Rate>,
    /// The calls of one client that run at once. `None` stands for the usual number.
    pub calls_of_one: Option<usize>,
    /// The files of TLS. `None` if HTTP is spoken in the clear.
    pub tls: Option<TlsFiles>,
    /// The files with the keys of sessions.
    pub session_keys: SessionKeyFiles,
}

/// The reason why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its parts do not start.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Standard input and output cannot be had.
    #[error("stdin and stdout cannot be set up: {0}")]
    Stdio(std::io::Error),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {error}{}", listen_advice(.error, .address.port()))]
    Listen {
        /// The address.
        address: HttpAddress,
        /// The error of the system.
        error: std::io::Error,
    },
    /// The address of metrics cannot be listened on.
    #[error("{address} cannot be listened on for metrics: {error}{}", listen_advice(.error, Some(.address.port())))]
    Metrics {
        /// The address.
        address: MetricsAddress,
        /// The error of the system.
        error: std::io::Error,
    },
    /// Clients and metrics are to have the same port.
    #[error(
        "{address} cannot be listened on for metrics: clients are served at {clients}; name another port with --metrics, or as \
         `metrics` under [serve]"
    )]
    SamePort {
        /// The address of metrics.
        address: MetricsAddress,
        /// The address of clients.
        clients: HttpAddress,
    },
    /// Nothing can be shared with other servers.
    #[error(transparent)]
    Sharing(#[from] SharingError),
    /// The audit log cannot be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The tokens or the certificate cannot be read.
    #[error("{0}")]
    Http(String),
    /// The key of sessions cannot be read.
    #[error(transparent)]
    SessionKey(#[from] SessionKeyError),
    /// Everybody could use the server.
    #[error("{address} can be reached from other machines, and {advice}")]
    Unauthenticated {
        /// The address.
        address: HttpAddress,
        /// The reason, and what to do.
        advice: String,
    },
}

/// Returns what to do where the system does not let a server listen on `port`, or on a socket if there is none. What toolrack itself refuses says so already.
fn listen_advice(error: &std::io::Error, port: Option<u16>) -> String {
    match (error.raw_os_error(), error.kind()) {
        (Some(_), ErrorKind::AddrInUse) => format!(
            "; another program listens there, and if that is a toolrack, `{}` shows it: end it, or name another port",
            CommandName::Status.alone()
        ),
        (Some(_), ErrorKind::AddrNotAvailable) => {
            "; this machine does not have that address: name one that it has, or 0.0.0.0 for all"
                .into()
        }
        (Some(_), ErrorKind::PermissionDenied)
            if port.is_some_and(|port| port < FIRST_FREE_PORT) =>
        {
            format!(
                "; ports below {FIRST_FREE_PORT} are the system's own on most machines: name a higher one, and let a proxy or the service's manager listen on this one"
            )
        }
        (Some(_), ErrorKind::PermissionDenied) if port.is_none() => {
            "; you may not write into its directory: name a path in one of your own".into()
        }
        _ => String::new(),
    }
}

// Not as its source: the sentence holds it already.
impl From<std::io::Error> for ServeError {
    fn from(error: std::io::Error) -> Self {
        Self::Stdio(error)
    }
}

// Their own types are no part of the library.
impl From<TokenFileError> for ServeError {
    fn from(error: TokenFileError) -> Self {
        Self::Http(error.to_string())
    }
}

impl From<HttpServerError> for ServeError {
    fn from(error: HttpServerError) -> Self {
        Self::Http(error.to_string())
    }
}

/// Serves MCP until the input of stdio ends, where that is served, or a signal comes.
pub fn serve(options: Options) -> Result<(), ServeError> {
    let started = SystemTime::now();
    check_ports(&options)?;
    let keys = options.http.as_ref().map(|http| &http.session_keys);
    let keeps_answers = options.result_cache.get() > 0;
    let mut shared = SharedWithOthers::start(options.redis.as_ref(), keys, keeps_answers)?;
    let stdout = options.stdio.then(PrivateStdout::take).transpose()?;
    let home = options.home.as_ref();
    let remembered = home.map(|home| {
        RememberedInstructions::new(home.instructions(), &options.plugins, options.locking)
    });
    let total_memory = options.policy.total_memory.as_ref().map(|total| total.value);
    let host = Host::start(options.compiler, options.protected, options.policy, home)?;
    host.leave_out_crashed();
    let protocol = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    #[cfg(unix)]
    survive_full_files(&protocol)?;
    let (publisher, catalog) = watch::channel(None);
    let instructions = remembered.as_ref().and_then(RememberedInstructions::read);
    let audited = options.audit.as_ref().map(|settings| settings.target.to_string());
    let audit = options.audit.map(AuditLog::start).transpose()?;
    #[cfg(feature = "otlp")]
    let tracer = options.traces.and_then(start_tracer);
    if let Some(place) = audited {
        tracing::info!("the audit log is {place}");
    }
    let recent = options.http.as_ref().filter(|http| http.page).map(|_| Arc::default());
    let watches = |recent: &Arc<RecentCalls>| -> Arc<dyn CallObserver> { recent.clone() };
    let writes = audit.iter().map(AuditLog::observer);
    let watching = writes.chain(recent.iter().map(watches));
    #[cfg(feature = "otlp")]
    let watching = watching.chain(tracer.iter().map(Tracer::observer));
    let observers = CallObservers::new(watching.collect());
    let observed = !observers.is_empty();
    let settings = Settings { page: options.page, instructions, observed, ..Settings::default() };
    let follower = host.follow(&options.plugins, options.locking, options.optimizing);
    let (listens, address) = watch::channel(None);
    let (told, ended) = watch::channel(false);
    let ending = ended.clone();
    let board = home.and_then(|home| {
        let (watching, loading) = (follower.mode(), follower.loading());
        let audit = audit.as_ref().map(AuditLog::counts);
        let redis = shared.state.clone();
        let followed = FollowedStatus { watching, loading, address, audit, ending, redis };
        StatusWriter::start(home.run(), &options.plugins, followed, catalog.clone())
    });
    let seen = SeenOverHttp { recent, refusals: Arc::default() };
    let metrics = options.metrics.map(|MetricsOptions { address, hosts }| {
        let reloads = follower.counts();
        let audit = audit.as_ref().map(AuditLog::counts);
        let redis = shared.state.clone();
        let source = MetricsSource {
            catalog: catalog.clone(),
            reloads,
            audit,
            refusals: options.http.is_some().then(|| seen.refusals.clone()),
            redis,
            #[cfg(feature = "otlp")]
            spans: tracer.as_ref().map(Tracer::counts),
            started,
        };
        let server = MetricsServer::start(address, hosts, source);
        server.map_err(|error| ServeError::Metrics { address, error })
    });
    let metrics = metrics.transpose()?;
    if let Some(metrics) = &metrics {
        tracing::info!("metrics are at {}", metrics.url());
    }
    if let Some(remembered) = remembered {
        host.guests().spawn(remembered.follow(catalog.clone()));
    }
    protocol.block_on(LocalSet::new().run_until(async {
        let signal = signals::first()?;
        let calls_of_one = options.http.as_ref().and_then(|http| http.calls_of_one);
        let shares = ClientShares::new(calls_of_one, total_memory);
        let results =
            Arc::new(ResultCache::in_memory(options.result_cache).sharing(shared.answers.take()));
        let forgetting = forget_answers(results.clone(), catalog.clone());
        let executor = Executor::new(host.guests().clone(), shares, results).observed_by(observers);
        let executor = executor.sharing(shared.rates.clone());
        let executor = Rc::new(executor);
        let http = match &options.http {
            Some(http) => {
                let engine = settings.clone();
                let server = listen(http, engine, home, &executor, &catalog, seen, &shared).await?;
                listens.send_replace(Some(server.address()));
                Some(server)
            }
            None => None,
        };
        let stdio = stdout.map(Stdio::of_process).transpose()?;
        let following = follower.run(publisher);
        let driver = stdio.map(|stdio| {
            Driver::new(Engine::new(settings), stdio, catalog, executor.client())
                .run(told_to_end(ended.clone()))
        });
        let served = async {
            match (driver, http) {
                (Some(driver), None) => drop(driver.await),
                (None, Some(http)) => http.run(told_to_end(ended)).await,
                // The client at stdin may go: others are served until a signal comes.
                (Some(driver), Some(http)) => {
                    tokio::join!(driver, http.run(told_to_end(ended)));
                }
                (None, None) => {}
            }
        };
        tokio::select! {
            () = served => {}
            () = tell_of(signal, told) => unreachable!("it waits for ever once it has told"),
            () = following => unreachable!("plugin directories are followed to the end"),
            () = forgetting => unreachable!("answers expire to the end"),
        }
        tracing::debug!("the server ends");
        Ok::<_, ServeError>(())
    }))?;
    drop(metrics);
    drop(board);
    // No call asks it any more.
    drop(shared);
    host.stop();
    // After all calls.
    drop(audit);
    #[cfg(feature = "otlp")]
    drop(tracer);
    Ok(())
}

/// Starts the thread of traces. A server without them is better than none, so that it cannot is a warning.
#[cfg(feature = "otlp")]
fn start_tracer(settings: TraceSettings) -> Option<Tracer> {
    Tracer::start(settings).inspect_err(|error| tracing::warn!("there are no traces: {error}")).ok()
}

/// Refuses a port that this server would take twice.
fn check_ports(Options { http, metrics, .. }: &Options) -> Result<(), ServeError> {
    let (Some(http), Some(metrics)) = (http, metrics) else { return Ok(()) };
    let (clients, address) = (&http.address, metrics.address);
    match clients {
        HttpAddress::Tcp(own) if address.overlaps(*own) => {
            Err(ServeError::SamePort { address, clients: clients.clone() })
        }
        HttpAddress::Tcp(_) | HttpAddress::Unix(_) => Ok(()),
    }
}

/// Tells all who serve when the server is to end.
async fn tell_of(signal: impl Future<Output = ()>, told: watch::Sender<bool>) {
    signal.await;
    told.send_replace(true);
    std::future::pending().await
}

/// Resolves when the server is to end.
async fn told_to_end(mut ended: watch::Receiver<bool>) {
    drop(ended.wait_for(|ended| *ended).await);
}

/// The parts of a server over HTTP that others read while it runs.
struct SeenOverHttp {
    /// The calls that the page shows. `None` where no page is served.
    recent: Option<Arc<RecentCalls>>,
    /// The number of what was refused.
    refusals: Arc<RefusalCounts>,
}

/// Listens for clients that come over HTTP.
async fn listen(
    options: &HttpOptions,
    engine: Settings,
    home: Option<&Home>,
    executor: &Rc<Executor>,
    catalog: &watch::Receiver<Option<Arc<Catalog>>>,
    seen: SeenOverHttp,
    shared: &SharedWithOthers,
) -> Result<HttpServer, ServeError> {
    let HttpOptions {
        address,
        hosts,
        origins,
        grace,
        drain_delay,
        session_keys,
        tls,
        oauth,
        rate_of_one,
        ..
    } = options;
    let tokens = home.map(TokenFile::of);
    let need = options.token_need();
    options.check_closed(home)?;
    if need == TokenNeed::Never && has_tokens(home)? {
        tracing::warn!(
            "clients without a token call every tool, though there are tokens: `allow_unauthenticated` lets everybody in"
        );
    }
    let is_open = need == TokenNeed::OnceThereAre
        && tokens.as_ref().is_some_and(|tokens| !tokens.path().exists());
    if is_open && !hosts.is_empty() {
        tracing::warn!(
            "whoever reaches the server by a name of `hosts` calls every tool: there is no token; `{}` makes one, and from then \
             on everybody needs one",
            CommandName::TokenAdd.alone().verbatim("NAME")
        );
    }
    let failed = |error| ServeError::Listen { address: address.clone(), error };
    let key = session_keys.key(home)?;
    let listener = Listener::bind(address, &SocketLocks::of(home)).await.map_err(failed)?;
    let shown = listener.address().shown(tls.is_some());
    if !address.is_local() && tls.is_none() {
        tracing::warn!(
            "tokens and answers travel in the clear to {shown}; let a proxy with TLS stand in front, or serve TLS with \
             --tls-cert and --tls-key"
        );
    }
    let host_policy =
        HostPolicy::new(address, hosts.clone(), origins.clone()).over_tls(tls.is_some());
    let settings = HttpSettings {
        host_policy,
        engine,
        key,
        grace: *grace,
        drain_delay: *drain_delay,
        tokens,
        need,
        tls: tls.clone(),
        oauth: oauth.clone(),
        page: seen.recent,
        rate_of_one: *rate_of_one,
        rates: shared.rates.clone(),
        redis: shared.state.clone(),
        refusals: seen.refusals,
        bounds: HttpBounds::default(),
    };
    let server = HttpServer::new(listener, settings, executor.clone(), catalog.clone())?;
    // Not before all that it needs was read.
    tracing::info!("listening on {shown}");
    if let (true, Some(base)) = (options.page, shown.strip_suffix("mcp")) {
        tracing::info!("a page for people is at {base}");
    }
    Ok(server)
}

impl HttpOptions {
    /// The choice of who needs a token.
    fn token_need(&self) -> TokenNeed {
        let shows_certificates = self.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        // A certificate proves who asks, too; an authorization server gives everybody a token.
        let is_closed = (self.address.is_local() || shows_certificates) && self.oauth.is_none();
        match (self.allow_unauthenticated, is_closed) {
            (true, _) => TokenNeed::Never,
            (false, true) => TokenNeed::OnceThereAre,
            (false, false) => TokenNeed::Always,
        }
    }

    /// Checks that not everybody could use the server, unless that is meant.
    fn check_closed(&self, home: Option<&Home>) -> Result<(), ServeError> {
        if self.token_need() != TokenNeed::Always || self.oauth.is_some() {
            return Ok(());
        }
        match has_tokens(home)? {
            true => Ok(()),
            false => Err(ServeError::Unauthenticated {
                address: self.address.clone(),
                advice: closing_advice::closing_advice(home),
            }),
        }
    }

    /// Returns every reason for which a server with these options would not start, as far as that is known without
    /// listening. Blocks.
    pub(crate) fn problems(&self, home: Option<&Home>) -> Vec<ServeError> {
        let closed = self.check_closed(home);
        let key = self.session_keys.check();
        let tls = self.tls.as_ref().map(|files| files.read().map(drop));
        let key = key.map_err(ServeError::from);
        let tls = tls.unwrap_or(Ok(())).map_err(|error| HttpServerError::from(error).into());
        [closed, key, tls].into_iter().filter_map(Result::err).collect()
    }
}

/// True if there is a token that has not expired.
fn has_tokens(home: Option<&Home>) -> Result<bool, TokenFileError> {
    let known = home.map(|home| TokenFile::of(home).read()).transpose()?.unwrap_or_default();
    Ok(!known.iter().all(Token::has_expired))
}

/// Lets a write beyond the limit of a file's size fail as any other, where its signal would end the process.
#[cfg(unix)]
fn survive_full_files(runtime: &tokio::runtime::Runtime) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let _within = runtime.enter();
    // A handler stays once it is there; no receiver has to listen.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn what_the_system_refuses_is_told_with_what_to_do() {
        const EACCES: i32 = 13;
        let told = |port| listen_advice(&std::io::Error::from_raw_os_error(EACCES), port);
        assert!(
            told(Some(443)).contains("ports below 1024 are the system's own"),
            "{}",
            told(Some(443))
        );
        assert!(told(None).contains("you may not write into its directory"));
        assert_eq!(told(Some(8787)), "");
    }
}
