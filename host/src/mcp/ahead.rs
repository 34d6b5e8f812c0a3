//! Lines read ahead of their turn, so that a ping or a cancellation gets through to a server that is busy.

use std::collections::VecDeque;

use super::message::Line;

/// How many there may be, and of how many bytes, before no more are read.
const MAX: usize = 1024;
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The lines, in order.
#[derive(Default)]
pub(super) struct Ahead {
    lines: VecDeque<Line>,
    bytes: usize,
}

impl Ahead {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= MAX || self.bytes >= MAX_BYTES
    }

    pub(super) fn push(&mut self, line: Line) {
        self.bytes += line.len();
        self.lines.push_back(line);
    }

    pub(super) fn pop(&mut self) -> Option<Line> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.len();
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_of_many_lines_or_of_long_ones() {
        for (length, most) in [(0, MAX), (1, MAX), (MAX_BYTES / 4, 4), (MAX_BYTES, 1)] {
            let mut ahead = Ahead::default();
            for _ in 0..most {
                assert!(!ahead.is_full(), "{length}");
                ahead.push(Line::Whole(vec![b'x'; length]));
            }
            assert!(ahead.is_full(), "{length}");
            assert_eq!(ahead.pop().map(|line| line.len()), Some(length));
            assert!(!ahead.is_full(), "{length}");
        }
    }
}
