//! The paths and methods of the server, and the way of a request through it.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use hyper::body::{Body, Bytes};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::bounds::HttpBounds;
use super::legacy::{self, SESSION_HEADER};
use super::legacy_session::session_registry::Registered;
use super::modern;
use super::page::page_events::PageEvents;
use super::page::page_files;
use super::page::web_page::{PageData, PagePath, WebPage};
use super::plan::{self, ExchangePlan, InSession, MessageChecks, bad_request};
use super::refusal_log::RefusalLog;
use super::request::authentication::KeptRights;
use super::request::host_policy::{self, HostPolicy, HostRefusal};
use super::request::media::{self, Accepted};
use super::request::{body, carrier};
use super::run::answer::{self, HttpAnswer, HttpRefusal};
use super::run::byte_budget::ByteBudget;
use super::run::exchange::{AwaitedRequest, Exchange, ExchangeGuards, ExchangeTransport};
use super::run::health::{CallStatistics, HealthReport, ServerHealth, shown_digest};
use super::run::in_step::InStep;
use super::run::shares::{NoShare, Place, RunKind, Shared, Shares};
use super::socket::let_in::LetIn;
use crate::catalog::Catalog;
use crate::mcp::calls::executor::Executor;
use crate::mcp::engine::{Changes, Engine};
use crate::mcp::rpc::id::Id;
use crate::mcp::rpc::lines::InputLine;
use crate::mcp::rpc::reply::RpcError;
use crate::mcp::session::driver::Driver;
use crate::mcp::transport::Piece;
use crate::redis::RedisState;
use crate::tokens::Principal;

/// The paths of the endpoint. They are the same, without a redirect.
const PATHS: [&str; 2] = ["/mcp", "/mcp/"];

/// The answer to whoever asks for the data of the page and may not see it, though calls need no token.
const STRANGER: &str = "the page shows what runs to those with a token, since this server has tokens or other machines reach it; whoever runs it makes one with `token add NAME`";

/// The stage of the server's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ServerStage {
    Serving,
    /// It is about to end, and says so; everything is served as before until others have noticed.
    Leaving,
    /// Nothing new begins, and streams end.
    Draining,
    /// Everything that still runs ends.
    Ending,
}

/// A message that is about to run, with what it takes.
struct AdmittedMessage {
    plan: ExchangePlan,
    place: Place,
    awaited: AwaitedRequest,
    registered: Vec<Registered>,
}

/// Everything that requests are served with.
pub(super) struct Endpoint {
    pub(super) host_policy: HostPolicy,
    pub(super) checks: MessageChecks,
    pub(super) executor: Rc<Executor>,
    pub(super) catalog: watch::Receiver<Option<Arc<Catalog>>>,
    pub(super) stage: watch::Receiver<ServerStage>,
    pub(super) shares: Shares,
    pub(super) answers: ByteBudget,
    pub(super) bounds: HttpBounds,
    pub(super) in_step: InStep,
    pub(super) refusals: RefusalLog,
    /// The time at which the server came up.
    pub(super) started: Instant,
    /// The page for people. `None` where none is served.
    pub(super) page: Option<Rc<WebPage>>,
    /// The state of the Redis in which servers share what they count and keep. `None` where there is none.
    pub(super) redis: Option<Arc<RedisState>>,
}

impl Endpoint {
    /// Answers a request. What is left of its body then was not wanted.
    pub(super) async fn serve<B>(&self, request: Request<B>) -> HttpAnswer
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (parts, body) = request.into_parts();
        if let Some(page) = &self.page
            && let Some(asked) = PagePath::of(parts.uri.path())
        {
            return self.page(page, asked, &parts).await;
        }
        match (parts.uri.path(), &parts.method) {
            ("/livez", &(Method::GET | Method::HEAD)) => plain("ok\n"),
            ("/readyz", &(Method::GET | Method::HEAD)) => self.readiness(),
            ("/health", &(Method::GET | Method::HEAD)) => self.health(&parts).await,
            ("/livez" | "/readyz" | "/health", _) => {
                HttpRefusal::method("GET, HEAD", "only GET is served here").into()
            }
            (path, _) if PATHS.contains(&path) => self.endpoint(&parts, body).await,
            (path, _) if path.starts_with("/.well-known/") => self.well_known(&parts),
            // Clients that look for an authorization server here take a page of words for one.
            (_, &Method::POST) => answer::whole(
                StatusCode::NOT_FOUND,
                media::JSON_TYPE,
                Bytes::from_static(
                    br#"{"error":"not_found","error_description":"nothing is here; MCP is served at /mcp"}"#,
                ),
            ),
            _ => {
                let page = if self.page.is_some() { ", and a page for people at /" } else { "" };
                let said = format!("nothing is here; MCP is served at /mcp{page}");
                HttpRefusal::plain(StatusCode::NOT_FOUND, said).into()
            }
        }
    }

    /// Answers whether clients are served, and which catalog.
    fn readiness(&self) -> HttpAnswer {
        match (self.state(), self.catalog.borrow().as_ref()) {
            (ServerHealth::Ok, Some(catalog)) => plain(format!("ok {}\n", shown_digest(catalog))),
            (ServerHealth::ShuttingDown, _) => {
                HttpRefusal::busy("the server is shutting down").into()
            }
            (ServerHealth::Ok | ServerHealth::Loading, _) => {
                HttpRefusal::busy("plugins are being loaded").into()
            }
        }
    }

    /// Answers with what the server says of its health, as long as it lives, and with the numbers of calls for those who may
    /// know them.
    async fn health(&self, parts: &Parts) -> HttpAnswer {
        let calls = self.known_calls(parts).await;
        let catalog = self.catalog.borrow().clone();
        let report = HealthReport::new(self.state(), self.started.elapsed(), catalog.as_deref());
        let report = match &self.redis {
            Some(redis) => report.with_redis(redis.health()),
            None => report,
        };
        let report = match calls {
            Some(statistics) => report.with_calls(statistics),
            None => report,
        };
        // Numbers and texts are always JSON.
        let json = serde_json::to_vec(&report).unwrap_or_default();
        answer::whole(StatusCode::OK, media::JSON_TYPE, json.into())
    }

    /// The numbers of calls that whoever sent this request may know: those of the tools that it may call. `None` for a stranger,
    /// who could tell from them what others call.
    async fn known_calls(&self, parts: &Parts) -> Option<CallStatistics> {
        self.check_page(&parts.headers).ok()?;
        let connected = parts.extensions.get::<Principal>();
        let principal = self.checks.access.principal(&parts.headers, connected).await.ok()?;
        if !self.may_see_calls(&principal) {
            return None;
        }
        let seen = self.checks.views.of(&principal);
        let catalog = seen.borrow().clone();
        Some(catalog.as_deref().map(CallStatistics::of).unwrap_or_default())
    }

    /// True if this principal is told of numbers and calls, by `/health` and by the page.
    fn may_see_calls(&self, principal: &Principal) -> bool {
        self.checks.access.may_see_calls(principal, self.host_policy.is_local())
    }

    /// Checks the host and the page that a request names, and returns the page's origin. `None` if it comes from no page.
    fn check_page(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, HostRefusal> {
        self.host_policy.check_host(headers)?;
        self.host_policy.check_origin(headers)
    }

    fn state(&self) -> ServerHealth {
        match *self.stage.borrow() {
            ServerStage::Serving
                if self.catalog.borrow().as_ref().is_some_and(|catalog| catalog.is_ready()) =>
            {
                ServerHealth::Ok
            }
            ServerStage::Serving => ServerHealth::Loading,
            ServerStage::Leaving | ServerStage::Draining | ServerStage::Ending => {
                ServerHealth::ShuttingDown
            }
        }
    }

    /// Answers who looks for an authorization server: whom to ask, where there is one. Everybody may read that, and any page.
    fn well_known(&self, parts: &Parts) -> HttpAnswer {
        let found =
            self.checks.access.oauth().and_then(|oauth| oauth.metadata_at(parts.uri.path()));
        let mut answer = match (found, &parts.method) {
            // Clients take a page of words for one.
            (None, _) => answer::whole(
                StatusCode::NOT_FOUND,
                media::JSON_TYPE,
                Bytes::from_static(br#"{"error":"not_found"}"#),
            ),
            (Some(document), &(Method::GET | Method::HEAD)) => {
                answer::whole(StatusCode::OK, media::JSON_TYPE, document)
            }
            (Some(_), &Method::OPTIONS) => {
                let mut answer = answer::empty(StatusCode::NO_CONTENT);
                host_policy::allow_request(answer.headers_mut(), &parts.headers);
                answer
            }
            (Some(_), _) => {
                HttpRefusal::method("GET, HEAD, OPTIONS", "only GET is served here").into()
            }
        };
        if self.checks.access.oauth().is_some() {
            host_policy::allow_every_page(answer.headers_mut());
        }
        answer
    }

    /// Answers a request for the page, or for what it shows.
    async fn page(&self, page: &Rc<WebPage>, asked: PagePath, parts: &Parts) -> HttpAnswer {
        let answered = self.page_part(page, asked, parts).await;
        let mut answer = answered.unwrap_or_else(|refused| self.refuse(parts, refused));
        page_files::guard(answer.headers_mut());
        answer
    }

    async fn page_part(
        &self,
        page: &Rc<WebPage>,
        asked: PagePath,
        parts: &Parts,
    ) -> Result<HttpAnswer, HttpRefusal> {
        let headers = &parts.headers;
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return Err(HttpRefusal::method("GET, HEAD", "only GET is served here"));
        }
        let forbidden = |HostRefusal(why)| HttpRefusal::plain(StatusCode::FORBIDDEN, why);
        // No answer says that another site may read it, whatever its origin.
        self.host_policy.check_host(headers).map_err(forbidden)?;
        let data = match asked {
            PagePath::File(file) => {
                self.host_policy.check_own_page(headers).map_err(forbidden)?;
                return Ok(file.answer());
            }
            PagePath::Data(data) => data,
        };
        self.host_policy.check_origin(headers).map_err(forbidden)?;
        PageData::check_asker(headers)?;
        let connected = parts.extensions.get::<Principal>();
        let principal = self.checks.access.principal(headers, connected).await?;
        if !self.may_see_calls(&principal) {
            return Err(HttpRefusal::plain(StatusCode::UNAUTHORIZED, STRANGER));
        }
        parts.extensions.get::<LetIn>().inspect(|sign| sign.set(true));
        let answered = self.page_data(page, data, &principal);
        answered.map_err(|refused| refused.of_client(&principal.id))
    }

    /// Answers with what the page shows to this principal.
    fn page_data(
        &self,
        page: &Rc<WebPage>,
        data: PageData,
        principal: &Principal,
    ) -> Result<HttpAnswer, HttpRefusal> {
        let kind = match data {
            PageData::State => RunKind::Request,
            PageData::Events => RunKind::Stream,
        };
        self.check_stage(kind)?;
        let places = (
            self.place(principal, Shared::Running(kind), 1)?,
            self.place(principal, Shared::Pages, 1)?,
        );
        let seen = self.checks.views.of(principal);
        match data {
            PageData::State => {
                let catalog = seen.borrow().clone();
                let uptime = self.started.elapsed();
                let (stage, seen) = (self.state(), catalog.as_ref());
                let state = page.state(stage, uptime, seen, principal, &self.answers);
                let mut state = state.ok_or_else(|| {
                    HttpRefusal::busy("too many answers wait to be read; come again in a while")
                })?;
                Ok(answer::told(media::JSON_TYPE, |chunks| async move {
                    let _places = places;
                    while let Some(chunk) = state.next_chunk() {
                        if chunks.send(chunk).await.is_err() {
                            return;
                        }
                    }
                }))
            }
            PageData::Events => {
                let (source, principal) = (page.clone(), principal.clone());
                let keep_alive = self.bounds.keep_alive;
                let end = self.end_of(kind, &principal, KeptRights::All);
                let events = PageEvents { source, seen, principal, keep_alive };
                Ok(answer::told(media::EVENTS_TYPE, |chunks| async move {
                    let _places = places;
                    tokio::select! {
                        // Nothing is told by rights that have ended.
                        biased;
                        () = end => {}
                        () = events.tell(chunks) => {}
                    }
                }))
            }
        }
    }

    async fn endpoint<B>(&self, parts: &Parts, body: B) -> HttpAnswer
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let origin = match self.check_page(&parts.headers) {
            Ok(origin) => origin,
            Err(HostRefusal(why)) => {
                let refused = HttpRefusal::plain(StatusCode::FORBIDDEN, why);
                return self.refuse(parts, refused);
            }
        };
        let served = match parts.method {
            Method::OPTIONS => {
                let mut answer = answer::empty(StatusCode::NO_CONTENT);
                if origin.is_some() {
                    host_policy::allow_request(answer.headers_mut(), &parts.headers);
                }
                Ok(answer)
            }
            _ => self.request(parts, body).await,
        };
        let mut answer = served.unwrap_or_else(|refused| self.refuse(parts, refused));
        host_policy::allow_page(answer.headers_mut(), origin.as_ref());
        answer
    }

    /// Answers with a refusal: a message with a message.
    fn refuse(&self, parts: &Parts, refused: HttpRefusal) -> HttpAnswer {
        self.refusals.note_request(&refused);
        match parts.method {
            Method::POST => refused.into_message().into(),
            _ => refused.into(),
        }
    }

    /// Answers a request that is let in, once it is known whom it comes from.
    async fn request<B>(&self, parts: &Parts, body: B) -> Result<HttpAnswer, HttpRefusal>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let connected = parts.extensions.get::<Principal>();
        let principal = self.checks.access.principal(&parts.headers, connected).await?;
        parts.extensions.get::<LetIn>().inspect(|sign| sign.set(true));
        let served = match parts.method {
            Method::POST => self.post(parts, body, &principal).await,
            Method::GET => self.get(parts, &principal),
            Method::DELETE => self.delete(parts, &principal),
            _ => Err(HttpRefusal::method("POST, GET, DELETE, OPTIONS", "MCP is spoken with POST")),
        };
        served.map_err(|refused| refused.of_client(&principal.id))
    }

    async fn post<B>(
        &self,
        parts: &Parts,
        body: B,
        principal: &Principal,
    ) -> Result<HttpAnswer, HttpRefusal>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let headers = &parts.headers;
        let accepted = Accepted::of(headers);
        if accepted.is_nothing() {
            return Err(not_acceptable("application/json, text/event-stream or both"));
        }
        if !media::is_json(headers) {
            return Err(HttpRefusal::plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "`Content-Type` must be application/json",
            ));
        }
        if !media::is_plain(headers) {
            return Err(HttpRefusal::plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "`Content-Encoding` must be identity: send the body without compression",
            ));
        }
        self.check_stage(RunKind::Request)?;
        // A body that never comes takes a place of its own client.
        let reading = self.place(principal, Shared::Running(RunKind::Request), 1)?;
        let mut room = self.place(principal, Shared::BodyBytes, 0)?;
        let line = body::read(headers, body, &mut room, self.bounds.body_time).await?;
        let came = Instant::now();
        let admitted = self.admit(headers, principal, &line, reading).await;
        let observers = self.executor.observers();
        let carrier = observers
            .reads_requests()
            .then(|| Arc::new(carrier::carrier_of(headers, &SESSION_HEADER)));
        let admitted = admitted.inspect_err(|refused| {
            if !observers.is_empty() || self.checks.rates.is_limited() {
                let carrier = carrier.as_ref();
                let calls = plan::refused_calls(&line, came.into_std(), refused, carrier);
                if let Some(calls) = calls {
                    self.checks.count_refused(principal, &calls);
                    observers.tell_refused(&principal.id, &calls);
                }
            }
        })?;
        let Some(AdmittedMessage { plan, place, awaited, registered }) = admitted else {
            return Ok(answer::empty(StatusCode::ACCEPTED));
        };
        let ExchangePlan { engine, kind, begun, .. } = plan;
        let engine = engine.carried_by(carrier);
        let (transport, pieces) = awaited.begin(line);
        // A subscription keeps nothing of its message.
        let body = Some(room).filter(|_| kind == RunKind::Request);
        let kept = ExchangeGuards::new(place, body, registered);
        let exchange = self.exchange(engine, principal, transport, pieces, kind, kept);
        let steps = self.in_step.begin();
        steps.others_first().await;
        let mut answer = answer::of_exchange(exchange, accepted, &self.bounds).await;
        steps.others_first().await;
        answer.headers_mut().extend(begun.map(|id| (SESSION_HEADER, id)));
        Ok(answer)
    }

    /// Checks a message, and takes what it needs to run, for which the place of its reading is given back. `None` for one that
    /// is answered with nothing.
    async fn admit(
        &self,
        headers: &HeaderMap,
        principal: &Principal,
        line: &InputLine,
        reading: Place,
    ) -> Result<Option<AdmittedMessage>, HttpRefusal> {
        let Some(mut plan) = self.checks.plan(headers, principal, line)? else { return Ok(None) };
        self.check_stage(plan.kind)?;
        // Nobody has a turn in between.
        drop(reading);
        let place = self.place(principal, Shared::Running(plan.kind), plan.messages)?;
        let awaited = AwaitedRequest::new(plan.messages);
        // Before anything is waited for: what cancels the message may come next.
        let registered = self.register(plan.in_session.take(), &awaited)?;
        self.checks.count_calls(principal, plan.calls).await?;
        Ok(Some(AdmittedMessage { plan, place, awaited, registered }))
    }

    /// Notes the requests of a message, so that others of its session can cancel them.
    fn register(
        &self,
        in_session: Option<InSession>,
        awaited: &AwaitedRequest,
    ) -> Result<Vec<Registered>, HttpRefusal> {
        let Some(InSession { session, ids }) = in_session else { return Ok(Vec::new()) };
        let register = |id: Id| {
            let noted = self.checks.running.request(session, id.clone(), awaited.cancels());
            noted.ok_or_else(|| {
                let error = format!("a request with the id {id} is in flight");
                bad_request(Some(&id), &RpcError::invalid_request(error))
            })
        };
        ids.into_iter().map(register).collect()
    }

    /// Opens the stream on which a session is told of changes.
    fn get(&self, parts: &Parts, principal: &Principal) -> Result<HttpAnswer, HttpRefusal> {
        let headers = &parts.headers;
        if modern::is_named(headers) {
            return Err(HttpRefusal::method(
                "POST",
                "revision 2026-07-28 has only POST; `subscriptions/listen` opens a stream",
            ));
        }
        if !Accepted::of(headers).events {
            let page = if self.page.is_some() { "; the page for people is at /" } else { "" };
            return Err(not_acceptable(&format!(
                "text/event-stream: this is where MCP clients connect, and no page{page}"
            )));
        }
        self.check_stage(RunKind::Stream)?;
        let session =
            legacy::session(headers, &self.checks.key, &self.checks.running, &principal.id, None)?;
        let place = self.place(principal, Shared::Running(RunKind::Stream), 1)?;
        let changes = match self.checks.has_missed_changes(&session, principal) {
            true => Changes::ToldOfMissed,
            false => Changes::Told,
        };
        let engine = Engine::resumed(self.checks.engine.clone(), session.version, changes);
        let (transport, lines, pieces) = ExchangeTransport::of_stream();
        let registered = self.checks.running.stream(session.nonce, lines);
        let kept = ExchangeGuards::new(place, None, vec![registered]);
        let exchange = self.exchange(engine, principal, transport, pieces, RunKind::Stream, kept);
        Ok(answer::events(exchange, None, &self.bounds))
    }

    /// Ends a session.
    fn delete(&self, parts: &Parts, principal: &Principal) -> Result<HttpAnswer, HttpRefusal> {
        let headers = &parts.headers;
        if modern::is_named(headers) {
            return Err(HttpRefusal::method("POST", "revision 2026-07-28 has no sessions"));
        }
        let session =
            legacy::session(headers, &self.checks.key, &self.checks.running, &principal.id, None)?;
        self.checks.running.end(session.nonce, legacy::cancellation);
        Ok(answer::empty(StatusCode::NO_CONTENT))
    }

    /// Checks that the server is not too near to its end. Requests are served as long as there is a connection to ask on:
    /// who sent one could not know.
    fn check_stage(&self, kind: RunKind) -> Result<(), HttpRefusal> {
        match (*self.stage.borrow(), kind) {
            (ServerStage::Serving | ServerStage::Leaving, _)
            | (ServerStage::Draining, RunKind::Request) => Ok(()),
            (ServerStage::Draining, RunKind::Stream) | (ServerStage::Ending, _) => {
                Err(HttpRefusal::busy("the server is shutting down"))
            }
        }
    }

    fn place(
        &self,
        principal: &Principal,
        kind: Shared,
        count: usize,
    ) -> Result<Place, HttpRefusal> {
        self.shares.take(&principal.id, kind, count).map_err(|no_place| {
            let what = match kind {
                Shared::Running(RunKind::Request) => "requests",
                Shared::Running(RunKind::Stream) => "streams",
                Shared::BodyBytes => return body::no_room(no_place),
                Shared::Pages => "pages",
            };
            match no_place {
                NoShare::OfOne => {
                    HttpRefusal::too_many(format!("you have too many {what} open; end some first"))
                }
                NoShare::OfAll => {
                    HttpRefusal::busy(format!("too many {what} are open; come again in a while"))
                }
            }
        })
    }

    fn exchange(
        &self,
        engine: Engine,
        principal: &Principal,
        transport: ExchangeTransport,
        pieces: mpsc::Receiver<Piece>,
        kind: RunKind,
        kept: ExchangeGuards,
    ) -> Exchange {
        let catalog = self.checks.views.of(principal);
        let client = self.executor.client_known_as(&principal.id);
        let driver = Driver::new(engine, transport, catalog, client);
        let end = self.end_of(kind, principal, KeptRights::LetIn);
        Exchange::new(driver.run(end), pieces, self.answers.clone(), kept)
    }

    /// Resolves when what runs is to end. The driver holds it more than once while it is moved, and so holds a pointer.
    fn end_of(
        &self,
        kind: RunKind,
        principal: &Principal,
        kept: KeptRights,
    ) -> Pin<Box<dyn Future<Output = ()>>> {
        let mut stage = self.stage.clone();
        // A server that is gone has ended, too.
        let mut reached = async move |least: ServerStage| {
            drop(stage.wait_for(|stage| *stage >= least).await);
        };
        match kind {
            RunKind::Request => Box::pin(async move { reached(ServerStage::Ending).await }),
            RunKind::Stream => {
                let (access, principal) = (self.checks.access.clone(), principal.clone());
                let age = self.bounds.stream_age;
                Box::pin(async move {
                    tokio::select! {
                        () = reached(ServerStage::Draining) => {}
                        () = access.ended(&principal, kept) => {}
                        () = sleep(age) => {}
                    }
                })
            }
        }
    }
}

fn plain(text: impl Into<Bytes>) -> HttpAnswer {
    answer::whole(StatusCode::OK, "text/plain; charset=utf-8", text.into())
}

fn not_acceptable(expected: &str) -> HttpRefusal {
    HttpRefusal::plain(StatusCode::NOT_ACCEPTABLE, format!("`Accept` must take {expected}"))
}
