//! The HTTP server: it takes connections, serves each, and ends them all.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep, sleep_until, timeout};

use super::bounds::{CHUNK, DROP_TIME, HttpBounds, MAX_HEAD};
use super::connections::{
    Busy, BusyBody, CloseReason, ListedConnection, OpenConnection, OpenConnections,
};
use super::endpoint::{Endpoint, ServerStage};
use super::followed::{Followed, FollowedReader};
use super::following::Following;
use super::legacy_session::session_id::{ListsDigest, SessionKey};
use super::legacy_session::session_registry::SessionRegistry;
use super::page::recent_calls::RecentCalls;
use super::page::web_page::WebPage;
use super::plan::MessageChecks;
use super::refusal_log::RefusalLog;
use super::request::authentication::{Authenticator, TokenNeed, TokensInForce};
use super::request::body::{self, ClaimedBody};
use super::request::host_policy::HostPolicy;
use super::run::byte_budget::ByteBudget;
use super::run::client_rates::ClientRates;
use super::run::in_step::InStep;
use super::run::refusal_counts::{RefusalCounts, RefusalKind};
use super::run::shares::Shares;
use super::run::views::Views;
use super::socket::address::Listener;
use super::socket::client_socket::{ClientSocket, Duplex, SocketKind};
use super::socket::few_at_once::FewAtOnce;
use super::socket::paced::Paced;
use super::socket::tls::{TlsBytes, TlsError, TlsFiles, TlsInForce};
use super::socket::tls_agreement::{
    AgreedTls, NoTls, TLS_HANDSHAKE, TlsOfConnections, refusal_words,
};
use super::socket::unasked::UnaskedBudget;
use crate::catalog::{Catalog, SharedRates};
use crate::manifest::Rate;
use crate::mcp::calls::executor::Executor;
use crate::mcp::engine::Settings;
use crate::mcp::version::TransportKind;
use crate::oauth::{OauthChecker, OauthSettings};
use crate::redis::RedisState;
use crate::start_resources::{allowed_descriptors, give_freed_memory_back};
use crate::tokens::{Token, TokenFile, TokenFileError};

/// The time that what was ended has to say so.
const END_TIME: Duration = Duration::from_secs(5);
/// The time for which a connection that asks for nothing is kept when the server is about to end: a request may be on its
/// way.
const LAST_REQUEST: Duration = Duration::from_millis(500);
/// A handshake that waits so long for its turns is told in the log: somebody sends many of them.
const LONG_WAIT: Duration = Duration::from_secs(1);
/// So many connections take memory that is worth giving back once they have gone.
const CROWD: usize = 256;
/// The pause after an error of the listener: mostly, there are too few descriptors.
const LISTENER_PAUSE: Duration = Duration::from_millis(100);

/// The choices of the operator, and the key of sessions.
pub(crate) struct HttpSettings {
    pub(crate) host_policy: HostPolicy,
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
    /// The calls that the page for people shows. `None` where no page is served.
    pub(crate) page: Option<Arc<RecentCalls>>,
    /// The rate at which one principal may call tools.
    pub(crate) rate_of_one: Option<Rate>,
    /// The rates that servers share.
    pub(crate) rates: SharedRates,
    /// The state of the Redis in which they are. `None` where there is none.
    pub(crate) redis: Option<Arc<RedisState>>,
    /// The place where what is refused is counted.
    pub(crate) refusals: Arc<RefusalCounts>,
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
    clients: ClientConnections,
    following: Following,
    oauth: Option<Rc<OauthChecker>>,
    grace: Duration,
    drain_delay: Duration,
}

/// The connections, and what is needed to take more.
struct ClientConnections {
    listener: Listener,
    endpoint: Rc<Endpoint>,
    served: JoinSet<()>,
    open: OpenConnections,
    unasked: UnaskedBudget,
    /// The most connections that were open since freed memory was given back.
    most_open: usize,
    stage: watch::Sender<ServerStage>,
    /// `None` where there is no TLS.
    tls: Option<TlsOfConnections>,
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
            host_policy,
            engine,
            key,
            grace,
            drain_delay,
            tokens,
            need,
            tls,
            oauth,
            page,
            rate_of_one,
            rates,
            redis,
            refusals,
            bounds,
        } = settings;
        // Half of the descriptors are for files, plugins and what they connect to.
        let descriptors = allowed_descriptors().map_or(usize::MAX, |allowed| allowed / 2);
        let bounds = bounds.with_connections(descriptors);
        let tokens = Followed::new(FollowedReader {
            read: Box::new(move || tokens.as_ref().map_or(Ok(None), TokenFile::read_if_there)),
            is_same: |in_force: &TokensInForce, read: &Option<Vec<Token>>| {
                let is_known = in_force.had_any || read.is_none();
                is_known && *in_force.tokens == *read.as_deref().unwrap_or_default()
            },
            make: |before, read| Ok(TokensInForce::after(before, read)),
        })?;
        let followed_tls = |files: TlsFiles| {
            Followed::new(FollowedReader {
                read: Box::new(move || files.read()),
                is_same: TlsInForce::is_of,
                make: |_, read: TlsBytes| read.tls(),
            })
        };
        let tls = tls.map(followed_tls).transpose()?;
        let oauth = oauth.map(|settings| Rc::new(OauthChecker::new(settings)));
        let access = Authenticator::new(tokens.subscribe(), need, oauth.clone());
        let (stage, reached) = watch::channel(ServerStage::Serving);
        let checks = MessageChecks {
            engine: Settings { transport: TransportKind::Http, ..engine },
            key,
            running: SessionRegistry::default(),
            access: Rc::new(access),
            rates: ClientRates::new(rate_of_one, rates),
            views: Views::new(catalog.clone()),
            unknown_lists: ListsDigest::unknown(),
            published: Rc::default(),
        };
        let page = page.map(|calls| Rc::new(WebPage::new(catalog.clone(), calls)));
        let endpoint = Rc::new(Endpoint {
            host_policy,
            checks,
            executor,
            catalog: catalog.clone(),
            stage: reached,
            shares: Shares::new(bounds),
            answers: ByteBudget::new(bounds.answers),
            in_step: InStep::default(),
            refusals: RefusalLog::new(refusals),
            started: Instant::now(),
            page,
            redis,
            bounds,
        });
        let clients = ClientConnections {
            listener,
            endpoint: endpoint.clone(),
            served: JoinSet::new(),
            open: OpenConnections::default(),
            unasked: UnaskedBudget::new(bounds.unasked),
            most_open: 0,
            stage,
            tls: tls.as_ref().map(|tls| TlsOfConnections::new(&tls.subscribe())),
        };
        let following = Following { tokens, tls, catalog, endpoint };
        Ok(Self { clients, following, oauth, grace, drain_delay })
    }

    /// The address that it listens on, as clients write it.
    pub(crate) fn address(&self) -> String {
        self.clients.listener.address().shown(self.clients.tls.is_some())
    }

    /// The time at which another catalog was served first, which a test sets.
    #[cfg(any(test, fuzzing))]
    pub(super) fn published(&self) -> Rc<std::cell::Cell<u64>> {
        self.clients.endpoint.checks.published.clone()
    }

    /// Serves until `shutdown` resolves, and on until a balancer has noticed. Then nothing new begins, streams end, and
    /// requests have their time to end. It has to be polled within a `LocalSet`.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { clients, mut following, oauth, grace, drain_delay } = self;
        // They go on until the last request has ended, as does what is followed.
        let _keys = oauth.as_ref().map(|oauth| oauth.keep_keys());
        following.beside(clients.run(shutdown, drain_delay, grace)).await;
    }
}

impl ClientConnections {
    async fn run(
        mut self,
        shutdown: impl Future<Output = ()>,
        drain_delay: Duration,
        grace: Duration,
    ) {
        self.serve_until(shutdown).await;
        if !drain_delay.is_zero() {
            tracing::info!(
                "a signal came: /readyz says 503, and everything is served on for {drain_delay:?}"
            );
            self.stage.send_replace(ServerStage::Leaving);
            self.serve_until(sleep(drain_delay)).await;
        }
        self.open_waiting().await;
        let Self { listener, endpoint, mut served, open, stage, .. } = self;
        drop(listener);
        tracing::info!(
            "the server is about to end: no connection is accepted any more, streams end, and requests have {grace:?}; \
             connections: {}",
            served.len()
        );
        for (next, time) in [(ServerStage::Draining, grace), (ServerStage::Ending, END_TIME)] {
            stage.send_replace(next);
            let ended = async {
                let mut hang_ups = hang_up_looks(&endpoint.bounds);
                loop {
                    tokio::select! {
                        ended = served.join_next() => match ended {
                            Some(ended) => tell_panic(ended),
                            None => return,
                        },
                        _ = hang_ups.tick() => open.close_gone(),
                    }
                }
            };
            if timeout(time, ended).await.is_ok() {
                endpoint.refusals.write_rest();
                tracing::info!("every connection has ended");
                return;
            }
            if next == ServerStage::Draining {
                tracing::info!(
                    "what has not ended in that time is ended now; connections: {}",
                    served.len()
                );
            }
        }
        endpoint.refusals.write_rest();
        tracing::info!("{} connections did not end in time", served.len());
        served.shutdown().await;
    }

    async fn serve_until(&mut self, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        let mut hang_ups = hang_up_looks(&self.endpoint.bounds);
        // The end of the pause after an error of the listener.
        let mut pause: Option<Instant> = None;
        loop {
            let accepted = async {
                if let Some(pause) = pause {
                    sleep_until(pause).await;
                }
                self.listener.accept().await
            };
            tokio::select! {
                accepted = accepted => match accepted {
                    Ok(stream) => {
                        pause = None;
                        self.open(stream);
                    }
                    Err(error) => {
                        // It is told once, until there is a connection again.
                        if pause.replace(Instant::now() + LISTENER_PAUSE).is_none() {
                            tracing::warn!("a connection cannot be accepted: {error}");
                        }
                    }
                },
                Some(ended) = self.served.join_next() => tell_panic(ended),
                _ = hang_ups.tick() => {
                    self.open.close_gone();
                    self.most_open = after_crowd(self.most_open, self.served.len());
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
        if self.served.len() >= self.endpoint.bounds.connections && !self.makes_room() {
            return;
        }
        let socket = ClientSocket::new(socket, &self.unasked);
        // The last to go: what the connection serves is busy until then.
        let connection = self.open.connect(socket.clone());
        let stage = self.stage.subscribe();
        let (endpoint, pace) = (self.endpoint.clone(), self.endpoint.bounds.pace);
        let stream = Paced::new(socket, pace);
        match self.tls.clone() {
            None => {
                let served = serve_in_the_clear(stream, endpoint, connection, stage);
                self.served.spawn_local(served);
            }
            Some(tls) => {
                let served = serve_over_tls(tls, stream, endpoint, connection, stage);
                self.served.spawn_local(served);
            }
        }
    }

    /// Closes a connection for another, and says so in the log. False if all of them ask for something.
    fn makes_room(&self) -> bool {
        let is_room = self.open.close_idle();
        let most = self.endpoint.bounds.connections;
        let (kind, reason) = match is_room {
            true => (RefusalKind::Idle, format!("{most} are open, which is as many as may be")),
            false => (RefusalKind::NoRoom, format!("all {most} that may be open are busy")),
        };
        self.endpoint.refusals.note(kind, &reason);
        is_room
    }
}

/// The times at which it is looked whether clients have hung up: until the last connection has ended.
fn hang_up_looks(bounds: &HttpBounds) -> Interval {
    let mut looks = tokio::time::interval(bounds.hang_up_look);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
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
    tls: TlsOfConnections,
    stream: Paced<ClientSocket>,
    endpoint: Rc<Endpoint>,
    connection: ListedConnection,
    mut stage: watch::Receiver<ServerStage>,
) {
    let agreed = tokio::select! {
        agreed = Box::pin(agree(tls, stream, &endpoint, &connection)) => agreed,
        why = connection.0.closes() => return endpoint.tell_close(why),
        // Nothing was asked yet; a request may be on its way.
        () = Box::pin(async {
            let _ = stage.wait_for(|stage| *stage >= ServerStage::Draining).await;
            sleep(LAST_REQUEST).await;
        }) => return,
    };
    let Some(AgreedTls { stream, waited, client }) = agreed else { return };
    connection.0.socket.unasked().agreed();
    if waited >= LONG_WAIT {
        let reason = format!("it waited {waited:.1?} for its turns behind other handshakes");
        endpoint.refusals.note(RefusalKind::SlowHandshake, &reason);
    }
    let Some(client) = client else {
        return tell_end(serve(stream, endpoint, connection, stage).await);
    };
    _ = connection.0.principal.set(client.principal.clone());
    tokio::select! {
        ended = serve(stream, endpoint, connection, stage) => tell_end(ended),
        () = client.ended() => {
            tracing::debug!("a connection ends: the certificate of its client counts no more");
        }
    }
}

impl Endpoint {
    /// Says in the log that a connection is closed, where that is not told elsewhere.
    fn tell_close(&self, reason: CloseReason) {
        if reason == CloseReason::Unasked {
            let most = self.bounds.unasked;
            let reason = format!("clients send more than {most} bytes that are no request yet");
            self.refusals.note(RefusalKind::Unasked, &reason);
        }
    }
}

/// Agrees on TLS with the client of a connection. `None` if there is none, which the log is told.
async fn agree(
    tls: TlsOfConnections,
    stream: Paced<ClientSocket>,
    endpoint: &Endpoint,
    connection: &ListedConnection,
) -> Option<AgreedTls> {
    match tls.agree(stream, &connection.0.socket, endpoint.bounds.tls_time).await {
        Ok(agreed) => return Some(agreed),
        Err(NoTls::Cleartext(client)) => {
            endpoint.refusals.note(
                RefusalKind::Cleartext,
                "what it sends first is no TLS; clients reach this server at https://",
            );
            // What it has sent is a request, and is answered as one.
            let _busy = Busy::begin(connection.0.clone());
            client.refuse(DROP_TIME.min(endpoint.bounds.body_time)).await;
        }
        Err(NoTls::Refused(error)) => {
            endpoint.refusals.note(RefusalKind::Handshake, &refusal_words(&error));
        }
        Err(NoTls::Late(why)) => tracing::debug!("a client did not agree on TLS: {why}"),
    }
    None
}

/// Serves a connection without TLS to its end.
async fn serve_in_the_clear(
    stream: Paced<ClientSocket>,
    endpoint: Rc<Endpoint>,
    connection: ListedConnection,
    stage: watch::Receiver<ServerStage>,
) {
    let open = connection.0.clone();
    let ended = serve(stream, endpoint.clone(), connection, stage).await;
    if ended.as_ref().is_err_and(hyper::Error::is_parse) && open.began_with(TLS_HANDSHAKE) {
        endpoint.refusals.note(
            RefusalKind::Tls,
            "what it sends first is TLS; clients reach this server at http://",
        );
    }
    tell_end(ended);
}

/// Serves one connection to its end, which may come early: its client has gone, or it has to make room.
async fn serve<S: Duplex>(
    stream: S,
    endpoint: Rc<Endpoint>,
    listed: ListedConnection,
    stage: watch::Receiver<ServerStage>,
) -> hyper::Result<()> {
    let connection = listed.0.clone();
    tokio::select! {
        ended = serve_to_the_end(stream, endpoint.clone(), &connection, stage) => ended,
        why = connection.closes() => {
            endpoint.tell_close(why);
            Ok(())
        }
    }
}

async fn serve_to_the_end<S: Duplex>(
    stream: S,
    endpoint: Rc<Endpoint>,
    connection: &Rc<OpenConnection>,
    mut stage: watch::Receiver<ServerStage>,
) -> hyper::Result<()> {
    let stream = FewAtOnce::new(stream, connection.socket.clone());
    let HttpBounds { head_time, body_time, .. } = endpoint.bounds;
    // The rest of a body whose request has its answer already.
    let unwanted = RefCell::new(JoinSet::new());
    let unwanted = &unwanted;
    let service = service_fn(|mut request: Request<Incoming>| {
        if let Some(principal) = connection.principal.get() {
            request.extensions_mut().insert(principal.clone());
        }
        request.extensions_mut().insert(connection.let_in().clone());
        let endpoint = endpoint.clone();
        let busy = Busy::begin(connection.clone());
        let claimed = ClaimedBody::of(request.headers());
        let (parts, mut body) = request.into_parts();
        // Its memory is free once there is an answer, which may be a stream that stays open for hours.
        Box::pin(async move {
            let mut answer = endpoint.serve(Request::from_parts(parts, &mut body)).await;
            let is_served = connection.let_in().get() && answer.status().is_success();
            connection.is_refused.set(!is_served);
            if claimed.outlasts(answer.status()) && !body.is_end_stream() {
                // The client reads the answer meanwhile, and the connection asks for nothing any more.
                let mut unwanted = unwanted.borrow_mut();
                while unwanted.try_join_next().is_some() {}
                unwanted.spawn_local(body::drop_rest(body, body_time));
            }
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
        ended = &mut served => return ended,
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
        ended = &mut served => return ended,
        () = silence => {}
    }
    // One on which nothing ever was asked would not end by that.
    if connection.has_asked.get() {
        served.as_mut().graceful_shutdown();
        return served.await;
    }
    Ok(())
}

fn tell_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}
