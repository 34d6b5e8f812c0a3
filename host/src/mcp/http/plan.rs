//! The checks of a message until it runs, and how it is run.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::value::RawValue;

use super::legacy;
use super::legacy_session::session_id::{ListsDigest, Session, SessionKey, SessionNonce};
use super::legacy_session::session_registry::SessionRegistry;
use super::modern::{self, MirroredRequest};
use super::request::authentication::Authenticator;
use super::run::answer::HttpRefusal;
use super::run::client_rates::{ClientRates, TooOften};
use super::run::shares::RunKind;
use super::run::views::Views;
use crate::mcp::calls::observers::{EndKind, RefusedCall};
use crate::mcp::engine::{Changes, Engine, Settings};
use crate::mcp::methods::call_source::{CallSource, CarrierContext};
use crate::mcp::methods::lifecycle;
use crate::mcp::methods::meta::RequestMeta;
use crate::mcp::methods::tools_call::name_and_arguments;
use crate::mcp::rpc::batch::MAX_BATCH_MESSAGES;
use crate::mcp::rpc::id::Id;
use crate::mcp::rpc::lines::InputLine;
use crate::mcp::rpc::message::{self, Message, Parsed, RefusedMessage};
use crate::mcp::rpc::reply::RpcError;
use crate::mcp::version::TransportKind;
use crate::tokens::Principal;
use crate::tool::whole_seconds;

/// The parts of the server by which messages are judged.
pub(super) struct MessageChecks {
    pub(super) engine: Settings,
    pub(super) key: SessionKey,
    pub(super) running: SessionRegistry,
    pub(super) access: Rc<Authenticator>,
    pub(super) rates: ClientRates,
    pub(super) views: Views,
    /// The mark of sessions that begin while the lists are not known.
    pub(super) unknown_lists: ListsDigest,
    /// The time at which another catalog was served first, in milliseconds since 1970; 0 before.
    pub(super) published: Rc<Cell<u64>>,
}

/// The way in which a message is run.
pub(super) struct ExchangePlan {
    pub(super) engine: Engine,
    pub(super) kind: RunKind,
    /// The number of its messages.
    pub(super) messages: usize,
    /// The number of calls of tools among them.
    pub(super) calls: usize,
    /// The session in which others can cancel it. `None` where it has none.
    pub(super) in_session: Option<InSession>,
    /// The id of the session that it begins.
    pub(super) begun: Option<HeaderValue>,
}

/// The requests of a message, by which others of their session cancel them.
pub(super) struct InSession {
    pub(super) session: SessionNonce,
    pub(super) ids: Vec<Id>,
}

impl MessageChecks {
    /// The digest of what this principal sees in lists now.
    pub(super) fn lists_of(&self, principal: &Principal) -> ListsDigest {
        let known = ListsDigest::of(self.views.of(principal).borrow().as_deref());
        known.unwrap_or(self.unknown_lists)
    }

    /// True if a client whose stream is opened only now may know other lists than these: those of another server, or of a
    /// while ago.
    pub(super) fn has_missed_changes(&self, session: &Session, principal: &Principal) -> bool {
        let began_before_lists = session.lists == self.unknown_lists;
        // Its first list waited for what is known now, or was known once.
        let differs = !began_before_lists && session.lists != self.lists_of(principal);
        // Changes that were taken back are known of the whole alone. A principal that may not see all of it is told of those only
        // where nothing else is known of what it saw.
        let is_told_of_all = principal.allow.is_none() || began_before_lists;
        differs || is_told_of_all && self.published.get() >= session.began
    }

    /// Checks a message, and says how it is run. `None` for one that is answered with nothing.
    pub(super) fn plan(
        &self,
        headers: &HeaderMap,
        principal: &Principal,
        line: &InputLine,
    ) -> Result<Option<ExchangePlan>, HttpRefusal> {
        let session = |id| legacy::session(headers, &self.key, &self.running, &principal.id, id);
        match message::parse(line, TransportKind::Http) {
            Parsed::Nothing => {
                Err(bad_request(None, &RpcError::invalid_request("the body is empty")))
            }
            Parsed::One(Err(RefusedMessage { id, fault })) => Err(bad_request(id.as_ref(), &fault)),
            Parsed::One(Ok(Message::Request { id, method, params })) => {
                let request = MirroredRequest { id: &id, method: &method, params };
                let plan = self.plan_request(headers, principal, &request)?;
                self.check_scope(principal, &request)?;
                Ok(Some(plan))
            }
            // Of the stateless revision, nothing comes of it.
            Parsed::One(Ok(Message::Response)) if modern::is_named(headers) => Ok(None),
            Parsed::One(Ok(Message::Notification { params, .. })) if is_modern(headers, params) => {
                Ok(None)
            }
            Parsed::One(Ok(Message::Notification { method, params })) => {
                let session = session(None)?;
                self.hand_on(session.nonce, &method, params);
                Ok(None)
            }
            Parsed::One(Ok(Message::Response)) => session(None).map(|_| None),
            Parsed::Batch(_) if modern::is_named(headers) => {
                let error = "the body is an array; send each message in a request of its own";
                Err(bad_request(None, &RpcError::invalid_request(error)))
            }
            Parsed::Batch(items) if items.len() > MAX_BATCH_MESSAGES => {
                let error = format!("the array has more than {MAX_BATCH_MESSAGES} messages");
                Err(bad_request(None, &RpcError::invalid_request(error)))
            }
            Parsed::Batch(items) => {
                let session = session(None)?;
                if !session.version.has_batches() {
                    let error = "the body is an array, which only revision 2025-03-26 has; send each message by itself";
                    return Err(bad_request(None, &RpcError::invalid_request(error)));
                }
                if items.is_empty() {
                    return Err(bad_request(
                        None,
                        &RpcError::invalid_request("the array is empty"),
                    ));
                }
                let asks_nothing = |item: &&RawValue| {
                    matches!(
                        message::message(item),
                        Ok(Message::Notification { .. } | Message::Response)
                    )
                };
                // It has rules of its own for each request, and may go on for hours.
                let claims_version = |item: &&RawValue| match message::message(item) {
                    Ok(Message::Request { params, .. }) => is_modern(&HeaderMap::new(), params),
                    _ => false,
                };
                if items.iter().any(claims_version) {
                    let error =
                        "the array holds a request of revision 2026-07-28; send that by itself";
                    return Err(bad_request(None, &RpcError::invalid_request(error)));
                }
                for item in &items {
                    if let Ok(Message::Notification { method, params }) = message::message(item) {
                        self.hand_on(session.nonce, &method, params);
                    }
                }
                if items.iter().all(asks_nothing) {
                    return Ok(None);
                }
                modern::check_array(headers).map_err(|error| bad_request(None, &error))?;
                let engine = Engine::resumed(self.engine.clone(), session.version, Changes::Untold);
                let (mut ids, mut calls): (Vec<Id>, _) = (Vec::new(), 0);
                for item in &items {
                    let Ok(Message::Request { id, method, params }) = message::message(item) else {
                        continue;
                    };
                    let request = MirroredRequest { id: &id, method: &method, params };
                    self.check_scope(principal, &request)?;
                    calls += usize::from(request.is_call());
                    // One that is there twice is the engine's to refuse.
                    if !ids.contains(&id) {
                        ids.push(id);
                    }
                }
                Ok(Some(ExchangePlan {
                    engine,
                    kind: RunKind::Request,
                    messages: items.len(),
                    calls,
                    in_session: Some(InSession { session: session.nonce, ids }),
                    begun: None,
                }))
            }
        }
    }

    /// Checks that what is asked is no call that the principal could make with other scopes.
    fn check_scope(
        &self,
        principal: &Principal,
        request: &MirroredRequest<'_>,
    ) -> Result<(), HttpRefusal> {
        let tool = principal.allow.is_some().then(|| request.tool()).flatten();
        tool.map_or(Ok(()), |tool| self.access.check_call(principal, &tool))
    }

    /// Counts the calls of what is about to run.
    pub(super) async fn count_calls(
        &self,
        principal: &Principal,
        calls: usize,
    ) -> Result<(), HttpRefusal> {
        let often = |rate| format!("one client calls tools at {rate} at most");
        let taken = self.rates.take(&principal.id, calls, Instant::now()).await;
        taken.map_err(|too_often| match too_often {
            TooOften::Now(rate, wait) => {
                let seconds = whole_seconds(wait);
                HttpRefusal::too_often(format!("{}; call again in {seconds} s", often(rate)), wait)
            }
            TooOften::Ever(rate) => {
                let error = format!("{}, and the array has {calls} calls; send fewer", often(rate));
                bad_request(None, &RpcError::invalid_request(error))
            }
        })
    }

    /// Counts calls that were refused for what they are, as far as there are any left: who sends them calls, too.
    pub(super) fn count_refused(&self, principal: &Principal, refused: &RefusedCall) {
        if matches!(refused.end, EndKind::BadRequest | EndKind::Forbidden) {
            self.rates.spend(&principal.id, refused.calls, Instant::now());
        }
    }

    /// Hands a cancellation on to the request of the session that it names.
    fn hand_on(&self, session: SessionNonce, method: &str, params: Option<&RawValue>) {
        let cancelled = lifecycle::cancelled(params).and_then(Id::parse);
        if let Some(id) = cancelled.filter(|_| method == "notifications/cancelled") {
            self.running.cancel(session, &id, legacy::cancellation(&id));
        }
    }

    fn plan_request(
        &self,
        headers: &HeaderMap,
        principal: &Principal,
        request: &MirroredRequest<'_>,
    ) -> Result<ExchangePlan, HttpRefusal> {
        let calls = usize::from(request.is_call());
        if is_modern(headers, request.params) {
            request.check(headers, self.views.of(principal).borrow().as_deref())?;
            let engine = Engine::new(self.engine.clone());
            let engine = match request.is_call() {
                true => engine.checking(modern::argument_check(headers)),
                false => engine,
            };
            let kind = match request.method {
                "subscriptions/listen" => RunKind::Stream,
                _ => RunKind::Request,
            };
            return Ok(ExchangePlan {
                engine,
                kind,
                messages: 1,
                calls,
                in_session: None,
                begun: None,
            });
        }
        request.check_given(headers)?;
        let kind = RunKind::Request;
        if request.method == "initialize" {
            legacy::check_version(headers, Some(request.id))?;
            // A handshake that fails begins no session.
            RequestMeta::of(request.params)
                .map_err(|error| bad_request(Some(request.id), &error))?;
            let version = lifecycle::requested_version(request.params, TransportKind::Http);
            let begun = self.key.begin(version, &principal.id, self.lists_of(principal)).map_err(
                |error| {
                    tracing::error!("no random bytes can be had: {error}");
                    HttpRefusal::plain(StatusCode::INTERNAL_SERVER_ERROR, "no session can be begun")
                },
            )?;
            let engine = Engine::new(self.engine.clone());
            return Ok(ExchangePlan {
                engine,
                kind,
                messages: 1,
                calls,
                in_session: None,
                begun: Some(begun),
            });
        }
        let session =
            legacy::session(headers, &self.key, &self.running, &principal.id, Some(request.id))?;
        let engine = Engine::resumed(self.engine.clone(), session.version, Changes::Untold);
        let in_session = Some(InSession { session: session.nonce, ids: vec![request.id.clone()] });
        Ok(ExchangePlan { engine, kind, messages: 1, calls, in_session, begun: None })
    }
}

/// Returns the calls of tools in a message that is refused as a whole: the first, and their number. `None` where it has none.
pub(super) fn refused_calls(
    line: &InputLine,
    came: Instant,
    refused: &HttpRefusal,
    carrier: Option<&Arc<CarrierContext>>,
) -> Option<RefusedCall> {
    let end = match refused.status() {
        StatusCode::FORBIDDEN => EndKind::Forbidden,
        StatusCode::TOO_MANY_REQUESTS => EndKind::TooMany,
        status if status.is_server_error() => EndKind::Unavailable,
        _ => EndKind::BadRequest,
    };
    let call = |message: Result<Message<'_>, RefusedMessage>| match message {
        Ok(Message::Request { id, method, params }) if method == "tools/call" => {
            let (tool, arguments) = name_and_arguments(params).ok()?;
            Some(RefusedCall {
                request: id.to_string(),
                tool,
                plugin: None,
                arguments: Some(arguments.into()),
                source: RequestMeta::of(params).ok().map(|meta| refused_source(&meta, carrier)),
                came,
                end,
                calls: 1,
            })
        }
        _ => None,
    };
    match message::parse(line, TransportKind::Http) {
        Parsed::Nothing => None,
        Parsed::One(message) => call(message),
        Parsed::Batch(items) => {
            // More than that are not served either.
            let items = items.iter().take(MAX_BATCH_MESSAGES);
            let mut calls = items.filter_map(|item| call(message::message(item)));
            let first = calls.next()?;
            match calls.count() {
                0 => Some(first),
                more => Some(RefusedCall { arguments: None, calls: 1 + more as u64, ..first }),
            }
        }
    }
}

/// The source of a call with this `_meta` that is refused.
fn refused_source(
    meta: &RequestMeta<'_>,
    carrier: Option<&Arc<CarrierContext>>,
) -> Arc<CallSource> {
    Arc::new(CallSource {
        client: meta.client(),
        version: None,
        transport: TransportKind::Http,
        parent: meta.trace_parent(),
        carrier: carrier.cloned(),
    })
}

/// True if a message is one of the stateless revision: its headers name it, or it says so itself.
fn is_modern(headers: &HeaderMap, params: Option<&RawValue>) -> bool {
    modern::is_named(headers) || RequestMeta::of(params).is_ok_and(|meta| meta.is_modern())
}

pub(super) fn bad_request(id: Option<&Id>, error: &RpcError) -> HttpRefusal {
    HttpRefusal::rpc(StatusCode::BAD_REQUEST, id, error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_calls_of_a_refused_message_are_told_with_the_reason() {
        let call = |id: u8, tool: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"a":{id}}}}}}}"#
            )
        };
        let other = r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#;
        let batch = format!("[{},{other},{}]", call(1, "one"), call(2, "two"));
        let calls = |body: &str, refused: &HttpRefusal| -> Option<(String, String, EndKind, u64)> {
            let line = InputLine::Whole(body.as_bytes().to_vec());
            let calls = refused_calls(&line, Instant::now(), refused, None);
            calls.map(|call| (call.request, call.tool, call.end, call.calls))
        };
        let plain = |status| HttpRefusal::plain(status, "no");
        for (refused, end) in [
            (plain(StatusCode::FORBIDDEN), EndKind::Forbidden),
            (HttpRefusal::too_often("no", Duration::ZERO), EndKind::TooMany),
            (HttpRefusal::too_many("no"), EndKind::TooMany),
            (HttpRefusal::busy("no"), EndKind::Unavailable),
            (plain(StatusCode::BAD_REQUEST), EndKind::BadRequest),
        ] {
            let first = |calls| Some(("1".into(), "one".into(), end, calls));
            assert_eq!(calls(&call(1, "one"), &refused), first(1));
            assert_eq!(calls(&batch, &refused), first(2));
            for nothing in
                [other, "", "{", "[]", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#]
            {
                assert_eq!(calls(nothing, &refused), None, "{nothing}");
            }
        }
    }
}
