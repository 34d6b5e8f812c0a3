//! Names that have been checked: of plugins, and of tools as a client sees them.
//!
//! Past the border of the program no bare string means a plugin or a tool. Where names come from
//! (manifests, guests, requests) is not known here.

use std::borrow::Borrow;
use std::fmt;

use sha2::{Digest as _, Sha256};

/// The longest name, in bytes, of a plugin or of a tool as a client sees it.
///
/// Model providers take 64; a client's own prefix (`mcp__toolrack__`) needs its room.
pub const MAX_NAME: usize = 48;

/// A plugin's name: `[A-Za-z_][A-Za-z0-9_-]*`, at most [`MAX_NAME`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName(Box<str>);

/// A tool's public name: `[A-Za-z_][A-Za-z0-9_]*`, at most [`MAX_NAME`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolName(Box<str>);

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a name: expected {expected}, at most {MAX_NAME} characters", .text.escape_debug())]
pub struct NameError {
    text: String,
    expected: &'static str,
}

impl PluginName {
    /// Checks `text`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let expected = "a letter or `_`, then letters, digits, `_` or `-`";
        if is_name(text, true) { Ok(Self(text.into())) } else { Err(error(text, expected)) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ToolName {
    /// Checks `text`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let expected = "a letter or `_`, then letters, digits or `_`";
        if is_name(text, false) { Ok(Self(text.into())) } else { Err(error(text, expected)) }
    }

    /// The public name of a plugin's tool: `<prefix>_<tool>`, or `<tool>` where the prefix is empty.
    ///
    /// Hyphens become underscores. A name that is too long keeps its beginning and ends in a hash of
    /// the whole, so that it is the same on every start and on every machine.
    pub fn public(prefix: &str, tool: &str) -> Result<Self, NameError> {
        let joined = if prefix.is_empty() { tool.to_owned() } else { format!("{prefix}_{tool}") };
        let mut folded = joined.replace('-', "_");
        if folded.len() > MAX_NAME && is_word(&folded, false) {
            let hash = Sha256::digest(joined.as_bytes());
            folded.truncate(MAX_NAME - 9);
            folded.push('_');
            folded.extend(hash.iter().take(4).map(|byte| format!("{byte:02x}")));
        }
        Self::new(&folded)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ToolName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn error(text: &str, expected: &'static str) -> NameError {
    NameError { text: text.chars().take(80).collect(), expected }
}

fn is_name(text: &str, hyphen: bool) -> bool {
    text.len() <= MAX_NAME && is_word(text, hyphen)
}

fn is_word(text: &str, hyphen: bool) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || (hyphen && b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(prefix: &str, tool: &str, expected: &str) {
        assert_eq!(ToolName::public(prefix, tool).expect("a name").as_str(), expected);
    }

    #[test]
    fn public_names_are_prefixed_and_folded() {
        check("weather", "get-weather", "weather_get_weather");
        check("my-plugin", "do_it", "my_plugin_do_it");
        check("", "plain", "plain");
    }

    #[test]
    fn a_long_name_ends_in_a_stable_hash() {
        let long = "a".repeat(60);
        let name = ToolName::public("p", &long).expect("a name");
        assert_eq!(name.as_str().len(), MAX_NAME);
        assert_eq!(name, ToolName::public("p", &long).expect("a name"));
        assert_ne!(name, ToolName::public("p", &"a".repeat(61)).expect("a name"));
    }

    #[test]
    fn text_that_no_client_accepts_is_refused() {
        for text in ["", "1a", "a b", "ä", "a.b", "a\n", "a/b", &"a".repeat(49)] {
            assert!(PluginName::new(text).is_err(), "{text}");
            assert!(ToolName::new(text).is_err(), "{text}");
        }
        assert!(ToolName::new("a-b").is_err());
        assert!(ToolName::public("p", "no space").is_err());
    }
}
