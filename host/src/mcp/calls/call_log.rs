//! The news of a call that has ended, or was ended: the line of the log, and what observers are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tracing::Level;

use super::observers::{EndKind, NamedCall, ObservedCall};
use crate::catalog::{EntryTicket, Tool};
use crate::sandbox::CallOutcome;
use crate::text::escape;
use crate::tool::{CallError, CallTrace, ErrorKind, Output, Usage, milliseconds};

/// The target of the other lines.
const TARGET: &str = "toolrack::mcp";
/// The target of the line of a call that was answered, of which there are very many.
pub const ANSWERED_TARGET: &str = "toolrack::mcp::answered";

/// A line of the log, not written yet.
pub(crate) struct CallRecord {
    call: Arc<CallLabel>,
    usage: Usage,
    said: CallVerdict,
    /// The kind of its end.
    end: EndKind,
    /// The time from when the call came to its end.
    time: Duration,
}

/// A call as the log names it.
pub(crate) struct CallLabel {
    pub(crate) tool: Arc<Tool>,
    pub(crate) request: String,
    /// The text that the log knows the client by; empty, if it needs none.
    pub(crate) client: Arc<str>,
    /// The time at which it came.
    came: Instant,
    trace: Arc<CallTrace>,
    /// One of the reasons below.
    ended_by: AtomicU8,
    /// The parts that observers want to know. `None` where there are none.
    observed: Option<ObservedCall>,
}

/// Nobody has ended the call; if it ends all the same, its client has gone.
const BY_NOBODY: u8 = 0;
const BY_CANCELLATION: u8 = 1;
const BY_SERVER: u8 = 2;

/// A call that goes on beside the loop. If it is dropped before it has ended, the log is told so.
pub(crate) struct UnendedCall {
    /// The call. `None` once it has ended.
    call: Option<Arc<CallLabel>>,
    entry: Arc<EntryTicket>,
}

enum CallVerdict {
    /// It was answered.
    Answered,
    /// An end that was to be expected.
    Usual(&'static str),
    /// An end that an operator may want to see to.
    Remarkable(String),
}

impl CallLabel {
    /// A call of this request, which came then and leaves this trace.
    pub(crate) fn new(
        tool: Arc<Tool>,
        request: String,
        client: Arc<str>,
        came: Instant,
        trace: Arc<CallTrace>,
    ) -> Self {
        let (ended_by, observed) = (AtomicU8::new(BY_NOBODY), None);
        Self { tool, request, client, came, trace, ended_by, observed }
    }

    /// The same of a call that is observed, if it is.
    pub(crate) fn observed(self, observed: Option<ObservedCall>) -> Self {
        Self { observed, ..self }
    }

    /// Notes that its client wants no outcome any more.
    pub(crate) fn cancel(&self) {
        self.ended_by.store(BY_CANCELLATION, Ordering::Release);
    }

    /// Notes that the server ends, unless the call has been cancelled.
    pub(crate) fn end_with_server(&self) {
        let _ = self.ended_by.compare_exchange(
            BY_NOBODY,
            BY_SERVER,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }

    /// The way in which the call ended that did not end by itself.
    fn ended_from_outside(&self) -> EndKind {
        match self.ended_by.load(Ordering::Acquire) {
            BY_CANCELLATION => EndKind::Cancelled,
            BY_SERVER => EndKind::ServerEnded,
            _ => EndKind::ClientGone,
        }
    }

    fn named(&self) -> NamedCall<'_> {
        let Self { tool, request, client, came, trace, .. } = self;
        let (tool, plugin) = (tool.name.as_str(), &*tool.plugin);
        NamedCall { request, principal: client, tool, plugin, came: *came, trace }
    }

    /// The span of what the plugin writes meanwhile.
    pub(crate) fn span(&self) -> tracing::Span {
        let Self { tool, request, .. } = self;
        let client = self.client();
        let (plugin, tool) = (tool.plugin.name.as_str(), tool.name.as_str());
        tracing::info_span!("call", plugin, tool, request, client)
    }

    fn client(&self) -> Option<&str> {
        (!self.client.is_empty()).then_some(&*self.client)
    }
}

impl CallRecord {
    pub(crate) fn of(ended: &CallOutcome, call: Arc<CallLabel>) -> Self {
        let (end, time) = (EndKind::of(ended), call.came.elapsed());
        Self { call, usage: ended.usage, said: CallVerdict::of(&ended.outcome), end, time }
    }

    /// Tells the observers, and writes the line.
    pub(crate) fn tell(self) {
        if let Some(observed) = &self.call.observed {
            observed.tell(self.call.named(), self.end, self.usage, self.time);
        }
        self.write();
    }

    /// Writes the line. It names the call itself: a span would cost as much as the call.
    fn write(self) {
        // Nobody pays for a line that nobody reads.
        if !tracing::enabled!(target: TARGET, Level::WARN) {
            return;
        }
        let CallLabel { tool, request, .. } = &*self.call;
        let client = self.call.client();
        let (plugin, tool) = (tool.plugin.name.as_str(), tool.name.as_str());
        let Usage { fuel, peak_memory, .. } = self.usage;
        let (time_ms, wait_ms) = (
            milliseconds(self.time),
            milliseconds(self.call.trace.wait(self.call.came, self.time)),
        );
        let cached = self.usage.is_cached().then_some(true);
        match self.said {
            CallVerdict::Answered => {
                tracing::info!(
                    target: ANSWERED_TARGET, plugin, tool, request, client, fuel, peak_memory, time_ms, wait_ms, cached, "answered"
                );
            }
            CallVerdict::Usual(said) => {
                tracing::info!(target: TARGET, plugin, tool, request, client, fuel, peak_memory, time_ms, wait_ms, "{said}");
            }
            CallVerdict::Remarkable(said) => {
                tracing::warn!(target: TARGET, plugin, tool, request, client, fuel, peak_memory, time_ms, wait_ms, "{said}");
            }
        }
    }
}

impl UnendedCall {
    /// A call with this ticket.
    pub(crate) fn begin(call: Arc<CallLabel>, entry: Arc<EntryTicket>) -> Self {
        Self { call: Some(call), entry }
    }

    /// Tells of the end that it came to by itself.
    pub(crate) fn tell_end(mut self, ended: &CallOutcome) {
        if let Some(call) = self.call.take() {
            CallRecord::of(ended, call).tell();
        }
    }
}

impl Drop for UnendedCall {
    fn drop(&mut self) {
        // One that is taken back begins anew or is answered; a panic has a line of its own.
        let Some(call) = self.call.take().filter(|_| !self.entry.is_taken_back()) else { return };
        let end = match std::thread::panicking() {
            // The same as its client is told.
            true => EndKind::Error(ErrorKind::Unready),
            false => call.ended_from_outside(),
        };
        let (usage, time) = (call.trace.abandoned().unwrap_or_default(), call.came.elapsed());
        if let Some(observed) = &call.observed {
            observed.tell(call.named(), end, usage, time);
        }
        let CallLabel { tool, request, .. } = &*call;
        let client = call.client();
        let (plugin, tool) = (tool.plugin.name.as_str(), tool.name.as_str());
        let Usage { fuel, peak_memory, .. } = usage;
        let (time_ms, wait_ms) =
            (milliseconds(time), milliseconds(call.trace.wait(call.came, time)));
        let said = match end {
            EndKind::Cancelled => "cancelled",
            EndKind::ServerEnded => "ended, since the server ends",
            EndKind::ClientGone => "ended, since its client has gone",
            _ => return,
        };
        tracing::info!(target: TARGET, plugin, tool, request, client, fuel, peak_memory, time_ms, wait_ms, "{said}");
    }
}

impl CallVerdict {
    fn of(outcome: &Result<Output, CallError>) -> Self {
        match outcome {
            Ok(_) => Self::Answered,
            Err(CallError::Failed(_)) => Self::Usual("the tool failed"),
            Err(CallError::InvalidArguments(_)) => Self::Usual("invalid arguments"),
            Err(CallError::Limit(hit)) => Self::Remarkable(hit.to_string()),
            Err(error) => Self::Remarkable(escape(&error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remarkable_is_told_on_one_line_and_without_controls() {
        let hostile = || "one\n\u{1b}[2Jtwo".to_owned();
        for error in [
            CallError::Trapped { reason: hostile(), last_words: None },
            CallError::Broken(hostile()),
            CallError::Host(hostile()),
        ] {
            let CallVerdict::Remarkable(said) = CallVerdict::of(&Err(error)) else {
                panic!("it is usual")
            };
            assert!(said.contains("one\\n\\u{1b}[2Jtwo"), "{said:?}");
        }
        let said = CallVerdict::of(&Err(CallError::InvalidArguments(hostile())));
        assert!(matches!(said, CallVerdict::Usual("invalid arguments")));
    }
}
