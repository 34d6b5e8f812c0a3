//! Results as text, one a line, up to a bound. Knows no filter.

use crate::json_text;
use jaq_json::Val;
use std::io::{self, Write};

/// Longest text in bytes: what fits into 25,000 tokens of a model.
const MAX_LENGTH: usize = 80_000;

/// The form in which results are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Write strings as they are, without quotes and escapes.
    pub raw: bool,
    /// Break results into indented lines.
    pub pretty: bool,
}

/// The results so far.
#[derive(Default)]
pub struct Results {
    text: Bounded,
    count: usize,
}

impl Results {
    /// Writes one more result, or says why it cannot be written.
    pub fn push(&mut self, value: &Val, style: Style) -> Result<(), String> {
        self.count += 1;
        let count = self.count;
        self.write(value, style).map_err(|_| {
            let before = count - 1;
            let advice = match before {
                0 => "select less of it, e.g. `keys`, `length` or `.[:10]`".to_string(),
                _ => format!(
                    "{before} fit: take them with `limit({before}; FILTER)` and go on with \
                     `skip({before}; FILTER)`, or select less"
                ),
            };
            format!("the results are longer than {MAX_LENGTH} bytes at result {count}: {advice}")
        })
    }

    fn write(&mut self, value: &Val, style: Style) -> io::Result<()> {
        if self.count > 1 {
            self.text.write_all(b"\n")?;
        }
        match value {
            Val::TStr(text) if style.raw => self.text.write_all(text),
            value => json_text::write(&mut self.text, value, style.pretty.then_some(2)),
        }
    }

    /// Says how many there are.
    pub fn so_far(&self) -> String {
        format!("{} result{}", self.count, if self.count == 1 { "" } else { "s" })
    }

    /// All results as one text.
    pub fn finish(self) -> Result<String, String> {
        String::from_utf8(self.text.0).map_err(|_| "a result is not UTF-8 text".to_string())
    }
}

/// Stops a writer at the bound: a value of shared parts can be far longer written than it is held.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_LENGTH {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
