//! A call that ended, as spans: one for the request, and below it the wait, the guest, and each request that the guest sent.
//!
//! Names and attributes are those of OpenTelemetry's conventions for MCP and HTTP; what they have no word for begins with
//! `toolrack.`. No argument, answer, path, query or header is among them.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use super::ended_call::{TracedCall, TracedEnd};
use super::wire::{KeyValue, WireLink, WireSpan, WireSpanKind, WireStatus, WireStatusCode};
use crate::mcp::{EndKind, TransportKind};
use crate::tool::{ErrorKind, RequestEnd, SentRequest, TraceParent};

/// The bits of a span's flags: it is kept; it is known whether its parent is elsewhere; it is.
const SAMPLED: u32 = 0x1;
const PARENT_KNOWN: u32 = 0x100;
const PARENT_REMOTE: u32 = 0x200;

/// Ids that nobody can guess: a keyed hash of numbers that are never used twice.
pub(super) struct IdSource {
    keys: RandomState,
    last: AtomicU64,
}

impl Default for IdSource {
    fn default() -> Self {
        Self { keys: RandomState::new(), last: AtomicU64::new(0) }
    }
}

impl IdSource {
    fn number(&self) -> u64 {
        // All zeros is no id.
        self.keys.hash_one(self.last.fetch_add(1, Relaxed)).max(1)
    }

    pub(super) fn span(&self) -> [u8; 8] {
        self.number().to_be_bytes()
    }

    pub(super) fn trace(&self) -> [u8; 16] {
        (u128::from(self.number()) << 64 | u128::from(self.number())).to_be_bytes()
    }
}

/// A trace that spans are made of.
struct SpanMaker<'a> {
    call: &'a TracedCall,
    ids: &'a IdSource,
    state: &'a str,
}

/// Returns the spans of a call, the one of its request first.
pub(super) fn spans(call: &TracedCall, ids: &IdSource) -> Vec<WireSpan> {
    let parent = call.source.as_ref().and_then(|source| source.parent.as_ref());
    let state = parent.map_or("", |parent| &*parent.state);
    let maker = SpanMaker { call, ids, state };
    let mut spans = Vec::with_capacity(call.spans());
    let request = maker.request(parent);
    let request_id = request.span_id.clone();
    spans.push(request);
    spans.extend(maker.wait(&request_id));
    let guest = maker.guest(&request_id);
    let sender = guest.as_ref().map_or_else(|| request_id.clone(), |guest| guest.span_id.clone());
    spans.extend(guest);
    spans.extend(call.requests.requests.iter().map(|sent| maker.sent(sent, &sender)));
    spans
}

impl SpanMaker<'_> {
    fn span(
        &self,
        name: String,
        kind: WireSpanKind,
        parent: &[u8],
        times: [Instant; 2],
    ) -> WireSpan {
        let [start, end] = times.map(|time| self.call.nanoseconds(time));
        WireSpan {
            trace_id: self.call.trace.to_vec(),
            span_id: self.ids.span().to_vec(),
            trace_state: self.state.to_owned(),
            parent_span_id: parent.to_vec(),
            name,
            kind: kind.into(),
            start_time_unix_nano: start,
            end_time_unix_nano: end.max(start),
            attributes: Vec::new(),
            links: Vec::new(),
            status: None,
            flags: SAMPLED | PARENT_KNOWN,
        }
    }

    /// The span of the request, which the others are below.
    fn request(&self, parent: Option<&TraceParent>) -> WireSpan {
        let TracedCall { request, tool, plugin, end, usage, source, requests, time, .. } =
            self.call;
        let tool = tool.as_deref().unwrap_or("_OTHER");
        let method = self.call.method;
        let name = match end {
            TracedEnd::Call(_) => format!("{method} {tool}"),
            TracedEnd::Answered(_) => method.to_owned(),
        };
        let arrived = self.call.arrived();
        let times = [arrived, arrived + *time];
        let above = parent.map(|parent| parent.span);
        let above = above.as_ref().map_or(&[][..], |span| span);
        let mut span = self.span(name, WireSpanKind::Server, above, times);
        if parent.is_some() {
            span.flags |= PARENT_REMOTE;
        }
        let attributes = &mut span.attributes;
        attributes.push(KeyValue::new("mcp.method.name", method));
        attributes.push(KeyValue::new("jsonrpc.request.id", &**request));
        if let TracedEnd::Call(end) = end {
            attributes.extend([
                KeyValue::new("gen_ai.operation.name", "execute_tool"),
                KeyValue::new("gen_ai.tool.name", tool),
                KeyValue::new("toolrack.outcome", end.name()),
            ]);
        }
        if let Some(source) = source {
            let (transport, protocol) = match source.transport {
                TransportKind::Stdio => ("pipe", None),
                TransportKind::Http => ("tcp", Some("http")),
            };
            attributes.push(KeyValue::new("network.transport", transport));
            attributes.extend(protocol.map(|name| KeyValue::new("network.protocol.name", name)));
            let version = source.version.map(|version| version.as_str());
            attributes.extend(version.map(|it| KeyValue::new("mcp.protocol.version", it)));
            if let Some(carrier) = &source.carrier {
                let session = carrier.session.as_deref();
                attributes.extend(session.map(|it| KeyValue::new("mcp.session.id", it)));
                span.links.extend(carrier.link.as_ref().map(link));
            }
        }
        if let Some((name, digest)) = plugin {
            attributes.push(KeyValue::new("toolrack.plugin.name", &**name));
            attributes.push(KeyValue::new("toolrack.plugin.version", digest.short()));
        }
        if usage.is_cached() {
            attributes.push(KeyValue::new("toolrack.cached", true));
        }
        if requests.more > 0 {
            attributes.push(KeyValue::new("toolrack.requests.untold", requests.more));
        }
        match end {
            TracedEnd::Call(end) => {
                if let Some(error) = error_type(*end, plugin.is_some()) {
                    fail(&mut span, error);
                }
            }
            TracedEnd::Answered(None) => {}
            TracedEnd::Answered(Some(code)) => fail(&mut span, &code.to_string()),
        }
        span
    }

    /// The span of the time that the call waited.
    fn wait(&self, above: &[u8]) -> Option<WireSpan> {
        let arrived = self.call.arrived();
        let times = [arrived, arrived + self.call.wait?];
        Some(self.span("toolrack.wait".into(), WireSpanKind::Internal, above, times))
    }

    /// The span of the time in which its guest ran.
    fn guest(&self, above: &[u8]) -> Option<WireSpan> {
        let entered = self.call.entered?;
        let usage = self.call.usage;
        let times = [entered, entered + usage.time];
        let mut span = self.span("toolrack.guest".into(), WireSpanKind::Internal, above, times);
        span.attributes.extend([
            KeyValue::new("toolrack.fuel", usage.fuel),
            KeyValue::new("toolrack.memory.peak", usage.peak_memory),
            KeyValue::new("toolrack.cpu.time", usage.cpu.as_secs_f64()),
        ]);
        if let TracedEnd::Call(EndKind::Error(kind)) = self.call.end {
            fail(&mut span, kind.name());
        }
        Some(span)
    }

    /// The span of a request that the guest sent.
    fn sent(&self, sent: &SentRequest, above: &[u8]) -> WireSpan {
        let SentRequest { method, server, port, began, ended, end } = sent;
        let name = if *method == "_OTHER" { "HTTP" } else { method };
        let mut span = self.span(name.into(), WireSpanKind::Client, above, [*began, *ended]);
        span.attributes.extend([
            KeyValue::new("http.request.method", *method),
            KeyValue::new("server.address", &**server),
            KeyValue::new("server.port", u64::from(*port)),
        ]);
        match end {
            RequestEnd::Status(status) => {
                let code = KeyValue::new("http.response.status_code", u64::from(*status));
                span.attributes.push(code);
                if *status >= 400 {
                    fail(&mut span, &status.to_string());
                }
            }
            RequestEnd::Failed(kind) => fail(&mut span, kind),
            RequestEnd::GivenUp => fail(&mut span, "given_up"),
        }
        span
    }
}

/// The type of the error that a call ended with: an error of the tool, the code of the protocol, or the reason for which nothing
/// of it ran. `None` where it was answered, or where nobody wanted an answer any more.
fn error_type(end: EndKind, has_plugin: bool) -> Option<&'static str> {
    match end {
        EndKind::Answered | EndKind::Cancelled | EndKind::ClientGone => None,
        // Without a plugin, its client was answered with an error of the protocol.
        EndKind::Error(ErrorKind::Unready) if !has_plugin => Some("-32603"),
        EndKind::Error(_) => Some("tool_error"),
        EndKind::UnknownTool => Some("-32602"),
        EndKind::ServerEnded
        | EndKind::Forbidden
        | EndKind::TooMany
        | EndKind::Unavailable
        | EndKind::BadRequest => Some(end.name()),
    }
}

fn fail(span: &mut WireSpan, error: &str) {
    span.attributes.push(KeyValue::new("error.type", error));
    span.status = Some(WireStatus { code: WireStatusCode::Error.into() });
}

fn link(to: &TraceParent) -> WireLink {
    WireLink {
        trace_id: to.trace.to_vec(),
        span_id: to.span.to_vec(),
        trace_state: to.state.to_string(),
        flags: u32::from(to.is_sampled) | PARENT_KNOWN | PARENT_REMOTE,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice_or_is_all_zeros() {
        let ids = IdSource::default();
        let spans: HashSet<_> = (0..10_000).map(|_| ids.span()).collect();
        assert!(spans.len() == 10_000 && !spans.contains(&[0; 8]));
        let other = IdSource::default();
        assert_ne!(ids.trace(), other.trace());
    }
}
