//! The protocol engine: lines and outcomes in, actions out.
//!
//! It does no input or output and knows no clock, so that it can be tested and fuzzed in memory. Its
//! invariant: each request with a readable id gets exactly one response, unless it was cancelled.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::batch::{BatchKey, Batches};
use super::message::{self, Id, Line, Message, Parsed, Refused};
use super::params::{self, Meta};
use super::reply::{self, Fault};
use super::result;
use super::version::Version;
use crate::catalog::{Catalog, Tool};
use crate::name::ToolName;
use crate::tool::{CallError, Output, Progress, Usage};

/// Subscriptions that are open at once.
const MAX_SUBSCRIPTIONS: usize = 16;

/// What the operator chose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Tools on one page of `tools/list`; all of them, if absent.
    pub page: Option<std::num::NonZeroUsize>,
}

/// Something for the driver to do.
#[derive(Debug)]
pub enum Action {
    /// Write this line.
    Send(String),
    /// Start this call and report its outcome.
    Call(Call),
    /// End this call; no outcome is wanted.
    Cancel(CallKey),
}

/// A call to start.
pub struct Call {
    /// Names the call from here on.
    pub key: CallKey,
    /// The request's id, for logs.
    pub request: String,
    /// The tool, which stays what it is whatever is published later.
    pub tool: Arc<Tool>,
    /// A JSON object.
    pub arguments: Box<RawValue>,
    /// Whether the client wants progress.
    pub wants_progress: bool,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({} of {})", self.tool.name, self.request)
    }
}

/// Names a call between engine and driver. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey(u64);

/// The engine.
pub struct Engine {
    settings: Settings,
    /// Absent until all is loaded that was there at the start: requests that need it wait.
    catalog: Option<Arc<Catalog>>,
    /// What can be called until then.
    early: Option<Arc<Catalog>>,
    session: Session,
    pending: HashMap<Id, Pending>,
    calls: HashMap<CallKey, Running>,
    /// Requests that wait for the catalog, in order.
    waiting: VecDeque<Waiting>,
    batches: Batches,
    next_key: u64,
    actions: VecDeque<Action>,
}

/// What a handshake settled.
#[derive(Default)]
struct Session {
    version: Option<Version>,
    /// The client said that it is ready for notifications.
    initialized: bool,
}

/// A request that has no answer yet.
enum Pending {
    Waiting,
    Call(CallKey),
    Listen { version: Version, tools: bool },
}

/// Where an answer goes, and in which revision's words.
#[derive(Clone, Debug)]
struct Origin {
    id: Id,
    version: Version,
    batch: Option<BatchKey>,
}

struct Running {
    origin: Origin,
    tool: Arc<Tool>,
    progress_token: Option<Box<RawValue>>,
    last_progress: Option<f64>,
}

struct Waiting {
    origin: Origin,
    request: Deferred,
}

enum Deferred {
    List { cursor: Option<String> },
    Listen { tools: bool },
    Call { name: String, arguments: Box<RawValue>, progress_token: Option<Box<RawValue>> },
}

impl Engine {
    /// An engine that has no catalog yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            catalog: None,
            early: None,
            session: Session::default(),
            pending: HashMap::new(),
            calls: HashMap::new(),
            waiting: VecDeque::new(),
            batches: Batches::default(),
            next_key: 0,
            actions: VecDeque::new(),
        }
    }

    /// The next thing to do, in order.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Requests that have no answer yet, subscriptions aside.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.calls.len() + self.waiting.len()
    }

    /// Bytes of arguments that wait for the catalog.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.waiting
            .iter()
            .map(|waiting| match &waiting.request {
                Deferred::List { .. } | Deferred::Listen { .. } => 0,
                Deferred::Call { arguments, .. } => arguments.get().len(),
            })
            .sum()
    }

    fn subscriptions(&self) -> usize {
        self.pending.values().filter(|pending| matches!(pending, Pending::Listen { .. })).count()
    }

    /// Takes a line from the client.
    pub fn line(&mut self, line: &Line) {
        match message::parse(line) {
            Parsed::Nothing => {}
            Parsed::One(message) => self.message(message, None),
            Parsed::Batch(items) => self.batch(&items),
        }
    }

    /// Whether a line should not wait for its turn: it is a ping, or it cancels what runs.
    #[must_use]
    pub fn is_urgent(&self, line: &Line) -> bool {
        match message::parse(line) {
            Parsed::One(Ok(Message::Request { method, .. })) => method == "ping",
            Parsed::One(Ok(Message::Notification { method, params })) => {
                let id = params::cancelled(params).and_then(Id::parse);
                method == "notifications/cancelled"
                    && id.is_some_and(|id| self.pending.contains_key(&id))
            }
            _ => false,
        }
    }

    /// Takes the outcome of a call.
    pub fn outcome(&mut self, key: CallKey, outcome: Result<Output, CallError>, usage: Usage) {
        let Some(running) = self.calls.remove(&key) else { return };
        let Running { origin, tool, .. } = running;
        let body = result::call_result(origin.version, &tool, outcome, usage);
        self.answer(&origin, reply::result(&origin.id, &body));
    }

    /// Takes a note of progress. Progress that does not increase is dropped, as the protocol wants.
    pub fn progress(&mut self, key: CallKey, progress: Progress) {
        let Some(running) = self.calls.get_mut(&key) else { return };
        let Some(token) = &running.progress_token else { return };
        if running.last_progress.is_some_and(|last| progress.value <= last) {
            return;
        }
        running.last_progress = Some(progress.value);
        let token: Value = serde_json::from_str(token.get()).unwrap_or_default();
        let mut params = json!({ "progressToken": token, "progress": progress.value });
        if let Some(total) = progress.total {
            params["total"] = total.into();
        }
        // The 2024-11-05 revision knows no message; it ignores the member.
        if let Some(message) = progress.message {
            params["message"] = message.into();
        }
        self.send(reply::notification("notifications/progress", Some(params)));
    }

    /// Takes a catalog to serve from now on. Calls that run go on with the tools they began with. Of an
    /// early one only calls take notice.
    pub fn publish(&mut self, catalog: Arc<Catalog>) {
        let mut changed = false;
        if catalog.is_early() {
            self.early = Some(catalog);
        } else {
            changed = self.catalog.as_ref().is_some_and(|old| !old.looks_like(&catalog));
            (self.catalog, self.early) = (Some(catalog), None);
        }
        for waiting in std::mem::take(&mut self.waiting) {
            self.pending.remove(&waiting.origin.id);
            self.serve_or_wait(waiting);
        }
        if changed {
            self.announce();
        }
    }

    /// Answers everything that is still open, and the lines that were read and not begun: the server
    /// is about to end.
    pub fn finish(&mut self, rest: impl Iterator<Item = Line>) {
        // Without a catalog nothing new begins.
        (self.catalog, self.early) = (None, None);
        rest.for_each(|line| self.line(&line));
        for waiting in std::mem::take(&mut self.waiting) {
            let fault = Fault::invalid_request("the server is shutting down");
            self.answer(&waiting.origin, reply::fault(Some(&waiting.origin.id), &fault));
        }
        let mut running: Vec<_> = self.calls.keys().copied().collect();
        running.sort_unstable();
        for key in running {
            self.actions.push_back(Action::Cancel(key));
            let error = CallError::Host("the server is shutting down".into());
            self.outcome(key, Err(error), Usage::default());
        }
        for (id, pending) in std::mem::take(&mut self.pending) {
            if let Pending::Listen { version, .. } = pending {
                let body = result::listen_ended(version, reply::id_value(&id));
                self.send(reply::result(&id, &body));
            }
        }
    }

    fn batch(&mut self, items: &[&RawValue]) {
        let opened = if self.session.version.is_some_and(Version::has_batches) {
            self.batches.open(items.len())
        } else {
            Err("batches exist only in protocol version 2025-03-26; send each message on a line of its own"
                .into())
        };
        match opened {
            Ok(key) => {
                for item in items {
                    self.message(message::message(item), Some(key));
                }
                self.settle(key);
            }
            Err(problem) => self.send(reply::fault(None, &Fault::invalid_request(problem))),
        }
    }

    fn message(&mut self, message: Result<Message<'_>, Refused>, batch: Option<BatchKey>) {
        match message {
            Ok(Message::Request { id, method, params }) => {
                self.request(id, &method, params, batch);
            }
            Ok(Message::Notification { method, params }) => self.notification(&method, params),
            Ok(Message::Response) => {}
            Err(Refused { id, fault }) => self.refuse(id.as_ref(), batch, &fault),
        }
    }

    fn request(
        &mut self,
        id: Id,
        method: &str,
        params: Option<&RawValue>,
        batch: Option<BatchKey>,
    ) {
        if self.pending.contains_key(&id) {
            let fault = Fault::invalid_request(format!("a request with the id {id} is in flight"));
            return self.refuse(Some(&id), batch, &fault);
        }
        let served = Meta::of(params).and_then(|meta| {
            let version = self.version_of(method, &meta, params, batch)?;
            let origin = Origin { id: id.clone(), version, batch };
            self.serve(origin, method, params, &meta)
        });
        if let Err(fault) = served {
            self.refuse(Some(&id), batch, &fault);
        }
    }

    /// The revision that a request is served under.
    fn version_of(
        &mut self,
        method: &str,
        meta: &Meta<'_>,
        params: Option<&RawValue>,
        batch: Option<BatchKey>,
    ) -> Result<Version, Fault> {
        if meta.is_modern() {
            return meta.modern_version();
        }
        if method == "initialize" {
            if batch.is_some() {
                return Err(Fault::invalid_request("`initialize` cannot be part of a batch"));
            }
            let version = params::initialize(params);
            self.session = Session { version: Some(version), initialized: false };
            return Ok(version);
        }
        match self.session.version {
            Some(version) => Ok(version),
            None if method == "ping" => Ok(Version::NEWEST_LEGACY),
            None => {
                let supported = Version::ALL.map(Version::as_str).join(", ");
                Err(Fault::invalid_params(format!(
                    "the request says no protocol version: put `{}` and `{}` into `params._meta` \
                     (2026-07-28), or send `initialize` first; supported are {supported}",
                    result::PROTOCOL_VERSION,
                    result::CLIENT_CAPABILITIES,
                )))
            }
        }
    }

    fn serve(
        &mut self,
        origin: Origin,
        method: &str,
        params: Option<&RawValue>,
        meta: &Meta<'_>,
    ) -> Result<(), Fault> {
        let (id, version) = (&origin.id, origin.version);
        match (method, version.is_modern()) {
            ("initialize", false) => {
                let line = reply::result(id, &result::initialize(version));
                self.open_and_answer(&origin, line);
            }
            ("ping", false) => {
                let line = reply::result(id, &result::empty(version));
                self.open_and_answer(&origin, line);
            }
            ("server/discover", true) => {
                let line = reply::result(id, &result::discover(version));
                self.open_and_answer(&origin, line);
            }
            ("subscriptions/listen", true) => {
                let tools = params::listens_to_tools(params)?;
                if !id.is_exact() {
                    return Err(Fault::invalid_params("the id is too large for a subscription's"));
                }
                // Acknowledged is that every change from now on is told, so there must be a list.
                self.defer(origin, Deferred::Listen { tools });
            }
            ("tools/list", _) => {
                let cursor = params::cursor(params)?;
                self.defer(origin, Deferred::List { cursor });
            }
            ("tools/call", _) => {
                let progress_token = meta.progress_token()?;
                let (name, arguments) = params::call(params)?;
                self.defer(origin, Deferred::Call { name, arguments, progress_token });
            }
            _ => return Err(Fault::unknown_method(method)),
        }
        Ok(())
    }

    /// Serves a request that needs the catalog, now or once it is there.
    fn defer(&mut self, origin: Origin, request: Deferred) {
        self.open_in_batch(&origin);
        self.serve_or_wait(Waiting { origin, request });
    }

    fn serve_or_wait(&mut self, waiting: Waiting) {
        let Some(catalog) = self.catalog_for(&waiting.request) else {
            self.pending.insert(waiting.origin.id.clone(), Pending::Waiting);
            return self.waiting.push_back(waiting);
        };
        let Waiting { origin, request } = waiting;
        let served = match request {
            Deferred::List { cursor } => self.list(&catalog, &origin, cursor.as_deref()),
            Deferred::Listen { tools } => self.listen(&origin, tools),
            Deferred::Call { name, arguments, progress_token } => {
                self.start(&catalog, &origin, &name, arguments, progress_token)
            }
        };
        if let Err(fault) = served {
            self.answer(&origin, reply::fault(Some(&origin.id), &fault));
        }
    }

    /// The catalog to serve a request by, if it is there.
    fn catalog_for(&self, request: &Deferred) -> Option<Arc<Catalog>> {
        let early = || match request {
            Deferred::Call { name, .. } => {
                self.early.clone().filter(|early| early.tool(name).is_some())
            }
            Deferred::List { .. } | Deferred::Listen { .. } => None,
        };
        self.catalog.clone().or_else(early)
    }

    fn list(
        &mut self,
        catalog: &Catalog,
        origin: &Origin,
        cursor: Option<&str>,
    ) -> Result<(), Fault> {
        let page = self.settings.page.map_or(usize::MAX, std::num::NonZero::get);
        let after = cursor.map(read_cursor).transpose()?;
        let mut tools: Vec<&Tool> = match &after {
            Some(name) => {
                catalog.tools_after(name).take(page.saturating_add(1)).map(|t| &**t).collect()
            }
            None => catalog.tools().take(page.saturating_add(1)).map(|t| &**t).collect(),
        };
        let mut next = None;
        if tools.len() > page {
            tools.truncate(page);
            next = tools.last().map(|tool| format!("{CURSOR}{}", tool.name));
        }
        let body = result::tool_list(origin.version, tools.into_iter(), next);
        self.answer(origin, reply::result(&origin.id, &body));
        Ok(())
    }

    fn start(
        &mut self,
        catalog: &Catalog,
        origin: &Origin,
        name: &str,
        arguments: Box<RawValue>,
        progress_token: Option<Box<RawValue>>,
    ) -> Result<(), Fault> {
        let Some(tool) = catalog.tool(name) else {
            return Err(unknown_tool(catalog, name));
        };
        let key = CallKey(self.next_key());
        let call = Call {
            key,
            request: origin.id.to_string(),
            tool: tool.clone(),
            arguments,
            wants_progress: progress_token.is_some(),
        };
        self.pending.insert(origin.id.clone(), Pending::Call(key));
        let tool = tool.clone();
        let running = Running { origin: origin.clone(), tool, progress_token, last_progress: None };
        self.calls.insert(key, running);
        self.actions.push_back(Action::Call(call));
        Ok(())
    }

    fn listen(&mut self, origin: &Origin, tools: bool) -> Result<(), Fault> {
        if self.subscriptions() >= MAX_SUBSCRIPTIONS {
            return Err(Fault::invalid_request(format!(
                "{MAX_SUBSCRIPTIONS} subscriptions are open; cancel one first"
            )));
        }
        let id = reply::id_value(&origin.id);
        let granted = if tools { json!({ "toolsListChanged": true }) } else { json!({}) };
        let params = json!({ "_meta": { result::SUBSCRIPTION_ID: id }, "notifications": granted });
        self.send(reply::notification("notifications/subscriptions/acknowledged", Some(params)));
        let pending = Pending::Listen { version: origin.version, tools };
        self.pending.insert(origin.id.clone(), pending);
        Ok(())
    }

    fn announce(&mut self) {
        const METHOD: &str = "notifications/tools/list_changed";
        if self.session.initialized {
            self.send(reply::notification(METHOD, None));
        }
        let subscriptions: Vec<Value> = self
            .pending
            .iter()
            .filter(|(_, pending)| matches!(pending, Pending::Listen { tools: true, .. }))
            .map(|(id, _)| reply::id_value(id))
            .collect();
        for id in subscriptions {
            let params = json!({ "_meta": { result::SUBSCRIPTION_ID: id } });
            self.send(reply::notification(METHOD, Some(params)));
        }
    }

    fn notification(&mut self, method: &str, params: Option<&RawValue>) {
        match method {
            "notifications/initialized" => {
                self.session.initialized = self.session.version.is_some();
            }
            "notifications/cancelled" => {
                if let Some(id) = params::cancelled(params).and_then(Id::parse) {
                    self.cancel(&id);
                }
            }
            // Others concern a server that offers more, or nobody.
            _ => {}
        }
    }

    fn cancel(&mut self, id: &Id) {
        let batch = match self.pending.remove(id) {
            None | Some(Pending::Listen { .. }) => None,
            Some(Pending::Call(key)) => {
                self.actions.push_back(Action::Cancel(key));
                self.calls.remove(&key).and_then(|running| running.origin.batch)
            }
            Some(Pending::Waiting) => {
                let at = self.waiting.iter().position(|waiting| waiting.origin.id == *id);
                at.and_then(|at| self.waiting.remove(at)).and_then(|waiting| waiting.origin.batch)
            }
        };
        if let Some(batch) = batch {
            self.settle(batch);
        }
    }

    fn refuse(&mut self, id: Option<&Id>, batch: Option<BatchKey>, fault: &Fault) {
        let line = reply::fault(id, fault);
        match batch {
            Some(key) => self.batches.add(key, line, |problem| too_much(id, problem)),
            None => self.send(line),
        }
    }

    fn open_in_batch(&mut self, origin: &Origin) {
        if let Some(key) = origin.batch {
            self.batches.expect(key);
        }
    }

    fn open_and_answer(&mut self, origin: &Origin, line: String) {
        self.open_in_batch(origin);
        self.answer(origin, line);
    }

    /// The one response of a request.
    fn answer(&mut self, origin: &Origin, line: String) {
        self.pending.remove(&origin.id);
        match origin.batch {
            None => self.send(line),
            Some(key) => {
                self.batches.add(key, line, |problem| too_much(Some(&origin.id), problem));
                self.settle(key);
            }
        }
    }

    fn settle(&mut self, key: BatchKey) {
        if let Some(line) = self.batches.settle(key) {
            self.send(line);
        }
    }

    fn send(&mut self, line: String) {
        debug_assert!(!line.contains('\n'), "a message is one line");
        self.actions.push_back(Action::Send(line));
    }

    fn next_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }
}

/// What answers in a batch in place of an answer that there is no room for.
fn too_much(id: Option<&Id>, problem: &str) -> String {
    reply::fault(id, &Fault::invalid_request(problem))
}

const CURSOR: &str = "after:";

fn read_cursor(cursor: &str) -> Result<ToolName, Fault> {
    cursor.strip_prefix(CURSOR).and_then(|name| ToolName::new(name).ok()).ok_or_else(|| {
        Fault::invalid_params("`cursor` is not one that this server gave; list from the beginning")
    })
}

fn unknown_tool(catalog: &Catalog, name: &str) -> Fault {
    let shown = crate::text::escape(&name[..name.floor_char_boundary(80)]);
    let near = catalog
        .tools()
        // What is so long is no slip of the pen, and comparing it takes its time.
        .filter(|_| name.len() <= 2 * crate::name::MAX_NAME)
        .map(|tool| (strsim::jaro_winkler(name, tool.name.as_str()), tool.name.as_str()))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Fault::invalid_params(match near {
        Some((_, near)) => format!("unknown tool `{shown}`; did you mean `{near}`?"),
        None => format!("unknown tool `{shown}`"),
    })
}
