//! Checksums without what stands around them, in hex or base64.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::{ALL, Algorithm};
use crate::encoding::Encoding;

/// The bytes of a text that is a checksum and nothing else, in hex or base64. Hex may be spaced out, as in `2c:f2` or
/// `2CF2 4DBA`.
pub fn checksum(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let bare = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let hex: String =
        bare.chars().filter(|c| !(c.is_whitespace() || matches!(c, ':' | '-'))).collect();
    let is_known = |bytes: &Vec<u8>| Algorithm::usual(bytes.len()).is_some();
    if joins_several(text) {
        return None;
    }
    if !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Encoding::Hex.decode(&hex).ok().filter(is_known);
    }
    // Base64 has letters of both cases, a damaged checksum in hex has not.
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    if has(|c| c.is_whitespace())
        || !has(char::is_ascii_uppercase)
        || !has(char::is_ascii_lowercase)
    {
        return None;
    }
    let decoded =
        [Encoding::Base64, Encoding::Base64Url].map(|encoding| encoding.decode(text).ok());
    decoded.into_iter().flatten().find(is_known)
}

/// True if a text is several words of which each is a checksum, or several checksums that are spaced out, with more
/// room between them.
pub fn joins_several(text: &str) -> bool {
    let is_each =
        |parts: &[&str]| parts.len() > 1 && parts.iter().all(|part| checksum(part).is_some());
    let words: Vec<&str> = text.split_whitespace().collect();
    let apart = text.split("  ").flat_map(|part| part.split('\t')).map(str::trim);
    let apart: Vec<&str> = apart.filter(|part| !part.is_empty()).collect();
    is_each(&words) || is_each(&apart) && !is_of_gpg(&apart)
}

/// True if both parts are the halves of a SHA-256 as `gpg --print-md` writes it, with a gap in the middle.
fn is_of_gpg(parts: &[&str]) -> bool {
    let is_half = |part: &&str| {
        let mut words = part.split(' ');
        words.clone().count() == 4 && words.all(|word| word.len() == 8)
    };
    parts.len() == 2 && parts.iter().all(is_half)
}

/// True if a text has a word that is a checksum in hex, whatever signs are around it.
pub fn holds_one(text: &str) -> bool {
    hex_words(text).any(|word| checksum(word).is_some())
}

/// The words of hex digits alone that are too long to be anything but a checksum, whole or damaged.
pub fn hex_words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.len() >= MIN_HEX && word.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A text with a word of hex digits in the place of each of these checksums, in whatever form that stands there. Line breaks
/// within one are gone.
pub fn with_stand_ins(text: &str, sums: &[&[u8]]) -> String {
    let written: BTreeMap<String, usize> = sums
        .iter()
        .flat_map(|sum| {
            let written = [Encoding::Hex, Encoding::Base64, Encoding::Base64Url];
            let written = written.into_iter().filter_map(|encoding| encoding.encode(sum).ok());
            written.map(|digits| (digits.trim_end_matches('=').to_string(), sum.len()))
        })
        .collect();
    let lengths: BTreeSet<usize> = written.keys().map(String::len).collect();
    let (mut found, mut rest) = (String::with_capacity(text.len()), text);
    let mut is_start = true;
    while let Some(next) = rest.chars().next() {
        let end = if is_start { sum_at(rest, &written, &lengths) } else { None };
        match end {
            Some((end, length)) => {
                found.push_str(&"f".repeat(2 * length));
                rest = &rest[end..];
                is_start = false;
            }
            None => {
                found.push(next);
                rest = &rest[next.len_utf8()..];
                is_start = !next.is_ascii_alphanumeric();
            }
        }
    }
    found
}

/// The end of the checksum that a text begins with, and how many bytes it has.
fn sum_at(
    text: &str,
    written: &BTreeMap<String, usize>,
    lengths: &BTreeSet<usize>,
) -> Option<(usize, usize)> {
    let longest = *lengths.last()?;
    let is_whole = |end: usize| !text[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
    for length in lengths.iter().rev() {
        let known = text.get(..*length).and_then(|digits| written.get(digits));
        if let Some(bytes) = known.filter(|_| is_whole(*length)) {
            return Some((*length, *bytes));
        }
    }
    // In hex, perhaps spaced out and behind `0x`.
    let bare = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if !bare.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let (mut dense, mut last) = (String::new(), None);
    for (at, c) in bare.char_indices() {
        match c {
            _ if c.is_ascii_hexdigit() && dense.len() < longest => {
                dense.push(c.to_ascii_lowercase());
            }
            _ if c.is_whitespace() || matches!(c, ':' | '-') => continue,
            _ => break,
        }
        let end = text.len() - bare.len() + at + 1;
        if let Some(bytes) = written.get(&dense).filter(|_| is_whole(end)) {
            last = Some((end, *bytes));
        }
    }
    last
}

/// The fewest hex digits that can only be of a checksum.
const MIN_HEX: usize = 24;

/// Says that a line has more checksums than can be told apart.
pub fn several_in(line: &str) -> String {
    format!(
        "`expected`: `{}` is several checksums in one line; give one, or each in a line with its algorithm, as in `sha256: HEX`",
        shown(line, 300)
    )
}

/// Says that a text is no checksum, and what one looks like.
pub fn odd(text: &str) -> String {
    if joins_several(text.split_once(": ").map_or(text, |(_, value)| value)) {
        return several_in(text);
    }
    let forms = "`sha256:HEX`, `sha256-BASE64`, `HEX  name` or `SHA256 (name) = HEX`";
    let shown = shown(text, 80);
    if holds_one(text) {
        return format!(
            "`expected`: of which file and algorithm the checksum in `{shown}` is cannot be told; give it alone, as {forms}"
        );
    }
    let is_damaged = match digits(text) {
        0..8 => String::new(),
        hex => format!(", or a damaged one: it has {hex} hex digits"),
    };
    let lengths =
        ALL.map(|algorithm| format!("{} {}", algorithm.name(), 2 * algorithm.length())).join(", ");
    format!(
        "`expected`: `{shown}` is no checksum{is_damaged}; whole ones have ({lengths}), alone, as {forms}"
    )
}

fn shown(text: &str, most: usize) -> String {
    text.trim().chars().take(most).collect()
}

/// The hex digits of a text that is nothing else, perhaps spaced out, or of its longest run of them.
fn digits(text: &str) -> usize {
    let is_space = |c: char| c.is_whitespace() || matches!(c, ':' | '-');
    let dense: String = text.chars().filter(|c| !is_space(*c)).collect();
    match dense.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => dense.len(),
        false => text.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max().unwrap_or(0),
    }
}
