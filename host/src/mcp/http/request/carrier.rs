//! The headers of a request by which traces hang together: the span around it, and its session.
//!
//! The id of a session is a key to it, so a digest of it is told alone.

use http::{HeaderMap, HeaderName};
use sha2::{Digest as _, Sha256};

use crate::mcp::methods::call_source::CarrierContext;
use crate::text::hexadecimal;
use crate::tool::TraceParent;

/// The bytes of the digest of a session that are told.
const SESSION_DIGEST: usize = 8;

/// Returns what the headers of a request say of the traces around it, and of its session, whose id is in this one.
pub(crate) fn carrier_of(headers: &HeaderMap, session: &HeaderName) -> CarrierContext {
    let once = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none());
        value.and_then(|value| value.to_str().ok())
    };
    // The state may stand in several headers; it is no loss here where it does.
    let link = once("traceparent")
        .and_then(|parent| TraceParent::parse(parent.trim(), once("tracestate")));
    let session = headers.get(session).map(|id| {
        let digest = Sha256::digest(id.as_bytes());
        hexadecimal(&digest[..SESSION_DIGEST]).into()
    });
    CarrierContext { link, session }
}
