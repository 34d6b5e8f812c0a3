//! Lines that say of which algorithm, or of which file, the checksums below them are.

use super::Entry;
use super::label::{algorithm, is_label, of_word};
use super::name::file;
use super::value::holds_one;
use crate::digest::Algorithm;

/// A line above checksums.
#[derive(Debug)]
pub struct Heading {
    algorithm: Option<Algorithm>,
    name: Option<String>,
}

impl Heading {
    /// The checksum of a line below it.
    pub fn of(&self, entry: Entry) -> Entry {
        Entry {
            algorithm: entry.algorithm.or(self.algorithm),
            name: entry.name.or_else(|| self.name.clone()),
            ..entry
        }
    }
}

/// The heading that a line is which names a file alone: `a.iso`, `**a.iso:**`, `### a.iso`, or which is the command that
/// printed what is below it: `$ sha256sum a.iso`.
pub fn of_file(line: &str) -> Option<Heading> {
    // Behind a prompt, with or without the machine's name.
    let prompted =
        line.split_once("$ ").filter(|(prompt, _)| !prompt.contains(char::is_whitespace));
    if let Some((_, command)) = prompted {
        let mut words = command.split_whitespace();
        let called = of_word(words.next()?).transpose().ok()?;
        // An option may be of another algorithm or length.
        let is_plain = words.all(|word| !word.starts_with('-'));
        return is_plain.then_some(Heading { algorithm: called, name: None });
    }
    let name =
        line.trim_matches(['*', '#', '`', ' ']).trim_end_matches(':').trim_end_matches(['*', '`']);
    let (stem, extension) = name.rsplit_once('.')?;
    let is_extension = (1..=8).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_extension && !stem.is_empty() && !name.contains(char::is_whitespace) && !holds_one(name))
        .then(|| Heading { algorithm: None, name: file(name) })
}

/// The heading that a line is: `SHA256:`, `## SHA-256 checksums`, or `SHA256 hash of a.iso:` as certutil prints it.
///
/// # Errors
///
/// If it is that of an algorithm which is not known here.
pub fn read(line: &str) -> Result<Option<Heading>, String> {
    let line = line.trim_matches(|c: char| c.is_whitespace() || c == '*');
    let mut words = line.trim_end_matches(':').split_whitespace();
    let Some(label) = words.next().filter(|word| is_label(word)) else { return Ok(None) };
    let rest: Vec<&str> = words.collect();
    let name = match rest[..] {
        [] => None,
        [one] if is_sum(one) => None,
        ["hash", "of", ..] if line.ends_with(':') => {
            let (_, name) = line.split_once(" of ").unwrap_or_default();
            let name = name.strip_prefix("file ").unwrap_or(name);
            file(name.trim_end_matches(':'))
        }
        _ => return Ok(None),
    };
    Ok(Some(Heading { algorithm: Some(algorithm(label)?), name }))
}

fn is_sum(word: &str) -> bool {
    let word = word.trim_end_matches(':').to_ascii_lowercase();
    matches!(
        &*word,
        "checksum" | "checksums" | "digest" | "digests" | "hash" | "hashes" | "sum" | "sums"
    )
}

/// True if a line is what a program prints beside checksums: the end of certutil, or the head of a table of Get-FileHash.
pub fn is_of_program(line: &str) -> bool {
    let is_head = line.split_whitespace().eq(["Algorithm", "Hash", "Path"]);
    let is_rule = line.contains("----") && line.chars().all(|c| c == '-' || c.is_whitespace());
    let is_end = line.starts_with("CertUtil: ") && !line.contains("FAILED");
    is_head || is_rule || is_end
}
