//! The kinds of what is refused over HTTP, and how often each was.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::StatusCode;

/// The kinds of what is refused that an operator may want to see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// A request without a token that counts.
    Unauthorized,
    /// A request of a host, an origin or a token that may not.
    Forbidden,
    /// A request of a client that asks too often or for too much at once.
    TooMany,
    /// A request for which the server has no room, or is not ready.
    Unavailable,
    /// A request that is not in a form that is served.
    Unsupported,
    /// A connection that did not agree on TLS.
    Handshake,
    /// A connection that spoke HTTP where TLS is spoken.
    Cleartext,
    /// A connection that spoke TLS where HTTP is spoken.
    Tls,
    /// A connection that asked for nothing, and made room for another.
    Idle,
    /// A connection for which there was no room.
    NoRoom,
    /// A connection whose head or handshake is not whole, and gave way to those of others.
    Unasked,
    /// A handshake that waited long behind those of others.
    SlowHandshake,
}

pub(crate) const REFUSAL_KINDS: [RefusalKind; 12] = [
    RefusalKind::Unauthorized,
    RefusalKind::Forbidden,
    RefusalKind::TooMany,
    RefusalKind::Unavailable,
    RefusalKind::Unsupported,
    RefusalKind::Handshake,
    RefusalKind::Cleartext,
    RefusalKind::Tls,
    RefusalKind::Idle,
    RefusalKind::NoRoom,
    RefusalKind::Unasked,
    RefusalKind::SlowHandshake,
];

impl RefusalKind {
    /// The kind of an answer with this status. `None` where the client alone has to see to it.
    pub(crate) fn of(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::UNAUTHORIZED => Some(Self::Unauthorized),
            StatusCode::FORBIDDEN => Some(Self::Forbidden),
            StatusCode::TOO_MANY_REQUESTS => Some(Self::TooMany),
            StatusCode::SERVICE_UNAVAILABLE => Some(Self::Unavailable),
            StatusCode::NOT_ACCEPTABLE
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(Self::Unsupported),
            _ => None,
        }
    }

    /// The name of the kind, for machines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::Unsupported => "unsupported",
            Self::Handshake => "handshake",
            Self::Cleartext => "cleartext",
            Self::Tls => "tls",
            Self::Idle => "idle",
            Self::NoRoom => "no_room",
            Self::Unasked => "unasked",
            Self::SlowHandshake => "slow_handshake",
        }
    }
}

/// The number of refusals since the server started, by their kind.
#[derive(Debug, Default)]
pub struct RefusalCounts([AtomicU64; REFUSAL_KINDS.len()]);

impl RefusalCounts {
    pub(crate) fn add(&self, kind: RefusalKind) {
        self.0[kind as usize].fetch_add(1, Relaxed);
    }

    /// The names of all kinds, each with its number.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REFUSAL_KINDS
            .into_iter()
            .zip(&self.0)
            .map(|(kind, count)| (kind.name(), count.load(Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_place() {
        for (at, kind) in REFUSAL_KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
            let counts = RefusalCounts::default();
            counts.add(kind);
            assert_eq!(counts.all().find(|(_, count)| *count > 0), Some((kind.name(), 1)));
        }
    }
}
