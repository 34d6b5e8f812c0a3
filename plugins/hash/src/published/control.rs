//! The checksums in Debian's control files: the blocks of a Release file or of a `.dsc`, and the fields of a package.

use super::Entry;
use super::label::algorithm;
use super::unsigned::unsigned;
use super::value::{checksum, odd};
use crate::digest::Algorithm;

/// The checksums of a text that is a control file.
pub fn entries(text: &str) -> Result<Option<Vec<Entry>>, String> {
    if !is_control(text) {
        return Ok(None);
    }
    let (mut entries, mut paragraph) = (Vec::new(), Paragraph::default());
    for line in unsigned(text) {
        if line.trim().is_empty() {
            entries.append(&mut std::mem::take(&mut paragraph).named());
        } else if line.starts_with([' ', '\t']) {
            if let Some(algorithm) = paragraph.block {
                paragraph.entries.push(listed(algorithm, line)?);
            }
        } else if !line.starts_with('#') {
            let (key, value) = line.split_once(':').ok_or_else(|| odd(line))?;
            paragraph.field(key, value.trim())?;
        }
    }
    entries.append(&mut paragraph.named());
    Ok(Some(entries).filter(|entries| !entries.is_empty()))
}

/// True if a text has a block of checksums with sizes, or a package's field with the name of its file.
fn is_control(text: &str) -> bool {
    let mut block = None;
    unsigned(text).any(|line| {
        let is_listed = line.starts_with([' ', '\t'])
            && block.is_some_and(|algorithm| listed(algorithm, line).is_ok());
        let (key, value) = line.split_once(':').unwrap_or_default();
        block = if value.trim().is_empty() { of_key(key) } else { None };
        is_listed || key == "Filename"
    })
}

/// The facts of a paragraph so far.
#[derive(Default)]
struct Paragraph {
    file: Option<String>,
    size: Option<u64>,
    /// The algorithm of the block whose lines come next.
    block: Option<Algorithm>,
    entries: Vec<Entry>,
}

impl Paragraph {
    fn field(&mut self, key: &str, value: &str) -> Result<(), String> {
        self.block = of_key(key).filter(|_| value.is_empty());
        match of_key(key).filter(|_| !value.is_empty()) {
            Some(algorithm) => {
                let bytes = checksum(value).ok_or_else(|| odd(value))?;
                self.entries.push(Entry {
                    algorithm: Some(algorithm),
                    bytes,
                    name: None,
                    size: None,
                });
            }
            None if key == "Filename" => self.file = Some(value.to_string()),
            None if key == "Size" => self.size = value.parse().ok(),
            None => {}
        }
        Ok(())
    }

    /// The checksums, those without a name with that of the package's file.
    fn named(self) -> Vec<Entry> {
        let name = |entry: &Entry| entry.name.clone().or_else(|| self.file.clone());
        let size = |entry: &Entry| entry.size.or(self.size.filter(|_| entry.name.is_none()));
        let named = |entry: &Entry| Entry { name: name(entry), size: size(entry), ..entry.clone() };
        self.entries.iter().map(named).collect()
    }
}

/// `SHA256`, `Checksums-Sha256`, `MD5Sum`, and `Files`, which are of MD5.
fn of_key(key: &str) -> Option<Algorithm> {
    match key {
        "Files" => Some(Algorithm::Md5),
        key => algorithm(key.strip_prefix("Checksums-").unwrap_or(key)).ok(),
    }
}

/// `HEX SIZE NAME`, in a `.changes` with section and priority before the name.
fn listed(algorithm: Algorithm, line: &str) -> Result<Entry, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_size = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    match words[..] {
        [hex, size, name] | [hex, size, _, _, name] if is_size(size) => {
            let bytes = checksum(hex).ok_or_else(|| odd(hex))?;
            let (name, size) = (Some(name.to_string()), size.parse().ok());
            Ok(Entry { algorithm: Some(algorithm), bytes, name, size })
        }
        _ => Err(odd(line)),
    }
}
