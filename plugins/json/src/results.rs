//! Results as text, one a line, up to a bound. Knows no filter.

use jaq_json::{Num, Val, write};
use std::io::{self, Write};

/// Longest text: what the host lets through, less room for the message around it.
const MAX_LENGTH: usize = 250_000;

/// How results are written.
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
        match value {
            Val::TStr(_) if style.raw => {}
            value => {
                if let Some(what) = not_json(value) {
                    return Err(format!("result {count} holds {what}, which JSON cannot express"));
                }
            }
        }
        self.write(value, style).map_err(|_| {
            format!(
                "the results are longer than {MAX_LENGTH} bytes at result {count}: select less, or \
                 take the first with `limit(10; ...)`"
            )
        })
    }

    fn write(&mut self, value: &Val, style: Style) -> io::Result<()> {
        if self.count > 1 {
            self.text.write_all(b"\n")?;
        }
        match value {
            Val::TStr(text) if style.raw => self.text.write_all(text),
            value => {
                let indent = style.pretty.then(|| "  ".to_string());
                let sep_space = style.pretty;
                let layout = write::Pp { indent, sep_space, ..Default::default() };
                write::write(&mut self.text, &layout, 0, value)
            }
        }
    }

    /// How many there are, in words.
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

/// What in `value` is beyond JSON: the filter language has a few such values.
fn not_json(value: &Val) -> Option<&'static str> {
    match value {
        Val::Num(Num::Float(number)) if number.is_nan() => Some("nan"),
        Val::Num(Num::Float(number)) if number.is_infinite() => Some("infinity"),
        Val::BStr(_) => Some("a byte string"),
        Val::Arr(items) => items.iter().find_map(not_json),
        Val::Obj(entries) => entries.iter().find_map(|(key, value)| match key {
            Val::TStr(_) => not_json(value),
            _ => Some("an object with a key that is no string"),
        }),
        Val::Null | Val::Bool(_) | Val::Num(_) | Val::TStr(_) => None,
    }
}
