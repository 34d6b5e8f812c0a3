//! The parts of a call or another request of which spans are made: kept on the thread that served it, made spans of on another.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::manifest::Sha256Digest;
use crate::mcp::{AnsweredRequest, CallSource, EndKind, EndedCall};
use crate::text::{clip, escape};
use crate::tool::{CallTrace, NotedRequests, Usage};

/// The longest id of a request that is told, in bytes.
const MAX_TRACED_ID: usize = 128;
/// The bytes that a call takes beside its texts, and those that a request of it takes.
const TRACED_CALL_BYTES: usize = 512;
const TRACED_REQUEST_BYTES: usize = 128;

/// The way in which a request ended.
pub(super) enum TracedEnd {
    /// It was a call of a tool.
    Call(EndKind),
    /// It was another, which was answered: with this error, if with any.
    Answered(Option<i64>),
}

/// A request that ended, most often a call, and whose trace is kept.
pub(super) struct TracedCall {
    pub(super) method: &'static str,
    pub(super) trace: [u8; 16],
    pub(super) source: Option<Arc<CallSource>>,
    came: SystemTime,
    arrived: Instant,
    pub(super) time: Duration,
    /// The time that it waited. `None` where it was refused before it could.
    pub(super) wait: Option<Duration>,
    /// The id of its request, as a text.
    pub(super) request: Box<str>,
    /// The public name of its tool. `None` where there is no such tool: the name is the client's own text.
    pub(super) tool: Option<Box<str>>,
    /// The name of the plugin, and the digest that is its version.
    pub(super) plugin: Option<(Box<str>, Sha256Digest)>,
    pub(super) end: TracedEnd,
    pub(super) usage: Usage,
    pub(super) entered: Option<Instant>,
    pub(super) requests: NotedRequests,
}

impl TracedCall {
    pub(super) fn of(call: &EndedCall<'_>, trace: [u8; 16]) -> Self {
        Self {
            method: "tools/call",
            trace,
            source: call.source.cloned(),
            came: call.came,
            arrived: call.arrived,
            time: call.time,
            wait: call.trace.map(|_| call.wait),
            request: shown_id(call.request),
            tool: call.plugin.map(|_| call.tool.into()),
            plugin: call.plugin.map(|plugin| (plugin.name.as_str().into(), plugin.digest)),
            end: TracedEnd::Call(call.end),
            usage: call.usage,
            entered: call.trace.and_then(CallTrace::entered),
            requests: call.trace.map(CallTrace::requests).unwrap_or_default(),
        }
    }

    /// The same of a request that is no call, and was answered now.
    pub(super) fn answered(request: &AnsweredRequest, trace: [u8; 16]) -> Self {
        let (time, now) = (request.came.elapsed(), SystemTime::now());
        Self {
            method: request.method,
            trace,
            source: Some(request.source.clone()),
            came: now.checked_sub(time).unwrap_or(now),
            arrived: request.came,
            time,
            wait: None,
            request: shown_id(&request.request),
            tool: None,
            plugin: None,
            end: TracedEnd::Answered(request.error),
            usage: Usage::default(),
            entered: None,
            requests: NotedRequests::default(),
        }
    }

    /// The number of its spans.
    pub(super) fn spans(&self) -> usize {
        1 + usize::from(self.wait.is_some())
            + usize::from(self.entered.is_some())
            + self.requests.requests.len()
    }

    /// The bytes of memory that it takes, about.
    pub(super) fn size(&self) -> usize {
        let servers = self.requests.requests.iter().map(|request| request.server.len());
        let state = self.source.as_ref().and_then(|source| source.parent.as_ref());
        TRACED_CALL_BYTES
            + self.request.len()
            + self.tool.as_ref().map_or(0, |tool| tool.len())
            + self.plugin.as_ref().map_or(0, |(name, _)| name.len())
            + state.map_or(0, |parent| parent.state.len())
            + servers.map(|server| server + TRACED_REQUEST_BYTES).sum::<usize>()
    }

    /// A time of the call, in nanoseconds since 1970.
    pub(super) fn nanoseconds(&self, at: Instant) -> u64 {
        let came = self.came.duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = came + at.saturating_duration_since(self.arrived);
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }

    /// The time at which it came.
    pub(super) fn arrived(&self) -> Instant {
        self.arrived
    }
}

/// The id of a request as a text: a string without its quotes, and without what steers a terminal.
fn shown_id(json: &str) -> Box<str> {
    let text = serde_json::from_str::<String>(json);
    let text = text.as_deref().unwrap_or(json);
    let shown = escape(clip(text, MAX_TRACED_ID));
    clip(&shown, MAX_TRACED_ID).into()
}
