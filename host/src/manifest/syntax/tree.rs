//! TOML text to a tree of spanned values, and the TOML parser's complaints in plainer words.
//!
//! The keys of a manifest are not known here.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::error::{Diagnostic, quote};
use super::hidden_values::hidden_values;
use super::keys::Section;

/// Reads TOML, or points at the first thing that is none.
pub(crate) fn parse(text: &str) -> Result<DeTable<'_>, Diagnostic> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let span = |error: &Error| error.span().unwrap_or(0..0);
    // The parser complains of what is unclosed before it complains of values: we want the first
    // in the file.
    match errors.into_iter().min_by_key(|error| span(error).start) {
        Some(error) => Err(explain(text, span(&error), error.message())),
        None => Ok(document.into_inner()),
    }
}

/// Returns the same table, with every place moved by `base`.
pub(crate) fn moved(table: DeTable<'_>, base: usize) -> DeTable<'_> {
    let entries = table.into_iter();
    entries.map(|(key, value)| (moved_spanned(key, base), moved_value(value, base))).collect()
}

fn moved_value(value: Spanned<DeValue<'_>>, base: usize) -> Spanned<DeValue<'_>> {
    let (span, value) = (value.span(), value.into_inner());
    let value = match value {
        DeValue::Table(table) => DeValue::Table(moved(table, base)),
        DeValue::Array(items) => {
            DeValue::Array(items.into_iter().map(|item| moved_value(item, base)).collect())
        }
        value @ (DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)) => value,
    };
    moved_spanned(Spanned::new(span, value), base)
}

fn moved_spanned<T>(value: Spanned<T>, base: usize) -> Spanned<T> {
    let span = value.span();
    Spanned::new(span.start + base..span.end + base, value.into_inner())
}

fn explain(text: &str, span: Range<usize>, message: &str) -> Diagnostic {
    let found = text.get(span.clone()).unwrap_or_default();
    if message.starts_with("string values must be quoted") {
        return match found {
            "" => Diagnostic::new(span, "a value is missing after `=`")
                .help(r#"write a value, or remove the key to get its default"#),
            _ => without_quotes(text, span),
        };
    }
    // A bare word that begins as one of TOML's own values does.
    if (message.starts_with("invalid float") || message.starts_with("invalid boolean"))
        && let Some((place, word)) = bare_word(text, span.start)
    {
        let fault = without_quotes(text, place);
        return match word.to_ascii_lowercase() {
            switch if switch == "true" || switch == "false" => {
                fault.help(format!("write `{switch}`, in small letters"))
            }
            _ => fault,
        };
    }
    if message == "duplicate key" {
        let fault = Diagnostic::new(span, format!("{} is given twice", quote(found)));
        return fault.help(match found {
            "tools" => "begin each tool with a line `[[tools]]`, in double brackets",
            section if Section::Top.keys().contains(&section) => {
                "put what stands below both below the first"
            }
            _ => "keep one of the two",
        });
    }
    let message = message.trim_end_matches(", expected nothing");
    Diagnostic::new(span, format!("not valid TOML: {message}")).maybe_help(hint(message))
}

/// Refuses a value that lacks its quotes. The value is repeated if it may be shown, and its quotes are shown if it is
/// all there is.
fn without_quotes(text: &str, place: Range<usize>) -> Diagnostic {
    /// The most characters of a value that is written again.
    const LONGEST: usize = 48;
    let found = text.get(place.clone()).unwrap_or_default();
    let is_hidden = hidden_values(text, &place)
        .iter()
        .any(|own| own.start < place.end && own.end > place.start);
    let rest = text.get(place.end..).unwrap_or_default();
    let rest = rest.split(['\n', '#', ',', ']', '}']).next().unwrap_or_default();
    let is_all = rest.trim().is_empty() && found.chars().count() <= LONGEST;
    let written = format!("{found:?}");
    let help = match is_all && !is_hidden && !written.contains("\\u{") {
        true => format!("if it is text, put it in quotes: `{written}`"),
        false => "if it is text, put the whole value in quotes".into(),
    };
    let found = if is_hidden { "this".into() } else { quote(found) };
    Diagnostic::new(place, format!("{found} is not a TOML value")).help(help)
}

/// Returns the word at `at`, with its place. `None` where a number stands there, or nothing.
fn bare_word(text: &str, at: usize) -> Option<(Range<usize>, &str)> {
    let is_end = |c: char| c.is_whitespace() || "=,[]{}#\"'".contains(c);
    let at = text.floor_char_boundary(at);
    let start = text[..at].rfind(is_end).map_or(0, |before| text.ceil_char_boundary(before + 1));
    let end = text[at..].find(is_end).map_or(text.len(), |length| at + length);
    let word = text.get(start..end)?;
    word.starts_with(char::is_alphabetic).then_some((start..end, word))
}

fn hint(message: &str) -> Option<String> {
    let hint = if message.starts_with("invalid basic string") {
        r#"close the text with `"` on its own line; longer texts go between `"""` and `"""`"#
    } else if message.contains("escape") {
        r#"in text between `"`, a backslash is written `\\`; between `'` it stands for itself"#
    } else if message.contains("key") {
        r#"a line reads `key = "value"` or `[section]`"#
    } else {
        return None;
    };
    Some(hint.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_without_quotes_is_written_again_only_where_that_is_right() {
        for (text, message, help) in [
            ("before = Bearer hunter2", "this", None),
            ("grants = { env = { PW = my hunter2 } }", "this", None),
            ("grants = { secrets = [K hunter2] }", "this", None),
            ("grants = { env = { LANG = de_DE.UTF-8 } }", "this", None),
            ("before = Token", "`Token`", Some("\"Token\"")),
            ("description = Greets \"people\"", "`Greets`", None),
        ] {
            let fault = parse(text).expect_err("no TOML");
            assert_eq!(fault.message, format!("{message} is not a TOML value"), "{text}");
            let expected = match help {
                Some(written) => format!("if it is text, put it in quotes: `{written}`"),
                None => "if it is text, put the whole value in quotes".into(),
            };
            assert_eq!(fault.help.as_deref(), Some(&*expected), "{text}");
        }
        let digest = format!("sha256 = {}", "d2e86150f3a9c4b7".repeat(4));
        let help = parse(&digest).expect_err("no TOML").help.expect("help");
        assert!(!help.contains("..."), "{help}");
    }

    #[test]
    fn a_bare_word_is_told_to_want_quotes_whatever_it_begins_with() {
        for (value, help) in [
            ("imperial", "`\"imperial\"`"),
            ("metric", "`\"metric\"`"),
            ("none", "`\"none\"`"),
            ("null", "`\"null\"`"),
            ("tomorrow", "`\"tomorrow\"`"),
            ("fast", "`\"fast\"`"),
            ("True", "write `true`, in small letters"),
            ("FALSE", "write `false`, in small letters"),
        ] {
            for text in [
                format!("prefix = {value}\n"),
                format!("plugin = {{ prefix = {value} }} # c"),
                format!("prefix=[{value},1]"),
            ] {
                let fault = parse(&text).expect_err("no TOML");
                assert_eq!(fault.message, format!("`{value}` is not a TOML value"), "{text}");
                assert!(fault.help.expect("help").contains(help), "{text}");
                assert_eq!(text.get(fault.span), Some(value), "{text}");
            }
        }
        for text in ["a = 1.x", "a = 2026-13-99", "a = -inf-1"] {
            let message = parse(text).expect_err("no TOML").message;
            assert!(!message.contains("is not a TOML value"), "{text}: {message}");
        }
    }
}
