//! The requests that a guest sent over the network, as the trace of its call keeps them: when, how and to which server, never what.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::text::clip;

/// The requests of one call that its trace holds; further ones are counted.
pub(super) const MAX_NOTED_REQUESTS: usize = 32;
/// The longest name of a server that is held, in bytes.
const MAX_SERVER_NAME: usize = 256;

/// A request that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRequest {
    /// The method where it is one that everybody knows, else `_OTHER`.
    pub method: &'static str,
    /// The name or the address of the server.
    pub server: Box<str>,
    /// Its port.
    pub port: u16,
    /// The time at which the guest sent it.
    pub began: Instant,
    /// The time at which its answer began, or at which there was none to come.
    pub ended: Instant,
    /// The way in which it ended.
    pub end: RequestEnd,
}

/// The way in which a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEnd {
    /// The server answered with this status.
    Status(u16),
    /// There was no answer, for a reason of this kind.
    Failed(&'static str),
    /// The guest waited no more, or was ended.
    GivenUp,
}

/// The requests of a call.
#[derive(Debug, Default)]
pub(crate) struct SentRequests {
    // A lock and not a snapshot: requests go on side by side. It is held to note one.
    noted: Mutex<NotedRequests>,
}

/// The first requests, and the number of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotedRequests {
    /// The first of them, in the order of their ends.
    pub requests: Vec<SentRequest>,
    /// The number of others.
    pub more: u64,
}

impl SentRequests {
    pub(crate) fn note(&self, mut request: SentRequest) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.requests.len() >= MAX_NOTED_REQUESTS {
            noted.more = noted.more.saturating_add(1);
            return;
        }
        if request.server.len() > MAX_SERVER_NAME {
            request.server = clip(&request.server, MAX_SERVER_NAME).into();
        }
        noted.requests.push(request);
    }

    pub(crate) fn noted(&self) -> NotedRequests {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The method as it is told: a guest may invent others.
#[must_use]
pub(super) fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 9] =
        ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "QUERY"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_holds_only_so_many_requests_and_so_much_of_each() {
        let sent = SentRequests::default();
        let now = Instant::now();
        for _ in 0..MAX_NOTED_REQUESTS + 3 {
            sent.note(SentRequest {
                method: known_method("BREW"),
                server: "é".repeat(1000).into(),
                port: 80,
                began: now,
                ended: now,
                end: RequestEnd::GivenUp,
            });
        }
        let noted = sent.noted();
        assert_eq!((noted.requests.len(), noted.more), (MAX_NOTED_REQUESTS, 3));
        assert!(noted.requests.iter().all(|it| it.server.len() <= MAX_SERVER_NAME));
        assert_eq!((noted.requests[0].method, known_method("GET")), ("_OTHER", "GET"));
    }
}
