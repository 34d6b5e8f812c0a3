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
    /// The number of lines at the front that are known not to be urgent.
    looked_at: usize,
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
        self.looked_at = self.looked_at.saturating_sub(1);
        Some(line)
    }

    /// Takes out those that are not to wait for their turn. Each line is looked at once.
    pub(super) fn take_urgent(&mut self, is_urgent: impl Fn(&Line) -> bool) -> Vec<Line> {
        let (mut urgent, mut at) = (Vec::new(), self.looked_at);
        while let Some(line) = self.lines.get(at) {
            match is_urgent(line) {
                true => urgent.extend(self.lines.remove(at)),
                false => at += 1,
            }
        }
        self.looked_at = at;
        self.bytes -= urgent.iter().map(Line::len).sum::<usize>();
        urgent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_lines_are_taken_out_of_turn_and_no_line_is_looked_at_twice() {
        let (mut ahead, looks) = (Ahead::default(), std::cell::Cell::new(0));
        let line = |byte: u8| Line::Whole(vec![byte]);
        let urgent = |ahead: &mut Ahead| {
            let taken = ahead.take_urgent(|line| {
                looks.set(looks.get() + 1);
                matches!(line, Line::Whole(bytes) if bytes == b"u")
            });
            taken.len()
        };
        for byte in *b"aubuc" {
            ahead.push(line(byte));
        }
        assert_eq!((urgent(&mut ahead), looks.get(), ahead.bytes), (2, 5, 3));
        assert_eq!((urgent(&mut ahead), looks.get()), (0, 5));
        assert!(matches!(ahead.pop(), Some(Line::Whole(first)) if first == b"a"));
        ahead.push(line(b'u'));
        ahead.push(line(b'd'));
        assert_eq!((urgent(&mut ahead), looks.get()), (1, 7));
        let rest: Vec<_> = std::iter::from_fn(|| ahead.pop()).map(|line| line.len()).collect();
        assert_eq!((rest, ahead.bytes), (vec![1; 3], 0));
    }

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
