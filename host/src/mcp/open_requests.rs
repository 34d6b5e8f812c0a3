//! Requests that have no answer yet: calls that run, those that wait for the catalog, subscriptions.
//!
//! What they are answered with is not known here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use serde_json::value::RawValue;

use super::action::CallKey;
use super::methods::request::CatalogRequest;
use super::methods::subscriptions::ListenedTo;
use super::rpc::batch::BatchKey;
use super::rpc::id::Id;
use super::version::Version;
use crate::catalog::{EntryTicket, Plugin, Tool};
use crate::sandbox::Readiness;
use crate::tool::FeatureKind;

/// Where an answer goes, and in which revision's words.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTo {
    pub(crate) id: Id,
    pub(crate) version: Version,
    pub(crate) batch: Option<BatchKey>,
}

/// A call that runs.
pub(crate) struct RunningCall {
    pub(crate) reply_to: ReplyTo,
    pub(crate) tool: Arc<Tool>,
    pub(crate) progress_token: Option<Box<RawValue>>,
    pub(crate) last_progress: Option<f64>,
    pub(crate) recall: Recall,
}

impl RunningCall {
    /// True if it waits for its plugin's code.
    fn awaits_plugin(&self) -> bool {
        let readiness = self.tool.plugin.readiness();
        !self.recall.entry.is_taken()
            && (readiness.awaits_code() || readiness == Readiness::FailedForNow)
    }
}

/// The parts of a call that are kept to begin it anew before it has entered its plugin.
pub(crate) struct Recall {
    pub(crate) entry: Arc<EntryTicket>,
    pub(crate) request: CatalogRequest,
    /// The time at which it came.
    pub(crate) since: Instant,
}

/// A wait for plugins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// The time at which the request came.
    pub(crate) since: Instant,
    /// True if it has been given room among those that wait, and is not to be refused for want of it.
    pub(crate) has_room: bool,
}

/// A request that waits for the catalog.
pub(crate) struct WaitingRequest {
    pub(crate) reply_to: ReplyTo,
    pub(crate) request: CatalogRequest,
    pub(crate) wait: Wait,
}

impl WaitingRequest {
    /// A request that begins to wait.
    pub(crate) fn new(reply_to: ReplyTo, request: CatalogRequest, since: Instant) -> Self {
        Self { reply_to, request, wait: Wait { since, has_room: false } }
    }
}

/// The parts of a cancelled request that are still open.
pub(crate) struct Cancelled {
    pub(crate) call: Option<CallKey>,
    pub(crate) batch: Option<BatchKey>,
    /// The request, if it waited for the catalog.
    pub(crate) waiting: Option<WaitingRequest>,
}

/// All of them. No two have one id.
#[derive(Default)]
pub(crate) struct Open {
    requests: HashMap<Id, RequestStage>,
    calls: HashMap<CallKey, RunningCall>,
    /// In the order in which they came.
    waiting: VecDeque<WaitingRequest>,
    last_key: u64,
}

enum RequestStage {
    Waiting,
    Call(CallKey),
    Listen { version: Version, kinds: ListenedTo },
}

impl Open {
    pub(crate) fn contains(&self, id: &Id) -> bool {
        self.requests.contains_key(id)
    }

    /// True if there is none, and no subscription.
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Returns the number of open requests, without subscriptions.
    pub(crate) fn in_flight(&self) -> usize {
        self.calls.len() + self.waiting.len()
    }

    /// Bytes of arguments that wait for the catalog.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.request.argument_bytes()).sum()
    }

    /// The number of those that wait for the catalog, or for their plugin's code.
    pub(crate) fn await_plugins(&self) -> usize {
        let awaiting = self.calls.values().filter(|running| running.awaits_plugin());
        self.waiting.len() + awaiting.count()
    }

    /// The number of calls that wait for this plugin's code.
    pub(crate) fn await_plugin(&self, plugin: &Arc<Plugin>) -> usize {
        let of_it = |running: &&RunningCall| Arc::ptr_eq(&running.tool.plugin, plugin);
        self.calls.values().filter(of_it).filter(|running| running.awaits_plugin()).count()
    }

    /// The most calls that wait for the code of one plugin.
    pub(crate) fn most_await_one(&self) -> usize {
        let mut counts = HashMap::new();
        for running in self.calls.values().filter(|running| running.awaits_plugin()) {
            *counts.entry(Arc::as_ptr(&running.tool.plugin)).or_default() += 1;
        }
        counts.into_values().max().unwrap_or_default()
    }

    /// When the request came that has waited for plugins the longest, if any waits.
    pub(crate) fn oldest_wait(&self) -> Option<Instant> {
        let calls = self.calls.values().filter(|running| running.awaits_plugin());
        let calls = calls.map(|running| running.recall.since);
        self.waiting.iter().map(|waiting| waiting.wait.since).chain(calls).min()
    }

    /// Takes out what has waited for plugins since `then` or longer, in order: requests, and calls that have not entered
    /// one, to be ended.
    pub(crate) fn take_overdue(
        &mut self,
        then: Instant,
    ) -> (Vec<WaitingRequest>, Vec<(CallKey, RunningCall)>) {
        let (old, young): (Vec<_>, Vec<_>) =
            self.waiting.drain(..).partition(|waiting| waiting.wait.since <= then);
        self.waiting = young.into();
        for WaitingRequest { reply_to, .. } in &old {
            self.requests.remove(&reply_to.id);
        }
        let calls =
            self.take_out(|running| running.recall.since <= then && running.awaits_plugin());
        (old, calls)
    }

    pub(crate) fn wait(&mut self, mut waiting: WaitingRequest) {
        waiting.wait.has_room = true;
        self.requests.insert(waiting.reply_to.id.clone(), RequestStage::Waiting);
        self.waiting.push_back(waiting);
    }

    /// Those that wait, in order. They wait no more.
    pub(crate) fn take_waiting(&mut self) -> VecDeque<WaitingRequest> {
        let waiting = std::mem::take(&mut self.waiting);
        for WaitingRequest { reply_to, .. } in &waiting {
            self.requests.remove(&reply_to.id);
        }
        waiting
    }

    /// A call begins.
    pub(crate) fn begin(
        &mut self,
        reply_to: ReplyTo,
        tool: Arc<Tool>,
        progress_token: Option<Box<RawValue>>,
        recall: Recall,
    ) -> CallKey {
        self.last_key += 1;
        let key = CallKey(self.last_key);
        self.requests.insert(reply_to.id.clone(), RequestStage::Call(key));
        let running = RunningCall { reply_to, tool, progress_token, last_progress: None, recall };
        self.calls.insert(key, running);
        key
    }

    /// The call with this key, unless it was cancelled.
    pub(crate) fn running(&mut self, key: CallKey) -> Option<&mut RunningCall> {
        self.calls.get_mut(&key)
    }

    /// Removes the call of this key, and returns it.
    pub(crate) fn end(&mut self, key: CallKey) -> Option<RunningCall> {
        let running = self.calls.remove(&key)?;
        self.requests.remove(&running.reply_to.id);
        Some(running)
    }

    /// All calls that run, in the order in which they began.
    pub(crate) fn calls(&self) -> Vec<CallKey> {
        let mut calls: Vec<_> = self.calls.keys().copied().collect();
        calls.sort_unstable();
        calls
    }

    /// Takes back the calls that have not entered their plugin, and whose plugin is not served any more, in the order in
    /// which they began. Each is a request again, and names the call that is to be ended.
    pub(crate) fn recall(
        &mut self,
        is_served: impl Fn(&Arc<Plugin>) -> bool,
    ) -> Vec<(CallKey, WaitingRequest)> {
        self.take_back(|running| {
            let plugin = &running.tool.plugin;
            // Of one whose code turned out to be none, the call tells that.
            plugin.readiness() != Readiness::Refused && !is_served(plugin)
        })
    }

    /// Takes out those of these calls that have not entered their plugin, and never will.
    fn take_out(&mut self, which: impl Fn(&RunningCall) -> bool) -> Vec<(CallKey, RunningCall)> {
        let taken =
            self.calls.extract_if(|_, running| which(running) && running.recall.entry.take_back());
        let mut taken: Vec<_> = taken.collect();
        taken.sort_unstable_by_key(|(key, _)| *key);
        for (_, running) in &taken {
            self.requests.remove(&running.reply_to.id);
        }
        taken
    }

    /// The same, as requests again.
    fn take_back(
        &mut self,
        which: impl Fn(&RunningCall) -> bool,
    ) -> Vec<(CallKey, WaitingRequest)> {
        let requests = self.take_out(which).into_iter().map(|(key, running)| {
            let RunningCall { reply_to, recall: Recall { request, since, .. }, .. } = running;
            (key, WaitingRequest { reply_to, request, wait: Wait { since, has_room: true } })
        });
        requests.collect()
    }

    /// A subscription begins, to the changes of these lists.
    pub(crate) fn listen(&mut self, reply_to: &ReplyTo, kinds: ListenedTo) {
        let listen = RequestStage::Listen { version: reply_to.version, kinds };
        self.requests.insert(reply_to.id.clone(), listen);
    }

    pub(crate) fn subscriptions(&self) -> usize {
        self.requests.values().filter(|stage| matches!(stage, RequestStage::Listen { .. })).count()
    }

    /// The subscriptions to changes of this list.
    pub(crate) fn listeners(&self, kind: FeatureKind) -> impl Iterator<Item = &Id> {
        let listens = move |stage: &RequestStage| matches!(stage, RequestStage::Listen { kinds, .. } if kinds.contains(&kind));
        self.requests.iter().filter(move |(_, stage)| listens(stage)).map(|(id, _)| id)
    }

    /// Ends all subscriptions.
    pub(crate) fn take_subscriptions(&mut self) -> Vec<(Id, Version)> {
        let listening = |stage: &mut RequestStage| match stage {
            RequestStage::Listen { version, .. } => Some(*version),
            RequestStage::Waiting | RequestStage::Call(_) => None,
        };
        let all = self.requests.extract_if(|_, stage| listening(stage).is_some());
        all.filter_map(|(id, mut stage)| Some((id, listening(&mut stage)?))).collect()
    }

    /// Forgets a request, whatever becomes of it.
    pub(crate) fn cancel(&mut self, id: &Id) -> Option<Cancelled> {
        Some(match self.requests.remove(id)? {
            RequestStage::Listen { .. } => Cancelled { call: None, batch: None, waiting: None },
            RequestStage::Call(key) => {
                let batch = self.calls.remove(&key).and_then(|running| running.reply_to.batch);
                Cancelled { call: Some(key), batch, waiting: None }
            }
            RequestStage::Waiting => {
                let at = self.waiting.iter().position(|waiting| waiting.reply_to.id == *id);
                let waiting = at.and_then(|at| self.waiting.remove(at));
                let batch = waiting.as_ref().and_then(|waiting| waiting.reply_to.batch);
                Cancelled { call: None, batch, waiting }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::methods::request::AskedCall;
    use super::*;

    #[test]
    fn what_waits_counts_together_until_it_is_taken_or_cancelled() {
        let id = |at: u8| {
            let raw = RawValue::from_string(at.to_string()).expect("JSON");
            Id::parse(&raw).expect("an id")
        };
        let mut open = Open::default();
        for (at, arguments) in [(1, "{}"), (2, r#"{"a":1}"#), (3, "{}")] {
            let arguments = RawValue::from_string(arguments.into()).expect("JSON").into();
            let (progress_token, source) = (None, None);
            let call = AskedCall { name: "t".into(), arguments, progress_token, source };
            let request = CatalogRequest::Call(call);
            let reply_to = ReplyTo { id: id(at), version: Version::NEWEST_LEGACY, batch: None };
            open.wait(WaitingRequest::new(reply_to, request, Instant::now()));
        }
        assert_eq!((open.waiting_bytes(), open.in_flight()), (14, 3));
        assert!(open.cancel(&id(2)).is_some() && open.cancel(&id(2)).is_none());
        assert_eq!((open.waiting_bytes(), open.in_flight()), (6, 2));
        assert_eq!(open.take_waiting().len(), 2);
        assert!(!open.contains(&id(1)) && open.waiting_bytes() == 0);
    }
}
