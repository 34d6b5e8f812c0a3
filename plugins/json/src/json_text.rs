//! Values as JSON text, the way jq writes it.

use jaq_json::{Num, Val};
use std::io::{self, Write};

/// Writes `value`; `indent` is the number of spaces a level, none for one line.
pub fn write(out: &mut dyn Write, value: &Val, indent: Option<usize>) -> io::Result<()> {
    write_at(out, value, indent, 0)
}

/// `value` in one line.
pub fn compact(value: &Val) -> String {
    let mut out = Vec::new();
    // Memory takes everything.
    let _ = write(&mut out, value, None);
    String::from_utf8_lossy(&out).into_owned()
}

/// At least the first `most` bytes of `value` in one line.
pub fn compact_start(value: &Val, most: usize) -> String {
    let mut out = Start { bytes: Vec::new(), most };
    // It ends with an error where there is more.
    let _ = write(&mut out, value, None);
    String::from_utf8_lossy(&out.bytes).into_owned()
}

struct Start {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() >= self.most {
            return Err(io::ErrorKind::WriteZero.into());
        }
        // Texts come in pieces of any length, the end of one may cut a character.
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_at(
    out: &mut dyn Write,
    value: &Val,
    indent: Option<usize>,
    level: usize,
) -> io::Result<()> {
    match value {
        Val::Null => out.write_all(b"null"),
        Val::Bool(is) => write!(out, "{is}"),
        Val::Num(number) => out.write_all(self::number(number).as_bytes()),
        Val::TStr(bytes) | Val::BStr(bytes) => string(out, &String::from_utf8_lossy(bytes)),
        Val::Arr(items) => {
            out.write_all(b"[")?;
            for (at, item) in items.iter().enumerate() {
                between(out, at, indent, level + 1)?;
                write_at(out, item, indent, level + 1)?;
            }
            end(out, items.is_empty(), indent, level)?;
            out.write_all(b"]")
        }
        Val::Obj(entries) => {
            out.write_all(b"{")?;
            for (at, (key, item)) in entries.iter().enumerate() {
                between(out, at, indent, level + 1)?;
                write_at(out, key, None, 0)?;
                out.write_all(if indent.is_some() { b": " } else { b":" })?;
                write_at(out, item, indent, level + 1)?;
            }
            end(out, entries.is_empty(), indent, level)?;
            out.write_all(b"}")
        }
    }
}

fn between(out: &mut dyn Write, at: usize, indent: Option<usize>, level: usize) -> io::Result<()> {
    if at > 0 {
        out.write_all(b",")?;
    }
    line(out, indent, level)
}

fn end(out: &mut dyn Write, empty: bool, indent: Option<usize>, level: usize) -> io::Result<()> {
    if empty { Ok(()) } else { line(out, indent, level) }
}

fn line(out: &mut dyn Write, indent: Option<usize>, level: usize) -> io::Result<()> {
    match indent {
        Some(spaces) => write!(out, "\n{:1$}", "", spaces * level),
        None => Ok(()),
    }
}

fn string(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\' || c == '\u{7f}') {
        out.write_all(&rest.as_bytes()[..at])?;
        match rest.as_bytes()[at] {
            b'\n' => out.write_all(b"\\n")?,
            b'\t' => out.write_all(b"\\t")?,
            b'\r' => out.write_all(b"\\r")?,
            0x08 => out.write_all(b"\\b")?,
            0x0c => out.write_all(b"\\f")?,
            byte @ (b'"' | b'\\') => out.write_all(&[b'\\', byte])?,
            byte => write!(out, "\\u{byte:04x}")?,
        }
        rest = &rest[at + 1..];
    }
    out.write_all(rest.as_bytes())?;
    out.write_all(b"\"")
}

fn number(number: &Num) -> String {
    match number {
        Num::Int(_) | Num::BigInt(_) => number.to_string(),
        Num::Float(number) => float(*number),
        Num::Dec(digits) => decimal(digits),
    }
}

/// A number as it was written; one with an exponent in the form that jq's decimals have.
fn decimal(written: &str) -> String {
    let (sign, digits) = match written.strip_prefix(['-', '+']) {
        Some(digits) => (if written.starts_with('-') { "-" } else { "" }, digits),
        None => ("", written),
    };
    let whole_first =
        if digits.starts_with('.') { format!("0{digits}") } else { digits.to_string() };
    let parts = digits
        .split_once(['e', 'E'])
        .map(|(mantissa, exponent)| (mantissa, exponent.parse::<i64>()));
    let Some((mantissa, Ok(exponent))) = parts else { return format!("{sign}{whole_first}") };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let coefficient = format!("{whole}{fraction}");
    let coefficient = match coefficient.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let exponent = exponent.saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX));
    let length = i64::try_from(coefficient.len()).unwrap_or(i64::MAX);
    let adjusted = exponent.saturating_add(length - 1);
    if exponent <= 0 && adjusted >= -6 {
        let places = usize::try_from(-exponent).unwrap_or_default();
        let padded = format!("{coefficient:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        let point = if fraction.is_empty() { "" } else { "." };
        return format!("{sign}{whole}{point}{fraction}");
    }
    let (first, rest) = coefficient.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E{adjusted:+}")
}

/// The shortest digits that mean `number`, with an exponent where jq writes one.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "null".to_string();
    }
    if number.is_infinite() {
        return float(f64::MAX.copysign(number));
    }
    let shown = format!("{number:e}");
    let Some((digits, exponent)) = shown.split_once('e') else { return shown };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-5..17).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
