//! The bounds of the HTTP server.

use std::time::Duration;

use super::socket::paced::Pace;

/// Connections that are open at once. Beyond it, those that ask for nothing are closed first.
pub(super) const MAX_CONNECTIONS: usize = 8192;
/// Bytes of a request's head.
pub(super) const MAX_HEAD: usize = 64 * 1024;
/// Bytes of all clients that belong to no request yet: heads and handshakes that are not whole. Each has a few of its own.
pub(super) const MAX_UNASKED: usize = 64 * 1024 * 1024;
/// The time that a head may take, from the connection or the answer before it.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(75);
/// The time in which a client has to agree on TLS.
pub(super) const TLS_TIME: Duration = Duration::from_secs(10);
/// The time that the body of a request may take.
pub(super) const BODY_TIME: Duration = Duration::from_secs(30);
/// Of a body that is refused, so many bytes are read and dropped in so much time, so that the client is done with it when the
/// answer comes.
pub(super) const MAX_DROPPED: usize = 64 * 1024 * 1024;
pub(super) const DROP_TIME: Duration = Duration::from_secs(5);
/// Bytes of a body that a client has sent before it sees that nobody reads them.
pub(super) const UNREAD_BODY: usize = 64 * 1024;
/// Bytes of all bodies of requests that are read or served.
pub(super) const MAX_BODIES: usize = 128 * 1024 * 1024;
/// The same of one principal.
pub(super) const MAX_BODIES_OF_ONE: usize = 64 * 1024 * 1024;
/// Bytes of all answers that clients have not read.
pub(super) const MAX_ANSWERS: usize = 256 * 1024 * 1024;
/// Bytes of an answer that are given to a connection at once.
pub(super) const CHUNK: usize = 64 * 1024;
/// A client that reads fewer than so many bytes in so much time, while more wait for it, is cut off.
pub(super) const MIN_READ: usize = 16 * 1024;
pub(super) const READ_TIME: Duration = Duration::from_secs(30);
/// Requests that are served at once, streams aside.
pub(super) const MAX_HTTP_REQUESTS: usize = 2048;
/// The same of one principal.
pub(super) const MAX_HTTP_REQUESTS_OF_ONE: usize = 1024;
/// Streams that are open at once: subscriptions, and streams of sessions.
pub(super) const MAX_STREAMS: usize = 4096;
/// The same of one principal.
pub(super) const MAX_STREAMS_OF_ONE: usize = 2048;
/// Answers that tell pages of what runs, streams among them, at once.
pub(super) const MAX_PAGES: usize = 64;
/// The same of one principal.
pub(super) const MAX_PAGES_OF_ONE: usize = 16;
/// The time after which a stream is ended; its client opens another.
pub(super) const MAX_STREAM_AGE: Duration = Duration::from_hours(12);
/// The time for which an answer is waited for before a stream of events is begun: some proxies end a silent response.
pub(super) const SILENCE: Duration = Duration::from_secs(10);
/// The time between two comments on a stream on which nothing else is sent.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Ended sessions that are remembered.
pub(super) const MAX_ENDED: usize = 16_384;
/// The time for which a session's id counts.
pub(super) const SESSION_TIME: Duration = Duration::from_hours(30 * 24);
/// The time between two looks at whether clients that wait for an answer have hung up, with further requests behind the
/// one that is served.
pub(super) const HANG_UP_LOOK: Duration = Duration::from_secs(1);
/// The seconds after which a client is told to come again.
pub(super) const RETRY_SECONDS: u32 = 2;

/// The bounds that one server has. Those of people are the constants above.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpBounds {
    pub(crate) connections: usize,
    pub(crate) tls_time: Duration,
    pub(crate) head_time: Duration,
    pub(crate) body_time: Duration,
    pub(crate) unasked: usize,
    pub(crate) bodies: usize,
    pub(crate) bodies_of_one: usize,
    pub(crate) answers: usize,
    pub(crate) pace: Pace,
    pub(crate) requests: usize,
    pub(crate) requests_of_one: usize,
    pub(crate) streams: usize,
    pub(crate) streams_of_one: usize,
    pub(crate) pages: usize,
    pub(crate) pages_of_one: usize,
    pub(crate) stream_age: Duration,
    pub(crate) silence: Duration,
    pub(crate) keep_alive: Duration,
    pub(crate) hang_up_look: Duration,
}

impl Default for HttpBounds {
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            tls_time: TLS_TIME,
            head_time: HEAD_TIME,
            body_time: BODY_TIME,
            unasked: MAX_UNASKED,
            bodies: MAX_BODIES,
            bodies_of_one: MAX_BODIES_OF_ONE,
            answers: MAX_ANSWERS,
            pace: Pace { bytes: MIN_READ, time: READ_TIME },
            requests: MAX_HTTP_REQUESTS,
            requests_of_one: MAX_HTTP_REQUESTS_OF_ONE,
            streams: MAX_STREAMS,
            streams_of_one: MAX_STREAMS_OF_ONE,
            pages: MAX_PAGES,
            pages_of_one: MAX_PAGES_OF_ONE,
            stream_age: MAX_STREAM_AGE,
            silence: SILENCE,
            keep_alive: KEEP_ALIVE,
            hang_up_look: HANG_UP_LOOK,
        }
    }
}

impl HttpBounds {
    /// The same bounds where there may be so many connections at most. Each share of what takes connections is lowered with
    /// them, so that the connections of one principal leave room for others.
    pub(super) fn with_connections(self, most: usize) -> Self {
        let connections = self.connections.min(most);
        let lowered = |share: usize| (share * connections / self.connections.max(1)).max(1);
        Self {
            connections,
            requests: lowered(self.requests),
            requests_of_one: lowered(self.requests_of_one),
            streams: lowered(self.streams),
            streams_of_one: lowered(self.streams_of_one),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_principal_leaves_connections_to_others_however_few_there_are() {
        let all = HttpBounds::default();
        for most in [usize::MAX, MAX_CONNECTIONS, 2048, 500, 100, 20] {
            let bounds = all.with_connections(most);
            assert_eq!(bounds.connections, most.min(MAX_CONNECTIONS));
            let of_one = bounds.requests_of_one + bounds.streams_of_one;
            assert!(of_one <= bounds.connections / 2, "{most}: {bounds:?}");
            let of_all = bounds.requests + bounds.streams;
            assert!(of_all < bounds.connections, "{most}: {bounds:?}");
            assert!(bounds.requests_of_one > 0 && bounds.streams_of_one > 0, "{most}: {bounds:?}");
        }
    }
}
