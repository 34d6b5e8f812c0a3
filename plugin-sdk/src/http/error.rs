//! The reason why there is no answer: [`Error`].

use std::fmt;

/// The reason why there is no answer. Each is a sentence that a model can act on, and `?` makes a
/// [`ToolError`](crate::ToolError) of it.
///
/// ```
/// use toolrack_sdk::http::{self, Error};
///
/// http::mock(|_| Err(Error::Timeout("https://api.example.com".into())));
/// let error = http::get("https://api.example.com/slow").send().unwrap_err();
/// assert_eq!(error.to_string(), "https://api.example.com did not answer in time; try again later");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host did not send the request, and says what the manifest lacks.
    Denied(String),
    /// The request cannot be sent as it is: what is wrong with it.
    Invalid(String),
    /// There is no connection: to which origin, and why.
    Connect(String),
    /// The answer, or a part of it, did not come in time: from which origin.
    Timeout(String),
    /// There is no connection that can be trusted: to which origin, and why.
    Tls(String),
    /// More bytes than may be: of what, and how many may be.
    TooLarge(String),
    /// The answer is not HTTP, or broke off: from which origin, and what happened.
    Protocol(String),
    /// The body is not what it was read as: what is wrong with it.
    Body(String),
}

#[cfg(any(test, target_family = "wasm"))]
impl Error {
    /// The reason why a body ended early, from the host's words about its stream. Toolrack's wasmtime gives words
    /// there and no code.
    pub(super) fn in_body(words: &str, origin: &str) -> Self {
        if words.contains("timeout") {
            return Self::Timeout(origin.into());
        }
        if words.contains("body size exceeds limit") {
            let most = words.split_whitespace().find_map(|word| word.parse().ok());
            return Self::too_large("the body of the answer", most);
        }
        Self::Protocol(format!("{origin}: it broke off"))
    }

    pub(super) fn too_large(what: &str, most: Option<u64>) -> Self {
        Self::TooLarge(match most {
            Some(most) => format!("{what} is larger than {most} bytes, the most there may be"),
            None => format!("{what} is larger than there may be"),
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(text) => f.write_str(text),
            Self::Invalid(text) => write!(f, "the request cannot be sent: {text}"),
            Self::Connect(text) => write!(f, "cannot connect to {text}; try again later"),
            Self::Timeout(origin) => write!(f, "{origin} did not answer in time; try again later"),
            Self::Tls(text) => write!(f, "no trusted connection to {text}"),
            Self::TooLarge(text) => write!(f, "too large: {text}"),
            Self::Protocol(text) => write!(f, "the answer cannot be read: {text}"),
            Self::Body(text) => write!(f, "the answer is not what was expected: {text}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

impl From<std::io::Error> for Error {
    /// Finds the error again that [`Response::reader`](super::Response::reader) gave.
    fn from(error: std::io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        inner.cloned().unwrap_or_else(|| Self::Protocol(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_says_of_a_body_becomes_what_to_do() {
        let check = |words: &str, expected: &str| {
            assert_eq!(Error::in_body(words, "https://a.example").to_string(), expected, "{words}");
        };
        check(
            "connection read timeout",
            "https://a.example did not answer in time; try again later",
        );
        check(
            "HTTP response body size exceeds limit: 4194304 bytes",
            "too large: the body of the answer is larger than 4194304 bytes, the most there may be",
        );
        check(
            "HTTP response body size exceeds limit",
            "too large: the body of the answer is larger than there may be",
        );
        check(
            "incomplete HTTP response",
            "the answer cannot be read: https://a.example: it broke off",
        );
    }
}
