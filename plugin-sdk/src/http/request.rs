//! The request to a server: [`Request`].

use std::fmt::{self, Display};
use std::time::Duration;

use serde::Serialize;

use super::url::{Url, encode};
use super::{Error, Response, transport};

/// A request that is being put together. [`get`](super::get), [`post`](super::post) and
/// [`request`](super::request) begin one, [`send`](Self::send) ends it.
///
/// ```
/// use std::time::Duration;
/// use toolrack_sdk::http;
///
/// http::mock(|request| {
///     assert_eq!(request.method(), "POST");
///     assert_eq!(request.url(), "https://a.example/notes?tag=to%20do&page=2");
///     assert_eq!(request.header_value("Content-Type"), Some("application/json"));
///     assert_eq!(request.content(), br#"{"text":"buy milk"}"#);
///     http::Response::new(201, "")
/// });
/// let response = http::post("https://a.example/notes")
///     .query("tag", "to do")
///     .query("page", 2)
///     .json(&serde_json::json!({ "text": "buy milk" }))
///     .timeout(Duration::from_secs(3))
///     .send()
///     .unwrap();
/// assert_eq!(response.status(), 201);
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    content: Option<Vec<u8>>,
    timeout: Option<Duration>,
    /// The fault on the way, for `send` to report.
    fault: Option<Error>,
}

impl Request {
    pub(super) fn new(method: String, url: String) -> Self {
        Self { method, url, headers: Vec::new(), content: None, timeout: None, fault: None }
    }

    /// Adds a header. The host sets `host` and those of the connection, and what the manifest binds
    /// to a secret replaces what stands here.
    pub fn header(mut self, name: &str, value: impl Display) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_string()));
        self
    }

    /// Adds a parameter to the URL's query, encoded as it needs to be.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        if let Some(fragment) = self.url.find('#') {
            self.url.truncate(fragment);
        }
        let before = match self.url.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let pair = format!("{before}{}={}", encode(name), encode(&value.to_string()));
        self.url.push_str(&pair);
        self
    }

    /// Sets the body to a value's JSON, and `content-type` to say so.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.header("content-type", "application/json").body(json),
            Err(error) => {
                self.fault = Some(Error::Invalid(format!("the body is no JSON: {error}")));
                self
            }
        }
    }

    /// Sets the body. A header says what it is: `.header("content-type", "text/plain")`.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.content = Some(bytes.into());
        self
    }

    /// The most to wait each time: for the connection, for the first byte of the answer, and between
    /// two of its bytes. The host waits no longer than its own limits.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the request and waits until the head of the answer is there.
    ///
    /// # Errors
    ///
    /// If there is no answer. A status that says "not found" is one.
    pub fn send(mut self) -> Result<Response, Error> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let url = Url::parse(&self.url)?;
        self.check()?;
        transport::send(self, &url)
    }

    /// Such as `GET`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The whole URL, with its query.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers in order, their names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first header of that name, in whichever case.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body; empty where there is none.
    pub fn content(&self) -> &[u8] {
        self.content.as_deref().unwrap_or_default()
    }

    /// Fails on all that would not pass the border, so that a native test finds it too.
    fn check(&self) -> Result<(), Error> {
        if !is_token(&self.method) {
            return Err(Error::Invalid(format!("`{}` is no method", self.method.escape_debug())));
        }
        for (name, value) in self.headers() {
            if !is_token(name) {
                return Err(Error::Invalid(format!("`{}` is no header", name.escape_debug())));
            }
            if value.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
                let fault = format!("the header `{name}` holds a line break or the like");
                return Err(Error::Invalid(fault));
            }
        }
        Ok(())
    }
}

/// Without the values of headers, and without the body: a token is often among them.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, headers, content: _, timeout, fault } = self;
        let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("method", method)
            .field("url", url)
            .field("headers", &names)
            .field("timeout", timeout)
            .field("fault", fault)
            .finish_non_exhaustive()
    }
}

#[cfg(target_family = "wasm")]
impl Request {
    /// The body, where there is one to send.
    pub(super) fn take_content(&mut self) -> Option<Vec<u8>> {
        self.content.take()
    }

    /// The most to wait, in the unit of the border.
    pub(super) fn nanoseconds(&self) -> Option<u64> {
        self.timeout.map(|timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
    }
}

fn is_token(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}
