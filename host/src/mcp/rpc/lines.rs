//! A stream of bytes cut into lines, none longer than is allowed.

/// The longest line that is read, in bytes. A longer one is skipped and answered with an error.
pub const MAX_LINE: usize = 4 * 1024 * 1024;
/// The bytes that are kept of a line that is too long, to look for its id.
const START: usize = 64 * 1024;

/// One line of input.
#[derive(Clone, Debug)]
pub enum InputLine {
    /// A whole line, without its newline.
    Whole(Vec<u8>),
    /// The beginning of a line that was longer than [`MAX_LINE`] and has been skipped.
    TooLong(Vec<u8>),
}

impl InputLine {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Whole(bytes) | Self::TooLong(bytes) => bytes.len(),
        }
    }
}

/// Cuts a stream into lines.
#[derive(Default)]
pub(crate) struct Cutter {
    line: Vec<u8>,
    too_long: bool,
}

impl Cutter {
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Vec<InputLine> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.append(&bytes[..end]);
            lines.push(self.take());
            bytes = &bytes[end + 1..];
        }
        self.append(bytes);
        lines
    }

    /// Returns the bytes that are left when the input ends without a newline, as a line.
    pub(crate) fn end(&mut self) -> Vec<InputLine> {
        if self.line.is_empty() { Vec::new() } else { vec![self.take()] }
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.too_long {
            return;
        }
        if self.line.len() + bytes.len() > MAX_LINE {
            self.too_long = true;
            self.line.extend_from_slice(&bytes[..bytes.len().min(START)]);
            self.line.truncate(START);
            self.line.shrink_to_fit();
            return;
        }
        self.line.extend_from_slice(bytes);
    }

    fn take(&mut self) -> InputLine {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) {
            InputLine::TooLong(line)
        } else {
            InputLine::Whole(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(chunks: &[&[u8]], expected: &[&str]) {
        let mut cutter = Cutter::default();
        let mut lines: Vec<InputLine> =
            chunks.iter().flat_map(|chunk| cutter.push(chunk)).collect();
        lines.extend(cutter.end());
        let shown: Vec<String> = lines
            .iter()
            .map(|line| match line {
                InputLine::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                InputLine::TooLong(start) => format!("too long, {} kept", start.len()),
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn lines_are_cut_wherever_chunks_end() {
        check(&[b"a\nb", b"c\n", b"\nd"], &["a", "bc", "", "d"]);
        check(&[b"", b"\n"], &[""]);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_to_its_end() {
        const CHUNK: usize = 64 * 1024;
        let chunk = vec![b'x'; CHUNK];
        let mut chunks = vec![&chunk[..]; MAX_LINE / CHUNK + 2];
        chunks.push(b"y\nnext\n");
        check(&chunks, &[&format!("too long, {START} kept"), "next"]);
        let whole = vec![&chunk[..]; MAX_LINE / CHUNK];
        check(&whole, &[std::str::from_utf8(&vec![b'x'; MAX_LINE]).expect("ASCII")]);
    }
}
