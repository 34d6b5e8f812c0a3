//! A file to its lines, whatever its charset. What is read and what is searched is read here.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use toolrack_sdk::text;

/// Bytes at the beginning of a file that tell what it is.
const HEAD: usize = 8 * 1024;
/// Bytes of a file in UTF-16, which is decoded as a whole.
const MAX_WIDE: u64 = 16 * 1024 * 1024;

/// A file that is open, by what it holds.
pub enum Opened {
    Text(TextFile),
    /// Its media type.
    Picture(&'static str, File),
    /// Neither, or text in UTF-16 or UTF-32 whose byte order is not told.
    Other {
        is_wide: bool,
    },
}

/// A text.
pub struct TextFile {
    reader: Box<dyn BufRead>,
    is_first: bool,
    /// The character that ends its lines.
    end: char,
    /// The length of the file.
    pub size: u64,
    /// True if its bytes are as they stand in the file.
    pub is_plain: bool,
}

/// A line with its end, or the part of one that fits.
pub struct Line<'a> {
    pub text: Cow<'a, str>,
    /// The character that ends it, if it is not the last one.
    end: char,
    /// True if the line ends here.
    pub is_whole: bool,
    /// True if the bytes were not UTF-8, and were read as Windows-1252.
    pub is_guessed: bool,
}

impl Line<'_> {
    /// True if its end is there, which the last line of a file may lack.
    pub fn is_ended(&self) -> bool {
        self.text.ends_with(self.end)
    }

    /// The line as a person sees it.
    pub fn without_end(&self) -> &str {
        match self.text.strip_suffix(self.end) {
            Some(line) if self.end == '\n' => line.strip_suffix('\r').unwrap_or(line),
            line => line.unwrap_or(&self.text),
        }
    }
}

/// True if lines end with a lone CR, as on old Macs: in a text that has no other line end.
pub fn is_of_cr(text: &[u8]) -> bool {
    line_end(text).is_ok_and(|end| end == '\r')
}

/// The character that ends the lines of a text, which is read up to the first that tells.
fn line_end(mut text: impl BufRead) -> io::Result<char> {
    let mut is_of_cr = false;
    loop {
        let part = text.fill_buf()?;
        match part.len() {
            0 => return Ok(if is_of_cr { '\r' } else { '\n' }),
            _ if part.contains(&b'\n') => return Ok('\n'),
            length => {
                is_of_cr |= part.contains(&b'\r');
                text.consume(length);
            }
        }
    }
}

pub fn open(path: &Path) -> io::Result<Opened> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut head = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    if let Some(kind) = picture(&head) {
        return Ok(Opened::Picture(kind, file));
    }
    let is_wide = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    if is_wide && !text::is_utf32(&head) && size <= MAX_WIDE {
        let mut bytes = Vec::new();
        file.take(MAX_WIDE).read_to_end(&mut bytes)?;
        let text = text::decode(&bytes, None).into_bytes();
        let end = line_end(&*text)?;
        let reader = Box::new(Cursor::new(text));
        return Ok(Opened::Text(TextFile { reader, is_first: false, end, size, is_plain: false }));
    }
    if !is_text(&head) {
        return Ok(Opened::Other { is_wide: text::is_wide(&head) });
    }
    let mut reader = Box::new(BufReader::new(file));
    let end = line_end(&mut reader)?;
    reader.seek(SeekFrom::Start(0))?;
    Ok(Opened::Text(TextFile { reader, is_first: true, end, size, is_plain: true }))
}

impl TextFile {
    /// The next line, or what of it fits into `room` bytes; `buffer` holds it. A byte order mark is no part of it.
    pub fn next<'a>(
        &mut self,
        room: usize,
        buffer: &'a mut Vec<u8>,
    ) -> io::Result<Option<Line<'a>>> {
        buffer.clear();
        self.reader.by_ref().take(room as u64).read_until(self.end as u8, buffer)?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let end = self.end;
        let is_whole = buffer.ends_with(&[end as u8]) || buffer.len() < room;
        if !is_whole {
            self.complete_letter(buffer)?;
        }
        let begin = if self.is_first && buffer.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        self.is_first = false;
        let text = std::str::from_utf8(&buffer[begin..]);
        Ok(Some(match text {
            Ok(text) => Line { text: text.into(), end, is_whole, is_guessed: false },
            Err(_) => Line {
                text: text::decode(&buffer[begin..], Some("windows-1252")).into(),
                end,
                is_whole,
                is_guessed: true,
            },
        }))
    }

    /// Takes what a letter lacks that was cut.
    fn complete_letter(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        for _ in 0..3 {
            let is_cut =
                std::str::from_utf8(buffer).is_err_and(|error| error.error_len().is_none());
            if !is_cut {
                break;
            }
            self.reader.by_ref().take(1).read_to_end(buffer)?;
        }
        Ok(())
    }

    /// Goes to the last `count` bytes.
    pub fn skip_to_last(&mut self, path: &Path, count: u64) -> io::Result<()> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(self.size.saturating_sub(count)))?;
        self.reader = Box::new(BufReader::new(file));
        self.is_first = self.size <= count;
        Ok(())
    }
}

/// The text of bytes that are UTF-8, or what they seem to be.
pub fn as_utf8(bytes: &[u8]) -> Result<&str, &'static str> {
    match unlike_utf8(bytes) {
        Some(kind) => Err(kind),
        None => std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text"),
    }
}

/// Returns the likely nature of bytes that are no UTF-8 text, though each of them may be a letter.
pub fn unlike_utf8(bytes: &[u8]) -> Option<&'static str> {
    let shifts = |part: &[u8]| part.starts_with(b"\x1b$") && b"@AB()".contains(&part[2]);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        Some("UTF-16 text")
    } else if bytes.contains(&0) {
        Some("UTF-16 or UTF-32 text, or no text")
    } else {
        bytes.windows(3).any(shifts).then_some("ISO-2022 text")
    }
}

/// True if a file that begins so is text.
fn is_text(head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        _ if head.contains(&0) || text::is_wide(head) => false,
        Ok(_) => true,
        // Cut within a character, or in an old encoding: mostly letters.
        Err(error) if error.error_len().is_none() => true,
        Err(_) => text::is_like_windows_1252(head),
    }
}

fn picture(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], room: usize, expected: &[&str]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let Opened::Text(mut text) = open(file.path()).unwrap() else {
            panic!("{bytes:?} is no text")
        };
        let (mut lines, mut buffer) = (Vec::new(), Vec::new());
        while let Some(line) = text.next(room, &mut buffer).unwrap() {
            lines.push(line.text.into_owned());
        }
        assert_eq!(lines, expected);
    }

    #[test]
    fn utf_32_is_no_text_though_its_mark_begins_as_that_of_utf_16() {
        for bytes in [&b"\xff\xfe\0\0a\0\0\0"[..], b"\0\0\xfe\xff\0\0\0a", b"a\0b\0"] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            assert!(matches!(open(file.path()).unwrap(), Opened::Other { .. }), "{bytes:?}");
        }
    }

    #[test]
    fn lines_come_without_a_mark_and_in_their_charset() {
        check(b"\xef\xbb\xbfone\r\ntwo", 99, &["one\r\n", "two"]);
        check(b"\xff\xfea\0\n\0\xe9\0", 99, &["a\n", "\u{e9}"]);
        check(b"\xfe\xff\0a", 99, &["a"]);
        check("caf\u{e9}\ncaf\u{e9}".as_bytes(), 99, &["caf\u{e9}\n", "caf\u{e9}"]);
        check(
            b"a cup of \xc3\xa9\ncaf\xe9 \x80\n",
            99,
            &["a cup of \u{e9}\n", "caf\u{e9} \u{20ac}\n"],
        );
        check(b"one\rtwo\r\rend", 99, &["one\r", "two\r", "\r", "end"]);
        check(b"one\rtwo\nend", 99, &["one\rtwo\n", "end"]);
        check(b"\xff\xfea\0\r\0b\0", 99, &["a\r", "b"]);
        let long = "x".repeat(3 * HEAD);
        check(format!("{long}\ry").as_bytes(), 4 * HEAD, &[&format!("{long}\r"), "y"]);
        let mixed = format!("a\r{long}\ny");
        check(mixed.as_bytes(), 4 * HEAD, &[&format!("a\r{long}\n"), "y"]);
        check("\u{e9}\u{e9}\u{e9}".as_bytes(), 3, &["\u{e9}\u{e9}", "\u{e9}"]);
        check(b"", 9, &[]);
    }
}
