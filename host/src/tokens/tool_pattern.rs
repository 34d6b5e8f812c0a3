//! Patterns of tools' public names, in which `*` stands for any text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A pattern: a name, in which each `*` stands for any text, none included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ToolPattern(String);

/// The longest pattern, in bytes.
const MAX_TOOL_PATTERN: usize = 256;

impl ToolPattern {
    /// True if it stands for this name.
    #[must_use]
    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        // The earliest place is as good as any: what follows has the most room.
        for piece in pieces {
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last)
    }
}

impl FromStr for ToolPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for ToolPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-.*/".contains(c);
        match !text.is_empty() && text.len() <= MAX_TOOL_PATTERN && text.chars().all(fits) {
            true => Ok(Self(text)),
            false => {
                Err("expected the name of a tool, in which `*` stands for any text, as in files_*"
                    .into())
            }
        }
    }
}

impl From<ToolPattern> for String {
    fn from(pattern: ToolPattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for ToolPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, matches) in [
            ("files_read", "files_read", true),
            ("files_read", "files_reads", false),
            ("files_read", "my_files_read", false),
            ("files_*", "files_read", true),
            ("files_*", "files_", true),
            ("files_*", "files", false),
            ("*", "anything", true),
            ("*_read", "files_read", true),
            ("*_read", "files_read_all", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("**", "", true),
        ] {
            let pattern: ToolPattern = pattern.parse().expect("a pattern");
            assert_eq!(pattern.matches(name), matches, "{pattern} {name}");
        }
        for wrong in ["", "files *", "fil?s", "ä*", &"a".repeat(257)] {
            assert!(wrong.parse::<ToolPattern>().is_err(), "{wrong}");
        }
    }
}
