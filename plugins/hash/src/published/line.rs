//! One line of a list.

use super::Entry;
use super::label::{algorithm, is_changed, is_label, of_word};
use super::name::file;
use super::value::{checksum, holds_one, joins_several, odd, several_in};
use crate::digest::Algorithm;

/// The entry of a line of one of the usual forms.
pub fn entry(line: &str) -> Result<Option<Entry>, String> {
    if let Some(bytes) = checksum(line) {
        return Ok(Some(Entry { algorithm: None, bytes, name: None, size: None }));
    }
    if let Some(found) = tagged(line)? {
        return Ok(Some(found));
    }
    if let Some((rest, algorithm)) = with_label_behind(line) {
        let algorithm = Some(algorithm?);
        let found = entry(rest)?.filter(|found| found.algorithm.is_none());
        return Ok(found.map(|found| Entry { algorithm, ..found }));
    }
    let first = line.split([':', '(', '=', ' ', '\t']).next().unwrap_or_default();
    if is_label(first) {
        algorithm(first)?;
    }
    let found = match labelled(line)? {
        Some(found) => Some(found),
        None => match before_name(line)? {
            Some(found) => Some(found),
            None => behind_name(line)?,
        },
    };
    // What is taken for a name must not be another checksum, which nobody would look at.
    let is_lost = |found: &Entry| {
        found.name.as_deref().is_some_and(|name| {
            holds_one(name) && name.contains(char::is_whitespace)
                || found.algorithm.is_some() && checksum(name).is_some()
        })
    };
    match &found {
        Some(entry) if is_lost(entry) => Err(several_in(line)),
        _ => Ok(found),
    }
}

/// The line before the name of an algorithm in parentheses, and that: `HEX (SHA-256)`, `a.iso: HEX [sha256]`.
fn with_label_behind(line: &str) -> Option<(&str, Result<Algorithm, String>)> {
    let (rest, last) = line.trim_end().rsplit_once([' ', '\t'])?;
    let is_enclosed = last.starts_with(['(', '[']) && last.ends_with([')', ']']);
    is_enclosed.then(|| of_word(last)).flatten().map(|algorithm| (rest.trim_end(), algorithm))
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
    Ok(Some(Entry { algorithm: Some(algorithm), bytes, name: file(name), size: None }))
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
            return Ok(Some(Entry { algorithm: Some(algorithm), bytes, name: None, size: None }));
        }
        let is_parted = mark.is_whitespace() || mark == ':';
        let found = match before_name(value)? {
            None if is_parted => behind_name(value)?,
            found => found,
        };
        if let Some(found) = found {
            // Of `SHA256 of the SHA256: HEX`, and `SHA256: HEX (SHA3-256)`.
            if found.algorithm.is_some() || value.split_whitespace().any(is_changed) {
                return Err(odd(line));
            }
            return Ok(Some(Entry { algorithm: Some(algorithm), ..found }));
        }
    }
    Ok(None)
}

/// `HEX  name`, `HEX *name`, `HEX, name`, `HEX SIZE name`, and `HEX sha256`; a backslash in front says that the name is
/// escaped.
fn before_name(line: &str) -> Result<Option<Entry>, String> {
    let line = line.trim_start_matches('\\');
    let Some((value, rest)) = line.split_once([' ', '\t', ',', ';']) else { return Ok(None) };
    let is_name = line[value.len()..].starts_with([' ', '\t']) && rest.starts_with([' ', '*']);
    let mark = line[value.len()..].chars().next().unwrap_or(' ');
    if let Some((size, name)) = sized(rest, mark)
        && let Some(bytes) = checksum(value)
    {
        let name = file(name).filter(|name| !matches!(name.as_str(), "B" | "byte" | "bytes"));
        return Ok(Some(Entry { algorithm: None, bytes, name, size: Some(size) }));
    }
    let name = rest.trim_start().trim_start_matches('*').trim();
    // With one space it may be another checksum; a file can be called by its own.
    if !is_name && checksum(name).is_some() {
        return Ok(None);
    }
    let Some(bytes) = checksum(value).filter(|_| !name.is_empty()) else { return Ok(None) };
    let label = of_word(name).filter(|_| !is_name);
    let name = if label.is_some() { None } else { file(name) };
    Ok(Some(Entry { algorithm: label.transpose()?, bytes, name, size: None }))
}

/// The size and the name behind a checksum, as Debian's lists have them: `7 a.iso`. Behind exactly two spaces or `*`, all is
/// the name; so it is where it has further spaces, as in `01 - Song.mp3`, or a tab stands before it alone.
fn sized(rest: &str, mark: char) -> Option<(u64, &str)> {
    let trimmed = rest.trim_start();
    if rest.starts_with('*') || rest.len() == trimmed.len() + 1 {
        return None;
    }
    let between = if mark == '\t' { '\t' } else { ' ' };
    let (size, name) = trimmed.split_once(between)?;
    let is_size = size == "0" || !size.starts_with('0') && size.bytes().all(|b| b.is_ascii_digit());
    let name = name.trim();
    let is_name =
        !name.is_empty() && !name.contains(char::is_whitespace) && checksum(name).is_none();
    (is_size && is_name).then(|| Some((size.parse().ok()?, name)))?
}

/// `name: HEX`, also spaced out, `name SHA256: HEX`, `name: SHA256: HEX`, and `Fingerprint=HEX`.
fn behind_name(line: &str) -> Result<Option<Entry>, String> {
    let parted = line.split_once(": ").or_else(|| line.rsplit_once([' ', '\t']));
    let by_equals = || line.rsplit_once('=').filter(|(_, value)| checksum(value).is_some());
    let Some((name, value)) = parted.or_else(by_equals) else { return Ok(None) };
    let name = name.trim().trim_end_matches([':', ',', ';']);
    if checksum(name).is_some() || joins_several(name) {
        return Ok(None);
    }
    let Some(bytes) = checksum(value) else { return behind_label(name, value) };
    // Of the address of a file, as lists of Python's packages have it: `https://example.org/a.whl#sha256=HEX`.
    let address = name.rsplit_once('#').filter(|(address, _)| address.contains("://"));
    if let Some((address, label)) = address
        && let Some(algorithm) = of_word(label)
    {
        let name = file(address.split('?').next().unwrap_or(address));
        return Ok(Some(Entry { algorithm: Some(algorithm?), bytes, name, size: None }));
    }
    let (name, algorithm) = named_with_label(name)?;
    Ok(Some(Entry { algorithm, bytes, name: file(name), size: None }))
}

/// The rest of `name: SHA256: HEX` behind the name.
fn behind_label(name: &str, value: &str) -> Result<Option<Entry>, String> {
    let Some((label, hex)) = value.split_once(": ") else { return Ok(None) };
    let (Some(algorithm), Some(bytes)) = (of_word(label), checksum(hex)) else { return Ok(None) };
    if named_with_label(name)?.1.is_some() {
        return Err(odd(name));
    }
    Ok(Some(Entry { algorithm: Some(algorithm?), bytes, name: file(name), size: None }))
}

/// A name, and the algorithm whose label is its last word. That of another algorithm is an error: its checksum would
/// be compared with one that is as long.
fn named_with_label(name: &str) -> Result<(&str, Option<Algorithm>), String> {
    let (before, last) = name.rsplit_once([' ', '\t']).unwrap_or(("", name));
    let mut labels = name.split_whitespace().filter(|word| of_word(word).is_some());
    let Some(label) = labels.next() else { return Ok((name, None)) };
    let algorithm = of_word(label).transpose()?;
    if labels.next().is_some() || name.split_whitespace().any(is_changed) {
        return Err(odd(name));
    }
    Ok(if label == last { (before.trim_end(), algorithm) } else { (name, None) })
}

/// Several checksums with their algorithms in one line, as in a page's `integrity`, `MD5: HEX, SHA1: HEX`, and behind
/// what a file is called `a.iso MD5 HEX SHA1 HEX`.
pub fn several(line: &str) -> Result<Option<Vec<Entry>>, String> {
    let mut words = line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty());
    let (mut before, mut entries) = (Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        let mut behind = words.clone().skip_while(|word| matches!(*word, ":" | "="));
        let value = behind.next().and_then(checksum);
        let algorithm = of_word(word).filter(|_| !word.starts_with('('));
        match (algorithm, value) {
            (Some(algorithm), Some(bytes)) => {
                entries.push(Entry { algorithm: Some(algorithm?), bytes, name: None, size: None });
                while words.next().is_some_and(|word| matches!(word, ":" | "=")) {}
            }
            _ => match labelled(word)? {
                Some(entry) => entries.push(entry),
                None if entries.is_empty() => before.push(word),
                None => return Ok(None),
            },
        }
    }
    // The kinds of files in Gentoo's manifests, with the size behind the name.
    let is_of_gentoo = matches!(before[..], ["DIST" | "AUX" | "EBUILD" | "MISC", _, _]);
    if entries.len() < 2 && !(is_of_gentoo && entries.len() == 1) {
        return Ok(None);
    }
    let (name, size) = match before[..] {
        [_, name, size] if is_of_gentoo => (file(name), size.parse().ok()),
        [] => (None, None),
        _ => (file(before.join(" ").trim_end_matches(':')), None),
    };
    if name.as_deref().is_some_and(holds_one) {
        return Err(several_in(line));
    }
    Ok(Some(entries.into_iter().map(|entry| Entry { name: name.clone(), size, ..entry }).collect()))
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
