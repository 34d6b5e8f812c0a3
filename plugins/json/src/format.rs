//! Text to values and back: JSON first of all, and the formats that people turn into it. A module for each
//! format; none of them knows filters.

pub mod json;
pub mod separator;
pub mod table;
pub mod toml;
pub mod xml;
pub mod yaml;

use crate::place::{mark, too_deep};
use jaq_json::{Num, Val};

/// What a text is written in.
#[derive(
    Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Json,
    Yaml,
    Toml,
    Xml,
    Csv,
    Tsv,
    Text,
}

/// Deepest nesting: the parsers call themselves, and the sandbox's stack is small.
const MAX_DEPTH: usize = 512;

/// The reason why a text cannot be read or a value not be written.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The byte of the text at which it is seen, where that is known.
    pub at: Option<usize>,
    pub message: String,
}

impl Format {
    /// The name that people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Toml => "TOML",
            Self::Xml => "XML",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Text => "text",
        }
    }

    /// The values in `source`. Several may follow one another, as in JSON Lines, the documents of YAML or the
    /// rows of CSV. A byte order mark is passed over.
    pub fn read(self, source: &str) -> Result<Vec<Val>, String> {
        let source = without_mark(source);
        let values = match self {
            Self::Json => json::read(source),
            Self::Yaml => bounded(source).and_then(yaml::read),
            Self::Toml => bounded(source).and_then(toml::read),
            Self::Xml => xml::read(source),
            Self::Csv => table::read_csv(source, None),
            Self::Tsv => table::read_tsv(source),
            Self::Text => Ok(vec![text(source)]),
        };
        values.map_err(|fault| self.explain(source, fault))
    }

    /// Says which format to ask for, where the name of a file that could not be read tells another.
    pub fn hint(self, path: &str) -> String {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        let told = match &*extension.to_ascii_lowercase() {
            "csv" => "csv",
            "tsv" | "tab" => "tsv",
            "yaml" | "yml" => "yaml",
            "toml" => "toml",
            "xml" | "svg" | "html" | "xhtml" | "rss" | "plist" => "xml",
            "txt" | "md" | "log" => "text",
            "json" | "jsonl" | "ndjson" | "geojson" => "json",
            _ => return String::new(),
        };
        match told.eq_ignore_ascii_case(self.name()) {
            true => String::new(),
            false => {
                format!("\nBy its name the file is in another format; write `format`: `{told}`")
            }
        }
    }

    fn explain(self, source: &str, fault: Fault) -> String {
        let what = match fault.at {
            Some(at) => mark(source, at, &fault.message),
            None => fault.message,
        };
        format!("not valid {}: {what}", self.name())
    }
}

/// The rows of CSV whose fields `separator` parts.
pub fn rows(source: &str, separator: &str) -> Result<Vec<Val>, String> {
    let source = without_mark(source);
    let separator = separator::check(separator)?;
    let values = table::read_csv(source, Some(separator));
    values.map_err(|fault| Format::Csv.explain(source, fault))
}

fn without_mark(source: &str) -> &str {
    source.strip_prefix('\u{feff}').unwrap_or(source)
}

/// `source`, where brackets are nested no deeper than its reader's stack bears.
fn bounded(source: &str) -> Result<&str, Fault> {
    match too_deep(source, "[{", MAX_DEPTH) {
        Some(at) => {
            Err(Fault { at: Some(at), message: format!("nested more than {MAX_DEPTH} deep") })
        }
        None => Ok(source),
    }
}

/// A string.
fn text(string: impl Into<String>) -> Val {
    Val::from(string.into())
}

/// A string as it is, anything else as JSON.
fn plain(value: &Val) -> String {
    match value {
        Val::TStr(bytes) | Val::BStr(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        value => value.to_string(),
    }
}

/// An integer of any size.
fn int(digits: &str) -> Option<Val> {
    Num::from_str_radix(digits, 10).map(Val::Num)
}

/// The byte at which line `row` has its character `column`, both from 1.
fn offset(source: &str, row: usize, column: usize) -> usize {
    let line =
        source.split_inclusive('\n').take(row.saturating_sub(1)).map(str::len).sum::<usize>();
    let rest = &source[line..];
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    line + within
}

#[cfg(test)]
mod tests;
