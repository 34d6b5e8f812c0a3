//! The rules of the revisions with a handshake for a request over HTTP: it names its session.

use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::json;

use super::legacy_session::session_id::{Session, SessionKey};
use super::legacy_session::session_registry::SessionRegistry;
use super::modern::VERSION_HEADER;
use super::run::answer::HttpRefusal;
use crate::mcp::rpc::id::Id;
use crate::mcp::rpc::lines::InputLine;
use crate::mcp::rpc::reply::{self, RpcError};
use crate::mcp::version::TransportKind;
use crate::text::{clip, escape};

/// The header with the id of a session.
pub(super) const SESSION_HEADER: HeaderName = HeaderName::from_static("mcp-session-id");

/// The session that a request names. Clients begin anew when they are told 404, and with nothing else.
pub(super) fn session(
    headers: &HeaderMap,
    key: &SessionKey,
    running: &SessionRegistry,
    principal: &str,
    id: Option<&Id>,
) -> Result<Session, HttpRefusal> {
    let refused =
        |status, said: &str| HttpRefusal::rpc(status, id, &RpcError::invalid_request(said));
    // A client of a revision that is not served has no session to name.
    check_version(headers, id)?;
    let mut given = headers.get_all(SESSION_HEADER).iter();
    let (Some(given), None) = (given.next(), given.next()) else {
        return Err(refused(
            StatusCode::BAD_REQUEST,
            "the request needs one `Mcp-Session-Id` header, with the id that the answer of `initialize` had",
        ));
    };
    key.read(given, principal).filter(|session| !running.has_ended(&session.nonce)).ok_or_else(
        || {
            refused(
                StatusCode::NOT_FOUND,
                "there is no such session, or it has ended; send `initialize` again",
            )
        },
    )
}

/// Checks the revision that a request names. Any with a handshake will do: some clients go on to send their own newest.
pub(super) fn check_version(headers: &HeaderMap, id: Option<&Id>) -> Result<(), HttpRefusal> {
    let mut given = headers.get_all(VERSION_HEADER).iter();
    let (given, more) = (given.next(), given.next());
    let Some(given) = given else { return Ok(()) };
    let text = given.to_str().unwrap_or_default().trim();
    match TransportKind::Http.version(text) {
        Some(version) if !version.is_modern() && more.is_none() => Ok(()),
        _ => {
            let shown = escape(clip(text, 80));
            Err(HttpRefusal::rpc(
                StatusCode::BAD_REQUEST,
                id,
                &RpcError::unsupported_version(&shown, TransportKind::Http),
            ))
        }
    }
}

/// The notification that cancels a request.
pub(super) fn cancellation(id: &Id) -> InputLine {
    let params = json!({ "requestId": id.as_json() });
    InputLine::Whole(reply::notification("notifications/cancelled", Some(params)).into_bytes())
}
