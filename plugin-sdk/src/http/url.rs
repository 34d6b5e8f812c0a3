//! A URL in the parts that a request is sent with. Leaves all that it can to the host, which decides
//! on what it has parsed itself.

use super::Error;

/// The place that a request goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: Scheme,
    /// Host and port, as written.
    pub(super) authority: String,
    /// Begins with a slash.
    pub(super) path_with_query: String,
}

/// A protocol that a plugin can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |reason: &str| Err(Error::Invalid(format!("`{text}`: {reason}")));
        let Some((scheme, rest)) = text.split_once("://") else {
            return refuse("write the whole URL, with https:// at its start");
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return refuse("only http:// and https:// can be sent"),
        };
        // What follows a `#` is for who reads the answer.
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?', '\\']).unwrap_or(rest.len()));
        if authority.is_empty() {
            return refuse("the host is missing");
        }
        if authority.contains('@') {
            return refuse("leave out the user before the host");
        }
        if !authority.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("write the host in ASCII, a name in another script in its xn-- form");
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            scheme,
            authority: authority.into(),
            path_with_query: format!("{slash}{}", escape(path, is_url)),
        })
    }

    /// The part of the URL that errors name: the rest of it may hold what is private.
    pub(super) fn origin(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        format!("{scheme}://{}", self.authority)
    }
}

/// Percent-encodes `text` so that it is one segment of a path, or one name or value of a query:
/// [`Request::query`](super::Request::query) does it by itself.
///
/// ```
/// use toolrack_sdk::http;
///
/// assert_eq!(http::encode("a/b c?"), "a%2Fb%20c%3F");
/// ```
pub fn encode(text: &str) -> String {
    escape(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn escape(text: &str, keep: fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if keep(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// True if a byte may stand in a URL as it is, an escape included.
fn is_url(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_falls_into_its_parts() {
        let check = |text: &str, origin: &str, path: &str| {
            let url = Url::parse(text).expect("a URL");
            assert_eq!((url.origin().as_str(), url.path_with_query.as_str()), (origin, path));
        };
        check("https://a.example", "https://a.example", "/");
        check("HTTP://127.0.0.1:8080/a?b=c#d", "http://127.0.0.1:8080", "/a?b=c");
        check("https://a.example?q", "https://a.example", "/?q");
        check("https://[::1]:80/%20 ü", "https://[::1]:80", "/%20%20%C3%BC");
    }

    #[test]
    fn what_is_no_url_is_refused_in_words() {
        let check = |text: &str, part: &str| {
            let error = Url::parse(text).expect_err("no URL").to_string();
            assert!(error.contains(part), "{text}: {error}");
        };
        check("a.example/x", "`a.example/x`: write the whole URL");
        check("ftp://a.example", "only http:// and https://");
        check("https:///x", "host is missing");
        check("https://me:secret@a.example", "leave out the user");
        check("https://bücher.example", "xn--");
        check("https://a.example\r\nx: y/", "ASCII");
    }
}
