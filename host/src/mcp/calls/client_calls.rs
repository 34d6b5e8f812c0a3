//! The calls of one client: begun on this thread or on the guests', told of when they end.

use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id as TaskId, JoinError, JoinSet};

use super::super::action::{CallKey, CallRequest};
use super::call_log::{CallLabel, CallRecord, UnendedCall};
use super::call_runner::{AbortReason, CallEnd, CallRunner, EndedHere, Note};
use super::client_shares::{ClientPlace, ClientShare};
use super::guest_threads::GuestThreads;
use super::observers::{AnsweredRequest, CallObservers, ObservedCall, RefusedCall, clock_at};
use crate::catalog::CallerResults;
use crate::sandbox::{CallContext, CallOutcome, MakeSpan, ProgressSink, SliceKind};
use crate::text::escape;
use crate::tool::CallError;

/// The time that the end waits for guests that have been told to end; a slice or two of fuel is enough.
const ENDING: Duration = Duration::from_millis(100);

/// The calls that have begun and not ended.
pub(crate) struct ClientCalls {
    guests: Arc<GuestThreads>,
    tasks: JoinSet<CallOutcome>,
    /// The call that each task runs. A cancelled call is here until its guest has really ended.
    keys: HashMap<TaskId, CallKey>,
    /// Those whose outcome is wanted.
    wanted: HashMap<CallKey, WantedCall>,
    argument_bytes: usize,
    notes: mpsc::Sender<Note>,
    /// The text that the log knows the client by; empty, if it needs none.
    client: Arc<str>,
    share: ClientShare,
    observers: CallObservers,
    /// The answers that are kept, as the client sees them.
    results: CallerResults,
}

struct WantedCall {
    abort: AbortHandle,
    label: Arc<CallLabel>,
    argument_bytes: usize,
}

impl ClientCalls {
    /// None yet; they will send what they note of their progress to `notes`.
    pub(super) fn new(
        guests: Arc<GuestThreads>,
        notes: mpsc::Sender<Note>,
        client: Arc<str>,
        share: ClientShare,
        observers: CallObservers,
        results: CallerResults,
    ) -> Self {
        Self {
            guests,
            tasks: JoinSet::new(),
            keys: HashMap::new(),
            wanted: HashMap::new(),
            argument_bytes: 0,
            notes,
            client,
            share,
            observers,
            results,
        }
    }

    /// Runs a call for one brief turn on this thread. It mostly ends in it; else it goes on elsewhere.
    fn begin(&self, run: Pin<&mut impl Future<Output = CallOutcome>>) -> Option<CallOutcome> {
        let _among_guests = self.guests.runtime.enter();
        let mut run = pin!(tokio::task::coop::unconstrained(run));
        // The task that goes on with the call registers its own waker.
        let mut context = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(&mut context))) {
            Ok(Poll::Ready(ended)) => Some(ended),
            Ok(Poll::Pending) => None,
            Err(_) => Some(CallOutcome::before(internal_error())),
        }
    }

    fn forget(&mut self, key: CallKey) -> Option<WantedCall> {
        let wanted = self.wanted.remove(&key)?;
        self.argument_bytes -= wanted.argument_bytes;
        Some(wanted)
    }

    /// Returns the end of the call that a task ran.
    fn ended(&mut self, ended: Result<(TaskId, CallOutcome), JoinError>) -> CallEnd {
        let (task, ended) = ended.unwrap_or_else(|error| {
            if error.is_panic() {
                tracing::error!("a call panicked: {}", escape(&error.to_string()));
            }
            (error.id(), CallOutcome::before(internal_error()))
        });
        let key = self.keys.remove(&task).filter(|key| self.forget(*key).is_some());
        key.map_or(CallEnd::Cancelled, |key| CallEnd::Wanted(key, ended))
    }
}

impl CallRunner for ClientCalls {
    fn running(&self) -> usize {
        self.keys.len()
    }

    fn argument_bytes(&self) -> usize {
        self.argument_bytes
    }

    /// Begins a call, which mostly ends at once if it is expected to.
    fn start(&mut self, call: CallRequest) -> Option<EndedHere> {
        let CallRequest { key, request, tool, arguments, wants_progress, entry, source, came } =
            call;
        let argument_bytes = arguments.get().len();
        let trace = Arc::new(self.observers.trace());
        let tracked = tool.arrived(came, trace.clone(), Some(entry.clone()));
        let observed = (!self.observers.is_empty()).then(|| ObservedCall {
            observers: self.observers.clone(),
            arguments: arguments.clone(),
            source: source.unwrap_or_default(),
            clock: clock_at(came),
        });
        let label = CallLabel::new(tool.clone(), request, self.client.clone(), came, trace.clone());
        let named = Arc::new(label.observed(observed));
        let span: MakeSpan = Arc::new({
            let named = named.clone();
            move || named.span()
        });
        let progress = wants_progress.then(|| -> ProgressSink {
            let notes = self.notes.clone();
            // A full channel means a client that is told enough already.
            Box::new(move |progress| drop(notes.try_send((key, progress))))
        });
        let here = self.guests.leave_brief_calls() && tool.is_brief(&arguments);
        let turn = if here { SliceKind::Protocol } else { SliceKind::Guest };
        let context = CallContext { turn, progress, span: Some(span), trace };
        let (share, results) = (self.share.clone(), self.results.clone());
        let mut run = Box::pin(async move {
            let place = || share.place(&tool.plugin);
            let (ended, place) = results.call(&tool, context, tracked, &arguments, place).await;
            ended.keeping(place.flatten().map(ClientPlace::until_read))
        });
        if here && let Some(ended) = self.begin(run.as_mut()) {
            let news = CallRecord::of(&ended, named);
            return Some(EndedHere { ended, news });
        }
        let counted = self.guests.count();
        let label = named.clone();
        let unended = UnendedCall::begin(named, entry);
        let run = async move {
            let _counted = counted;
            let mut ended = run.await;
            ended.clean();
            unended.tell_end(&ended);
            ended
        };
        let abort = self.tasks.spawn_on(run, &self.guests.runtime);
        self.keys.insert(abort.id(), key);
        self.wanted.insert(key, WantedCall { abort, label, argument_bytes });
        self.argument_bytes += argument_bytes;
        None
    }

    fn cancel(&mut self, key: CallKey) {
        if let Some(wanted) = self.forget(key) {
            wanted.label.cancel();
            wanted.abort.abort();
        }
    }

    async fn next(&mut self) -> Option<CallEnd> {
        let ended = self.tasks.join_next_with_id().await?;
        Some(self.ended(ended))
    }

    fn refused(&self, call: &RefusedCall) {
        self.observers.tell_refused(&self.client, call);
    }

    fn answered(&self, request: &AnsweredRequest) {
        self.observers.tell_answered(request);
    }

    fn abort(&mut self, reason: AbortReason) {
        if reason == AbortReason::ServerEnds {
            self.wanted.values().for_each(|wanted| wanted.label.end_with_server());
        }
        self.tasks.abort_all();
    }

    async fn shutdown(mut self) {
        if !self.tasks.is_empty() {
            let _ = tokio::time::timeout(ENDING, self.tasks.shutdown()).await;
        }
    }
}

fn internal_error() -> CallError {
    CallError::Unready("the call ended in an internal error".into())
}
