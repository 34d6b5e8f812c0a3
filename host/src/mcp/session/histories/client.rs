//! The client of a history: the lines that it writes, and the ledger of what it asked.

use super::calls::ANSWER_SIZES;
use super::ledger::{Ledger, RequestKind};
use crate::fuzz::noise::Noise;

/// The most bytes of a message that carries no list and no answer of a call.
pub(super) const SMALL_MESSAGE: usize = 1024;

/// The content of a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum LineContent {
    Ping,
    List,
    Call,
    Cancel,
    Junk,
    Batch,
}

/// A client that wrote so far, and what it has not sent.
pub(super) struct HistoryClient {
    pub(super) ledger: Ledger,
    /// True if it speaks the revision that has batches.
    has_batches: bool,
    /// The place in [`ANSWER_SIZES`] of the largest answer that it asks for.
    largest: usize,
    fed: usize,
    kept: Vec<u8>,
}

impl HistoryClient {
    /// A client that is about to shake hands.
    pub(super) fn new(has_batches: bool, largest: usize) -> Self {
        let ledger = Ledger::default();
        let mut client = Self { ledger, has_batches, largest, fed: 0, kept: Vec::new() };
        let version = if has_batches { "2025-03-26" } else { "2025-11-25" };
        client.ledger.ask(RequestKind::Ping, 2 * SMALL_MESSAGE, None);
        let hello = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{version}"}}}}"#
        );
        client.add_line(&hello, None);
        client.add_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, None);
        client
    }

    /// The bytes that it has to say and has not sent.
    pub(super) fn unsent(&self) -> usize {
        self.kept.len()
    }

    /// Adds a line of this kind to what the client is about to send.
    pub(super) fn say(&mut self, said: LineContent, noise: &mut Noise) {
        let line = match said {
            LineContent::Ping => self.ping(None),
            LineContent::List => self.list(None),
            LineContent::Call => self.call(None, noise),
            LineContent::Cancel => {
                let id = noise.below(self.ledger.next_id());
                let line = format!(
                    r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
                );
                return self.add_line(&line, Some(id));
            }
            // Four may be open at once, and here nobody asks for more.
            LineContent::Batch if self.has_batches && self.ledger.open_batches() < 4 => {
                let batch = Some(self.ledger.next_batch());
                let [one, two, three] =
                    [self.ping(batch), self.call(batch, noise), self.list(batch)];
                format!("[{one},{two},{three}]")
            }
            LineContent::Junk | LineContent::Batch => {
                self.ledger.other_bytes += SMALL_MESSAGE;
                noise.one_of(["{", "", "[]", "7", r#"{"jsonrpc":"2.0","method":"x"}"#]).into()
            }
        };
        self.add_line(&line, None);
    }

    fn ping(&mut self, batch: Option<usize>) -> String {
        let id = self.ledger.next_id();
        self.ledger.ask(RequestKind::Ping, SMALL_MESSAGE, batch);
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)
    }

    fn list(&mut self, batch: Option<usize>) -> String {
        let id = self.ledger.next_id();
        // The number of tools is known when they are published.
        self.ledger.ask(RequestKind::List, 0, batch);
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#)
    }

    fn call(&mut self, batch: Option<usize>, noise: &mut Noise) -> String {
        let id = self.ledger.next_id();
        let size = noise.one_of([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3]).min(self.largest);
        // A revision that knows no structured content has each byte of it looked at.
        let size = if self.has_batches { size.min(1) } else { size };
        let here = noise.is_one_in(2);
        self.ledger.ask(RequestKind::Call, 2 * ANSWER_SIZES[size] + SMALL_MESSAGE, batch);
        let meta = match noise.is_one_in(2) {
            true => format!(r#","_meta":{{"progressToken":{id}}}"#),
            false => String::new(),
        };
        let arguments = format!(r#"{{"here":{here},"size":{size}}}"#);
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"good_run","arguments":{arguments}{meta}}}}}"#
        )
    }

    fn add_line(&mut self, line: &str, cancels: Option<usize>) {
        self.kept.extend_from_slice(line.as_bytes());
        self.ledger.line_ends(self.fed + self.kept.len(), cancels);
        self.kept.push(b'\n');
    }

    /// Takes the bytes that the client writes now: all but the last `but`.
    pub(super) fn send(&mut self, but: usize) -> Vec<u8> {
        let rest = self.kept.split_off(self.kept.len() - but);
        let bytes = std::mem::replace(&mut self.kept, rest);
        self.fed += bytes.len();
        bytes
    }
}
