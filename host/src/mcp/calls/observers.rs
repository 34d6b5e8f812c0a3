//! A seam: those who are told of each call that ends, however it ends, and what they are told.
//!
//! They do not know how calls run. With nobody to tell, a call makes nothing of this.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::value::RawValue;

use super::super::methods::call_source::CallSource;
use super::super::rpc::id::Id;
use super::refusal_shares::RefusalShares;
use crate::catalog::Plugin;
use crate::sandbox::CallOutcome;
use crate::tool::{CallTrace, ErrorKind, Usage};

/// Somebody who is told of each call that ends.
pub(crate) trait CallObserver: Send + Sync {
    /// Takes note of a call that has ended. It is asked on threads that serve, so it must not wait for anything.
    fn ended(&self, call: &EndedCall<'_>);

    /// Takes note of a request that is no call, and was answered. It must not wait either.
    fn answered(&self, _: &AnsweredRequest) {}

    /// Takes note of a call that was refused, as were so many of its principal of late that nobody is to keep each.
    fn repeated(&self, _: &EndedCall<'_>) {}

    /// True if it reads which grants a call used.
    fn reads_grants(&self) -> bool {
        false
    }

    /// True if it reads which requests a call sent, and what HTTP says of where it comes from.
    fn reads_requests(&self) -> bool {
        false
    }
}

/// All who are told.
#[derive(Clone, Default)]
pub(crate) struct CallObservers(Option<Arc<ToldObservers>>);

struct ToldObservers {
    all: Vec<Arc<dyn CallObserver>>,
    refusals: RefusalShares,
}

/// The way in which a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndKind {
    /// The tool answered.
    Answered,
    /// It ended without an answer, or with a failure that the tool reports.
    Error(ErrorKind),
    /// Its client wanted no answer any more.
    Cancelled,
    /// Its client has gone.
    ClientGone,
    /// The server has ended.
    ServerEnded,
    /// There is no such tool, or none for this principal.
    UnknownTool,
    /// The principal may not call the tool.
    Forbidden,
    /// The client calls too often, or has too much running.
    TooMany,
    /// The server had no room for the request.
    Unavailable,
    /// The request contradicts itself, such as a header that repeats another argument.
    BadRequest,
}

/// A call that has ended.
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "traces alone read all of it"))]
pub(crate) struct EndedCall<'a> {
    /// The time at which it came.
    pub(crate) came: SystemTime,
    /// The same time, by the clock that its other times are told by.
    pub(crate) arrived: Instant,
    /// The id of its request, as JSON.
    pub(crate) request: &'a str,
    /// The short digest of what its client proved to have; empty over stdio, and where clients prove nothing.
    pub(crate) principal: &'a str,
    /// The name that its client gives itself, at most [`MAX_CLIENT_NAME`](super::super::methods::meta::MAX_CLIENT_NAME) bytes
    /// and unescaped. `None` where it is not known.
    pub(crate) client: Option<&'a str>,
    /// The source that it comes from, if it is known.
    pub(crate) source: Option<&'a Arc<CallSource>>,
    /// The public name of the tool. Of a tool that is unknown: whatever the client wrote, at most [`MAX_ASKED_NAME`] bytes of
    /// it and unescaped.
    pub(crate) tool: &'a str,
    /// The plugin, whose digest is its version. `None` where the tool is unknown, or was not looked for.
    pub(crate) plugin: Option<&'a Plugin>,
    /// The arguments, a JSON object. `None` where the request was refused before they were read.
    pub(crate) arguments: Option<&'a Arc<RawValue>>,
    pub(crate) end: EndKind,
    /// The number of calls that it stands for: more than one where an array of them was refused as a whole. It is the first of
    /// them then.
    pub(crate) calls: u64,
    /// The time from when it came to its end.
    pub(crate) time: Duration,
    /// The part of that time in which it waited: for its plugin, its turn, the check of its arguments.
    pub(crate) wait: Duration,
    /// The fuel, memory and time that its guest spent: nothing where it was ended from outside.
    pub(crate) usage: Usage,
    /// The trace that it left. `None` where it was refused before anything ran.
    pub(crate) trace: Option<&'a CallTrace>,
}

/// The longest name of an unknown tool that is told, in bytes.
pub(crate) const MAX_ASKED_NAME: usize = 256;

/// A request that was answered, and is no call of a tool whose name is known.
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "traces alone read it"))]
pub(crate) struct AnsweredRequest {
    /// Its method, if it has one that is known; else `_OTHER`.
    pub(crate) method: &'static str,
    /// Its id, as JSON.
    pub(crate) request: String,
    pub(crate) source: Arc<CallSource>,
    /// The time at which it came.
    pub(crate) came: Instant,
    /// The code of its error, if it was answered with one.
    pub(crate) error: Option<i64>,
}

/// A call that was refused before it ran, or the first of several that were refused together.
pub(crate) struct RefusedCall {
    /// The id of its request, as JSON.
    pub(crate) request: String,
    /// The name that the client asked for.
    pub(crate) tool: String,
    pub(crate) plugin: Option<Arc<Plugin>>,
    pub(crate) arguments: Option<Arc<RawValue>>,
    /// The source that it comes from, if it is known.
    pub(crate) source: Option<Arc<CallSource>>,
    /// The time at which it came.
    pub(crate) came: Instant,
    pub(crate) end: EndKind,
    /// The number of those that were refused together.
    pub(crate) calls: u64,
}

/// The parts of a call that only its observers want to know.
pub(crate) struct ObservedCall {
    pub(crate) observers: CallObservers,
    pub(crate) arguments: Arc<RawValue>,
    pub(crate) source: Arc<CallSource>,
    /// The time at which it came by the clock, which may be set before the call ends.
    pub(crate) clock: SystemTime,
}

impl CallObservers {
    /// Tells these.
    pub(crate) fn new(all: Vec<Arc<dyn CallObserver>>) -> Self {
        let refusals = RefusalShares::default();
        Self((!all.is_empty()).then(|| Arc::new(ToldObservers { all, refusals })))
    }

    /// True if nobody is told.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// A trace as they read it.
    pub(crate) fn trace(&self) -> CallTrace {
        let mut all = self.0.iter().flat_map(|told| &told.all);
        let trace = match all.any(|observer| observer.reads_grants()) {
            true => CallTrace::with_grants(),
            false => CallTrace::default(),
        };
        if self.reads_requests() { trace.with_requests() } else { trace }
    }

    /// True if one of them reads where requests come from, and which requests calls sent.
    pub(crate) fn reads_requests(&self) -> bool {
        self.0.iter().flat_map(|told| &told.all).any(|observer| observer.reads_requests())
    }

    pub(crate) fn tell(&self, call: &EndedCall<'_>) {
        let Some(ToldObservers { all, refusals }) = self.0.as_deref() else { return };
        let is_told_in_full =
            !call.end.is_refusal() || refusals.take(call.principal, Instant::now());
        for observer in all {
            match is_told_in_full {
                true => observer.ended(call),
                false => observer.repeated(call),
            }
        }
    }

    /// Tells of a request that is no call, and was answered.
    pub(crate) fn tell_answered(&self, request: &AnsweredRequest) {
        for observer in self.0.iter().flat_map(|told| &told.all) {
            observer.answered(request);
        }
    }

    /// Tells of a call of this principal that was refused before it ran.
    pub(crate) fn tell_refused(&self, principal: &str, call: &RefusedCall) {
        if self.is_empty() {
            return;
        }
        let RefusedCall { request, tool, plugin, arguments, source, came, end, calls } = call;
        let time = came.elapsed();
        self.tell(&EndedCall {
            came: clock_at(*came),
            arrived: *came,
            request,
            principal,
            client: source.as_ref().and_then(|source| source.client.as_deref()),
            source: source.as_ref(),
            tool: crate::text::clip(tool, MAX_ASKED_NAME),
            plugin: plugin.as_deref(),
            arguments: arguments.as_ref(),
            end: *end,
            calls: *calls,
            time,
            wait: time,
            usage: Usage::default(),
            trace: None,
        });
    }
}

impl AnsweredRequest {
    /// The request with this id. `None` where nobody observes it, or where it only asked whether somebody is there.
    pub(crate) fn new(
        method: &'static str,
        id: &Id,
        source: Option<Arc<CallSource>>,
        came: Instant,
        error: Option<i64>,
    ) -> Option<Self> {
        let source = source.filter(|_| method != "ping" || error.is_some())?;
        Some(Self { method, request: id.to_string(), source, came, error })
    }
}

impl ObservedCall {
    /// Tells of the end of the call, which came after `time`.
    pub(crate) fn tell(&self, named: NamedCall<'_>, end: EndKind, usage: Usage, time: Duration) {
        let NamedCall { request, principal, tool, plugin, came, trace } = named;
        self.observers.tell(&EndedCall {
            came: self.clock,
            arrived: came,
            request,
            principal,
            client: self.source.client.as_deref(),
            source: Some(&self.source),
            tool,
            plugin: Some(plugin),
            arguments: Some(&self.arguments),
            end,
            calls: 1,
            time,
            wait: trace.wait(came, time),
            usage,
            trace: Some(trace),
        });
    }
}

/// A call of a known tool, by its names.
pub(crate) struct NamedCall<'a> {
    pub(crate) request: &'a str,
    pub(crate) principal: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) plugin: &'a Plugin,
    /// The time at which it came.
    pub(crate) came: Instant,
    pub(crate) trace: &'a CallTrace,
}

impl EndKind {
    /// The kind of the end of a call that ended by itself.
    pub(crate) fn of(ended: &CallOutcome) -> Self {
        match &ended.outcome {
            Ok(_) => Self::Answered,
            Err(error) => Self::Error(error.kind()),
        }
    }

    /// True if the call was refused before a guest was entered.
    pub(crate) fn is_refusal(self) -> bool {
        match self {
            Self::Error(kind) => matches!(
                kind,
                ErrorKind::InvalidArguments
                    | ErrorKind::Rate
                    | ErrorKind::Paused
                    | ErrorKind::Unready
                    | ErrorKind::Unfit
            ),
            Self::UnknownTool
            | Self::Forbidden
            | Self::TooMany
            | Self::Unavailable
            | Self::BadRequest => true,
            Self::Answered | Self::Cancelled | Self::ClientGone | Self::ServerEnded => false,
        }
    }

    /// The name of the kind, for machines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Error(kind) => kind.name(),
            Self::Cancelled => "cancelled",
            Self::ClientGone => "client_gone",
            Self::ServerEnded => "server_ended",
            Self::UnknownTool => "unknown_tool",
            Self::Forbidden => "forbidden",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::BadRequest => "bad_request",
        }
    }
}

/// The time of the clock at `time`, which is not long ago: the clock may be set meanwhile.
pub(super) fn clock_at(time: Instant) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(time.elapsed()).unwrap_or(now)
}
