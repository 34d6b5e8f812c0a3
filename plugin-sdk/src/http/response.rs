//! The answer of a server: [`Response`].

use std::fmt;
use std::io::{Cursor, Read};

use serde::de::DeserializeOwned;

use super::Error;
use crate::json::{self, Misread};

/// The most that the host lets through.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// An answer: its status and headers are there, its body is read as it is asked for.
///
/// ```
/// use toolrack_sdk::http::Response;
///
/// let response = Response::new(200, "héllo").with_header("Content-Type", "text/plain");
/// assert_eq!(response.header("content-type"), Some("text/plain"));
/// assert_eq!(response.text().unwrap(), "héllo");
/// ```
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Box<dyn Read>,
}

impl Response {
    /// An answer with this body, such as for [`mock`](fn@super::mock).
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::streaming(status, Vec::new(), Box::new(Cursor::new(body.into())))
    }

    pub(super) fn streaming(
        status: u16,
        headers: Vec<(String, String)>,
        body: Box<dyn Read>,
    ) -> Self {
        Self { status, headers, body }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Such as 200 or 404.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// True if the status is one from 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name, in whichever case. Bytes that are not UTF-8 are replaced.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The headers in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Says when to try again, as the end of a sentence: what `retry-after` says, else `later`.
    ///
    /// ```
    /// use toolrack_sdk::http::Response;
    ///
    /// let busy = Response::new(429, "").with_header("retry-after", "7");
    /// assert_eq!(format!("try again {}", busy.try_again()), "try again in 7 seconds");
    /// ```
    pub fn try_again(&self) -> String {
        match self.header("retry-after").map(str::trim) {
            None | Some("") => "later".into(),
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("in {text} seconds")
            }
            Some(date) => format!("after {date}"),
        }
    }

    /// The body, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if it is longer, and what else can happen while it arrives.
    pub fn bytes(self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        self.body.take(most).read_to_end(&mut bytes)?;
        if bytes.len() > limit {
            return Err(Error::TooLarge(format!("the answer is longer than {limit} bytes")));
        }
        Ok(bytes)
    }

    /// The body as text. What is not UTF-8 is replaced.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), with the most that the host lets through.
    pub fn text(self) -> Result<String, Error> {
        let bytes = self.bytes(MAX_BODY)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The body as JSON of the type that is wanted.
    ///
    /// # Errors
    ///
    /// [`Error::Body`], which names the place, if it is something else, and as [`bytes`](Self::bytes).
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let bytes = self.bytes(MAX_BODY)?;
        let json = serde_json::Deserializer::from_slice(&bytes);
        json::read(json).map_err(|Misread { place, reason }| {
            let place = place.map(|place| format!(" at `{place}`")).unwrap_or_default();
            Error::Body(format!("not the JSON expected{place}: {reason}"))
        })
    }

    /// The body as it arrives. An error in it turns into an [`Error`] with `?` or `from`.
    ///
    /// ```
    /// use std::io::Read;
    /// use toolrack_sdk::http::Response;
    ///
    /// let mut first = [0; 4];
    /// Response::new(200, "GIF89a").reader().read_exact(&mut first).unwrap();
    /// assert_eq!(&first, b"GIF8");
    /// ```
    pub fn reader(self) -> impl Read {
        self.body
    }
}

/// Without the values of headers, and without the body: a cookie may be among them.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, body: _ } = self;
        let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Response")
            .field("status", status)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

impl From<Response> for Result<Response, Error> {
    /// So that a [`mock`](fn@super::mock) gives either.
    fn from(response: Response) -> Self {
        Ok(response)
    }
}
