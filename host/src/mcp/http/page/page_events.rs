//! The stream of events on which an open page is told of what changes.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::page_numbers::PageNumbers;
use super::recent_calls::RecentCall;
use crate::catalog::{CallCounts, Catalog, StatisticsSnapshot};
use crate::mcp::http::run::health::CallStatistics;
use crate::tokens::Principal;

/// The time between two looks at what has changed, for one page.
const EVENT_INTERVAL: Duration = Duration::from_millis(500);

/// The place where changes are found.
pub(crate) trait ChangeSource {
    /// The numbers of all tools, at most a second old.
    fn numbers(&self) -> Rc<PageNumbers>;

    /// The calls after the one with this number that `principal` may see, as far as they are kept.
    fn calls_after(&self, number: u64, principal: &Principal) -> Vec<RecentCall>;

    /// The number of the last call.
    fn last_call(&self) -> u64;

    /// The samples of the load that were taken after this time, each as JSON, with the time of the last.
    fn samples_after(&self, time_ms: u64) -> (Vec<String>, u64);
}

/// The changes that one page is told of.
pub(crate) struct PageEvents<S> {
    pub(crate) source: Rc<S>,
    /// The catalog as its principal may see it.
    pub(crate) seen: watch::Receiver<Option<Arc<Catalog>>>,
    pub(crate) principal: Principal,
    /// The time after which a comment is sent where nothing else is.
    pub(crate) keep_alive: Duration,
}

/// The numbers of the tools that were called, as they are now, and of all together.
#[derive(Serialize)]
struct ChangedNumbers<'a> {
    tools: HashMap<&'a str, CallStatistics>,
    sum: CallStatistics,
}

/// The things that a page was told last.
struct LastTold {
    counts: HashMap<String, CallCounts>,
    paused: Vec<String>,
    sample_ms: u64,
    call: u64,
}

impl<S: ChangeSource> PageEvents<S> {
    /// Tells of what changes from now on, until nobody listens.
    pub(crate) async fn tell(mut self, chunks: mpsc::Sender<Bytes>) {
        let mut told = self.begin();
        let mut looks = tokio::time::interval(EVENT_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first byte at once: some proxies hold the head until then.
        let mut chunk = ":\n\n".to_owned();
        let mut last_sent = Instant::now();
        loop {
            if !chunk.is_empty() {
                if chunks.send(chunk.into()).await.is_err() {
                    return;
                }
                last_sent = Instant::now();
            }
            looks.tick().await;
            chunk = self.changes(&mut told);
            if chunk.is_empty() && last_sent.elapsed() >= self.keep_alive {
                chunk.push_str(":\n\n");
            }
        }
    }

    fn begin(&mut self) -> LastTold {
        self.seen.mark_unchanged();
        let numbers = self.source.numbers();
        let counts = numbers.tools.iter().map(|(tool, now)| (tool.name.to_string(), now.counts));
        LastTold {
            counts: counts.collect(),
            paused: self.paused(&numbers),
            sample_ms: self.source.samples_after(u64::MAX).1,
            call: self.source.last_call(),
        }
    }

    /// The plugins that are left alone, of those that the principal sees.
    fn paused(&self, numbers: &PageNumbers) -> Vec<String> {
        let paused = numbers.paused.iter();
        if self.principal.allow.is_none() {
            return paused.cloned().collect();
        }
        let seen = self.seen.borrow().clone();
        let sees = |plugin: &str| {
            let mut tools = seen.iter().flat_map(|seen| seen.tools().all());
            tools.any(|tool| tool.plugin.name.as_str() == plugin)
        };
        paused.filter(|plugin| sees(plugin)).cloned().collect()
    }

    /// The events of what has changed since this was told.
    fn changes(&mut self, told: &mut LastTold) -> String {
        let mut events = String::new();
        let numbers = self.source.numbers();
        let is_changed = self.seen.has_changed().unwrap_or(false);
        let paused = self.paused(&numbers);
        if is_changed || told.paused != paused {
            self.seen.mark_unchanged();
            told.paused = paused;
            told.counts
                .retain(|name, _| numbers.tools.iter().any(|(tool, _)| tool.name.as_str() == name));
            event(&mut events, "catalog", "{}");
        }
        let seen = self.seen.borrow().clone();
        let may_see = |name: &str| seen.as_ref().is_some_and(|seen| seen.tool(name).is_some());
        let own: Vec<_> =
            numbers.tools.iter().filter(|(tool, _)| may_see(tool.name.as_str())).collect();
        let mut tools = HashMap::new();
        for (tool, now) in &own {
            let name = tool.name.as_str();
            if told.counts.get(name).copied().unwrap_or_default() != now.counts {
                told.counts.insert(name.to_owned(), now.counts);
                tools.insert(name, CallStatistics::from(now.clone()));
            }
        }
        if !tools.is_empty() {
            let sum = own.into_iter().map(|(_, now)| now.clone());
            let sum = sum.reduce(|sum: StatisticsSnapshot, more| sum.with(&more));
            let changed = ChangedNumbers { tools, sum: sum.map(Into::into).unwrap_or_default() };
            // Numbers and names are always JSON.
            event(&mut events, "numbers", &serde_json::to_string(&changed).unwrap_or_default());
        }
        let last_call = self.source.last_call();
        if last_call > told.call {
            for call in self.source.calls_after(told.call, &self.principal) {
                event(&mut events, "call", &serde_json::to_string(&call).unwrap_or_default());
            }
            told.call = last_call;
        }
        if self.principal.allow.is_none() {
            let (samples, last) = self.source.samples_after(told.sample_ms);
            told.sample_ms = last;
            samples.iter().for_each(|sample| event(&mut events, "sample", sample));
        }
        events
    }
}

/// Adds an event with this JSON, which has no line breaks.
fn event(events: &mut String, name: &str, json: &str) {
    for part in ["event: ", name, "\ndata: ", json, "\n\n"] {
        events.push_str(part);
    }
}
