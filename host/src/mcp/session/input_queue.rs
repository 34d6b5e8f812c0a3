//! Lines read ahead of their turn, so that a ping or a cancellation gets through to a server that is busy.

use std::collections::{HashSet, VecDeque};

use super::super::methods::lifecycle;
use super::super::methods::request::may_go_on;
use super::super::rpc::id::Id;
use super::super::rpc::lines::InputLine;
use super::super::rpc::message::{self, Message, Parsed};
use super::super::version::TransportKind;

/// The number of lines, and of their bytes, at which no more are read.
const MAX_LINES_AHEAD: usize = 1024;
const MAX_BYTES_AHEAD: usize = 8 * 1024 * 1024;

/// The lines, in order.
#[derive(Default)]
pub(crate) struct Ahead {
    lines: VecDeque<QueuedInput>,
    bytes: usize,
    /// The number of lines at the front whose purpose is known.
    looked_at: usize,
}

/// A line, and what is known of it.
struct QueuedInput {
    line: InputLine,
    purpose: Purpose,
}

/// The purpose of a line, as far as its turn depends on it.
enum Purpose {
    /// It was not looked at yet.
    Unknown,
    /// It is over as soon as it is taken in: it takes no room.
    AtOnce,
    /// It begins requests that may go on.
    Begins(Vec<Id>),
    /// It cancels a request, and is urgent once that has begun.
    Cancels(Id),
    /// It is a ping, and urgent.
    Ping,
}

impl Purpose {
    fn of(line: &InputLine) -> Self {
        match message::parse(line, TransportKind::Stdio) {
            Parsed::One(Ok(Message::Request { method, .. })) if method == "ping" => Self::Ping,
            Parsed::One(Ok(Message::Request { id, method, .. })) if may_go_on(&method) => {
                Self::Begins(vec![id])
            }
            Parsed::One(Ok(Message::Notification { method, params }))
                if method == "notifications/cancelled" =>
            {
                lifecycle::cancelled(params).and_then(Id::parse).map_or(Self::AtOnce, Self::Cancels)
            }
            Parsed::Batch(items) => {
                let ids = items.iter().filter_map(|item| match message::message(item) {
                    Ok(Message::Request { id, .. }) => Some(id),
                    _ => None,
                });
                Self::Begins(ids.collect())
            }
            Parsed::Nothing | Parsed::One(_) => Self::AtOnce,
        }
    }
}

impl Ahead {
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.lines.len() >= MAX_LINES_AHEAD || self.bytes >= MAX_BYTES_AHEAD
    }

    pub(crate) fn push(&mut self, line: InputLine) {
        self.bytes += line.len();
        self.lines.push_back(QueuedInput { line, purpose: Purpose::Unknown });
    }

    /// The line whose turn is next.
    pub(crate) fn next(&self) -> Option<&InputLine> {
        self.lines.front().map(|next| &next.line)
    }

    pub(crate) fn pop(&mut self) -> Option<InputLine> {
        let QueuedInput { line, .. } = self.lines.pop_front()?;
        self.bytes -= line.len();
        self.looked_at = self.looked_at.saturating_sub(1);
        Some(line)
    }

    /// Takes out those that are not to wait for room: pings, and what cancels a request that is open, unless it means
    /// another with the same id that stands before it; then the first lines, as long as they take none. Each line is
    /// parsed once.
    pub(crate) fn take_urgent(&mut self, is_open: impl Fn(&Id) -> bool) -> Vec<InputLine> {
        for ahead in self.lines.iter_mut().skip(self.looked_at) {
            ahead.purpose = Purpose::of(&ahead.line);
        }
        self.looked_at = self.lines.len();
        let may_be_urgent = |ahead: &QueuedInput| match &ahead.purpose {
            Purpose::Unknown | Purpose::AtOnce | Purpose::Begins(_) => false,
            Purpose::Cancels(id) => is_open(id),
            Purpose::Ping => true,
        };
        let takes_none = |ahead: &QueuedInput| matches!(ahead.purpose, Purpose::AtOnce);
        if !self.lines.iter().any(may_be_urgent) && !self.lines.front().is_some_and(takes_none) {
            return Vec::new();
        }
        let mut begun_later = HashSet::new();
        let (mut urgent, mut rest) = (Vec::new(), VecDeque::new());
        for ahead in std::mem::take(&mut self.lines) {
            let is_urgent = may_be_urgent(&ahead)
                && !matches!(&ahead.purpose, Purpose::Cancels(id) if begun_later.contains(id));
            if let Purpose::Begins(ids) = &ahead.purpose {
                begun_later.extend(ids.iter().cloned());
            }
            match is_urgent {
                true => urgent.push(ahead.line),
                false => rest.push_back(ahead),
            }
        }
        while let Some(first) = rest.pop_front_if(|ahead| takes_none(ahead)) {
            urgent.push(first.line);
        }
        self.lines = rest;
        self.looked_at = self.lines.len();
        self.bytes -= urgent.iter().map(InputLine::len).sum::<usize>();
        urgent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    const CANCEL: &str =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;

    fn list(id: u32) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#)
    }

    fn line(text: &str) -> InputLine {
        InputLine::Whole(text.as_bytes().to_vec())
    }

    #[test]
    fn a_ping_is_taken_out_of_turn_and_the_rest_stays_in_order() {
        let mut ahead = Ahead::default();
        let (first, second, third) = (list(1), list(2), list(3));
        for text in [&*first, PING, &second, PING] {
            ahead.push(line(text));
        }
        assert_eq!(ahead.take_urgent(|_| false).len(), 2);
        assert_eq!((ahead.bytes, ahead.take_urgent(|_| true).len()), (2 * first.len(), 0));
        assert_eq!(ahead.pop().map(|line| line.len()), Some(first.len()));
        ahead.push(line(PING));
        ahead.push(line(&third));
        assert_eq!(ahead.take_urgent(|_| false).len(), 1);
        let rest: Vec<_> = std::iter::from_fn(|| ahead.pop()).collect();
        assert!(rest.iter().zip([second, third]).all(|(left, right)| match left {
            InputLine::Whole(bytes) => *bytes == right.as_bytes(),
            InputLine::TooLong(_) => false,
        }));
        assert_eq!((rest.len(), ahead.bytes), (2, 0));
    }

    #[test]
    fn first_lines_that_take_no_room_wait_for_none() {
        let mut ahead = Ahead::default();
        let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#;
        let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        for text in [hello, ready, "junk", &list(1), "junk"] {
            ahead.push(line(text));
        }
        assert_eq!(ahead.take_urgent(|_| false).len(), 3);
        assert_eq!(ahead.take_urgent(|_| false).len(), 0, "the list does");
        ahead.pop();
        assert_eq!(ahead.take_urgent(|_| false).len(), 1);
        assert!(ahead.is_empty() && ahead.bytes == 0);
    }

    #[test]
    fn a_cancellation_is_urgent_as_soon_as_what_it_cancels_has_begun() {
        let mut ahead = Ahead::default();
        ahead.push(line(&list(1)));
        ahead.push(line(CANCEL));
        let seven = |id: &Id| id.to_string() == "7";
        assert_eq!(ahead.take_urgent(|_| false).len(), 0);
        assert_eq!(ahead.take_urgent(|id| !seven(id)).len(), 0);
        assert_eq!(ahead.take_urgent(seven).len(), 1, "it had been looked at before");
        assert_eq!(ahead.bytes, list(1).len());
    }

    #[test]
    fn a_cancellation_waits_for_a_request_with_its_id_that_stands_before_it() {
        let call = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"t"}}"#;
        let batch = format!("[{call}]");
        for begins in [call, batch.as_str()] {
            let mut ahead = Ahead::default();
            for text in [CANCEL, begins, CANCEL] {
                ahead.push(line(text));
            }
            assert_eq!(
                ahead.take_urgent(|_| true).len(),
                1,
                "the first means the one that is open"
            );
            assert_eq!(ahead.take_urgent(|_| true).len(), 0, "the second means {begins}");
            assert_eq!(ahead.pop().map(|line| line.len()), Some(begins.len()));
            assert_eq!(ahead.take_urgent(|_| true).len(), 1, "its request has begun");
        }
    }

    #[test]
    fn it_is_full_of_many_lines_or_of_long_ones() {
        for (length, most) in [
            (0, MAX_LINES_AHEAD),
            (1, MAX_LINES_AHEAD),
            (MAX_BYTES_AHEAD / 4, 4),
            (MAX_BYTES_AHEAD, 1),
        ] {
            let mut ahead = Ahead::default();
            for _ in 0..most {
                assert!(!ahead.is_full(), "{length}");
                ahead.push(InputLine::Whole(vec![b'x'; length]));
            }
            assert!(ahead.is_full(), "{length}");
            assert_eq!(ahead.pop().map(|line| line.len()), Some(length));
            assert!(!ahead.is_full(), "{length}");
        }
    }
}
