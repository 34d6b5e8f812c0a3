//! Whole texts of checksums: which form they have, and what is no part of them.

use std::collections::BTreeSet;

use super::Entry;
use super::heading::{self, Heading};
use super::line::{entry, is_integrity, several, unknown};
use super::unsigned::unsigned;
use super::value::{checksum, hex_words, holds_one, odd, several_in};
use super::{control, options, record, table, within};

/// The listed checksums, and true if they are alternatives for one file.
pub fn entries(text: &str) -> Result<(Vec<Entry>, bool), String> {
    // Copied out of a page or a header, a checksum comes in quotes.
    let around = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '"' | '\'' | '`');
    let text = text.strip_prefix("integrity=").unwrap_or(text).trim_matches(around);
    if text.is_empty() {
        return Err("`expected` is empty".to_string());
    }
    // A checksum that is spaced out, over several lines perhaps.
    if let Some(bytes) = checksum(text) {
        let is_whole = |line: &str| line.trim().is_empty() || checksum(line).is_some();
        if text.lines().count() > 1 && text.lines().all(is_whole) {
            return Err("`expected` may be one checksum in several lines or one in each of them; if it is one, write it in one line, or else say the algorithm in front of each, as in `sha256: HEX`".to_string());
        }
        return Ok((vec![Entry { algorithm: None, bytes, name: None, size: None }], false));
    }
    if let Some(entries) = record::entries(text)? {
        return Ok((entries, false));
    }
    if let Some(entries) = control::entries(text)? {
        return Ok((entries, false));
    }
    if let Some(entries) = table::entries(text)? {
        return Ok((entries, false));
    }
    if let Some(entries) = options::entries(text)? {
        return none_is_passed_over(text, &entries).map(|()| (entries, true));
    }
    let listed = below_headings(text).and_then(|(entries, are_alternatives)| {
        none_is_passed_over(text, &entries).map(|()| (entries, are_alternatives))
    });
    listed.or_else(|message| {
        // A list with a line that is damaged stays one.
        let is_named = |line: &str| matches!(entry(line), Ok(Some(Entry { name: Some(_), .. })));
        match lines(text).any(is_named) {
            true => Err(message),
            false => within::entries(text)?.map(|entries| (entries, false)).ok_or(message),
        }
    })
}

/// Makes sure that each checksum in hex that a text has is one of the entries, or in the path of a file.
///
/// # Errors
///
/// If one is not: nobody would look at it.
fn none_is_passed_over(text: &str, entries: &[Entry]) -> Result<(), String> {
    let is_path = |name: &&str| {
        name.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '\\' | '.' | '_' | '-'))
    };
    let sums: BTreeSet<&[u8]> = entries.iter().map(|entry| &entry.bytes[..]).collect();
    let names = entries.iter().filter_map(|entry| entry.name.as_deref());
    let named: BTreeSet<&str> = names.filter(is_path).flat_map(hex_words).collect();
    let is_lost = |word: &str| {
        checksum(word).is_some_and(|bytes| !sums.contains(&bytes[..])) && !named.contains(word)
    };
    match lines(text).find(|line| hex_words(line).any(is_lost)) {
        Some(line) => Err(several_in(line)),
        None => Ok(()),
    }
}

/// The checksums of lines of which each has its own, and those above which the algorithm stands alone.
fn below_headings(text: &str) -> Result<(Vec<Entry>, bool), String> {
    let (mut entries, mut are_alternatives) = (Vec::new(), true);
    let mut heading: Option<(&str, Heading)> = None;
    let mut is_used = true;
    for line in lines(text) {
        if let Some(found) = heading::read(line)? {
            if let Some((unused, _)) = heading.filter(|_| !is_used) {
                return Err(odd(unused));
            }
            (heading, is_used) = (Some((line, found)), false);
            continue;
        }
        let found = match several(line)? {
            Some(several) => {
                are_alternatives &= line.split_whitespace().all(is_integrity);
                several
            }
            None => {
                are_alternatives = false;
                match entry(line)? {
                    Some(entry) => vec![entry],
                    None => {
                        let found = heading::of_file(line).ok_or_else(|| unknown(line))?;
                        if let Some((unused, _)) = heading.filter(|_| !is_used) {
                            return Err(odd(unused));
                        }
                        (heading, is_used) = (Some((line, found)), false);
                        continue;
                    }
                }
            }
        };
        is_used = true;
        entries.extend(found.into_iter().map(|entry| match &heading {
            Some((_, heading)) => heading.of(entry),
            None => entry,
        }));
    }
    match (heading, &entries[..]) {
        (Some((unused, _)), _) if !is_used => Err(odd(unused)),
        (_, []) => Err("`expected` has no checksum in it, only comments".to_string()),
        _ => Ok((entries, are_alternatives)),
    }
}

/// The lines that hold something: no comments, no signature, no sizes, and nothing that a program says beside the checksums.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    unsigned(text).map(str::trim).filter(|line| {
        !(line.is_empty()
            || line.starts_with(['#', ';'])
            || line.starts_with("//")
            || is_size(line)
            || line.starts_with("Hash: ") && !holds_one(line)
            || heading::is_of_program(line))
    })
}

/// True if a line tells the size or the time of a file, as FreeBSD's lists do: `SIZE (a.iso) = 3`, `TIMESTAMP = 1795958037`.
fn is_size(line: &str) -> bool {
    let parts = line.rsplit_once(" = ");
    parts.is_some_and(|(key, number)| {
        (key == "TIMESTAMP" || key.starts_with("SIZE (") && key.ends_with(')'))
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
