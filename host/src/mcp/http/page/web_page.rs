//! The page as the server holds it: what it answers.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, StatusCode};
use hyper::body::Bytes;
use tokio::sync::watch;

use super::load_history::LoadHistory;
use super::page_events::ChangeSource;
use super::page_files::PageFile;
use super::page_numbers::PageNumbers;
use super::page_state::PageState;
use super::recent_calls::{RecentCall, RecentCalls};
use super::tool_cards::{CardsJson, ToolCards};
use crate::catalog::Catalog;
use crate::mcp::http::bounds::CHUNK;
use crate::mcp::http::run::answer::HttpRefusal;
use crate::mcp::http::run::byte_budget::{ByteBudget, TakenBytes};
use crate::mcp::http::run::health::ServerHealth;
use crate::tokens::Principal;

/// The header that the page sends with each request for data. Another site cannot send it without asking first, and nobody
/// answers that it may.
const PAGE_HEADER: HeaderName = HeaderName::from_static("toolrack-page");
/// The header in which a browser says where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A path of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PagePath {
    /// A file, which tells nothing of the server.
    File(PageFile),
    Data(PageData),
}

/// A kind of data that the page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageData {
    /// The state at one moment.
    State,
    /// A stream of what changes.
    Events,
}

/// The page, and what it shows that nothing else keeps.
pub(crate) struct WebPage {
    catalog: watch::Receiver<Option<Arc<Catalog>>>,
    history: RefCell<LoadHistory>,
    calls: Arc<RecentCalls>,
    numbers: RefCell<Option<Rc<PageNumbers>>>,
    cards: ToolCards,
}

/// The state as an answer: JSON in parts, of which one is shared by all who see the same tools.
pub(crate) struct StateParts {
    parts: [Bytes; 3],
    /// The room that they take among the answers that clients have not read.
    _taken: (Rc<CardsJson>, TakenBytes),
}

impl StateParts {
    /// Takes what is to be written next. `None` at the end.
    pub(crate) fn next_chunk(&mut self) -> Option<Bytes> {
        let part = self.parts.iter_mut().find(|part| !part.is_empty())?;
        Some(part.split_to(part.len().min(CHUNK)))
    }
}

impl PagePath {
    /// The part of the page that this path is of.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "/page/state" => Some(Self::Data(PageData::State)),
            "/page/events" => Some(Self::Data(PageData::Events)),
            _ => PageFile::at(path).map(Self::File),
        }
    }
}

impl PageData {
    /// Checks that the page itself asks, and no other site.
    pub(crate) fn check_asker(headers: &HeaderMap) -> Result<(), HttpRefusal> {
        let site = headers.get(FETCH_SITE).map(|site| site.as_bytes());
        let is_own = site.is_none_or(|site| site == b"same-origin");
        match is_own && headers.contains_key(PAGE_HEADER) {
            true => Ok(()),
            false => Err(HttpRefusal::plain(
                StatusCode::FORBIDDEN,
                "this is for the page at / alone, which sends the header `Toolrack-Page: 1` from its own origin; /health tells others of the server",
            )),
        }
    }
}

impl WebPage {
    /// The page of a server that serves `catalog`, with the calls that `calls` is told of.
    pub(crate) fn new(
        catalog: watch::Receiver<Option<Arc<Catalog>>>,
        calls: Arc<RecentCalls>,
    ) -> Self {
        let (history, numbers) = (RefCell::default(), RefCell::default());
        Self { catalog, history, calls, numbers, cards: ToolCards::default() }
    }

    /// Notes the load, if that is due.
    pub(crate) fn look(&self) {
        let catalog = self.catalog.borrow().clone();
        let now = Instant::now();
        self.history.borrow_mut().look(catalog.as_deref(), now);
        self.cards.forget_unused(now);
    }

    /// The state of a server that serves `seen` to this principal, as JSON. `None` where too many bytes wait to be read
    /// already.
    pub(crate) fn state(
        &self,
        state: ServerHealth,
        uptime: Duration,
        seen: Option<&Arc<Catalog>>,
        principal: &Principal,
        answers: &ByteBudget,
    ) -> Option<StateParts> {
        let cards = self.cards.of(seen, answers, Instant::now())?;
        let history = self.history.borrow();
        let calls = self.calls.after(0, principal);
        let seen = seen.map(Arc::as_ref);
        let state = PageState::new(state, uptime, seen, principal, &history, calls);
        // Names, texts and numbers are always JSON.
        let mut json = serde_json::to_vec(&state).unwrap_or_default();
        let taken = answers.try_take(json.len())?;
        // The tools are its last member.
        json.pop();
        json.extend_from_slice(b",\"tools\":");
        let parts = [json.into(), cards.json.clone(), Bytes::from_static(b"}")];
        Some(StateParts { parts, _taken: (cards, taken) })
    }
}

impl ChangeSource for WebPage {
    fn numbers(&self) -> Rc<PageNumbers> {
        let now = Instant::now();
        let mut numbers = self.numbers.borrow_mut();
        if let Some(known) = numbers.as_ref().filter(|known| !known.is_old(now)) {
            return known.clone();
        }
        let catalog = self.catalog.borrow().clone();
        numbers.insert(Rc::new(PageNumbers::read(catalog.as_deref(), now))).clone()
    }

    fn calls_after(&self, number: u64, principal: &Principal) -> Vec<RecentCall> {
        self.calls.after(number, principal)
    }

    fn last_call(&self) -> u64 {
        self.calls.last()
    }

    fn samples_after(&self, time_ms: u64) -> (Vec<String>, u64) {
        let history = self.history.borrow();
        let samples = history.samples();
        let new = samples.iter().filter(|sample| sample.time_ms > time_ms);
        let new = new.filter_map(|sample| serde_json::to_string(sample).ok()).collect();
        (new, samples.back().map_or(0, |last| last.time_ms))
    }
}
