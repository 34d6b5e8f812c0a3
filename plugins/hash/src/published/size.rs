//! Sizes of files that a text tells beside checksums in a form of its own: `size: 7`, `(7 bytes)`, a column of a table.

use super::mention;
use super::name::{base, plain};
use super::unsigned::unsigned;
use super::value::{holds_one, with_stand_ins};

/// The size of a file, as a text tells it.
#[derive(Debug, PartialEq)]
pub enum Told {
    Nothing,
    Bytes(u64),
    /// The line that tells it in a way which leaves open how many bytes are meant.
    Unread(String),
}

/// Words behind which the size of the file stands.
const KEYS: [&str; 20] = [
    "byte_count",
    "byte_size",
    "bytecount",
    "bytes",
    "bytesize",
    "content-length",
    "content_length",
    "content_size",
    "contentlength",
    "contentsize",
    "download_size",
    "downloadsize",
    "file-size",
    "file_size",
    "filesize",
    "length",
    "size",
    "size_bytes",
    "size_in_bytes",
    "sizeinbytes",
];
/// Words that may stand between such a word and its number.
const BETWEEN: [&str; 4] = ["byte", "bytes", "in", "is"];
/// Words before `size` that make it that of something else.
const OF_OTHERS: [&str; 6] =
    ["disk", "extracted", "installed", "total", "uncompressed", "unpacked"];
/// Such words of which nobody would think that it is that of the file.
const OF_PARTS: [&str; 7] = ["block", "chunk", "cluster", "key", "page", "piece", "sector"];
/// Words beside which `7B` is a number of billions.
const OF_MODELS: [&str; 14] = [
    "billion",
    "chat",
    "gguf",
    "gptq",
    "instruct",
    "llama",
    "mistral",
    "model",
    "models",
    "parameter",
    "parameters",
    "params",
    "quantized",
    "weights",
];
const BYTES: [&str; 5] = ["b", "byte", "bytes", "octet", "octets"];
const MULTIPLES: [&str; 12] =
    ["g", "gb", "gib", "k", "kb", "kib", "m", "mb", "mib", "t", "tb", "tib"];

/// Longest part of a line that a message quotes, in characters.
const MAX_QUOTED: usize = 80;

/// What `text` tells of the size of the file called `name`, beside these checksums, whose own digits tell none. If the text
/// lists several files, only the lines that name it are of it.
pub fn told(text: &str, name: Option<&str>, is_of_several: bool, sums: &[&[u8]]) -> Told {
    let text = &with_stand_ins(text, sums);
    let own = name.map(|name| base(&plain(name)).to_string()).unwrap_or_default();
    let of_file = |line: &&str| !is_of_several || mention::names(line, &own);
    let mut sizes = Vec::new();
    let mut unread = None;
    for line in unsigned(text).filter(of_file) {
        let words = words(&mention::without(line, &own));
        for found in in_line(&words) {
            match found {
                // A number of the checksum's own: 32 bytes, 64 digits, 256 bits.
                Some(size) if sums.iter().any(|sum| is_of_sum(size, sum.len())) => {
                    unread = unread.or(Some(line));
                }
                Some(size) => sizes.push(size),
                None => unread = unread.or(Some(line)),
            }
        }
    }
    sizes.extend(in_columns(text).filter(|_| !is_of_several));
    sizes.sort_unstable();
    sizes.dedup();
    match (&sizes[..], unread) {
        ([size], _) => Told::Bytes(*size),
        ([], None) => Told::Nothing,
        ([], Some(line)) => Told::Unread(quoted(line)),
        (sizes, _) => {
            let shown: Vec<_> = sizes.iter().take(3).map(|size| format!("{size} bytes")).collect();
            Told::Unread(shown.join(", "))
        }
    }
}

fn is_of_sum(size: u64, length: usize) -> bool {
    [1, 2, 8].iter().any(|each| size == each * length as u64)
}

fn quoted(line: &str) -> String {
    line.trim().chars().take(MAX_QUOTED).collect()
}

/// A word of a line.
#[derive(Debug, PartialEq)]
enum Word {
    /// A whole number, and the unit that follows without a space.
    Number(u64, String),
    /// A number with a fraction.
    Fraction,
    Other(String),
}

fn words(line: &str) -> Vec<Word> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ',' | '\'');
    let words = line.split(|c| !is_part(c)).map(|word| word.trim_matches(['.', ',', '\'', '-']));
    words.filter(|word| !word.is_empty()).map(word).collect()
}

fn word(text: &str) -> Word {
    let end = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.to_ascii_lowercase();
    let is_unit = unit.is_empty() || is_in(&BYTES, &unit) || is_in(&MULTIPLES, &unit);
    match number(digits) {
        _ if !is_unit => Word::Other(text.to_ascii_lowercase()),
        Some(number) => Word::Number(number, unit),
        None if digits.parse::<f64>().is_ok() => Word::Fraction,
        None => Word::Other(text.to_ascii_lowercase()),
    }
}

/// A whole number, its digits in groups of three perhaps.
fn number(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split([',', '_', '\'']).collect();
    let are_three = groups[1..].iter().all(|group| group.len() == 3);
    let is_short = groups.len() == 1 || (1..=3).contains(&groups[0].len());
    let is_digits = |group: &&str| group.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = are_three && is_short && groups.iter().all(is_digits);
    is_number.then(|| groups.concat().parse().ok()).flatten()
}

fn is_in(known: &[&str], word: &str) -> bool {
    known.contains(&word)
}

/// The sizes that a line tells: each in bytes, or `None` where that is open.
fn in_line(words: &[Word]) -> Vec<Option<u64>> {
    let mut found = Vec::new();
    let mut is_told = false;
    let is_of_model = words.iter().any(|word| match word {
        Word::Other(word) => word.split(['-', '_', '.']).any(|part| is_in(&OF_MODELS, part)),
        _ => false,
    });
    for (at, word) in words.iter().enumerate() {
        let unit = match (word, words.get(at + 1)) {
            (Word::Other(_), _) => continue,
            (Word::Number(_, unit), _) if !unit.is_empty() => unit,
            (_, Some(Word::Other(unit))) => unit,
            _ => "",
        };
        let key = key(&words[..at]);
        let is_multiple = is_in(&MULTIPLES, unit);
        let is_size = key.is_some() || is_in(&BYTES, unit) && !(is_of_model && unit == "b");
        if key == Some(Key::Part) {
            is_told = true;
            continue;
        }
        match word {
            _ if !is_size && !is_multiple => continue,
            Word::Number(size, _) if key != Some(Key::Other) && !is_multiple => {
                found.push(Some(*size));
            }
            _ => found.push(None),
        }
        is_told = true;
    }
    let is_about = |word: &Word| match word {
        Word::Other(word) => {
            let mut parts = word.split(['_', '-']);
            is_in(&KEYS, word) || parts.any(|part| part == "size") && !word.contains('.')
        }
        _ => false,
    };
    if !is_told && words.iter().any(is_about) {
        found.push(None);
    }
    found
}

/// The file that a number behind a key is the size of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    File,
    Other,
    Part,
}

/// The key that the words before a number end with.
fn key(before: &[Word]) -> Option<Key> {
    let mut words = before.iter().rev().map(|word| match word {
        Word::Other(word) => word.as_str(),
        _ => "",
    });
    let mut last = words.next()?;
    while !is_in(&KEYS, last) || last == "bytes" {
        match words.next() {
            Some(next) if is_in(&BETWEEN, last) => last = next,
            _ => return (last == "bytes").then_some(Key::File),
        }
    }
    Some(match words.next() {
        Some(word) if is_in(&OF_OTHERS, word) => Key::Other,
        Some(word) if is_in(&OF_PARTS, word) => Key::Part,
        _ => Key::File,
    })
}

/// True if a column with this head has the sizes of files.
pub fn is_key(cell: &str) -> bool {
    key(&words(cell)) == Some(Key::File)
}

/// The size in bytes that the cell of such a column has.
pub fn of_cell(cell: &str) -> Option<u64> {
    match &words(cell)[..] {
        [Word::Number(size, unit)] if !is_in(&MULTIPLES, unit) => Some(*size),
        [Word::Number(size, unit), Word::Other(bytes)]
            if unit.is_empty() && is_in(&BYTES, bytes) =>
        {
            Some(*size)
        }
        _ => None,
    }
}

/// The sizes in the columns of tables whose head says so, of rows that hold a checksum.
fn in_columns(text: &str) -> impl Iterator<Item = u64> {
    let mut found = Vec::new();
    for separator in ["|", "\t", ";", ",", " "] {
        let cells = |line: &str| -> Vec<String> {
            let line = line.trim().trim_start_matches('|').trim_end_matches('|');
            let cells = line.split(separator).map(|cell| cell.trim().to_string());
            cells.filter(|cell| separator != " " || !cell.is_empty()).collect()
        };
        let mut head: Option<(usize, usize)> = None;
        for line in unsigned(text) {
            let cells = cells(line);
            let is_size = |cell: &String| is_key(cell);
            match head {
                Some((at, length)) if holds_one(line) && cells.len() == length => {
                    found.extend(of_cell(&cells[at]));
                }
                _ if holds_one(line) || cells.len() < 2 => {}
                _ => {
                    let at = cells.iter().position(is_size);
                    head = at.map(|at| (at, cells.len())).or(head);
                }
            }
        }
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;

    #[test]
    fn a_size_is_read_in_the_forms_that_pages_have() {
        const SUM: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let sum = Encoding::Hex.decode(SUM).unwrap();
        let check = |text: &str, expected: Told| {
            let text = text.replace("{}", SUM);
            assert_eq!(told(&text, Some("/dl/a.iso"), false, &[&sum]), expected, "{text}");
        };
        for text in [
            "| File | Size | SHA256 |\n|---|---|---|\n| a.iso | 7 | {} |",
            "| SHA256 | File | Size (bytes) |\n|---|---|---|\n| {} | a.iso | 7 |",
            "File | Size in bytes | SHA256\n--- | --- | ---\na.iso | 7 | {}",
            "name,size,sha256\na.iso,7,{}",
            "name\tbytes\tsha256\na.iso\t7\t{}",
            "File  Size  SHA256\na.iso  7    {}",
            "filename: a.iso\nsize: 7\nsha256: {}",
            "a.iso (7 bytes)\nSHA256: {}",
            "a.iso, 7 bytes, SHA256: {}",
            "a.iso (7B) sha256 {}",
            "{\"name\":\"a.iso\",\"size\":7,\"sha256\":\"{}\"}",
            "Content-Length: 7\nDigest: sha-256={}",
            "Size in bytes: 7\nSHA256: {}",
            "The size is 7.\nSHA256: {}",
            "SHA256 (a.iso) = {}\nSIZE (a.iso) = 7",
            "Size: 7 bytes (0.1 KB)\nSHA256: {}",
        ] {
            check(text, Told::Bytes(7));
        }
        check("Size: 1,234,567 bytes\nSHA256: {}", Told::Bytes(1_234_567));
        for (text, line) in [
            ("Size: 7 MB\nSHA256: {}", "Size: 7 MB"),
            ("a.iso 1.2 GiB\nSHA256: {}", "a.iso 1.2 GiB"),
            ("Installed size: 7\nSHA256: {}", "Installed size: 7"),
            ("<th>Size</th>\n<td>7</td><td>{}</td>", "<th>Size</th>"),
            ("SHA256 (32 bytes): {}", "SHA256 (32 bytes): "),
            ("size: 7\nlength: 9\n{}", "7 bytes, 9 bytes"),
            ("\"image_size\": 7\n{}", "\"image_size\": 7"),
        ] {
            let text = text.replace(": {}", ": ").replace("{}", "");
            let Told::Unread(found) = told(&text, Some("a.iso"), false, &[&sum]) else {
                panic!("{text}")
            };
            assert_eq!(found, line.trim(), "{text}");
        }
        for text in [
            "{}",
            "{}  size 7.iso/a.iso",
            "{}  a.iso",
            "sha256:{}",
            "{}  bytes-7.2.0.tar.gz",
            "# made on 7 May 2026\n{}  a.iso",
            "SHA256 (a.iso) = {}\nTIMESTAMP = 1795958037",
            "a==1.2.3 --hash=sha256:{}",
            "7B model, Q4\nSHA256: {}",
            "Llama 7B\nSHA256: {}",
            "model-7B-instruct 7 B parameters: {}",
            "Block size 512 B\nSHA256: {}",
            "page size: 4096\n{}",
        ] {
            let text = text.replace("size 7.iso/", "");
            check(&text, Told::Nothing);
        }
        let several = format!("{SUM}  a.iso (3 bytes)\n{SUM}  b.iso (7 bytes)");
        assert_eq!(told(&several, Some("b.iso"), true, &[&sum]), Told::Bytes(7));
    }
}
