//! Calls without guests: each ends where it is begun, or when the scheduler says so.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::task::{Poll, Waker};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::mcp::action::{CallKey, CallRequest};
use crate::mcp::calls::call_log::{CallLabel, CallRecord};
use crate::mcp::calls::call_runner::{AbortReason, CallEnd, CallRunner, EndedHere};
use crate::mcp::calls::observers::{AnsweredRequest, RefusedCall};
use crate::sandbox::CallOutcome;
use crate::tool::{Content, Output, Usage};

/// The sizes of answers, in bytes.
pub(super) const ANSWER_SIZES: [usize; 4] = [10, 1024, 50 * 1024, 1024 * 1024];

/// The arguments of a call: what becomes of it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct CallPlan {
    /// True if it ends where it is begun.
    pub(super) here: bool,
    /// The place of its answer's size in [`ANSWER_SIZES`].
    pub(super) size: usize,
}

/// A call that was begun and goes on.
struct Scripted {
    plan: CallPlan,
    request: usize,
    argument_bytes: usize,
    wants_progress: bool,
    is_wanted: bool,
}

/// All calls, as the scheduler and the loop see them.
#[derive(Default)]
pub(super) struct CallState {
    running: BTreeMap<CallKey, Scripted>,
    /// Ended, and the loop has not been told yet.
    ended: VecDeque<(CallKey, Scripted)>,
    /// The requests whose calls were begun.
    begun: BTreeSet<usize>,
    waiting: Option<Waker>,
}

impl CallState {
    pub(super) fn forget_wakers(&mut self) {
        self.waiting = None;
    }

    /// Ends one of the calls that run, which `choice` picks; true if there was one.
    pub(super) fn end(&mut self, choice: usize) -> bool {
        let at = choice % self.running.len().max(1);
        let Some(key) = self.running.keys().nth(at).copied() else { return false };
        self.ended.extend(self.running.remove(&key).map(|running| (key, running)));
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
        true
    }

    /// A call that runs and wants its progress told, which `choice` picks.
    pub(super) fn progressing(&self, choice: usize) -> Option<CallKey> {
        let wants = |running: &Scripted| running.wants_progress;
        let keys: Vec<_> =
            self.running.iter().filter(|(_, r)| wants(r)).map(|(key, _)| *key).collect();
        keys.get(choice % keys.len().max(1)).copied()
    }

    pub(super) fn has_begun(&self, request: usize) -> bool {
        self.begun.contains(&request)
    }

    /// The requests whose calls run and have not been cancelled.
    pub(super) fn wanted(&self) -> BTreeSet<usize> {
        self.running.values().filter(|call| call.is_wanted).map(|call| call.request).collect()
    }

    /// The calls that run, cancelled ones among them.
    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// The ends that the loop wants to be told and has not been.
    pub(super) fn untold(&self) -> usize {
        self.ended.iter().filter(|(_, scripted)| scripted.is_wanted).count()
    }
}

/// The loop's view of the calls.
pub(super) struct ScriptedCalls(pub(super) Rc<RefCell<CallState>>);

impl CallRunner for ScriptedCalls {
    fn running(&self) -> usize {
        let state = self.0.borrow();
        state.running.len() + state.ended.len()
    }

    fn argument_bytes(&self) -> usize {
        let state = self.0.borrow();
        let all = state.running.values().chain(state.ended.iter().map(|(_, running)| running));
        all.filter(|running| running.is_wanted).map(|running| running.argument_bytes).sum()
    }

    fn start(&mut self, call: CallRequest) -> Option<EndedHere> {
        let CallRequest { key, request, tool, arguments, wants_progress, entry, came, .. } = call;
        assert!(entry.take(), "{request} was taken back before it began");
        let plan: CallPlan = serde_json::from_str(arguments.get()).expect("a plan");
        let mut state = self.0.borrow_mut();
        let number = request.parse().expect("a number");
        assert!(state.begun.insert(number), "{request} is begun twice");
        if plan.here {
            let ended = ended(plan);
            let label = CallLabel::new(tool, request, "".into(), came, Arc::default());
            let news = CallRecord::of(&ended, Arc::new(label));
            return Some(EndedHere { ended, news });
        }
        let running = Scripted {
            plan,
            request: number,
            argument_bytes: arguments.get().len(),
            wants_progress,
            is_wanted: true,
        };
        state.running.insert(key, running);
        None
    }

    fn cancel(&mut self, key: CallKey) {
        let state = &mut *self.0.borrow_mut();
        let mut all = state.running.iter_mut().chain(state.ended.iter_mut().map(|(k, r)| (&*k, r)));
        if let Some((_, running)) = all.find(|(other, _)| **other == key) {
            running.is_wanted = false;
        }
    }

    async fn next(&mut self) -> Option<CallEnd> {
        poll_fn(|context| {
            let state = &mut *self.0.borrow_mut();
            if let Some((key, running)) = state.ended.pop_front() {
                return Poll::Ready(Some(match running.is_wanted {
                    true => CallEnd::Wanted(key, ended(running.plan)),
                    false => CallEnd::Cancelled,
                }));
            }
            if state.running.is_empty() {
                return Poll::Ready(None);
            }
            state.waiting = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn refused(&self, _: &RefusedCall) {}

    fn answered(&self, _: &AnsweredRequest) {}

    fn abort(&mut self, _: AbortReason) {
        self.0.borrow_mut().running.clear();
    }

    async fn shutdown(self) {}
}

/// The answers that there are, checked once: to look at each byte takes most of a history's time.
static ANSWERS: LazyLock<[Box<RawValue>; ANSWER_SIZES.len()]> = LazyLock::new(|| {
    ANSWER_SIZES.map(|size| {
        let object = format!(r#"{{"a":"{}"}}"#, "x".repeat(size - br#"{"a":""}"#.len()));
        RawValue::from_string(object).expect("JSON")
    })
});

fn ended(plan: CallPlan) -> CallOutcome {
    let output = Output {
        content: vec![Content::Text("x".into())],
        structured: Some(ANSWERS[plan.size].clone()),
        ..Output::default()
    };
    CallOutcome { outcome: Ok(output), usage: Usage::default(), slot: None }
}
