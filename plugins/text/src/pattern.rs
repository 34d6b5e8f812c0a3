//! The pattern to look for: a regular expression or plain text, checked before use. Its engine takes time
//! in proportion to pattern and text, so no pattern can make it run away.

use regex::{Regex, RegexBuilder};

use crate::foreign::{self, has_group};

/// Longest pattern, and memory that one may take when compiled: `\w{1000}{1000}` would take all.
const MAX_LENGTH: usize = 10_000;
const MAX_COMPILED: usize = 4 * 1024 * 1024;

/// The pattern as something that searches.
pub fn pattern(text: &str, literal: bool, ignore_case: bool) -> Result<Regex, String> {
    if text.is_empty() {
        return Err("`pattern` is empty: it would match between any two characters".to_string());
    }
    if text.len() > MAX_LENGTH {
        return Err(format!("`pattern` is {} bytes long; the limit is {MAX_LENGTH}", text.len()));
    }
    let expression = if literal { regex::escape(text) } else { text.to_string() };
    RegexBuilder::new(&expression)
        .case_insensitive(ignore_case)
        // Lines end with LF or CRLF, wherever the text comes from: `$` is before both, `.` is neither.
        .crlf(true)
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| explain(&error))
}

fn explain(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            "`pattern` is too large when its repetitions are written out; use smaller counts"
                .to_string()
        }
        // It shows the pattern with a mark under the place.
        error => {
            let hint = match error.to_string() {
                text if text.contains("look-around") || text.contains("backreference") => {
                    "\n(this engine has neither, so that no pattern can take for ever)"
                }
                _ => "",
            };
            format!("`pattern`: {error}{hint}")
        }
    }
}

/// Refuses a replacement that names a group the pattern does not have: it would vanish in silence. So is one that names a
/// group, or changes case, as other engines do: that would be put in as it stands.
pub fn check_replacement(pattern: &Regex, replacement: &str) -> Result<(), String> {
    if let Some(found) = foreign::first(replacement) {
        return Err(found.explain(pattern));
    }
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let braced = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let name = match braced {
            Some((name, _)) => name,
            None => {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())]
            }
        };
        let known = has_group(pattern, name);
        // A `$` before anything else stands for itself.
        if !name.is_empty() && !known {
            let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
            let hint = match name.strip_prefix(digits.as_str()) {
                Some(after) if braced.is_none() && !digits.is_empty() && !after.is_empty() => {
                    format!("${{{digits}}}{after} for group {digits}, or ")
                }
                _ => String::new(),
            };
            let groups = foreign::groups(pattern);
            let groups =
                groups.map_or_else(String::new, |groups| format!("; its groups are {groups}"));
            return Err(format!(
                "`replacement` uses group `{name}`, which `pattern` does not have; write {hint}$$ \
                 for a dollar sign{groups}"
            ));
        }
    }
    Ok(())
}

/// Tells that a backslash in a replacement is one, where that may be meant as another character.
pub fn note(replacement: &str) -> Option<String> {
    let escapes = [("\\n", "a line break"), ("\\r", "a carriage return"), ("\\t", "a tab")];
    let (escape, what) = escapes.into_iter().find(|(escape, _)| replacement.contains(escape))?;
    Some(format!(
        "`{escape}` in `replacement` was put in as it stands; {what} is written as that character itself"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_regular_or_literal() {
        let check = |text: &str, literal, ignore_case, sample: &str, expected| {
            let found = pattern(text, literal, ignore_case).unwrap().is_match(sample);
            assert_eq!(found, expected, "{text} in {sample}");
        };
        check("a.c", false, false, "abc", true);
        check("a.c", true, false, "abc", false);
        check("a.c", true, false, "a.c", true);
        check("ÄB", true, true, "äb", true);
        check(r"^\p{Lu}\w+$", false, false, "Übung", true);
        check("(?m)^b$", false, false, "a\nb", true);
        check("(?m)^b$", false, false, "a\r\nb\r\nc", true);
        check("a.", false, false, "a\r\n", false);
        check("(?s)a.", false, false, "a\r\n", true);
    }

    #[test]
    fn a_wrong_pattern_is_shown_where_it_is_wrong() {
        let check = |text: &str, part: &str| {
            let message = pattern(text, false, false).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        };
        check("", "`pattern` is empty");
        check("a(b", "    a(b\n     ^\nerror: unclosed group");
        check("[z-a]", "invalid character class range");
        check("(?=a)", "has neither");
        check(r"(a)\1", "has neither");
        check(r"\w{1000}{1000}", "too large when its repetitions are written out");
        check(&"a".repeat(20_000), "20000 bytes long; the limit is 10000");
    }

    #[test]
    fn a_replacement_names_groups_that_exist() {
        let check = |replacement: &str, expected: Result<(), &str>| {
            let pattern = pattern(r"(?<year>\d+)-(\d+)", false, false).unwrap();
            match (check_replacement(&pattern, replacement), expected) {
                (Ok(()), expected) => assert_eq!(Ok(()), expected, "{replacement}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{replacement}: {found}"),
                (Err(found), Ok(())) => panic!("{replacement}: {found}"),
            }
        };
        check("plain", Ok(()));
        check("$2/$1 $0 ${year} $year.", Ok(()));
        check("$$9 costs $ 5 ${2}0", Ok(()));
        check("$3", Err("write $$ for a dollar sign; its groups are ${year}, ${2}"));
        check(
            "$1a",
            Err("uses group `1a`, which `pattern` does not have; write ${1}a for group 1"),
        );
        check("${month}", Err("uses group `month`"));
        check(r"\2/\1", Err(r"has `\2`, which is no group here; write ${2}, or"));
        check("$<year>", Err("write ${year}"));
        check(r"C:\new \", Ok(()));
    }

    #[test]
    fn a_backslash_that_stands_for_itself_is_told() {
        assert_eq!(
            note(r"a\nb").as_deref(),
            Some(
                r"`\n` in `replacement` was put in as it stands; a line break is written as that character itself"
            )
        );
        assert!(note(r"\t").is_some_and(|note| note.contains("a tab is written")));
        assert_eq!(note("a\nb \\d"), None);
    }
}
