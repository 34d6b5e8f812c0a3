//! Finding and replacing. Knows patterns that are checked already.

use crate::pattern::{self, check_replacement};
use regex::Regex;
use std::collections::BTreeMap;

/// Longest text that is returned: 20,000 tokens are more than any model reads with care.
pub const MAX_RESULT: usize = 80_000;

#[derive(Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Found {
    /// How many there are in all.
    pub total: usize,
    pub matches: Vec<Match>,
    /// True if matches within the limit were left out because the answer was full.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Match {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub text: String,
    /// By number or name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, String>,
}

/// The matches of `pattern`, of which the first `limit` are shown.
pub fn find(text: &str, pattern: &Regex, limit: usize) -> Result<Found, String> {
    // Counting alone takes a fraction of the work of telling groups apart.
    let mut found = Found {
        total: pattern.find_iter(text).count(),
        matches: Vec::new(),
        cut: false,
        note: None,
    };
    let mut place = Place { line: 1, column: 1, at: 0 };
    let mut size = 0;
    for captures in pattern.captures_iter(text).take(limit) {
        let Some(whole) = captures.get(0) else { continue };
        place.advance(text, whole.start());
        let names = pattern.capture_names().enumerate().skip(1);
        let groups: BTreeMap<String, String> = names
            .filter_map(|(number, name)| {
                let name = name.map_or_else(|| number.to_string(), str::to_string);
                Some((name, captures.get(number)?.as_str().to_string()))
            })
            .collect();
        // A match without groups still takes as much as its place.
        size += whole.len() + groups.values().map(String::len).sum::<usize>() + 40;
        if size > MAX_RESULT && found.matches.is_empty() {
            return Err(format!(
                "the first match is longer than {MAX_RESULT} bytes; use a pattern that matches less"
            ));
        }
        if size > MAX_RESULT {
            found.cut = true;
            break;
        }
        let Place { line, column, .. } = place;
        found.matches.push(Match { line, column, text: whole.as_str().to_string(), groups });
    }
    Ok(found)
}

/// A place in a text, which moves on with the matches: counting from the start for each of them
/// would read the text as often.
struct Place {
    line: usize,
    column: usize,
    at: usize,
}

impl Place {
    fn advance(&mut self, text: &str, to: usize) {
        let passed = &text[self.at..to];
        self.line += passed.matches('\n').count();
        match passed.rsplit_once('\n') {
            Some((_, after)) => self.column = after.chars().count() + 1,
            None => self.column += passed.chars().count(),
        }
        self.at = to;
    }
}

#[derive(Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Replaced {
    pub replacements: usize,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The text that a match is replaced with.
#[derive(Clone, Copy)]
pub enum Replacement<'a> {
    /// A text in which `$1` and `${name}` stand for groups.
    Template(&'a str),
    Literal(&'a str),
}

/// `text` with the first `limit` matches replaced.
pub fn replace(
    text: &str,
    pattern: &Regex,
    replacement: Replacement<'_>,
    limit: usize,
) -> Result<Replaced, String> {
    if let Replacement::Template(template) = replacement {
        check_replacement(pattern, template)?;
    }
    let mut replaced = Replaced { replacements: 0, text: String::new(), note: None };
    let mut done = 0;
    for captures in pattern.captures_iter(text).take(limit) {
        let Some(whole) = captures.get(0) else { continue };
        replaced.text.push_str(&text[done..whole.start()]);
        match replacement {
            Replacement::Literal(literal) => replaced.text.push_str(literal),
            Replacement::Template(template) => {
                // No group is longer than the match, so this much is certain before the work.
                let most = template.matches('$').count() * whole.len() + template.len();
                check_length(most.saturating_sub(MAX_RESULT))?;
                captures.expand(template, &mut replaced.text);
            }
        }
        check_length(replaced.text.len())?;
        done = whole.end();
        replaced.replacements += 1;
    }
    replaced.text.push_str(&text[done..]);
    check_length(replaced.text.len())?;
    if let (Replacement::Template(template), 1..) = (replacement, replaced.replacements) {
        replaced.note = pattern::note(template);
    }
    Ok(replaced)
}

fn check_length(length: usize) -> Result<(), String> {
    if length <= MAX_RESULT {
        return Ok(());
    }
    Err(format!(
        "the text would be longer than {MAX_RESULT} bytes after the replacement; replace it in parts"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::pattern;

    #[test]
    fn matches_come_with_place_and_groups() {
        let check = |text: &str, expression: &str, limit, expected: &str| {
            let found = find(text, &pattern(expression, false, false).unwrap(), limit).unwrap();
            let shown = found.matches.iter().map(|found| {
                let Match { line, column, text, groups } = found;
                let groups: Vec<String> = groups.iter().map(|(k, v)| format!(" {k}={v}")).collect();
                format!("{line}:{column} {text}{}", groups.concat())
            });
            let shown: Vec<String> = shown.collect();
            assert_eq!(format!("{} | {}", found.total, shown.join(", ")), expected, "{expression}");
        };
        check("ab\nüb ab", "b", 10, "3 | 1:2 b, 2:2 b, 2:5 b");
        check("ab\nüb ab", "b", 2, "3 | 1:2 b, 2:2 b");
        check("a\n\nb", "(?m)^$", 10, "1 | 2:1 ");
        check("k=1, x=", r"(\w)=(?<value>\d)?", 10, "2 | 1:1 k=1 1=k value=1, 1:6 x= 1=x");
        check("abc", "x", 10, "0 | ");
        check("one\r\ntwo\r\n", r"(?m)^\w+$", 10, "2 | 1:1 one, 2:1 two");
        check("one\r\n\r\ntwo", "(?m)^$", 10, "1 | 2:1 ");
        check("ab\r\ncd", ".+", 10, "2 | 1:1 ab, 2:1 cd");
        check("日本\n語", r"\p{Han}$", 10, "1 | 2:1 語");
    }

    #[test]
    fn matches_are_replaced() {
        let check = |text: &str, expression: &str, replacement, limit, expected: &str, count| {
            let pattern = pattern(expression, false, false).unwrap();
            let found = replace(text, &pattern, replacement, limit).unwrap();
            assert_eq!(
                (found.text.as_str(), found.replacements),
                (expected, count),
                "{expression}"
            );
        };
        use Replacement::{Literal, Template};
        check("2026-03", r"(\d+)-(\d+)", Template("$2/$1"), 9, "03/2026", 1);
        check("aaa", "a", Template("b"), 2, "bba", 2);
        check("aaa", "x", Template("b"), 9, "aaa", 0);
        check("price", "price", Literal("$1"), 9, "$1", 1);
        check("ab", "x*", Template("-"), 9, "-a-b-", 3);
        check("a\r\nb\r\n", "(?m)$", Literal(";"), 2, "a;\r\nb;\r\n", 2);
        let noted = |replacement| {
            let pattern = pattern("a", false, false).unwrap();
            replace("a", &pattern, replacement, 9).unwrap().note.is_some()
        };
        assert!(noted(Template("\\n")) && !noted(Literal("\\n")));
        check("a \r\nb\t\r\n", "(?m)[ \\t]+$", Literal(""), 9, "a\r\nb\r\n", 2);
    }

    #[test]
    fn too_long_a_result_is_refused_before_it_is_built() {
        let check = |replacement| {
            let text = "a".repeat(300_000);
            let found = replace(&text, &pattern("a+", false, false).unwrap(), replacement, 9);
            assert!(found.unwrap_err().contains("longer than 80000 bytes"));
        };
        let (groups, plain) = ("$0".repeat(100_000), "b".repeat(300_000));
        check(Replacement::Template(&groups));
        check(Replacement::Literal(&plain));
        let text = "a\n".repeat(200_000);
        let found = find(&text, &pattern("a", false, false).unwrap(), 100_000).unwrap();
        assert!(found.cut && found.total == 200_000 && found.matches.len() < 2_000);
        let found = find(&text, &pattern("(?s).+", false, false).unwrap(), 1);
        assert!(found.unwrap_err().contains("the first match is longer than 80000 bytes"));
    }
}
