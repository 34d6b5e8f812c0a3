//! An access token of an authorization server, as far as it is known once it was found valid.

use std::fmt;
use std::sync::Arc;

/// The text of a token. It is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct TokenText(Arc<str>);

impl TokenText {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(hidden)")
    }
}

/// A valid access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessToken {
    /// Its text, by which it is looked at again.
    pub(crate) text: TokenText,
    /// The time at which it ends, in seconds since 1970. `None` where its issuer does not say.
    pub(crate) ends: Option<u64>,
    /// Its scopes, of those that stand for tools.
    pub(crate) scopes: Arc<[Arc<str>]>,
}
