//! Lines that wait for the client to read.

use std::collections::VecDeque;

use super::super::transport::Piece;
use crate::sandbox::Slot;

/// Bytes that may wait before nothing more is begun.
pub(crate) const MAX_UNREAD: usize = 1024 * 1024;
/// Bytes handed over at once, if they are more than one line.
const HANDOVER_BYTES: usize = 64 * 1024;

/// The lines, in order.
#[derive(Default)]
pub(crate) struct Unread {
    lines: VecDeque<QueuedLine>,
    bytes: usize,
}

/// A line, and the slot of the call that it answers: while answers wait, fewer calls run.
struct QueuedLine {
    line: String,
    /// True if it is an answer.
    answers: bool,
    slot: Option<Slot>,
}

impl Unread {
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The number of lines.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= MAX_UNREAD
    }

    /// Adds a line that answers no request.
    pub(crate) fn notify(&mut self, line: String) {
        self.push(QueuedLine { line, answers: false, slot: None });
    }

    /// Adds an answer.
    pub(crate) fn answer(&mut self, line: String) {
        self.push(QueuedLine { line, answers: true, slot: None });
    }

    fn push(&mut self, line: QueuedLine) {
        self.bytes += line.line.len() + 1;
        self.lines.push_back(line);
    }

    /// The slot is the last line's, which was added for it: it is handed over with that.
    pub(crate) fn hold(&mut self, slot: Option<Slot>) {
        if let Some(last) = self.lines.back_mut() {
            last.slot = slot;
        }
    }

    /// Takes what is to be handed over next: whole lines, none if none waits.
    pub(crate) fn next_piece(&mut self) -> Piece {
        let Piece { mut bytes, mut answers, mut slots } = Piece::default();
        while let Some(next) = self.lines.front()
            && (bytes.is_empty() || bytes.len() + next.line.len() < HANDOVER_BYTES)
            && let Some(QueuedLine { line, answers: is_answer, slot }) = self.lines.pop_front()
        {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
            answers = is_answer;
            slots.extend(slot);
        }
        self.bytes -= bytes.len();
        Piece { bytes, answers, slots }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_in_pieces_of_whole_lines_in_their_order() {
        let mut unread = Unread::default();
        let lines =
            [HANDOVER_BYTES / 2, HANDOVER_BYTES / 4, HANDOVER_BYTES / 2, HANDOVER_BYTES * 3, 0, 1]
                .map(|length| "x".repeat(length));
        lines.iter().for_each(|line| unread.answer(line.clone()));
        let (mut pieces, mut all) = (Vec::new(), Vec::new());
        while !unread.is_empty() {
            let Piece { bytes: piece, answers, .. } = unread.next_piece();
            assert!(answers);
            assert!(piece.ends_with(b"\n"));
            pieces.push(piece.iter().filter(|&&byte| byte == b'\n').count());
            all.extend(piece);
        }
        assert_eq!(pieces, [2, 1, 1, 2]);
        assert_eq!(all, (lines.join("\n") + "\n").into_bytes());
        assert_eq!(unread.bytes, 0);
    }
}
