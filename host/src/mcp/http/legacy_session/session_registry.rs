//! The requests and streams of legacy sessions that run, and the sessions that have ended: all that is known of them.
//!
//! A cancellation comes by a request of its own, and is handed to the loop that runs what it cancels.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use tokio::sync::mpsc;

use super::session_id::SessionNonce;
use crate::mcp::http::bounds::MAX_ENDED;
use crate::mcp::rpc::id::Id;
use crate::mcp::rpc::lines::InputLine;

/// The way to the loop that serves a request: further lines for it. It ends when all of them are gone.
pub(crate) type RequestLines = mpsc::Sender<InputLine>;

/// The requests and streams that run, and the sessions that have ended.
#[derive(Clone, Default)]
pub(crate) struct SessionRegistry(Rc<RefCell<RunningSessions>>);

#[derive(Default)]
struct RunningSessions {
    /// The way to each request, until it is cancelled.
    requests: HashMap<(SessionNonce, Id), Option<mpsc::WeakSender<InputLine>>>,
    /// The stream of each session, with a number that tells one from the next.
    streams: HashMap<SessionNonce, (u64, RequestLines)>,
    last_stream: u64,
    ended: HashSet<SessionNonce>,
    /// The same, the oldest first.
    ended_in_order: VecDeque<SessionNonce>,
}

/// A request or a stream that runs, until it is dropped.
pub(crate) struct Registered {
    running: SessionRegistry,
    what: RegisteredPart,
}

enum RegisteredPart {
    Request(SessionNonce, Id),
    Stream(SessionNonce, u64),
}

impl SessionRegistry {
    /// Notes a request, which is served by the loop behind `lines`. `None` if one with its id runs in the session.
    pub(crate) fn request(
        &self,
        session: SessionNonce,
        id: Id,
        lines: mpsc::WeakSender<InputLine>,
    ) -> Option<Registered> {
        let mut running = self.0.borrow_mut();
        let key = (session, id.clone());
        if running.requests.contains_key(&key) {
            return None;
        }
        running.requests.insert(key, Some(lines));
        Some(Registered { running: self.clone(), what: RegisteredPart::Request(session, id) })
    }

    /// Notes the stream of a session, whose loop goes on as long as `lines` is kept here. It ends the one before it.
    pub(crate) fn stream(&self, session: SessionNonce, lines: RequestLines) -> Registered {
        let mut running = self.0.borrow_mut();
        running.last_stream += 1;
        let number = running.last_stream;
        running.streams.insert(session, (number, lines));
        Registered { running: self.clone(), what: RegisteredPart::Stream(session, number) }
    }

    /// Hands a cancellation to the loop that serves this request, if one does and was not handed one before.
    pub(crate) fn cancel(&self, session: SessionNonce, id: &Id, cancellation: InputLine) {
        let mut running = self.0.borrow_mut();
        let lines = running.requests.get_mut(&(session, id.clone())).and_then(Option::take);
        if let Some(lines) = lines.and_then(|lines| lines.upgrade()) {
            // There is room for one of each request.
            let _ = lines.try_send(cancellation);
        }
    }

    /// Ends a session: its stream, and its requests as `cancellation` writes them.
    pub(crate) fn end(&self, session: SessionNonce, cancellation: impl Fn(&Id) -> InputLine) {
        let ids: Vec<Id> = {
            let mut running = self.0.borrow_mut();
            let running = &mut *running;
            running.streams.remove(&session);
            if running.ended.insert(session) {
                running.ended_in_order.push_back(session);
            }
            if running.ended.len() > MAX_ENDED
                && let Some(oldest) = running.ended_in_order.pop_front()
            {
                running.ended.remove(&oldest);
            }
            let of_it = running.requests.keys().filter(|(other, _)| *other == session);
            of_it.map(|(_, id)| id.clone()).collect()
        };
        for id in ids {
            self.cancel(session, &id, cancellation(&id));
        }
    }

    /// True if the session was ended here.
    pub(crate) fn has_ended(&self, session: &SessionNonce) -> bool {
        self.0.borrow().ended.contains(session)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut running = self.running.0.borrow_mut();
        match &self.what {
            RegisteredPart::Request(session, id) => {
                running.requests.remove(&(*session, id.clone()));
            }
            RegisteredPart::Stream(session, number) => {
                if running.streams.get(session).is_some_and(|(current, _)| current == number) {
                    running.streams.remove(session);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn id(text: &str) -> Id {
        Id::parse(&RawValue::from_string(text.into()).expect("JSON")).expect("an id")
    }

    fn line() -> InputLine {
        InputLine::Whole(Vec::new())
    }

    #[test]
    fn a_cancellation_reaches_the_request_of_its_session_alone() {
        let running = SessionRegistry::default();
        let (lines, mut received) = mpsc::channel(2);
        let noted = running.request([1; 16], id("7"), lines.downgrade()).expect("the first");
        assert!(running.request([1; 16], id("7"), lines.downgrade()).is_none(), "it runs");
        for (session, other) in [([2; 16], "7"), ([1; 16], "8"), ([1; 16], "\"7\"")] {
            running.cancel(session, &id(other), line());
            assert!(received.try_recv().is_err());
        }
        running.cancel([1; 16], &id("7"), line());
        running.cancel([1; 16], &id("7"), line());
        assert!(received.try_recv().is_ok() && received.try_recv().is_err());
        drop(noted);
        assert!(running.request([1; 16], id("7"), lines.downgrade()).is_some());
        assert!(running.0.borrow().requests.is_empty());
    }

    #[test]
    fn a_second_stream_ends_the_first_and_outlives_it() {
        let running = SessionRegistry::default();
        let (first, of_first) = mpsc::channel::<InputLine>(1);
        let (second, of_second) = mpsc::channel::<InputLine>(1);
        let has_ended = |lines: &mpsc::Receiver<InputLine>| lines.sender_strong_count() == 0;
        let noted = running.stream([1; 16], first);
        assert!(!has_ended(&of_first));
        let again = running.stream([1; 16], second);
        assert!(has_ended(&of_first) && !has_ended(&of_second));
        drop(noted);
        assert!(!has_ended(&of_second));
        drop(again);
        assert!(has_ended(&of_second));
    }

    #[test]
    fn ended_sessions_are_known_and_their_number_is_bounded() {
        let running = SessionRegistry::default();
        let nonce = |at: usize| {
            let mut nonce = [0; 16];
            nonce[..8].copy_from_slice(&at.to_le_bytes());
            nonce
        };
        for at in 0..=MAX_ENDED {
            running.end(nonce(at), |_| line());
        }
        assert!(!running.has_ended(&nonce(0)) && running.has_ended(&nonce(1)));
        assert_eq!(running.0.borrow().ended.len(), MAX_ENDED);
    }
}
