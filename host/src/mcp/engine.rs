//! The protocol engine: lines and outcomes in, actions out.
//!
//! It does no input or output, and is told the time, so that it can be tested and fuzzed in memory. Its
//! invariant: each request with a readable id gets exactly one response, unless it was cancelled.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use serde_json::value::RawValue;

pub use super::action::{Action, CallKey, CallRequest};
use super::calls::observers::{AnsweredRequest, EndKind, RefusedCall};
use super::methods::call_source::{CallSource, CarrierContext};
use super::methods::lifecycle::{self, Handshake};
use super::methods::meta::RequestMeta;
use super::methods::page::Page;
use super::methods::request::{AskedCall, CatalogRequest, Request, told_method};
use super::methods::subscriptions::{self, ListenedTo};
use super::methods::{tools_call, tools_list};
use super::open_requests::{Open, Recall, ReplyTo, RunningCall, Wait, WaitingRequest};
use super::outbox::Outbox;
use super::rpc::batch::BatchKey;
use super::rpc::id::Id;
use super::rpc::lines::InputLine;
use super::rpc::message::{self, Message, Parsed, RefusedMessage};
use super::rpc::reply::{self, RpcError};
use super::version::{TransportKind, Version};
use crate::catalog::{Catalog, EntryTicket, GENERAL_INSTRUCTIONS, Plugin, Tool};
use crate::manifest::show_duration;
use crate::sandbox::{CALL_WAIT, Readiness, still_compiling};
use crate::suggestion::CommandName;
use crate::tool::{CallError, ErrorKind, FeatureKind, Output, Progress, ReasonReader, Usage};

/// Subscriptions that are open at once.
const MAX_SUBSCRIPTIONS: usize = 16;

/// Requests that wait for plugins at once, and calls of them that wait for the code of one: less than may be in flight,
/// so that calls of others have room.
pub(super) const MAX_AWAITING: usize = 192;
const MAX_AWAITING_ONE: usize = 128;

/// The operator's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Tools on one page of `tools/list`; all of them, if absent.
    pub page: Option<std::num::NonZeroUsize>,
    /// The instructions for clients until the plugins are known. `None` for those that hold for all plugins.
    pub instructions: Option<Arc<str>>,
    /// The way in which messages come.
    pub transport: TransportKind,
    /// True if calls are observed, so that those that are refused here have to be told, too.
    pub observed: bool,
}

/// The choice whether a session that is resumed is told here of lists that change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changes {
    /// It is, as a client that has sent `notifications/initialized`.
    Told,
    /// It is, and first of those that it may have missed.
    ToldOfMissed,
    /// It is told elsewhere.
    Untold,
}

/// The check that a tool and the arguments of a call have to pass beside the tool's schema.
pub(crate) type CallCheck = Box<dyn Fn(&Tool, &RawValue) -> Result<(), RpcError>>;

/// The engine.
pub struct Engine {
    settings: Settings,
    call_check: Option<CallCheck>,
    /// The HTTP request that its lines come in, where calls are observed.
    carrier: Option<Arc<CarrierContext>>,
    /// Absent until the plugin directories were looked at: requests that need it wait.
    catalog: Option<Arc<Catalog>>,
    /// The time, as it was told last.
    now: Instant,
    /// The kinds of features whose lists have changed since clients were told.
    changed: BTreeSet<FeatureKind>,
    session: Handshake,
    open: Open,
    outbox: Outbox,
    /// Calls that were refused and not told yet; none where nobody observes them.
    refused: Vec<RefusedCall>,
    /// The same of other requests that were answered.
    answered: Vec<AnsweredRequest>,
}

impl Engine {
    /// An engine that has no catalog yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            call_check: None,
            carrier: None,
            catalog: None,
            now: Instant::now(),
            changed: BTreeSet::new(),
            session: Handshake::default(),
            open: Open::default(),
            outbox: Outbox::default(),
            refused: Vec::new(),
            answered: Vec::new(),
        }
    }

    /// An engine that goes on with a session whose handshake agreed on `version` elsewhere.
    #[must_use]
    pub(crate) fn resumed(settings: Settings, version: Version, changes: Changes) -> Self {
        let session = Handshake::agreed(version, changes != Changes::Untold);
        let missed = (changes == Changes::ToldOfMissed).then_some(FeatureKind::Tool);
        Self { session, changed: missed.into_iter().collect(), ..Self::new(settings) }
    }

    /// The same engine, whose calls have to pass this check when they are begun.
    #[must_use]
    pub(crate) fn checking(self, check: CallCheck) -> Self {
        Self { call_check: Some(check), ..self }
    }

    /// The same engine, whose lines came in this HTTP request.
    #[must_use]
    pub(crate) fn carried_by(self, carrier: Option<Arc<CarrierContext>>) -> Self {
        Self { carrier, ..self }
    }

    /// The next thing to do, in order.
    pub fn next_action(&mut self) -> Option<Action> {
        self.outbox.next()
    }

    /// Takes the calls that were refused since it was asked last. None where nobody observes them.
    pub(super) fn take_refused(&mut self) -> std::vec::Drain<'_, RefusedCall> {
        self.refused.drain(..)
    }

    /// Takes the other requests that were answered since it was asked last. None where nobody observes them.
    pub(super) fn take_answered(&mut self) -> std::vec::Drain<'_, AnsweredRequest> {
        self.answered.drain(..)
    }

    /// True if no request is without an answer, and there is no subscription.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Requests that have no answer yet, subscriptions aside.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.open.in_flight()
    }

    /// The number of requests that wait for plugins to be loaded, or for a plugin's code.
    #[must_use]
    pub fn await_plugins(&self) -> usize {
        self.open.await_plugins()
    }

    /// Tells the time: what comes from now on, comes then.
    pub fn at(&mut self, now: Instant) {
        self.now = now;
    }

    /// When the next request is due to be ended that waits for plugins, if any does.
    #[must_use]
    pub fn next_wait_end(&self) -> Option<Instant> {
        self.open.oldest_wait().map(|since| since + CALL_WAIT)
    }

    /// Ends requests that have waited for plugins to be loaded, or for a plugin's code, as long as they may.
    pub fn end_long_waits(&mut self) {
        let Some(then) = self.now.checked_sub(CALL_WAIT) else { return };
        let (waiting, calls) = self.open.take_overdue(then);
        for waiting in waiting {
            let wait = show_duration(CALL_WAIT);
            self.note_waiting(&waiting, EndKind::Error(ErrorKind::Unready));
            self.refuse_to_wait(&waiting.reply_to, &format!("this request has waited for {wait}"));
        }
        for (key, running) in calls {
            self.outbox.push(Action::Cancel(key));
            let error = match running.tool.plugin.readiness() {
                Readiness::FailedForNow => failed_for_long(),
                Readiness::Ready
                | Readiness::Remaking
                | Readiness::AwaitsCode
                | Readiness::Refused => still_compiling(),
            };
            self.note_running(&running, EndKind::Error(error.kind()));
            self.refuse_call(&running.reply_to, error);
        }
    }

    /// The reader of what the client is told.
    fn reader(&self) -> ReasonReader {
        self.settings.transport.reader()
    }

    /// True if as many requests wait for plugins as may, in all or for the code of one: what begins now may be refused.
    #[must_use]
    pub(super) fn is_crowded(&self) -> bool {
        self.open.in_flight() >= MAX_AWAITING_ONE
            && (self.awaits_most() || self.open.most_await_one() >= MAX_AWAITING_ONE)
    }

    /// Bytes of arguments that wait for the catalog.
    #[must_use]
    pub(super) fn waiting_bytes(&self) -> usize {
        self.open.waiting_bytes()
    }

    /// Takes a line from the client.
    pub fn line(&mut self, line: &InputLine) {
        match message::parse(line, self.settings.transport) {
            Parsed::Nothing => {}
            Parsed::One(message) => self.message(message, None),
            Parsed::Batch(items) => self.batch(&items),
        }
    }

    /// True if a request with this id has no answer yet.
    pub(super) fn is_open(&self, id: &Id) -> bool {
        self.open.contains(id)
    }

    /// Takes the outcome of a call. Returns true if the last action is now the one that sends its answer: not where its
    /// batch waits for more, nor where the call was cancelled.
    pub fn outcome(
        &mut self,
        key: CallKey,
        outcome: Result<Output, CallError>,
        usage: Usage,
    ) -> bool {
        let Some(running) = self.open.end(key) else { return false };
        let RunningCall { reply_to, .. } = running;
        let body = tools_call::call_result(reply_to.version, self.reader(), outcome, usage);
        self.outbox.answer(&reply_to, reply::result(&reply_to.id, &body))
    }

    /// Takes a note of progress. Progress that does not increase is dropped, as the protocol wants.
    pub fn progress(&mut self, key: CallKey, progress: Progress) {
        let Some(running) = self.open.running(key) else { return };
        let Some(token) = &running.progress_token else { return };
        if running.last_progress.is_some_and(|last| progress.value <= last) {
            return;
        }
        running.last_progress = Some(progress.value);
        let line = tools_call::progress(token, progress);
        self.outbox.notify(line);
    }

    /// Takes a catalog to serve from now on. Calls that run go on with the tools they began with.
    pub fn publish(&mut self, catalog: Arc<Catalog>) {
        let is_provisional = catalog.is_provisional();
        // A catalog that no client could list yet is no news.
        let listed = self.catalog.as_ref().filter(|old| !old.is_early());
        self.changed.extend(listed.into_iter().flat_map(|old| old.differences(&catalog)));
        self.catalog = Some(catalog);
        // Those that were begun came first.
        self.recall();
        for waiting in self.open.take_waiting() {
            self.serve_or_wait(waiting);
        }
        if !is_provisional {
            for kind in std::mem::take(&mut self.changed) {
                self.announce(kind);
            }
        }
    }

    /// Lets calls begin anew that have not entered their plugin, and whose plugin is not served any more.
    fn recall(&mut self) {
        let Some(catalog) = self.catalog.clone() else { return };
        let is_served = |plugin: &Arc<Plugin>| {
            catalog.plugins().iter().any(|served| Arc::ptr_eq(served, plugin))
        };
        for (key, waiting) in self.open.recall(is_served) {
            self.outbox.push(Action::Cancel(key));
            self.serve_or_wait(waiting);
        }
    }

    /// Answers everything that is still open, and the lines that were read and not begun: the server
    /// is about to end.
    pub fn finish(&mut self, rest: impl Iterator<Item = InputLine>) {
        // Without a catalog nothing new begins.
        self.catalog = None;
        rest.for_each(|line| self.line(&line));
        for waiting in self.open.take_waiting() {
            self.note_waiting(&waiting, EndKind::ServerEnded);
            let fault = RpcError::invalid_request("the server is shutting down");
            self.outbox.answer(&waiting.reply_to, reply::fault(Some(&waiting.reply_to.id), &fault));
        }
        for key in self.open.calls() {
            self.outbox.push(Action::Cancel(key));
            let error = CallError::Unready("the server is shutting down".into());
            self.outcome(key, Err(error), Usage::default());
        }
        for (id, version) in self.open.take_subscriptions() {
            let body = subscriptions::listen_ended(version, &id);
            self.outbox.send(reply::result(&id, &body));
        }
    }

    fn batch(&mut self, items: &[&RawValue]) {
        let opened = if self.session.has_batches() {
            self.outbox.open_batch(items.len())
        } else {
            Err("batches exist only in protocol version 2025-03-26; send each message by itself"
                .into())
        };
        match opened {
            Ok(key) => {
                for item in items {
                    self.message(message::message(item), Some(key));
                }
                self.outbox.one_less_due(key);
            }
            Err(problem) => {
                self.outbox.send(reply::fault(None, &RpcError::invalid_request(problem)))
            }
        }
    }

    fn message(&mut self, message: Result<Message<'_>, RefusedMessage>, batch: Option<BatchKey>) {
        match message {
            Ok(Message::Request { id, method, params }) => {
                self.request(id, &method, params, batch);
            }
            Ok(Message::Notification { method, params }) => self.notification(&method, params),
            Ok(Message::Response) => {}
            Err(RefusedMessage { id, fault }) => self.outbox.refuse(id.as_ref(), batch, &fault),
        }
    }

    fn request(
        &mut self,
        id: Id,
        method: &str,
        params: Option<&RawValue>,
        batch: Option<BatchKey>,
    ) {
        if self.open.contains(&id) {
            let fault =
                RpcError::invalid_request(format!("a request with the id {id} is in flight"));
            return self.outbox.refuse(Some(&id), batch, &fault);
        }
        let checked = RequestMeta::of(params).and_then(|meta| {
            let version = self.session.version_of(
                method,
                &meta,
                params,
                batch.is_some(),
                self.settings.transport,
            )?;
            let mut request = Request::of(&id, version, method, params, &meta)?;
            let source = self.settings.observed.then(|| self.source_of(&meta, version));
            if let Request::Catalog(request) = &mut request {
                request.comes_from(source.clone());
            }
            Ok((version, request, source))
        });
        match checked {
            Ok((version, request, source)) => {
                self.serve(ReplyTo { id, version, batch }, request, told_method(method), source);
            }
            Err(fault) => {
                let source = self.settings.observed.then(|| self.bare_source());
                let answered = AnsweredRequest::new(
                    told_method(method),
                    &id,
                    source,
                    self.now,
                    Some(fault.code()),
                );
                self.answered.extend(answered);
                self.outbox.refuse(Some(&id), batch, &fault);
            }
        }
    }

    /// The source of a call with this `_meta`.
    fn source_of(&self, meta: &RequestMeta<'_>, version: Version) -> Arc<CallSource> {
        Arc::new(CallSource {
            client: meta.client().or_else(|| self.session.client().cloned()),
            version: Some(version),
            transport: self.settings.transport,
            parent: meta.trace_parent(),
            carrier: self.carrier.clone(),
        })
    }

    /// The source of a request of which no more is known than what it came in.
    fn bare_source(&self) -> Arc<CallSource> {
        let (transport, carrier) = (self.settings.transport, self.carrier.clone());
        Arc::new(CallSource { transport, carrier, ..CallSource::default() })
    }

    fn serve(
        &mut self,
        reply_to: ReplyTo,
        request: Request,
        method: &'static str,
        source: Option<Arc<CallSource>>,
    ) {
        self.outbox.expect(&reply_to);
        let (id, version) = (&reply_to.id, reply_to.version);
        let mut error = None;
        let line = match request {
            Request::Initialize => {
                reply::result(id, &lifecycle::initialize(version, &self.instructions()))
            }
            Request::Ping => reply::result(id, &lifecycle::empty(version)),
            Request::Discover => reply::result(
                id,
                &lifecycle::discover(version, &self.instructions(), self.settings.transport),
            ),
            Request::Listen(kinds) => match self.listen(&reply_to, kinds) {
                Ok(()) => return self.note_answered(method, &reply_to, source, self.now, None),
                Err(fault) => {
                    error = Some(fault.code());
                    reply::fault(Some(id), &fault)
                }
            },
            Request::Catalog(request) => {
                return self.serve_or_wait(WaitingRequest::new(reply_to, request, self.now));
            }
        };
        self.note_answered(method, &reply_to, source, self.now, error);
        self.outbox.answer(&reply_to, line);
    }

    /// The instructions for the plugins that are served, or that were when they were known last.
    fn instructions(&self) -> Cow<'_, str> {
        let current = self.catalog.as_ref().and_then(|catalog| catalog.instructions());
        let known = || self.settings.instructions.as_deref().unwrap_or(GENERAL_INSTRUCTIONS);
        current.map_or_else(|| known().into(), Cow::from)
    }

    /// Serves a request that needs the catalog, now or once it is there.
    fn serve_or_wait(&mut self, waiting: WaitingRequest) {
        let Some(catalog) = self.catalog_for(&waiting.request) else {
            return match self.may_refuse(&waiting) {
                true => {
                    let why = format!("{MAX_AWAITING} others wait for plugins already");
                    self.note_waiting(&waiting, EndKind::Error(ErrorKind::Unready));
                    self.refuse_to_wait(&waiting.reply_to, &why);
                }
                false => self.open.wait(waiting),
            };
        };
        let WaitingRequest { reply_to, request, wait } = waiting;
        let served = match request {
            CatalogRequest::List { kind, cursor, source } => {
                let listed = self.list(&catalog, kind, &reply_to, cursor.as_deref());
                let error = listed.as_ref().err().map(RpcError::code);
                self.note_answered("tools/list", &reply_to, source, wait.since, error);
                listed
            }
            CatalogRequest::Call(call) => self.start(&catalog, &reply_to, call, wait),
        };
        if let Err(fault) = served {
            self.outbox.answer(&reply_to, reply::fault(Some(&reply_to.id), &fault));
        }
    }

    /// True if this request, which would have to wait, is not to wait for want of room.
    fn may_refuse(&self, waiting: &WaitingRequest) -> bool {
        !waiting.wait.has_room
            && self.catalog.is_some()
            && waiting.request.is_call()
            && self.awaits_most()
    }

    /// True if as many requests wait for plugins as may.
    fn awaits_most(&self) -> bool {
        self.open.await_plugins() >= MAX_AWAITING
    }

    fn refuse_to_wait(&mut self, reply_to: &ReplyTo, why: &str) {
        let shown = match self.reader() {
            ReasonReader::Operator => format!(", as `{}` shows", CommandName::Status.alone()),
            ReasonReader::Stranger => String::new(),
        };
        let fault = RpcError::internal(format!(
            "the plugin is still being loaded{shown}, and {why}; ask again in a while"
        ));
        self.outbox.answer(reply_to, reply::fault(Some(&reply_to.id), &fault));
    }

    /// Returns the reason why a call may not wait for the code of this plugin. `None` while there is room to wait.
    fn crowd_before(&self, plugin: &Arc<Plugin>) -> Option<String> {
        let crowd = if self.awaits_most() {
            format!("{MAX_AWAITING} requests wait for plugins")
        } else if self.open.await_plugin(plugin) >= MAX_AWAITING_ONE {
            format!("{MAX_AWAITING_ONE} calls wait for it")
        } else {
            return None;
        };
        Some(format!(
            "the plugin's code is still being compiled, and {crowd} already; call it again in a while"
        ))
    }

    /// Answers a call of a known tool that never reached its plugin.
    fn refuse_call(&mut self, reply_to: &ReplyTo, error: CallError) {
        let body =
            tools_call::call_result(reply_to.version, self.reader(), Err(error), Usage::default());
        self.outbox.answer(reply_to, reply::result(&reply_to.id, &body));
    }

    /// The catalog to serve a request by, if it is there. The first list waits for a whole one; a call of a tool that a
    /// plugin may have which is still being loaded waits for that plugin.
    fn catalog_for(&self, request: &CatalogRequest) -> Option<Arc<Catalog>> {
        let catalog = self.catalog.as_ref()?;
        let is_known = match request {
            CatalogRequest::List { .. } => !catalog.is_early(),
            CatalogRequest::Call(call) => !tools_call::may_come(catalog, &call.name),
        };
        is_known.then(|| catalog.clone())
    }

    fn list(
        &mut self,
        catalog: &Catalog,
        kind: FeatureKind,
        reply_to: &ReplyTo,
        cursor: Option<&str>,
    ) -> Result<(), RpcError> {
        let line = match kind {
            FeatureKind::Tool => {
                let page = Page::of(catalog.tools(), self.settings.page, cursor)?;
                reply::result(&reply_to.id, &tools_list::tool_list(reply_to.version, page))
            }
        };
        self.outbox.answer(reply_to, line);
        Ok(())
    }

    fn start(
        &mut self,
        catalog: &Catalog,
        reply_to: &ReplyTo,
        call: AskedCall,
        wait: Wait,
    ) -> Result<(), RpcError> {
        let tool = match tools_call::tool(catalog, &call.name, self.reader()) {
            Ok(tool) => tool,
            Err(fault) => {
                self.note_refused(reply_to, &call, None, wait.since, EndKind::UnknownTool);
                return Err(fault);
            }
        };
        let check = self.call_check.as_ref();
        if let Err(fault) = check.map_or(Ok(()), |check| check(tool, &call.arguments)) {
            let end = EndKind::BadRequest;
            self.note_refused(reply_to, &call, Some(tool), wait.since, end);
            return Err(fault);
        }
        if !wait.has_room
            && tool.plugin.readiness().awaits_code()
            && let Some(crowd) = self.crowd_before(&tool.plugin)
        {
            let end = EndKind::Error(ErrorKind::Unready);
            self.note_refused(reply_to, &call, Some(tool), wait.since, end);
            self.refuse_call(reply_to, CallError::Unready(crowd));
            return Ok(());
        }
        let entry = Arc::<EntryTicket>::default();
        let request_again = CatalogRequest::Call(call.clone());
        let AskedCall { arguments, progress_token, source, .. } = call;
        let (request, wants_progress) = (reply_to.id.to_string(), progress_token.is_some());
        let recall = Recall { entry: entry.clone(), request: request_again, since: wait.since };
        let key = self.open.begin(reply_to.clone(), tool.clone(), progress_token, recall);
        let tool = tool.clone();
        let came = wait.since;
        let call =
            CallRequest { key, request, tool, arguments, wants_progress, entry, source, came };
        self.outbox.push(Action::Call(call));
        Ok(())
    }

    /// Notes a request that waited for plugins and ends so.
    fn note_waiting(&mut self, waiting: &WaitingRequest, end: EndKind) {
        let WaitingRequest { reply_to, request, wait } = waiting;
        match (request, end) {
            (CatalogRequest::Call(call), _) => {
                self.note_refused(reply_to, call, None, wait.since, end);
            }
            // Nobody is answered.
            (CatalogRequest::List { .. }, EndKind::Cancelled) => {}
            (CatalogRequest::List { source, .. }, _) => {
                // As it is answered.
                let fault = match end {
                    EndKind::ServerEnded => RpcError::invalid_request(""),
                    _ => RpcError::internal(""),
                };
                let (source, error) = (source.clone(), Some(fault.code()));
                self.note_answered("tools/list", reply_to, source, wait.since, error);
            }
        }
    }

    /// Notes a request that was answered, but for a call; an error is told by its code.
    fn note_answered(
        &mut self,
        method: &'static str,
        reply_to: &ReplyTo,
        source: Option<Arc<CallSource>>,
        came: Instant,
        error: Option<i64>,
    ) {
        self.answered.extend(AnsweredRequest::new(method, &reply_to.id, source, came, error));
    }

    /// Notes a call that was begun, never reached its plugin, and ends so.
    fn note_running(&mut self, running: &RunningCall, end: EndKind) {
        let RunningCall { reply_to, tool, recall, .. } = running;
        if let CatalogRequest::Call(call) = &recall.request {
            self.note_refused(reply_to, call, Some(tool), recall.since, end);
        }
    }

    fn note_refused(
        &mut self,
        reply_to: &ReplyTo,
        call: &AskedCall,
        tool: Option<&Arc<Tool>>,
        came: Instant,
        end: EndKind,
    ) {
        if let (Some(tool), EndKind::Error(error)) = (tool, end) {
            tool.statistics.refused(error, came);
        }
        if !self.settings.observed {
            return;
        }
        let AskedCall { name, arguments, source, .. } = call;
        self.refused.push(RefusedCall {
            request: reply_to.id.to_string(),
            tool: name.clone(),
            plugin: tool.map(|tool| tool.plugin.clone()),
            arguments: Some(arguments.clone()),
            source: source.clone(),
            came,
            end,
            calls: 1,
        });
    }

    fn listen(&mut self, reply_to: &ReplyTo, kinds: ListenedTo) -> Result<(), RpcError> {
        if self.open.subscriptions() >= MAX_SUBSCRIPTIONS {
            return Err(RpcError::invalid_request(format!(
                "{MAX_SUBSCRIPTIONS} subscriptions are open; cancel one first"
            )));
        }
        self.outbox.notify(subscriptions::acknowledged(&reply_to.id, &kinds));
        self.open.listen(reply_to, kinds);
        Ok(())
    }

    fn announce(&mut self, kind: FeatureKind) {
        if self.session.is_told() {
            self.outbox.notify(subscriptions::list_changed(kind, None));
        }
        for id in self.open.listeners(kind) {
            self.outbox.notify(subscriptions::list_changed(kind, Some(id)));
        }
    }

    fn notification(&mut self, method: &str, params: Option<&RawValue>) {
        match method {
            "notifications/initialized" => self.session.initialized(),
            "notifications/cancelled" => {
                if let Some(id) = lifecycle::cancelled(params).and_then(Id::parse) {
                    self.cancel(&id);
                }
            }
            // Others concern a server that offers more, or nobody.
            _ => {}
        }
    }

    fn cancel(&mut self, id: &Id) {
        let Some(cancelled) = self.open.cancel(id) else { return };
        if let Some(waiting) = &cancelled.waiting {
            self.note_waiting(waiting, EndKind::Cancelled);
        }
        if let Some(key) = cancelled.call {
            self.outbox.push(Action::Cancel(key));
        }
        if let Some(batch) = cancelled.batch {
            self.outbox.one_less_due(batch);
        }
    }
}

/// The error of a call whose plugin this machine could not load for as long as calls wait.
fn failed_for_long() -> CallError {
    let wait = show_duration(CALL_WAIT);
    CallError::Host(format!(
        "the plugin could not be loaded within {wait}, as `{}` shows; call it again in a while",
        CommandName::Status.alone()
    ))
}
