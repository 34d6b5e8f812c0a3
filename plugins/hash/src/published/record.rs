//! Records with a line for each fact, as `Get-FileHash | Format-List` prints them.

use super::Entry;
use super::label::algorithm;
use super::name::file;
use super::value::{checksum, odd};

/// The checksums of a text that is such records, each with `Algorithm`, `Hash` and perhaps `Path`.
pub fn entries(text: &str) -> Result<Option<Vec<Entry>>, String> {
    let Some(fields) = fields(text) else { return Ok(None) };
    let has = |wanted: &str| fields.iter().any(|(key, _)| key == wanted);
    if !has("algorithm") || !has("hash") {
        return Ok(None);
    }
    let mut entries = Vec::new();
    let mut record: Vec<(String, String)> = Vec::new();
    for field in fields {
        if record.iter().any(|(key, _)| *key == field.0) {
            entries.push(entry(&std::mem::take(&mut record))?);
        }
        record.push(field);
    }
    entries.push(entry(&record)?);
    Ok(Some(entries))
}

fn entry(record: &[(String, String)]) -> Result<Entry, String> {
    let value = |wanted: &str| {
        record.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str())
    };
    let hash = value("hash").unwrap_or_default();
    Ok(Entry {
        algorithm: value("algorithm").map(algorithm).transpose()?,
        bytes: checksum(hash).ok_or_else(|| odd(hash))?,
        name: value("path").and_then(file),
        size: None,
    })
}

/// The lines `Key : value`, the keys in lower case. What a window was too narrow for stands in the lines below, indented.
/// `None` if there are others.
fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let field = line
            .split_once(':')
            .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().to_string()));
        match (field, fields.last_mut()) {
            (_, Some((_, value))) if line.starts_with(' ') => value.push_str(line.trim()),
            (Some((key, value)), _) if matches!(&*key, "algorithm" | "hash" | "path") => {
                fields.push((key, value));
            }
            _ => return None,
        }
    }
    Some(fields)
}
