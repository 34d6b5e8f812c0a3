//! CSV by RFC 4180 with any separator, and TSV as `@tsv` writes it. A row is an array.
//!
//! A field is a number only where it is written as JSON writes that number: `7`, `-0.5`. Everything else is a
//! text: `007`, `+1`, `1e5`, `1.0`, `-0`, ` 5`. So `tostring` always gives back the field as it stands.

use super::separator::{self, Rows};
use super::{Fault, text};
use csv::{ByteRecord, ReaderBuilder};
use jaq_json::{Num, Val};

/// Reads the rows of CSV, parted by `separator` or else by what it is seen to be. Empty lines are passed over.
pub fn read_csv(source: &str, separator: Option<u8>) -> Result<Vec<Val>, Fault> {
    let (table, separator) = match separator {
        Some(separator) => (separator::behind_name(source, separator)?, separator),
        None => separator::of(source)?,
    };
    let before = source.len() - table.len();
    if let Some(Fault { at, message }) = Rows::of(table, separator).fault {
        return Err(Fault { at: at.map(|at| before + at), message });
    }
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(separator);
    let mut reader = builder.from_reader(table.as_bytes());
    let mut row = ByteRecord::new();
    let mut rows = Vec::new();
    loop {
        match reader.read_byte_record(&mut row) {
            Ok(true) => {
                rows.push(row.iter().map(|bytes| field(&String::from_utf8_lossy(bytes))).collect())
            }
            Ok(false) => return Ok(rows),
            Err(error) => return Err(Fault { at: None, message: error.to_string() }),
        }
    }
}

/// Reads the rows of TSV. `\t`, `\n`, `\r` and `\\` stand for those characters.
pub fn read_tsv(source: &str) -> Result<Vec<Val>, Fault> {
    let source = separator::behind_name(source, b'\t')?;
    let lines = source.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let rows = lines.filter(|line| !line.is_empty());
    Ok(rows.map(|row| row.split('\t').map(|part| field(&unescape(part))).collect()).collect())
}

fn unescape(part: &str) -> String {
    let mut out = String::new();
    let mut chars = part.chars().peekable();
    while let Some(c) = chars.next() {
        let meant = match (c, chars.peek()) {
            ('\\', Some('t')) => '\t',
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('\\')) => '\\',
            _ => {
                out.push(c);
                continue;
            }
        };
        chars.next();
        out.push(meant);
    }
    out
}

fn field(shown: &str) -> Val {
    let (digits, negative) = match shown.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (shown, false),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = all_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(|fraction| all_digits(fraction) && !fraction.ends_with('0'))
        && !(negative && digits == "0");
    match (canonical, fraction) {
        (false, _) => text(shown),
        (true, None) => super::int(shown).unwrap_or_else(|| text(shown)),
        (true, Some(_)) => Val::Num(Num::Dec(shown.to_string().into())),
    }
}
