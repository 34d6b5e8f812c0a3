//! CSV by RFC 4180, and TSV as `@tsv` writes it. A row is an array.
//!
//! A field is a number only where it is written as JSON writes that number: `7`, `-0.5`. Everything else is a
//! text: `007`, `+1`, `1e5`, `1.0`, `-0`, ` 5`. So `tostring` always gives back the field as it stands.

use super::{Fault, text};
use csv::{ByteRecord, ReaderBuilder};
use jaq_json::{Num, Val};

/// Reads the rows of CSV. Empty lines are passed over.
pub fn read_csv(source: &str) -> Result<Vec<Val>, Fault> {
    check_delimiter(source)?;
    check_quotes(source)?;
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(source.as_bytes());
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

/// Rows that are parted by something else would each be one field, so they are an error.
fn check_delimiter(source: &str) -> Result<(), Fault> {
    let mut lines = source.lines().filter(|line| !line.is_empty());
    let (Some(header), Some(row)) = (lines.next(), lines.next()) else { return Ok(()) };
    // One semicolon may stand in a text; a tab hardly ever does.
    for (delimiter, least, shown) in [('\t', 1, "\\t"), (';', 2, ";")] {
        let count = header.matches(delimiter).count();
        if !header.contains(',') && count >= least && row.matches(delimiter).count() >= count {
            let way = match delimiter {
                '\t' => "read it as `tsv`".to_string(),
                _ => format!(r#"read it as `text`: `split("\n")[] | split("{shown}")`"#),
            };
            return Err(Fault {
                at: source.find(delimiter),
                message: format!("its fields are parted by `{shown}`, not by commas; {way}"),
            });
        }
    }
    Ok(())
}

/// A quoted field that does not end where it should swallows the rows after it, so it is an error.
fn check_quotes(source: &str) -> Result<(), Fault> {
    enum State {
        Start,
        Plain,
        Quoted(usize),
        Closed(usize),
    }
    let fault = |at, message: &str| Err(Fault { at: Some(at), message: message.to_string() });
    let mut state = State::Start;
    for (at, byte) in source.bytes().enumerate() {
        state = match (state, byte) {
            (State::Start, b'"') => State::Quoted(at),
            (State::Quoted(from), b'"') => State::Closed(from),
            (State::Quoted(from), _) | (State::Closed(from), b'"') => State::Quoted(from),
            (State::Start | State::Plain | State::Closed(_), b',' | b'\n' | b'\r') => State::Start,
            (State::Start | State::Plain, _) => State::Plain,
            (State::Closed(_), _) => {
                return fault(
                    at,
                    "text after the quote that ends a field; a quote within is written twice, `\"\"`",
                );
            }
        };
    }
    match state {
        State::Quoted(from) => fault(from, "this quote begins a field that never ends"),
        State::Start | State::Plain | State::Closed(_) => Ok(()),
    }
}

/// Reads the rows of TSV. `\t`, `\n`, `\r` and `\\` stand for those characters.
pub fn read_tsv(source: &str) -> Result<Vec<Val>, Fault> {
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
