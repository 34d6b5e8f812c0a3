//! The fault for which a call's arguments cannot be read: its place, what was expected there and
//! what was found.

use serde_json::value::RawValue;

use crate::text::{clip, escape};

/// The place of a value that cannot be read, and the problem with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArgumentError {
    /// A JSON pointer, made from its end.
    place: String,
    problem: String,
}

impl std::fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &*self.place {
            "" => write!(f, "at the top: {}", escape(&self.problem)),
            place => write!(f, "at `{}`: {}", escape(place), escape(&self.problem)),
        }
    }
}

impl ArgumentError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { place: String::new(), problem: problem.into() }
    }

    pub(crate) fn within(self, member: impl std::fmt::Display) -> Self {
        Self { place: format!("/{member}{}", self.place), ..self }
    }
}

/// The first of `names`, for a message.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.take(20).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

/// Describes the value in `raw`, for a message.
pub(crate) fn shown(raw: &RawValue) -> String {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => "an object".into(),
        Some(b'[') => "a list".into(),
        Some(b'"') => format!("the string {}", short(text)),
        _ => format!("`{}`", short(text)),
    }
}

pub(crate) fn short(text: &str) -> &str {
    clip(text, 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_shown_on_one_line_and_without_controls() {
        let fault = || ArgumentError::new("found `\n\u{202e}`");
        assert_eq!(fault().to_string(), "at the top: found `\\n\\u{202e}`");
        assert_eq!(fault().within("\u{1b}a").to_string(), "at `/\\u{1b}a`: found `\\n\\u{202e}`");
    }
}
