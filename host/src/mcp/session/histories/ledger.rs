//! The requests of the client and their answers, known from the bytes alone.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The first bytes of an answer to one message.
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":"#;
/// The first bytes of a message that answers nothing.
const NOTIFICATION: &str = r#"{"jsonrpc":"2.0","method":"#;

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// Answered whatever else goes on.
    Ping,
    /// Answered once there is a catalog.
    List,
    /// Begun once there is a catalog, and answered when the call ends.
    Call,
}

/// A request, whose id is its place in the ledger.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) kind: RequestKind,
    /// The most bytes that its answer takes.
    pub(super) at_most: usize,
    /// The bytes of input up to the end of its line, and of the first line that cancels it, without the newlines.
    end: usize,
    cancelled: usize,
    pub(super) batch: Option<usize>,
    answers: usize,
}

impl Asked {
    pub(super) fn is_answered(&self) -> bool {
        self.answers > 0
    }
}

/// All that was asked and answered.
#[derive(Default)]
pub(super) struct Ledger {
    requests: Vec<Asked>,
    /// The most bytes of messages that answer no request.
    pub(super) other_bytes: usize,
    batches: usize,
    /// A line that was read in part.
    unfinished: String,
}

impl Ledger {
    pub(super) fn next_id(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn next_batch(&mut self) -> usize {
        self.batches += 1;
        self.batches
    }

    pub(super) fn ask(&mut self, kind: RequestKind, at_most: usize, batch: Option<usize>) {
        let (end, cancelled) = (usize::MAX, usize::MAX);
        let asked = Asked { kind, at_most, end, cancelled, batch, answers: 0 };
        self.requests.push(asked);
    }

    /// A line ends here in the input: of requests that were asked since the last one, and of what it cancels.
    pub(super) fn line_ends(&mut self, end: usize, cancels: Option<usize>) {
        let new = self.requests.iter_mut().rev().take_while(|asked| asked.end == usize::MAX);
        new.for_each(|asked| asked.end = end);
        if let Some(asked) = cancels.and_then(|id| self.requests.get_mut(id)) {
            asked.cancelled = asked.cancelled.min(end);
        }
    }

    /// The requests that are due an answer, with their ids: the loop has taken their lines and none that cancels
    /// them, of so many bytes of input. A last line without a newline is taken once the loop was told of the end.
    pub(super) fn due(
        &self,
        bytes: usize,
        end_is_told: bool,
    ) -> impl Iterator<Item = (usize, &Asked)> {
        let is_taken = move |end| end < bytes || (end_is_told && end == bytes);
        self.unanswered()
            .filter(move |(_, asked)| is_taken(asked.end) && !is_taken(asked.cancelled))
    }

    /// The requests that the client has no answer to.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = (usize, &Asked)> {
        self.requests.iter().enumerate().filter(|(_, asked)| !asked.is_answered())
    }

    /// The number of batches that the client has not read the end of.
    pub(super) fn open_batches(&self) -> usize {
        self.unanswered().filter_map(|(_, asked)| asked.batch).collect::<BTreeSet<_>>().len()
    }

    /// Takes bytes that the client read.
    pub(super) fn read(&mut self, bytes: Vec<u8>) -> Result<(), String> {
        let known = self.unfinished.len();
        self.unfinished += std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
        if !self.unfinished[known..].contains('\n') {
            return Ok(());
        }
        let text = std::mem::take(&mut self.unfinished);
        let mut rest = text.as_str();
        while let Some(end) = rest.find('\n') {
            self.line(&rest[..end])?;
            rest = &rest[end + 1..];
        }
        self.unfinished = rest.to_owned();
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some(rest) = line.strip_prefix(ANSWER) {
            let id = rest.split(',').next().unwrap_or_default();
            return if id == "null" { Ok(()) } else { self.answer(id) };
        }
        if line.starts_with('[') {
            #[derive(Deserialize)]
            struct OwedAnswer<'a> {
                #[serde(borrow)]
                id: &'a RawValue,
            }
            let answers: Vec<OwedAnswer<'_>> =
                serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
            return answers.iter().try_for_each(|answer| self.answer(answer.id.get()));
        }
        if !line.starts_with(NOTIFICATION) {
            return Err(format!("a line of no message: {:?}", line.get(..80)));
        }
        if let Some(rest) = line.split(r#""progressToken":"#).nth(1) {
            let id = rest.split([',', '}']).next().unwrap_or_default();
            if self.asked(id)?.is_answered() {
                return Err(format!("progress of {id} is told after its answer"));
            }
        }
        Ok(())
    }

    fn asked(&mut self, id: &str) -> Result<&mut Asked, String> {
        let asked = id.parse().ok().and_then(|id: usize| self.requests.get_mut(id));
        asked.ok_or_else(|| format!("nobody asked {id}"))
    }

    fn answer(&mut self, id: &str) -> Result<(), String> {
        let asked = self.asked(id)?;
        asked.answers += 1;
        match asked.answers {
            1 => Ok(()),
            _ => Err(format!("{id} is answered twice")),
        }
    }
}
