//! The parser of a `.env` file: text to names and values. Pure: files are read elsewhere.
//!
//! `KEY=VALUE`, one a line; `export ` before it, comments after `#`, values in single quotes (as they
//! are) or double quotes (with `\n`, `\t`, `\r`, `\"`, `\\` and `\$`). Nothing is substituted.

use std::collections::BTreeMap;

use super::Secret;
use crate::manifest::SecretName;

/// Parses a file: its values, and the numbers of lines that cannot be understood. Of two values for one
/// name, the later counts.
pub(super) fn parse(text: &str) -> (BTreeMap<SecretName, Secret>, Vec<usize>) {
    let mut values = BTreeMap::new();
    let mut odd = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match entry(line) {
            Some((name, value)) => drop(values.insert(name, Secret::new(value))),
            None => odd.push(at + 1),
        }
    }
    (values, odd)
}

fn entry(line: &str) -> Option<(SecretName, String)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = SecretName::new(name.trim()).ok()?;
    let value = value.trim_start();
    let value = match value.chars().next() {
        Some('\'') => {
            let (inside, after) = value[1..].split_once('\'')?;
            ends(after).then(|| inside.to_owned())?
        }
        Some('"') => quoted(&value[1..])?,
        _ => bare(value).to_owned(),
    };
    Some((name, value))
}

/// A value without quotes ends at a `#` that begins a word.
fn bare(value: &str) -> &str {
    let comment = value.char_indices().find(|&(at, c)| {
        c == '#' && value[..at].chars().next_back().is_none_or(char::is_whitespace)
    });
    comment.map_or(value, |(at, _)| &value[..at]).trim_end()
}

fn quoted(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return ends(chars.as_str()).then_some(value),
            '\\' => value.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('"' | '\\' | '$') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
}

/// True if nothing but a comment follows a closing quote.
fn ends(after: &str) -> bool {
    let rest = after.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)], odd: &[usize]) {
        let (values, lines) = parse(text);
        let values: Vec<_> =
            values.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(values, expected, "{text:?}");
        assert_eq!(lines, odd, "{text:?}");
    }

    #[test]
    fn names_and_values_are_read_as_people_write_them() {
        check(
            "A=1\nexport B = two words \n\n# C=3\r\nD=",
            &[("A", "1"), ("B", "two words"), ("D", "")],
            &[],
        );
        check("A=x#y # z\nB=#", &[("A", "x#y"), ("B", "")], &[]);
        check(
            "A='a # $B \\n' # c\nB=\"a\\n\\\"b\\\" \\$\"",
            &[("A", "a # $B \\n"), ("B", "a\n\"b\" $")],
            &[],
        );
        check("\u{feff}A=1\nA=2", &[("A", "2")], &[]);
        check("A=a=b==", &[("A", "a=b==")], &[]);
    }

    #[test]
    fn a_line_that_says_nothing_is_told_by_its_number() {
        check("A\n=1\n1A=2\nB=\"open\nC='x' y\nD=\"\\q\"\nE=1", &[("E", "1")], &[1, 2, 3, 4, 5, 6]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,200}|[A-Z=\"'\\\\# \n]{0,200}") {
            let _ = parse(&text);
        }
    }
}
