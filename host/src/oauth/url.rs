//! The URLs of authorization servers and of what they protect: over TLS, or within this machine.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// The longest URL, in bytes.
const MAX_SERVICE_URL: usize = 2048;

/// A URL with `https`, or with `http` where its host is this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    /// The text as it was written: it is compared and handed on letter by letter.
    text: Box<str>,
    url: Url,
}

impl ServiceUrl {
    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host and the port of the server.
    #[must_use]
    pub fn server(&self) -> (&str, u16) {
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (host, self.url.port_or_known_default().unwrap_or(443))
    }

    /// The URL as it was understood.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The URL with this path, and without a query, at the same server.
    pub(super) fn with_path(&self, path: &str) -> Self {
        let mut url = self.url.clone();
        url.set_path(path);
        url.set_query(None);
        Self { text: url.as_str().into(), url }
    }

    /// The path without a final slash.
    pub(super) fn trimmed_path(&self) -> &str {
        let path = self.url.path();
        path.strip_suffix('/').unwrap_or(path)
    }
}

impl ServiceUrl {
    /// Reads a URL that the metadata at this one name. One without TLS is never named from elsewhere, and is asked for nothing
    /// but a document.
    pub(super) fn named(&self, text: &str) -> Result<Self, String> {
        let named: Self = text.parse()?;
        match named.url.scheme() {
            "http" if self.url.scheme() != "http" => {
                Err("expected a URL with `https`, since the issuer has it".into())
            }
            "http" if named.url.query().is_some() => {
                Err("expected a URL with `https`, or one without a query".into())
            }
            _ => Ok(named),
        }
    }
}

impl FromStr for ServiceUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |why: &str| {
            format!(
                "expected a URL with `https` and without a user or `#`, as in https://login.example.org; {why}"
            )
        };
        if text.len() > MAX_SERVICE_URL {
            return Err(expected("this one is too long"));
        }
        let url = Url::parse(text).map_err(|error| expected(&error.to_string()))?;
        let is_local = url.host().is_some_and(|host| match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        });
        match url.scheme() {
            "https" => {}
            "http" if is_local => {}
            "http" => return Err(expected("`http` goes to this machine only")),
            _ => return Err(expected("this is none")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(expected("this one names a user"));
        }
        if url.fragment().is_some() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(expected("this one has a `#`, a blank or letters beyond ASCII"));
        }
        Ok(Self { text: text.into(), url })
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_elsewhere_names_no_service_of_this_machine() {
        let (far, near) = ("https://login.example.org", "http://127.0.0.1:8080");
        for (issuer, text, is_fine) in [
            (far, "https://keys.example.org/keys?p=b2c", true),
            (far, "http://127.0.0.1:9122/keys", false),
            (far, "http://localhost/admin/delete?all=1", false),
            (near, "http://127.0.0.1:8080/keys", true),
            (near, "http://127.0.0.1:9122/admin/delete?all=1", false),
            (near, "https://keys.example.org/keys", true),
            (near, "http://keys.example.org/keys", false),
        ] {
            let issuer: ServiceUrl = issuer.parse().expect("a URL");
            assert_eq!(issuer.named(text).is_ok(), is_fine, "{text}");
        }
    }

    #[test]
    fn a_url_has_tls_or_stays_within_this_machine() {
        for (text, is_fine) in [
            ("https://login.example.org", true),
            ("https://login.example.org/realms/a?b=c", true),
            ("http://localhost:8080/", true),
            ("http://127.0.0.1:8080/mcp", true),
            ("http://[::1]/mcp", true),
            ("http://login.example.org", false),
            ("http://localhost.example.org", false),
            ("http://10.0.0.1", false),
            ("https://user@login.example.org", false),
            ("https://user:word@login.example.org", false),
            ("https://login.example.org/#a", false),
            ("https://login.example.org/a b", false),
            ("ftp://login.example.org", false),
            ("login.example.org", false),
            ("", false),
            (&format!("https://login.example.org/{}", "a".repeat(3000)), false),
        ] {
            let parsed = text.parse::<ServiceUrl>();
            assert_eq!(parsed.is_ok(), is_fine, "{text}");
            assert!(parsed.is_ok_and(|url| url.as_str() == text) || !is_fine, "{text}");
        }
    }
}
