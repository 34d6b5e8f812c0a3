//! The pattern that lines are searched for: a regular expression or a plain text. It takes time in proportion to what it searches,
//! so it cannot run away.

use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes, and the memory that a compiled pattern may take.
const MAX_LENGTH: usize = 1_000;
const MAX_COMPILED: usize = 4 * 1024 * 1024;

/// A pattern over lines.
pub struct Pattern(Regex);

impl Pattern {
    pub fn parse(text: &str, literal: bool, ignore_case: bool) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(format!("`pattern` has {} bytes; write 1 to {MAX_LENGTH}", text.len()));
        }
        if literal && text.contains('\n') {
            return Err("`pattern` has a line break in it, and each line is searched alone; look for one of its lines".into());
        }
        let expression = if literal { regex::escape(text) } else { text.to_owned() };
        let built = RegexBuilder::new(&expression)
            .case_insensitive(ignore_case)
            .size_limit(MAX_COMPILED)
            .build();
        // The error shows the pattern with a mark under the place.
        built.map(Self).map_err(|error| format!("`pattern`: {error}"))
    }

    /// The byte of the line where the first match begins.
    pub fn find(&self, line: &str) -> Option<usize> {
        self.0.find(line).map(|found| found.start())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_regular_or_literal() {
        let check = |text: &str, literal, line: &str, expected| {
            let found = Pattern::parse(text, literal, true).unwrap().find(line);
            assert_eq!(found, expected, "{text} on {line}");
        };
        check("^todo|b.c$", false, "TODO: it", Some(0));
        check("b.c", true, "abc", None);
        check("b.c", true, "a B.C", Some(2));
        check("\\bcaf.\\b", false, "un caf\u{e9}", Some(3));
        let error = Pattern::parse("a(b", false, false).err().unwrap();
        assert!(error.contains("unclosed group"), "{error}");
        assert!(Pattern::parse("", true, true).is_err());
        assert!(Pattern::parse("a\nb", true, true).err().unwrap().contains("line break"));
    }
}
