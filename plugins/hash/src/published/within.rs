//! Checksums within a text of another form, such as JSON, HTML or a sentence: each behind the name of its algorithm.

use super::Entry;
use super::label::{is_changed, of_word};
use super::line;
use super::value::{checksum, hex_words};
use crate::digest::Algorithm;

/// The words that say of a checksum without its algorithm that it is one.
const SAYS_SUM: [&str; 8] =
    ["checksum", "checksums", "digest", "etag", "hash", "integrity", "sum", "sums"];

/// The checksums of a text in which nothing is left to guess: of one file, each of another algorithm, which is called
/// before it, or behind it where it is the only one. `None` if it has none, or what they are of cannot be told.
///
/// # Errors
///
/// If one is of an algorithm that is not known here.
pub fn entries(text: &str) -> Result<Option<Vec<Entry>>, String> {
    // Of HTTP's fields, such as `Repr-Digest: sha-256=:BASE64:`.
    let text = text.replace("=:", "=");
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=_.-".contains(c);
    let words = || text.split(|c: char| !is_part(c)).filter(|word| !word.is_empty());
    let mut found = Found::default();
    for word in words() {
        if !found.take(word)? {
            return Ok(None);
        }
    }
    let says_sum = words().any(|word| SAYS_SUM.contains(&&*word.to_ascii_lowercase()));
    Ok(found.entries(says_sum))
}

/// What the words so far are.
#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    /// The algorithm that was called since the last checksum.
    called: Option<Algorithm>,
}

impl Found {
    /// Takes a word; false if it leaves open what a checksum is of.
    fn take(&mut self, word: &str) -> Result<bool, String> {
        let hex: Vec<&str> = hex_words(word).collect();
        if is_changed(word) || hex.len() > 1 {
            return Ok(false);
        }
        if let Some(hex) = hex.first() {
            let label =
                word[..word.find(hex).unwrap_or_default()].trim_matches(['-', '=', '_', '/']);
            if !label.is_empty() && !self.call(label)? {
                return Ok(false);
            }
            return Ok(checksum(hex).is_some_and(|bytes| self.add(bytes)));
        }
        let parts = word.split_once(['-', '=']).filter(|(_, value)| value.len() > 20);
        if parts.is_some()
            && let Some(Entry { algorithm: Some(algorithm), bytes, .. }) = line::entry(word)?
        {
            self.called = Some(algorithm);
            return Ok(self.add(bytes));
        }
        self.call(word)
    }

    /// Takes a word that may be an algorithm; false if another was called for the same checksum.
    fn call(&mut self, word: &str) -> Result<bool, String> {
        let word = word.trim_matches(['.', '=', '-', '_', '/', '+']);
        let Some(algorithm) = of_word(word).transpose()? else { return Ok(true) };
        let is_same = self.called.is_none_or(|called| called == algorithm);
        self.called = Some(algorithm);
        Ok(is_same)
    }

    /// Adds a checksum; false if there is one of its algorithm.
    fn add(&mut self, bytes: Vec<u8>) -> bool {
        let algorithm = self.called.take();
        let is_new = self.entries.iter().all(|entry| entry.algorithm != algorithm);
        self.entries.push(Entry { algorithm, bytes, name: None, size: None });
        is_new
    }

    /// The checksums, if it is said of each what it is.
    fn entries(mut self, says_sum: bool) -> Option<Vec<Entry>> {
        match (&mut self.entries[..], self.called) {
            ([], _) => return None,
            ([only], Some(behind)) if only.algorithm.is_none() => only.algorithm = Some(behind),
            ([only], None) if only.algorithm.is_none() && !says_sum => return None,
            (_, None) => {}
            (_, Some(_)) => return None,
        }
        let is_told =
            self.entries.len() == 1 || self.entries.iter().all(|entry| entry.algorithm.is_some());
        is_told.then_some(self.entries)
    }
}
