//! Text to values: JSON first of all, and the formats that people turn into it.

use crate::place::{mark, too_deep};
use jaq_fmts::read::{tabular, toml, xml, yaml};
use jaq_json::{Val, read};
use std::convert::Infallible;
use std::fmt::Display;

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

/// The values in `text`; `what` names the text in errors. Several may follow one another, as in JSON
/// Lines, the documents of YAML or the rows of CSV.
pub fn values(text: &str, format: Format, what: &str) -> Result<Vec<Val>, String> {
    let bytes = || text.bytes().map(Ok::<u8, Infallible>);
    match format {
        Format::Json => json(text, what),
        Format::Yaml | Format::Toml if too_deep(text, "[{", MAX_DEPTH).is_some() => {
            Err(format!("`{what}` is nested more than {MAX_DEPTH} deep"))
        }
        Format::Yaml => collect(yaml::parse_many(text), "YAML", what),
        Format::Toml => collect(std::iter::once(toml::parse(text)), "TOML", what),
        Format::Xml => collect(xml::parse_many(text), "XML", what),
        Format::Csv => collect(tabular::read_csv(bytes()), "CSV", what),
        Format::Tsv => collect(tabular::read_tsv(bytes()), "TSV", what),
        Format::Text => Ok(vec![Val::from(text.to_string())]),
    }
}

fn collect<E: Display>(
    values: impl Iterator<Item = Result<Val, E>>,
    format: &str,
    what: &str,
) -> Result<Vec<Val>, String> {
    let all: Result<Vec<Val>, E> = values.collect();
    all.map_err(|error| format!("`{what}` is not valid {format}: {error}"))
}

fn json(text: &str, what: &str) -> Result<Vec<Val>, String> {
    let fail = |at, message: &str| {
        let marked = mark(text, at, message);
        Err(format!("`{what}` is not valid JSON: {marked}"))
    };
    if let Some(at) = too_deep(text, "[{", MAX_DEPTH) {
        return fail(at, &format!("nested more than {MAX_DEPTH} deep"));
    }
    read::parse_many(text.as_bytes()).collect::<Result<Vec<Val>, _>>().or_else(|error| {
        let message = error.to_string();
        // The offset of the error is only in its text.
        let offset = message.strip_prefix("byte offset ").and_then(|rest| rest.split_once(": "));
        match offset.and_then(|(at, reason)| Some((at.parse().ok()?, reason))) {
            Some((at, reason)) => fail(at, reason),
            None => Err(format!("`{what}` is not valid JSON: {message}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_one_another() {
        let check = |text: &str, count| {
            assert_eq!(values(text, Format::Json, "input").unwrap().len(), count, "{text}");
        };
        check("", 0);
        check("1 \"a\" [2]", 3);
        check("{\"a\":1}\n{\"a\":2}\n", 2);
    }

    #[test]
    fn invalid_json_is_shown_where_it_is() {
        let check = |text: &str, place: &str| {
            let message = values(text, Format::Json, "input").unwrap_err();
            let expected = format!("`input` is not valid JSON: {place}");
            assert!(message.starts_with(&expected), "{text}: {message}");
        };
        check("{\n  \"a\": x\n}", "line 2, column 8: ");
        check("[1, 2", "line 1, column 6: ");
        check("{a: 1}", "line 1, column 2: ");
        check("[1 2]", "line 1, column 4: ");
        check("\"ab", "line 1, column ");
        check(&"[".repeat(100_000), "line 1, column 513: nested more than 512 deep");
    }

    #[test]
    fn other_formats_are_read_as_what_json_would_hold() {
        let check = |format, text: &str, expected: &str| {
            let found = values(text, format, "input").unwrap();
            let found: Vec<String> = found.iter().map(Val::to_string).collect();
            assert_eq!(found.join(" "), expected, "{format:?}: {text}");
        };
        check(
            Format::Yaml,
            "a: [1, x]\nb:\n  - 2\n---\nc: ~",
            r#"{"a":[1,"x"],"b":[2]} {"c":null}"#,
        );
        check(Format::Toml, "a = 1\n[b]\nc = \"d\"", r#"{"a":1,"b":{"c":"d"}}"#);
        check(Format::Csv, "a,b\n1,\"x, y\"\n", r#"["a","b"] [1,"x, y"]"#);
        check(Format::Tsv, "a\tb\n", r#"["a","b"]"#);
        check(Format::Xml, "<a b=\"c\">d</a>", r#"{"t":"a","a":{"b":"c"},"c":["d"]}"#);
        check(Format::Text, "a \"b\"", r#""a \"b\"""#);
    }

    #[test]
    fn other_formats_fail_with_their_name() {
        let check = |format, text: &str, expected: &str| {
            let message = values(text, format, "input").unwrap_err();
            assert!(message.starts_with(expected), "{text}: {message}");
        };
        check(Format::Yaml, "a: [1", "`input` is not valid YAML: ");
        check(Format::Yaml, &"[".repeat(1000), "`input` is nested more than 512 deep");
        check(Format::Toml, "a = ", "`input` is not valid TOML: ");
        check(Format::Xml, "<a>", "`input` is not valid XML: ");
    }
}
