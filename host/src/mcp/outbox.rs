//! The actions that the engine has decided and the driver has not taken yet: lines, on their own or in batches, and
//! calls.

use std::collections::VecDeque;

use super::action::Action;
use super::open_requests::ReplyTo;
use super::rpc::batch::{BatchKey, Batches};
use super::rpc::id::Id;
use super::rpc::reply::{self, RpcError};

/// The actions, in order.
#[derive(Default)]
pub(super) struct Outbox {
    actions: VecDeque<Action>,
    batches: Batches,
}

impl Outbox {
    pub(super) fn next(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    pub(super) fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    /// Sends a line that answers no request.
    pub(super) fn notify(&mut self, line: String) {
        debug_assert!(!line.contains('\n'), "a message is one line");
        self.push(Action::Notify(line));
    }

    /// Sends a line that answers what no batch waits for.
    pub(super) fn send(&mut self, line: String) {
        debug_assert!(!line.contains('\n'), "a message is one line");
        self.push(Action::Answer(line));
    }

    /// Opens a batch of so many messages, or says why not. It is read to its end with
    /// [`one_less_due`](Self::one_less_due).
    pub(super) fn open_batch(&mut self, messages: usize) -> Result<BatchKey, String> {
        self.batches.open(messages)
    }

    /// The request gets an answer: its batch waits for that.
    pub(super) fn expect(&mut self, reply_to: &ReplyTo) {
        if let Some(key) = reply_to.batch {
            self.batches.expect(key);
        }
    }

    /// The answer of a request that was expected. Whether it is sent now, on its own or in its batch.
    pub(super) fn answer(&mut self, reply_to: &ReplyTo, line: String) -> bool {
        self.line(Some(&reply_to.id), reply_to.batch, line);
        reply_to.batch.is_none_or(|key| self.one_less_due(key))
    }

    /// The answer to what was not expected.
    pub(super) fn refuse(&mut self, id: Option<&Id>, batch: Option<BatchKey>, fault: &RpcError) {
        self.line(id, batch, reply::fault(id, fault));
    }

    /// One thing less is due in a batch. With the last, it is answered. Whether it is now.
    pub(super) fn one_less_due(&mut self, key: BatchKey) -> bool {
        let line = self.batches.one_less_due(key);
        line.map(|line| self.send(line)).is_some()
    }

    fn line(&mut self, id: Option<&Id>, batch: Option<BatchKey>, line: String) {
        match batch {
            None => self.send(line),
            Some(key) => self
                .batches
                .add(key, line, |problem| reply::fault(id, &RpcError::invalid_request(problem))),
        }
    }
}
