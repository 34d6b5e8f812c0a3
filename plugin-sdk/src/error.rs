//! The reason why a call gave no answer: [`ToolError`].

use std::fmt::Display;

use crate::Content;

/// The reason why a call gave no answer. The model reads it and may try again, so say what would have worked.
///
/// Every error type that can be displayed turns into one with `?`, with its sources if it shows them
/// in the alternate form (`{:#}`), as `anyhow::Error` does. For that reason `ToolError` itself is not
/// `Display`.
///
/// ```
/// use toolrack_sdk::ToolError;
///
/// fn parse(text: &str) -> Result<u32, ToolError> {
///     if text.len() > 9 {
///         return Err(ToolError::invalid_arguments("`text` is too long: write at most 9 digits"));
///     }
///     Ok(text.parse()?)
/// }
/// assert_eq!(parse("x").unwrap_err(), ToolError::new("invalid digit found in string"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    InvalidArguments(String),
    Failed(Vec<Content>),
}

impl ToolError {
    /// The tool did its work and it failed.
    pub fn new(reason: impl Display) -> Self {
        Self(Kind::Failed(vec![Content::text(format!("{reason:#}"))]))
    }

    /// The arguments cannot be used, although they fit the schema: say which, and what would do.
    pub fn invalid_arguments(reason: impl Display) -> Self {
        Self(Kind::InvalidArguments(format!("{reason:#}")))
    }

    /// The tool failed and shows how, such as with a screenshot.
    pub fn with_content(content: Vec<Content>) -> Self {
        Self(Kind::Failed(content))
    }

    pub(crate) fn into_kind(self) -> Kind {
        self.0
    }
}

impl<E: Display> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}
