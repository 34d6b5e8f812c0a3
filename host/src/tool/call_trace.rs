//! The trace of one call: when it was begun, what it used if it was ended from outside, and, where somebody reads that, which of
//! its plugin's grants it used. Whoever runs the call writes it, whoever tells of its end reads it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::outcome::Usage;
use super::sent_request::{NotedRequests, RequestEnd, SentRequest, SentRequests, known_method};
use crate::text::clip;

/// The names of one kind that a trace holds; further ones are counted.
const MAX_NOTED_NAMES: usize = 32;
/// The longest of them, in bytes.
const MAX_NOTED_NAME: usize = 256;

/// The trace of a call. It outlives a call that is cancelled.
#[derive(Debug, Default)]
pub struct CallTrace {
    begun: OnceLock<Instant>,
    entered: OnceLock<Instant>,
    abandoned: OnceLock<Usage>,
    /// True if somebody reads which grants it used.
    notes_grants: bool,
    /// True if somebody reads which requests it sent.
    notes_requests: bool,
    // A lock and not a snapshot: the guest's requests and files are used side by side. It is held to note a name.
    uses: Mutex<GrantUses>,
    requests: SentRequests,
}

/// A request on its way. If it is dropped before it has ended, it was given up.
#[derive(Debug)]
pub struct RequestNote {
    trace: Arc<CallTrace>,
    /// The request. `None` once its end is noted.
    request: Option<SentRequest>,
}

/// The grants that a call used, and what it asked for in vain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantUses {
    /// The hosts that it sent requests to, with their schemes.
    pub hosts: NotedNames,
    /// The directories in which it looked or opened something, as the guest names them.
    pub directories: NotedNames,
    /// The secrets whose values it was given, or that were put into its requests.
    pub secrets: NotedNames,
    /// The requests that were refused, in words.
    pub refused: NotedNames,
}

/// Different names, the first of them in full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotedNames {
    names: Vec<Box<str>>,
    more: u64,
}

impl CallTrace {
    /// The trace of a call of which somebody reads the grants that it used.
    #[must_use]
    pub fn with_grants() -> Self {
        Self { notes_grants: true, ..Self::default() }
    }

    /// The same trace, of which somebody reads the requests that the call sent, too.
    #[must_use]
    pub fn with_requests(self) -> Self {
        Self { notes_requests: true, ..self }
    }

    /// True if somebody reads what the call did: which grants it used, or which requests it sent.
    #[must_use]
    pub fn notes_deeds(&self) -> bool {
        self.notes_grants || self.notes_requests
    }

    /// Notes that the call waits for nothing any more.
    pub fn begin(&self) {
        // A call begins once.
        let _ = self.begun.set(Instant::now());
    }

    /// Notes that the guest of the call was entered then.
    pub fn enter(&self, at: Instant) {
        // The first of several guests counts.
        let _ = self.entered.set(at);
    }

    /// The time at which the guest was entered. `None` if there was none.
    #[must_use]
    pub fn entered(&self) -> Option<Instant> {
        self.entered.get().copied()
    }

    /// Notes what the guest of the call had used when it was ended from outside.
    pub fn abandon(&self, usage: Usage) {
        let _ = self.abandoned.set(usage);
    }

    /// The usage of its guest when it was ended from outside. `None` if it was not, or had no guest.
    #[must_use]
    pub fn abandoned(&self) -> Option<Usage> {
        self.abandoned.get().copied()
    }

    /// The time at which the call was begun. `None` if it has only waited.
    #[must_use]
    pub fn begun(&self) -> Option<Instant> {
        self.begun.get().copied()
    }

    /// The part of `time`, which the call took since it came, in which it waited: for its plugin, its turn, the check of its
    /// arguments.
    #[must_use]
    pub fn wait(&self, came: Instant, time: Duration) -> Duration {
        self.begun().map_or(time, |begun| begun.saturating_duration_since(came)).min(time)
    }

    /// Notes what the call used of its grants, if somebody reads that.
    pub fn note(&self, note: impl FnOnce(&mut GrantUses)) {
        if !self.notes_grants {
            return;
        }
        note(&mut self.uses.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The grants that the call has used.
    #[must_use]
    pub fn uses(&self) -> GrantUses {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins to note a request that is sent now. `None` if nobody reads that.
    pub fn note_request(
        self: &Arc<Self>,
        method: &str,
        server: impl ToString,
        port: u16,
    ) -> Option<RequestNote> {
        if !self.notes_requests {
            return None;
        }
        let (began, method) = (Instant::now(), known_method(method));
        let server = server.to_string().into();
        let request =
            SentRequest { method, server, port, began, ended: began, end: RequestEnd::GivenUp };
        Some(RequestNote { trace: self.clone(), request: Some(request) })
    }

    /// The requests that the call has sent.
    #[must_use]
    pub fn requests(&self) -> NotedRequests {
        self.requests.noted()
    }
}

impl RequestNote {
    /// Notes the end of the request.
    pub fn end(mut self, end: RequestEnd) {
        self.note(end);
    }

    fn note(&mut self, end: RequestEnd) {
        if let Some(request) = self.request.take() {
            self.trace.requests.note(SentRequest { ended: Instant::now(), end, ..request });
        }
    }
}

impl Drop for RequestNote {
    fn drop(&mut self) {
        self.note(RequestEnd::GivenUp);
    }
}

impl NotedNames {
    /// Notes a name, once. Beyond `MAX_NOTED_NAMES` each use of another is counted.
    pub fn note(&mut self, name: &str) {
        let name = clip(name, MAX_NOTED_NAME);
        if self.names.iter().any(|noted| **noted == *name) {
            return;
        }
        match self.names.len() < MAX_NOTED_NAMES {
            true => self.names.push(name.into()),
            false => self.more = self.more.saturating_add(1),
        }
    }

    /// The names that are held, in the order of their first use.
    #[must_use]
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The number of uses of others.
    #[must_use]
    pub fn more(&self) -> u64 {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_once_and_only_so_many_of_them() {
        let trace = CallTrace::with_grants();
        for number in 0..100 {
            trace.note(|uses| uses.hosts.note(&format!("https://{}.example", number % 40)));
        }
        trace.note(|uses| uses.refused.note(&"é".repeat(1000)));
        let uses = trace.uses();
        assert_eq!(uses.hosts.names().len(), MAX_NOTED_NAMES);
        // The last eight of forty, twice and a half.
        assert_eq!(uses.hosts.more(), 16);
        assert_eq!(uses.refused.names()[0].len(), MAX_NOTED_NAME);
        assert_eq!(uses.secrets, NotedNames::default());
    }
}
