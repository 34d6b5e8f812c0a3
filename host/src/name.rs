//! Names that have been checked: of plugins, and of tools as a client sees them.
//!
//! Past the border of the program no bare string means a plugin or a tool. Where names come from
//! (manifests, guests, requests) is not known here.

use std::borrow::Borrow;
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::text::escape;

/// The longest name, in bytes, of a plugin or of a tool as a client sees it.
///
/// Model providers take 64; a client's own prefix (`mcp__toolrack__`) needs its room.
pub const MAX_NAME: usize = 48;
/// The bytes that the beginning of a name that is too long keeps at least; the last word may take [`MAX_TAIL`]. Between
/// them are two underscores and eight digits.
const MIN_START: usize = 8;
const MAX_TAIL: usize = MAX_NAME - MIN_START - 10;

/// A plugin's name: `[A-Za-z_][A-Za-z0-9_-]*`, at most [`MAX_NAME`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName(Box<str>);

/// A tool's public name: `[A-Za-z_][A-Za-z0-9_]*`, at most [`MAX_NAME`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolName(Box<str>);

/// The reason why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a name: expected {expected}, at most {MAX_NAME} characters", escape(.text))]
pub struct NameError {
    text: String,
    expected: &'static str,
}

impl PluginName {
    /// Checks `text`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check_own(text).map(|()| Self(text.into()))
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
        let fits = text.len() <= MAX_NAME && is_word(text);
        if fits { Ok(Self(text.into())) } else { Err(error(text, expected)) }
    }

    /// The public name of a plugin's tool: `<prefix>_<tool>`, or `<tool>` where the prefix is empty.
    ///
    /// Hyphens become underscores. A name that is too long keeps its beginning and its last word, which
    /// of a function is its own name; between them is a hash of the whole, so that it is the same on
    /// every start and on every machine.
    pub fn public(prefix: &str, tool: &str) -> Result<Self, NameError> {
        let joined = if prefix.is_empty() { tool.to_owned() } else { format!("{prefix}_{tool}") };
        let mut folded = joined.replace('-', "_");
        if folded.len() > MAX_NAME && is_word(&folded) {
            folded = shortened(&joined, &folded);
        }
        Self::new(&folded)
    }

    /// True if it is a name behind this prefix. No name is, behind an empty one.
    #[must_use]
    pub fn is_behind(&self, prefix: &str) -> bool {
        let (own, folded) = (self.0.as_bytes(), |byte| if byte == b'-' { b'_' } else { byte });
        let is_begun = || prefix.bytes().zip(own).all(|(byte, own)| folded(byte) == *own);
        !prefix.is_empty() && own.get(prefix.len()) == Some(&b'_') && is_begun()
    }

    /// True if a plugin of this prefix might have a tool of this name.
    #[must_use]
    pub fn may_begin_with(&self, prefix: &str) -> bool {
        let folded = prefix.replace('-', "_");
        // A name that is too long may have lost what comes after, and underscores before the cut.
        let start = folded.get(..MIN_START).unwrap_or(&folded).trim_end_matches('_');
        let rest = self.0.strip_prefix(start);
        rest.is_some_and(|rest| {
            folded.is_empty() || folded.len() >= MIN_START || rest.starts_with('_')
        })
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

/// `<start>_<hash>_<tail>` of a name that is too long: `joined` as it is, `folded` without hyphens. The
/// two have the same length.
fn shortened(joined: &str, folded: &str) -> String {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(joined.as_bytes()));
    let hash = format!("{:08x}", u32::from_be_bytes([a, b, c, d]));
    let last = joined.rsplit('_').next().unwrap_or_default();
    let tail = &folded[folded.len() - last.len().min(MAX_TAIL)..];
    let start = &folded[..MAX_NAME - tail.len() - hash.len() - 2];
    format!("{}_{hash}_{tail}", start.trim_end_matches('_'))
}

fn error(text: &str, expected: &'static str) -> NameError {
    NameError { text: text.chars().take(80).collect(), expected }
}

/// Checks a name that an author chose: of a plugin, or of what it calls its own, such as a tool or a
/// parameter. Hyphens are folded where a client sees it.
pub fn check_own(text: &str) -> Result<(), NameError> {
    let is_word = !text.starts_with('-') && is_word(&text.replace('-', "_"));
    let expected = "a letter or `_`, then letters, digits, `_` or `-`";
    if text.len() <= MAX_NAME && is_word { Ok(()) } else { Err(error(text, expected)) }
}

/// True if `text` is `[A-Za-z_][A-Za-z0-9_]*`, as variables are named too.
pub(crate) fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(prefix: &str, tool: &str, expected: &str) {
        assert_eq!(ToolName::public(prefix, tool).expect("a name").as_str(), expected);
    }

    #[test]
    fn a_name_is_behind_its_prefix_and_an_underscore() {
        let name = ToolName::new("my_notes_read").expect("a name");
        for (prefix, expected) in [
            ("my", true),
            ("my-notes", true),
            ("my_notes", true),
            ("my_notes_read", false),
            ("my_notes_read_all", false),
            ("m", false),
            ("my_note", false),
            ("yours", false),
            ("", false),
        ] {
            assert_eq!(name.is_behind(prefix), expected, "{prefix}");
        }
    }

    #[test]
    fn public_names_are_prefixed_and_folded() {
        check("weather", "get-weather", "weather_get_weather");
        check("my-plugin", "do_it", "my_plugin_do_it");
        check("", "plain", "plain");
    }

    #[test]
    fn a_long_name_keeps_its_beginning_and_its_last_word() {
        check(
            "calculator",
            "local_calculator_operations_0_1_0_divide-exactly",
            "calculator_local_calcula_4aec40c9_divide_exactly",
        );
        let long = "a".repeat(60);
        let name = ToolName::public("p", &long).expect("a name");
        assert_eq!(name.as_str().len(), MAX_NAME);
        assert_ne!(name, ToolName::public("p", &"a".repeat(61)).expect("a name"));
        check("_", &"_".repeat(60), "_d935428b_");
    }

    proptest! {
        #[test]
        fn a_public_name_is_one_and_keeps_the_function_s_own(
            prefix in "([a-z][a-z0-9_-]{0,30})?",
            interface in "[a-z][a-z0-9_-]{0,120}",
            function in "[a-z][a-z0-9-]{0,29}",
        ) {
            let tool = format!("{interface}_{function}");
            let name = ToolName::public(&prefix, &tool).expect("a name");
            prop_assert!(ToolName::new(name.as_str()).is_ok(), "{name}");
            prop_assert!(name.as_str().ends_with(&function.replace('-', "_")), "{name}");
            prop_assert_eq!(&name, &ToolName::public(&prefix, &tool).expect("a name"));
            let whole = if prefix.is_empty() { tool } else { format!("{prefix}_{tool}") };
            if whole.len() <= MAX_NAME {
                prop_assert_eq!(name.as_str(), whole.replace('-', "_"));
            }
        }

        #[test]
        fn a_name_may_begin_with_its_prefix(
            prefix in "([a-z_][a-z0-9_-]{0,47})?",
            tool in "[a-z][a-z0-9_-]{0,80}",
        ) {
            let name = ToolName::public(&prefix, &tool).expect("a name");
            prop_assert!(name.may_begin_with(&prefix), "{name}");
        }

        #[test]
        fn other_long_names_are_others(tool in "[a-z]{60}", other in "[a-z]{60}") {
            let public = |tool: &str| ToolName::public("p", tool).expect("a name");
            prop_assert_eq!(public(&tool) == public(&other), tool == other);
        }
    }

    #[test]
    fn a_name_does_not_begin_with_another_prefix() {
        let name = ToolName::new("weather_get").expect("a name");
        for (prefix, may) in [("weather", true), ("", true), ("weather-get", true), ("weat", false)]
        {
            assert_eq!(name.may_begin_with(prefix), may, "{prefix}");
        }
        assert!(!name.may_begin_with("weathering-heights"));
        assert!(name.may_begin_with("weather_"));
    }

    #[test]
    fn text_that_no_client_accepts_is_refused() {
        for text in ["", "1a", "a b", "ä", "a.b", "a\n", "a/b", &"a".repeat(49)] {
            assert!(PluginName::new(text).is_err(), "{text}");
            assert!(ToolName::new(text).is_err(), "{text}");
        }
        assert!(ToolName::new("a-b").is_err());
        assert!(PluginName::new("a-b").is_ok() && PluginName::new("-a").is_err());
        assert!(ToolName::public("p", "no space").is_err());
    }
}
