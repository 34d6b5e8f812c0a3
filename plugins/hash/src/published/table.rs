//! Tables of Markdown that list checksums: `| a.iso | HEX |`, with or without a head.

use super::Entry;
use super::label::of_word;
use super::name::file;
use super::size;
use super::value::checksum;

/// The checksums of a text that is such a table. `None` if it is none, or what a checksum in it is of cannot be told.
///
/// # Errors
///
/// If a column is of an algorithm that is not known here.
pub fn entries(text: &str) -> Result<Option<Vec<Entry>>, String> {
    let mut rows: Vec<Vec<&str>> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some(row) = line.strip_prefix('|') else { return Ok(None) };
        rows.push(row.strip_suffix('|').unwrap_or(row).split('|').map(str::trim).collect());
    }
    let is_rule = |row: &Vec<&str>| {
        row.iter().all(|cell| cell.contains('-') && cell.trim_matches([':', '-']).is_empty())
    };
    rows.retain(|row| !is_rule(row));
    let holds_sum = |row: &Vec<&str>| row.iter().any(|cell| sum(cell).is_some());
    let head = rows.first().filter(|row| !holds_sum(row)).cloned().unwrap_or_default();
    let rows = &rows[usize::from(!head.is_empty())..];
    let columns = rows.first().map_or(0, Vec::len);
    let is_even = rows.iter().all(|row| row.len() == columns);
    if columns < 2 || !is_even || !(head.is_empty() || head.len() == columns) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for row in rows {
        let column = |is: fn(&str) -> bool| head.iter().position(|cell| is(cell)).map(|at| row[at]);
        let others: Vec<&str> = row.iter().copied().filter(|cell| sum(cell).is_none()).collect();
        let name = match (column(is_of_names), &others[..]) {
            (Some(name), _) => name,
            (None, [name]) => name,
            _ => return Ok(None),
        };
        let size = column(size::is_key).and_then(size::of_cell);
        let sums = row.iter().enumerate().filter_map(|(at, cell)| Some((at, sum(cell)?)));
        let before = found.len();
        for (at, bytes) in sums {
            let label = head.get(at).and_then(|cell| cell.split_whitespace().find_map(of_word));
            let algorithm = label.transpose()?;
            found.push(Entry { algorithm, bytes, name: file(linked(name)), size });
        }
        if found.len() == before || file(linked(name)).is_none() {
            return Ok(None);
        }
    }
    Ok(Some(found).filter(|found| !found.is_empty()))
}

/// The checksum that a cell is, as code perhaps.
fn sum(cell: &str) -> Option<Vec<u8>> {
    checksum(cell.trim_matches('`'))
}

/// True if a column has the names of files.
fn is_of_names(cell: &str) -> bool {
    const NAMES: [&str; 7] =
        ["archive", "asset", "download", "file", "filename", "name", "package"];
    let cell = cell.trim_matches('*').to_ascii_lowercase();
    NAMES.contains(&&*cell) || cell == "file name"
}

/// The text of a link, `[a.iso](https://example.org/a.iso)`; another text is what it was.
fn linked(cell: &str) -> &str {
    let text = cell.strip_prefix('[').and_then(|cell| cell.split_once("](")).map(|(text, _)| text);
    text.unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    #[test]
    fn a_table_is_a_list() {
        let (one, two) = ("2c".repeat(32), "5e".repeat(32));
        let check = |text: &str, expected: Option<&[(&str, Option<u64>)]>| {
            let text = text.replace("{1}", &one).replace("{2}", &two);
            let found = entries(&text).unwrap();
            let found: Option<Vec<(String, Option<u64>)>> = found.map(|found| {
                found.into_iter().map(|entry| (entry.name.unwrap(), entry.size)).collect()
            });
            let expected = expected.map(|expected| {
                expected.iter().map(|(name, size)| (name.to_string(), *size)).collect()
            });
            assert_eq!(found, expected, "{text}");
        };
        check("| a.iso | {1} |", Some(&[("a.iso", None)]));
        let both: &[(&str, Option<u64>)] = &[("a.iso", None), ("b.iso", None)];
        check("| File | SHA256 |\n|---|:---:|\n| a.iso | {1} |\n| b.iso | {2} |", Some(both));
        check("| {1} | a.iso |\n| {2} | b.iso |", Some(both));
        check(
            "| SHA256 | Asset |\n|---|---|\n| `{1}` | [a.iso](https://x.org/a.iso) |",
            Some(&[("a.iso", None)]),
        );
        check(
            "| File | Size | SHA256 |\n|---|---|---|\n| a.iso | 7 | {1} |\n| b.iso | 9 bytes | {2} |",
            Some(&[("a.iso", Some(7)), ("b.iso", Some(9))]),
        );
        check("| OS | Arch | SHA256 |\n|---|---|---|\n| linux | x64 | {1} |", None);
        check("a.iso | {1}", None);
        check("| a.iso | b.iso |", None);
        let found = entries(&format!(
            "| File | MD5 | SHA-256 |\n|---|---|---|\n| a | {} | {one} |",
            "2c".repeat(16)
        ));
        let algorithms: Vec<_> =
            found.unwrap().unwrap().iter().map(|entry| entry.algorithm).collect();
        assert_eq!(algorithms, [Some(Algorithm::Md5), Some(Algorithm::Sha256)]);
    }
}
