//! The URL of a collector.

use std::fmt;

use url::Url;

use crate::manifest::Scheme;
use crate::sandbox::http::RequestTarget;

/// The longest URL, in bytes.
const MAX_COLLECTOR_URL: usize = 2048;
/// The path of traces below an endpoint that is for all signals.
const TRACES_PATH: &str = "/v1/traces";

/// The place to which spans are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CollectorUrl {
    pub(super) target: RequestTarget,
    /// The path with the query. Either may hold a key, so that no other path than the usual one is shown.
    pub(super) path: Box<str>,
}

/// The signals that a URL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UrlSignals {
    /// It is for traces, and taken as it is.
    Traces,
    /// It is for all signals, each of which has a path below it.
    All,
}

impl CollectorUrl {
    /// Reads a URL. Fails with what was expected.
    pub(super) fn parse(text: &str, signals: UrlSignals) -> Result<Self, String> {
        let expected = |why: &str| {
            format!("a URL with `http` or `https`, as in http://localhost:4318; this one {why}")
        };
        if text.len() > MAX_COLLECTOR_URL {
            return Err(expected("is too long"));
        }
        let url = Url::parse(text).map_err(|_| expected("is none"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(expected("has another scheme"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(expected(
                "names a user; headers are the place for that: OTEL_EXPORTER_OTLP_HEADERS",
            ));
        }
        if url.fragment().is_some() {
            return Err(expected("has a `#`"));
        }
        let target = RequestTarget::parse(url.scheme(), url.authority())
            .map_err(|_| expected("names no host"))?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = match signals {
            UrlSignals::Traces => format!("{}{query}", url.path()),
            UrlSignals::All => {
                format!("{}{TRACES_PATH}{query}", url.path().trim_end_matches('/'))
            }
        };
        Ok(Self { target, path: path.into() })
    }

    /// True if what is sent there can be read on the way: it goes without TLS to another machine.
    pub(super) fn is_in_the_clear(&self) -> bool {
        use crate::sandbox::http::RequestHost;
        let is_here = match &self.target.host {
            RequestHost::Name(name) => &**name == "localhost",
            RequestHost::Address(address) => address.is_loopback(),
        };
        self.target.scheme == Scheme::Http && !is_here
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if &*self.path == TRACES_PATH { TRACES_PATH } else { "/..." };
        write!(f, "{}{path}", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_for_all_signals_has_the_path_of_traces_below_it() {
        for (text, signals, shown, path) in [
            (
                "http://localhost:4318",
                UrlSignals::All,
                "http://localhost:4318/v1/traces",
                "/v1/traces",
            ),
            (
                "http://localhost:4318/",
                UrlSignals::All,
                "http://localhost:4318/v1/traces",
                "/v1/traces",
            ),
            (
                "https://otlp.example.org/a/?k=s",
                UrlSignals::All,
                "https://otlp.example.org/...",
                "/a/v1/traces?k=s",
            ),
            (
                "https://otlp.example.org/a?k=s",
                UrlSignals::Traces,
                "https://otlp.example.org/...",
                "/a?k=s",
            ),
            ("http://[::1]:4318", UrlSignals::Traces, "http://[::1]:4318/...", "/"),
        ] {
            let url = CollectorUrl::parse(text, signals).expect("a URL");
            assert_eq!((url.to_string(), &*url.path), (shown.to_owned(), path), "{text}");
        }
    }

    #[test]
    fn a_url_that_is_none_says_what_was_expected() {
        for (text, why) in [
            ("localhost:4318", "another scheme"),
            ("collector", "is none"),
            ("grpc://localhost:4317", "another scheme"),
            ("http://", "is none"),
            ("https://a:b@example.org", "names a user"),
            ("https://example.org/#a", "has a `#`"),
            (&format!("https://example.org/{}", "x".repeat(MAX_COLLECTOR_URL)), "too long"),
        ] {
            let error = CollectorUrl::parse(text, UrlSignals::All).expect_err("no URL");
            assert!(
                error.contains(why) && error.contains("http://localhost:4318"),
                "{text} {error}"
            );
        }
    }
}
