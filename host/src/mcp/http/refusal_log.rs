//! The log of what is refused: a line for each kind at once, and then one in ten seconds that counts, whatever clients do.
//!
//! A reason is in the words that the client is told, which repeat nothing of a token.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::run::answer::HttpRefusal;
use super::run::refusal_counts::{REFUSAL_KINDS, RefusalCounts, RefusalKind};
use crate::text::{clip, escape};

/// The time between two lines of one kind.
const REFUSAL_INTERVAL: Duration = Duration::from_secs(10);
/// The longest reason that is written, in bytes.
const MAX_REASON: usize = 300;

impl RefusalKind {
    fn what(self) -> &'static str {
        match self {
            Self::Unauthorized => "a request is refused with 401",
            Self::Forbidden => "a request is refused with 403",
            Self::TooMany => "a request is refused with 429",
            Self::Unavailable => "a request is refused with 503",
            Self::Unsupported => "a request cannot be served",
            Self::Handshake => "a client is refused by TLS",
            Self::Cleartext => "a client is refused, since it does not speak HTTPS",
            Self::Tls => "a client is refused, since it speaks HTTPS",
            Self::Idle => "a connection that asks for nothing is closed to make room",
            Self::NoRoom => "a connection is refused",
            Self::SlowHandshake => "a client agreed on TLS late",
            Self::Unasked => "a connection is closed before its request is whole",
        }
    }
}

/// The refusals that were not written yet, by their kind, and the count of all.
#[derive(Default)]
pub(super) struct RefusalLog {
    unwritten: RefCell<[UnwrittenRefusals; REFUSAL_KINDS.len()]>,
    counts: Arc<RefusalCounts>,
}

#[derive(Default)]
struct UnwrittenRefusals {
    count: u64,
    last_reason: String,
    /// The text that the log knows the last client by; empty where it is not known.
    last_client: String,
    /// The time of the last line. `None` where there was none.
    written: Option<Instant>,
}

impl RefusalLog {
    /// Counts there, too.
    pub(super) fn new(counts: Arc<RefusalCounts>) -> Self {
        Self { counts, ..Self::default() }
    }

    /// Notes a request that is refused.
    pub(super) fn note_request(&self, refused: &HttpRefusal) {
        if let Some(kind) = RefusalKind::of(refused.status()) {
            self.note_of(kind, refused.said(), refused.client());
        }
    }

    /// Notes what is refused of nobody in particular, and writes a line if none of this kind was written of late.
    pub(super) fn note(&self, kind: RefusalKind, reason: &str) {
        self.note_of(kind, reason, "");
    }

    fn note_of(&self, kind: RefusalKind, reason: &str, client: &str) {
        self.counts.add(kind);
        let mut all = self.unwritten.borrow_mut();
        let unwritten = &mut all[kind as usize];
        unwritten.count += 1;
        unwritten.last_reason = escape(clip(reason.trim_end(), MAX_REASON));
        client.clone_into(&mut unwritten.last_client);
        unwritten.write_if_due(kind, Instant::now());
    }

    /// Writes a line for each kind that is due.
    pub(super) fn write_due(&self, now: Instant) {
        for (unwritten, kind) in self.unwritten.borrow_mut().iter_mut().zip(REFUSAL_KINDS) {
            unwritten.write_if_due(kind, now);
        }
    }

    /// Writes what is left at the end of the server.
    pub(super) fn write_rest(&self) {
        for (unwritten, kind) in self.unwritten.borrow_mut().iter_mut().zip(REFUSAL_KINDS) {
            unwritten.write(kind, Instant::now());
        }
    }
}

impl UnwrittenRefusals {
    fn write_if_due(&mut self, kind: RefusalKind, now: Instant) {
        if self.written.is_none_or(|written| now.duration_since(written) >= REFUSAL_INTERVAL) {
            self.write(kind, now);
        }
    }

    fn write(&mut self, kind: RefusalKind, now: Instant) {
        let (what, reason) = (kind.what(), std::mem::take(&mut self.last_reason));
        let client = Some(std::mem::take(&mut self.last_client)).filter(|it| !it.is_empty());
        let client = client.as_deref();
        match std::mem::take(&mut self.count) {
            0 => return,
            1 => tracing::info!(client, "{what}: {reason}"),
            count => tracing::info!(
                client,
                "{what}, {count} times since the last line; the last time: {reason}"
            ),
        }
        self.written = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_kind_is_written_at_once_and_the_others_are_counted() {
        let log = RefusalLog::default();
        let unwritten = |kind: RefusalKind| log.unwritten.borrow()[kind as usize].count;
        for _ in 0..100 {
            log.note(RefusalKind::Unauthorized, "no token");
        }
        assert_eq!(unwritten(RefusalKind::Unauthorized), 99);
        log.note(RefusalKind::Handshake, "no certificate");
        assert_eq!(unwritten(RefusalKind::Handshake), 0);
        let now = Instant::now();
        log.write_due(now);
        assert_eq!(unwritten(RefusalKind::Unauthorized), 99);
        log.write_due(now + REFUSAL_INTERVAL);
        assert_eq!(unwritten(RefusalKind::Unauthorized), 0);
        log.note(RefusalKind::Unauthorized, "no token");
        assert_eq!(unwritten(RefusalKind::Unauthorized), 1);
        log.write_rest();
        assert_eq!(unwritten(RefusalKind::Unauthorized), 0);
    }

    #[test]
    fn who_asks_too_often_or_finds_no_room_is_told_of() {
        let log = RefusalLog::default();
        for (refused, kind) in [
            (HttpRefusal::too_many("you have too many"), RefusalKind::TooMany),
            (HttpRefusal::busy("too many are open"), RefusalKind::Unavailable),
        ] {
            let refused = refused.of_client(&"1f2e".into());
            log.note_request(&refused);
            log.note_request(&refused);
            let all = log.unwritten.borrow();
            let unwritten = &all[kind as usize];
            assert_eq!((unwritten.count, &*unwritten.last_client), (1, "1f2e"));
        }
    }
}
