//! One line of a list.

use super::Entry;
use super::label::{algorithm, bare, is_label};
use super::name::file;
use super::value::{checksum, joins_several, odd};
use crate::digest::Algorithm;

/// The entry of a line of one of the usual forms.
pub fn entry(line: &str) -> Result<Option<Entry>, String> {
    if let Some(bytes) = checksum(line) {
        return Ok(Some(Entry { algorithm: None, bytes, name: None }));
    }
    if let Some(found) = tagged(line)? {
        return Ok(Some(found));
    }
    let first = line.split([':', '(', '=', ' ', '\t']).next().unwrap_or_default();
    if is_label(first) {
        algorithm(first)?;
    }
    match labelled(line)?.or_else(|| before_name(line)) {
        Some(found) => Ok(Some(found)),
        None => behind_name(line),
    }
}

/// `SHA256 (name) = HEX`, and `SHA256(name)= HEX`.
fn tagged(line: &str) -> Result<Option<Entry>, String> {
    let parts = line.split_once('(').and_then(|(label, rest)| {
        let (name, value) = rest.rsplit_once(')')?;
        Some((label, name, value.trim_start().strip_prefix('=')?))
    });
    let Some((label, name, value)) = parts else { return Ok(None) };
    let algorithm = algorithm(label)?;
    let bytes = checksum(value).ok_or_else(|| odd(value))?;
    Ok(Some(Entry { algorithm: Some(algorithm), bytes, name: file(name) }))
}

/// `sha256:HEX`, `sha256-BASE64`, `SHA-256 = HEX`, `{SHA256}BASE64`, `SHA256  HEX  name`, `SHA256 name HEX`.
fn labelled(line: &str) -> Result<Option<Entry>, String> {
    let ends = line.char_indices().filter(|(_, c)| !c.is_ascii_alphanumeric() || *c == '}');
    for (end, mark) in ends.take(4) {
        let label = line[..end].trim_start_matches(['{', '*', '"', '`']);
        let Ok(algorithm) = algorithm(label) else { continue };
        let around = |c: char| {
            c.is_whitespace() || matches!(c, ':' | '=' | '*' | '"' | '\'' | '`' | ';' | ',')
        };
        let value = line[end + mark.len_utf8()..].trim_matches(around);
        let padded = format!("{value}=");
        if let Some(bytes) = checksum(value).or_else(|| checksum(&padded)) {
            return Ok(Some(Entry { algorithm: Some(algorithm), bytes, name: None }));
        }
        let found = if mark.is_whitespace() || mark == ':' { behind_name(value)? } else { None };
        if let Some(found) = before_name(value).or(found) {
            let algorithm = found.algorithm.unwrap_or(algorithm);
            return Ok(Some(Entry { algorithm: Some(algorithm), ..found }));
        }
    }
    Ok(None)
}

/// `HEX  name`, `HEX *name`; a backslash in front says that the name is escaped.
fn before_name(line: &str) -> Option<Entry> {
    let (value, rest) = line.trim_start_matches('\\').split_once([' ', '\t'])?;
    let name = rest.trim_start().trim_start_matches('*').trim();
    // With one space it may be another checksum; a file can be called by its own.
    if !rest.starts_with([' ', '*']) && checksum(name).is_some() {
        return None;
    }
    let bytes = checksum(value).filter(|_| !name.is_empty())?;
    Some(Entry { algorithm: None, bytes, name: file(name) })
}

/// `name: HEX`, also spaced out, `name SHA256: HEX`, and `Fingerprint=HEX`.
fn behind_name(line: &str) -> Result<Option<Entry>, String> {
    let parted = line.split_once(": ").or_else(|| line.rsplit_once([' ', '\t']));
    let by_equals = || line.rsplit_once('=').filter(|(_, value)| checksum(value).is_some());
    let Some((name, value)) = parted.or_else(by_equals) else { return Ok(None) };
    let name = name.trim().trim_end_matches(':');
    if checksum(name).is_some() || joins_several(name) {
        return Ok(None);
    }
    let Some(bytes) = checksum(value) else { return Ok(None) };
    let (name, algorithm) = named_with_label(name)?;
    Ok(Some(Entry { algorithm, bytes, name: file(name) }))
}

/// A name, and the algorithm whose label is its last word. That of another algorithm is an error: its checksum would
/// be compared with one that is as long.
fn named_with_label(name: &str) -> Result<(&str, Option<Algorithm>), String> {
    let (before, last) = name.rsplit_once([' ', '\t']).unwrap_or(("", name));
    if is_label(last) {
        return Ok((before.trim_end(), Some(algorithm(bare(last))?)));
    }
    match name.split_whitespace().find(|word| is_label(word)) {
        Some(word) => algorithm(bare(word)).map(|_| (name, None)),
        None => Ok((name, None)),
    }
}

/// Several checksums with their algorithms in one line, as in a page's `integrity`.
pub fn several(line: &str) -> Result<Option<Vec<Entry>>, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.len() {
        0 | 1 => Ok(None),
        _ => words.iter().map(|word| labelled(word)).collect(),
    }
}

/// True if a checksum is written as in a page's `integrity`: `sha256-BASE64`.
pub fn is_integrity(word: &str) -> bool {
    let parts = word.split_once('-');
    parts.is_some_and(|(label, value)| {
        matches!(label, "sha256" | "sha384" | "sha512")
            && !value.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Says what is wrong with a line of no known form.
pub fn unknown(line: &str) -> String {
    let label = line.split([':', '(', '=', ' ']).next().unwrap_or_default();
    match algorithm(label) {
        Err(message) if label.len() < line.len() && is_label(label) => message,
        _ => odd(line),
    }
}
