//! The checksums in a line of pip's requirements: `name==1.0 --hash=sha256:HEX --hash=sha256:HEX`. Any of them will do.

use super::Entry;
use super::line::entry;
use super::value::{holds_one, odd};

const OPTION: &str = "--hash=";

/// The checksums of a text that is one requirement with such options.
pub fn entries(text: &str) -> Result<Option<Vec<Entry>>, String> {
    if !text.contains(OPTION) {
        return Ok(None);
    }
    let mut entries = Vec::new();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(str::split_whitespace).filter(|word| *word != "\\");
    for word in words {
        match word.strip_prefix(OPTION) {
            Some(value) => entries.push(option(value)?),
            None if entries.is_empty() && !holds_one(word) => {}
            None => {
                return Err(format!(
                    "`expected` has checksums of more than one package, or `{word}` behind them; give the lines of one package"
                ));
            }
        }
    }
    // What only holds the word of the option is of another form.
    Ok(Some(entries).filter(|entries| !entries.is_empty()))
}

fn option(value: &str) -> Result<Entry, String> {
    let found = entry(value)?.filter(|entry| entry.algorithm.is_some() && entry.name.is_none());
    found.ok_or_else(|| odd(value))
}
