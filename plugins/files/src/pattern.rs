//! What is looked for: names by a glob, lines by a regular expression. Both take time in proportion to
//! what they search, so neither can run away.

use regex::{Regex, RegexBuilder};

/// Longest glob and pattern, in bytes, and the memory that a compiled pattern may take.
const MAX_LENGTH: usize = 1_000;
const MAX_COMPILED: usize = 4 * 1024 * 1024;

/// A glob over paths below a directory.
pub struct Names(String);

impl Names {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches("./");
        match text.len() {
            0 => Err("`glob` is empty; write one such as `*.md` or `**/*.md`".into()),
            1..=MAX_LENGTH => Ok(Self(text.into())),
            length => Err(format!("`glob` is {length} bytes long; the limit is {MAX_LENGTH}")),
        }
    }

    pub fn matches(&self, below: &str) -> bool {
        fast_glob::glob_match(&self.0, below)
    }
}

/// A pattern over lines.
pub struct Lines(Regex);

impl Lines {
    pub fn parse(text: &str, literal: bool, ignore_case: bool) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(format!("`pattern` has {} bytes; write 1 to {MAX_LENGTH}", text.len()));
        }
        let expression = if literal { regex::escape(text) } else { text.to_owned() };
        let built = RegexBuilder::new(&expression)
            .case_insensitive(ignore_case)
            .size_limit(MAX_COMPILED)
            .build();
        // The error shows the pattern with a mark under the place.
        built.map(Self).map_err(|error| format!("`pattern`: {error}"))
    }

    pub fn matches(&self, line: &str) -> bool {
        self.0.is_match(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_those_of_shells() {
        let check = |glob: &str, path: &str, expected| {
            assert_eq!(Names::parse(glob).unwrap().matches(path), expected, "{glob} on {path}");
        };
        check("*.md", "a.md", true);
        check("*.md", "b/a.md", false);
        check("**/*.md", "a.md", true);
        check("**/*.md", "b/c/a.md", true);
        check("./*.{md,txt}", "a.txt", true);
        check("2026-??/[ab]*", "2026-11/bee", true);
        check("**", "b/c", true);
        assert!(Names::parse("").is_err());
        assert!(Names::parse(&"*".repeat(2_000)).is_err());
    }

    #[test]
    fn patterns_are_regular_or_literal() {
        let check = |text: &str, literal, line: &str, expected| {
            let found = Lines::parse(text, literal, true).unwrap().matches(line);
            assert_eq!(found, expected, "{text} on {line}");
        };
        check("^todo|b.c$", false, "TODO: it", true);
        check("b.c", true, "abc", false);
        check("b.c", true, "a B.C", true);
        let error = Lines::parse("a(b", false, false).err().unwrap();
        assert!(error.contains("unclosed group"), "{error}");
        assert!(Lines::parse("", true, true).is_err());
    }
}
