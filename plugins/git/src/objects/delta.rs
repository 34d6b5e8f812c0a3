//! A packed object as the difference to another one: applied, with every length checked.

/// The object that `delta` makes of `base`, at most `max` bytes.
pub fn apply(base: &[u8], delta: &[u8], max: usize) -> Option<Vec<u8>> {
    let mut delta = Bytes { left: delta };
    if delta.size()? != base.len() {
        return None;
    }
    let size = delta.size()?;
    if size > max {
        return None;
    }
    let mut made = Vec::with_capacity(size);
    while let Some(command) = delta.next() {
        let piece = match command {
            0 => return None,
            1..=0x7f => delta.take(usize::from(command))?,
            _ => {
                let at = delta.number(command, 4)?;
                let len = match delta.number(command >> 4, 3)? {
                    0 => 0x10000,
                    len => len,
                };
                base.get(at..at.checked_add(len)?)?
            }
        };
        if made.len() + piece.len() > size {
            return None;
        }
        made.extend_from_slice(piece);
    }
    (made.len() == size).then_some(made)
}

struct Bytes<'a> {
    left: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, left) = self.left.split_first()?;
        self.left = left;
        Some(*first)
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(len)?;
        self.left = left;
        Some(taken)
    }

    /// Seven bits a byte, the lowest first.
    fn size(&mut self) -> Option<usize> {
        let (mut size, mut shift) = (0_u64, 0);
        loop {
            let byte = self.next()?;
            size |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(size).ok();
            }
            shift += 7;
            if shift > 42 {
                return None;
            }
        }
    }

    /// A number of which `present` says which of its `count` bytes are written.
    fn number(&mut self, present: u8, count: u32) -> Option<usize> {
        let mut number = 0;
        for byte in (0..count).filter(|byte| present >> byte & 1 == 1) {
            number |= usize::from(self.next()?) << (8 * byte);
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_copies_and_inserts() {
        let delta = [5, 7, 0b1001_0001, 1, 3, 4, b'w', b'x', b'y', b'z'];
        assert_eq!(apply(b"abcde", &delta, 100).as_deref(), Some(&b"bcdwxyz"[..]));
    }

    #[test]
    fn lengths_that_do_not_fit_are_no_object() {
        for delta in [
            &[4, 3, 3, b'a', b'b', b'c'][..],
            &[5, 2, 3, b'a', b'b', b'c'],
            &[5, 3, 2, b'a', b'b'],
            &[5, 3, 3, b'a'],
            &[5, 3, 0b1001_0001, 4, 3],
            &[5, 3, 0],
            &[5, 101, 1],
            &[5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            &[],
        ] {
            assert_eq!(apply(b"abcde", delta, 100), None, "{delta:?}");
        }
    }
}
