//! The HTTP server: it takes connections, serves each, and ends them all.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, sleep, timeout};

use super::bounds::{CHUNK, HttpBounds, MAX_HEAD};
use super::connections::{Busy, BusyBody, ListedConnection, OpenConnections};
use super::endpoint::{Endpoint, ServerStage};
use super::followed::{Followed, LOOK_INTERVAL};
use super::legacy_session::running::Running;
use super::legacy_session::session_id::{SessionKey, now};
use super::plan::MessageChecks;
use super::request::access::{Admittance, TokenNeed, TokensInForce};
use super::request::doors::Doors;
use super::run::byte_budget::ByteBudget;
use super::run::client_rates::ClientRates;
use super::run::in_step::InStep;
use super::run::shares::Shares;
use super::run::views::Views;
use super::socket::address::Listener;
use super::socket::client_socket::{ClientSocket, Duplex, SocketKind, UnaskedBudget};
use super::socket::paced::Paced;
use super::socket::tls::{TlsError, TlsFiles, TlsInForce};
use crate::catalog::Catalog;
use crate::manifest::Rate;
use crate::mcp::calls::executor::Executor;
use crate::mcp::engine::Settings;
use crate::mcp::version::TransportKind;
use crate::oauth::{OauthChecker, OauthSettings};
use crate::start_resources::{allowed_descriptors, give_freed_memory_back};
use crate::tokens::{Principal, Token, TokenFile, TokenFileError};

/// The time that what was ended has to say so.
const END_TIME: Duration = Duration::from_secs(5);
/// The time for which a connection that asks for nothing is kept when the server is about to end: a request may be on its
/// way.
const LAST_REQUEST: Duration = Duration::from_millis(500);
/// So many connections take memory that is worth giving back once they have gone.
const CROWD: usize = 256;
/// The pause after an error of the listener: mostly, there are too few descriptors.
const LISTENER_PAUSE: Duration = Duration::from_millis(100);

/// The choices of the operator, and the key of sessions.
pub(crate) struct HttpSettings {
    pub(crate) doors: Doors,
    pub(crate) engine: Settings,
    pub(crate) key: SessionKey,
    /// The time that requests have to end once the server is about to.
    pub(crate) grace: Duration,
    /// The time for which everything is served as before once the server is about to end, but for `/readyz`.
    pub(crate) drain_delay: Duration,
    /// The tokens that count. `None` if there is no place for them.
    pub(crate) tokens: Option<TokenFile>,
    pub(crate) need: TokenNeed,
    /// The files of TLS. `None` if it is spoken in the clear.
    pub(crate) tls: Option<TlsFiles>,
    /// The authorization servers whose tokens count. `None` if there are none.
    pub(crate) oauth: Option<OauthSettings>,
    /// The rate at which one principal may call tools.
    pub(crate) rate_of_one: Option<Rate>,
    pub(crate) bounds: HttpBounds,
}

/// The reason why the server does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpServerError {
    /// The tokens cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The server.
pub(crate) struct HttpServer {
    listener: Listener,
    endpoint: Rc<Endpoint>,
    connections: JoinSet<()>,
    open: OpenConnections,
    unasked: UnaskedBudget,
    /// The most connections that were open since freed memory was given back.
    most_open: usize,
    stage: watch::Sender<ServerStage>,
    grace: Duration,
    drain_delay: Duration,
    tokens: Followed<TokensInForce, Vec<Token>, TokenFileError>,
    /// `None` where there is no TLS.
    tls: Option<Followed<TlsInForce, TlsInForce, TlsError>>,
    oauth: Option<Rc<OauthChecker>>,
    changes: watch::Receiver<Option<Arc<Catalog>>>,
}

impl HttpServer {
    /// A server that serves what `catalog` publishes to whoever connects to `listener`.
    pub(crate) fn new(
        listener: Listener,
        settings: HttpSettings,
        executor: Rc<Executor>,
        catalog: watch::Receiver<Option<Arc<Catalog>>>,
    ) -> Result<Self, HttpServerError> {
        let HttpSettings {
            doors,
            engine,
            key,
            grace,
            drain_delay,
            tokens,
            need,
            tls,
            oauth,
            rate_of_one,
            mut bounds,
        } = settings;
        // Half of the descriptors are for files, plugins and what they connect to.
        let descriptors = allowed_descriptors().map_or(usize::MAX, |allowed| allowed / 2);
        bounds.connections = bounds.connections.min(descriptors);
        let read = move || tokens.as_ref().map_or(Ok(Vec::new()), TokenFile::read);
        let tokens = Followed::new(read, TokensInForce::after)?;
        let tls =
            tls.map(|files| Followed::new(move || files.read(), |_, read| read)).transpose()?;
        let oauth = oauth.map(|settings| Rc::new(OauthChecker::new(settings)));
        let access = Admittance::new(tokens.subscribe(), need, oauth.clone());
        let changes = catalog.clone();
        let (stage, reached) = watch::channel(ServerStage::Serving);
        let checks = MessageChecks {
            engine: Settings { transport: TransportKind::Http, ..engine },
            key,
            running: Running::default(),
            access: Rc::new(access),
            rates: ClientRates::new(rate_of_one),
            views: Views::new(catalog.clone()),
        };
        let endpoint = Rc::new(Endpoint {
            doors,
            checks,
            executor,
            catalog,
            stage: reached,
            shares: Shares::new(bounds),
            answers: ByteBudget::new(bounds.answers),
            in_step: InStep::default(),
            published: Rc::default(),
            bounds,
        });
        let open = OpenConnections::default();
        let connections = JoinSet::new();
        Ok(Self {
            listener,
            endpoint,
            connections,
            open,
            unasked: UnaskedBudget::new(bounds.unasked),
            most_open: 0,
            stage,
            grace,
            drain_delay,
            tokens,
            tls,
            oauth,
            changes,
        })
    }

    /// The address that it listens on, as clients write it.
    pub(crate) fn address(&self) -> String {
        self.listener.address().shown(self.tls.is_some())
    }

    /// The time at which another catalog was served first, which a test sets.
    #[cfg(any(test, fuzzing))]
    pub(super) fn published(&self) -> Rc<std::cell::Cell<u64>> {
        self.endpoint.published.clone()
    }

    /// Serves until `shutdown` resolves, and on until a balancer has noticed. Then nothing new begins, streams end, and
    /// requests have their time to end. It has to be polled within a `LocalSet`.
    pub(crate) async fn run(mut self, shutdown: impl Future<Output = ()>) {
        // They go on until the last request has ended.
        let _keys = self.oauth.as_ref().map(|oauth| oauth.keep_keys());
        self.serve_until(shutdown).await;
        if !self.drain_delay.is_zero() {
            self.stage.send_replace(ServerStage::Leaving);
            self.serve_until(sleep(self.drain_delay)).await;
        }
        self.open_waiting().await;
        let Self { listener, mut connections, stage, grace, .. } = self;
        drop(listener);
        for (next, time) in [(ServerStage::Draining, grace), (ServerStage::Ending, END_TIME)] {
            stage.send_replace(next);
            let ended = async {
                while let Some(ended) = connections.join_next().await {
                    tell_panic(ended);
                }
            };
            if timeout(time, ended).await.is_ok() {
                return;
            }
        }
        tracing::debug!("{} connections did not end in time", connections.len());
        connections.shutdown().await;
    }

    async fn serve_until(&mut self, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        let mut look = tokio::time::interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut hang_ups = tokio::time::interval(self.endpoint.bounds.hang_up_look);
        hang_ups.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok(stream) => self.open(stream),
                    Err(error) => {
                        tracing::warn!("a connection cannot be accepted: {error}");
                        sleep(LISTENER_PAUSE).await;
                    }
                },
                Some(ended) = self.connections.join_next() => tell_panic(ended),
                _ = hang_ups.tick() => {
                    self.open.close_gone();
                    self.most_open = after_crowd(self.most_open, self.connections.len());
                }
                Ok(()) = self.changes.changed() => {
                    self.endpoint.published.set(now());
                    self.endpoint.checks.views.refresh();
                }
                _ = look.tick() => {
                    self.tokens.look();
                    self.tls.iter_mut().for_each(Followed::look);
                }
                problem = self.tokens.looked() => {
                    if let Some(problem) = problem {
                        tracing::warn!("the tokens that were read last count on: {problem}");
                    }
                    self.endpoint.checks.views.follow(&self.tokens.subscribe().borrow().tokens);
                }
                Some(problem) = tls_looked(&mut self.tls) => {
                    tracing::warn!("the certificate that was read last counts on: {problem}");
                }
                () = &mut end => break,
            }
        }
    }

    /// Takes the connections that wait in the listener's queue: for their clients they are open already, and a request may
    /// have been sent on each. The system resets those that are left when the listener is closed.
    async fn open_waiting(&mut self) {
        // The runtime hears from the system which there are.
        tokio::task::yield_now().await;
        for _ in 0..self.endpoint.bounds.connections {
            tokio::select! {
                biased;
                Ok(stream) = self.listener.accept() => self.open(stream),
                () = std::future::ready(()) => break,
            }
        }
    }

    fn open(&mut self, socket: SocketKind) {
        if self.connections.len() >= self.endpoint.bounds.connections && !self.open.close_idle() {
            tracing::debug!("a connection is refused: {} are busy", self.connections.len());
            return;
        }
        let socket = ClientSocket::new(socket, &self.unasked);
        // The last to go: what the connection serves is busy until then.
        let connection = self.open.connect(socket.clone());
        let stage = self.stage.subscribe();
        let (endpoint, pace) = (self.endpoint.clone(), self.endpoint.bounds.pace);
        let stream = Paced::new(socket, pace);
        match &self.tls {
            None => _ = self.connections.spawn_local(serve(stream, endpoint, connection, stage)),
            Some(tls) => {
                // New connections are made with what is in force now.
                let tls = tls.subscribe().borrow().clone();
                let served = serve_over_tls(tls, stream, endpoint, connection, stage);
                self.connections.spawn_local(served);
            }
        }
    }
}

/// Gives back the memory of connections, once most of many have gone. Returns the number of those that it may be of then.
fn after_crowd(most: usize, open: usize) -> usize {
    let has_gone = most >= CROWD && open <= most / 4;
    if has_gone {
        give_freed_memory_back();
    }
    if has_gone { open } else { most.max(open) }
}

fn tell_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection ended in an internal error");
    }
}

/// Agrees on TLS, and serves the connection to its end.
async fn serve_over_tls(
    tls: TlsInForce,
    stream: Paced<ClientSocket>,
    endpoint: Rc<Endpoint>,
    connection: ListedConnection,
    stage: watch::Receiver<ServerStage>,
) {
    let agreed = tokio::select! {
        agreed = timeout(endpoint.bounds.tls_time, tls.accept(stream)) => agreed,
        () = connection.0.closes() => return,
    };
    match agreed {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(|shown| shown.first());
            if let Some(certificate) = shown {
                _ = connection.0.principal.set(Principal::of_certificate(certificate));
            }
            serve(stream, endpoint, connection, stage).await;
        }
        Ok(Err(error)) => tracing::debug!("a client did not agree on TLS: {error}"),
        Err(_) => tracing::debug!("a client did not agree on TLS in time"),
    }
}

/// Waits for a look at the files of TLS, where there are any. Returns a problem that was not told yet.
async fn tls_looked(
    tls: &mut Option<Followed<TlsInForce, TlsInForce, TlsError>>,
) -> Option<String> {
    match tls {
        Some(tls) => tls.looked().await,
        None => std::future::pending().await,
    }
}

/// Serves one connection to its end.
async fn serve<S: Duplex>(
    stream: S,
    endpoint: Rc<Endpoint>,
    listed: ListedConnection,
    mut stage: watch::Receiver<ServerStage>,
) {
    let connection = listed.0.clone();
    let HttpBounds { head_time, .. } = endpoint.bounds;
    let service = service_fn(|mut request: Request<Incoming>| {
        if let Some(principal) = connection.principal.get() {
            request.extensions_mut().insert(principal.clone());
        }
        let endpoint = endpoint.clone();
        let busy = Busy::begin(connection.clone());
        // Its memory is free once there is an answer, which may be a stream that stays open for hours.
        Box::pin(async move {
            let mut answer = endpoint.serve(request).await;
            if *endpoint.stage.borrow() > ServerStage::Serving {
                // The client then sends its next request on another connection, which another server may take.
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer.map(|body| BusyBody::new(body, busy)))
        })
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_buf_size(CHUNK)
        .max_header_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    tokio::select! {
        ended = &mut served => return tell_end(ended),
        () = connection.closes() => return,
        _ = stage.wait_for(|stage| *stage >= ServerStage::Draining) => {}
    }
    // An answer that had begun before did not say that it is the last one.
    let silence = async {
        connection.is_idle().await;
        sleep(LAST_REQUEST).await;
        // The runtime hears from the system what has come until this moment.
        tokio::task::yield_now().await;
    };
    tokio::select! {
        // A request that has come is looked at before the connection ends.
        biased;
        ended = &mut served => return tell_end(ended),
        () = silence => {}
    }
    // One on which nothing ever was asked would not end by that.
    if connection.has_asked.get() {
        served.as_mut().graceful_shutdown();
        tell_end(served.await);
    }
}

fn tell_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}
