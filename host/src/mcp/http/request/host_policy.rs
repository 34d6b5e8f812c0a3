//! The hosts and the pages that a request may come by: the guard against pages of others that reach for a server on
//! somebody's machine.
//!
//! A page that another site gave to a browser can send requests anywhere, and one that turns its own name to this
//! machine's address (DNS rebinding) can read the answers. The first is told by `Origin`, the second by `Host`.

use std::net::IpAddr;
use std::str::FromStr;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HOST,
    ORIGIN, VARY,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};
use url::{Host, Url};

use crate::mcp::http::socket::address::HttpAddress;
use crate::text::{clip, escape};

/// Headers that a page of an allowed origin may send, beside `Mcp-Param-*`, and those that it may read.
const ALLOWED_HEADERS: &str = "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, \
                    last-event-id";
const READABLE_HEADERS: &str =
    "mcp-session-id, mcp-protocol-version, www-authenticate, retry-after";
/// The beginning of a header that repeats an argument.
pub(crate) const ARGUMENT_HEADER: &str = "mcp-param-";

/// The hosts and the origins that are let in.
#[derive(Clone, Debug)]
pub struct HostPolicy {
    is_local: bool,
    /// True if the server itself speaks TLS: a page in the clear is then none of its own.
    is_tls: bool,
    hosts: Vec<ServerName>,
    origins: Vec<AllowedOrigin>,
}

/// A name by which clients know the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName(String);

impl FromStr for ServerName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected a name or an address alone, as in tools.example.org";
        match Host::parse(text) {
            Ok(host) if host.to_string().eq_ignore_ascii_case(text) => Ok(Self(host.to_string())),
            Ok(host) => Err(format!("{expected}; did you mean `{host}`?")),
            Err(_) => Err(format!("{expected}, without a scheme, a port or a path")),
        }
    }
}

/// An origin whose pages may use the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin(String);

impl FromStr for AllowedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected an origin, as in https://app.example";
        let Ok(url) = Url::parse(text) else {
            return Err(format!(
                "{expected}: a scheme, a host, and a port if it is not the usual one"
            ));
        };
        match url.origin() {
            // Extensions of browsers have origins of their own.
            url::Origin::Opaque(_)
                if url.has_host() && text == format!("{}://{}", url.scheme(), url.authority()) =>
            {
                Ok(Self(text.into()))
            }
            url::Origin::Opaque(_) => Err(expected.into()),
            origin if origin.ascii_serialization() == text => Ok(Self(text.into())),
            origin => Err(format!("{expected}; did you mean `{}`?", origin.ascii_serialization())),
        }
    }
}

/// A request that is not let in, and why.
#[derive(Debug)]
pub(crate) struct HostRefusal(pub(crate) String);

impl HostPolicy {
    /// The policy of a server at `address`, for the names `hosts` and pages of `origins` beside the usual ones.
    #[must_use]
    pub fn new(address: &HttpAddress, hosts: Vec<ServerName>, origins: Vec<AllowedOrigin>) -> Self {
        Self { is_local: address.is_local(), is_tls: false, hosts, origins }
    }

    /// The same policy of a server that speaks TLS, if `is_tls`.
    #[must_use]
    pub fn over_tls(self, is_tls: bool) -> Self {
        Self { is_tls, ..self }
    }

    /// The same policy of a server that is known as localhost, too, whatever its address: no page can make that its own name.
    #[must_use]
    pub fn known_as_localhost(mut self) -> Self {
        self.hosts.push(ServerName("localhost".into()));
        self
    }

    /// True if the server listens on an address of this machine alone.
    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Checks the host that a request names.
    pub(crate) fn check_host(&self, headers: &HeaderMap) -> Result<(), HostRefusal> {
        let mut named = headers.get_all(HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else {
            return Err(HostRefusal("the request needs one `Host` header".into()));
        };
        let shown = String::from_utf8_lossy(host.as_bytes());
        let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        let is_served = authority
            .filter(|authority| !authority.as_str().contains('@'))
            .and_then(|authority| host_named(authority.host()))
            .is_some_and(|host| self.serves(&host));
        if is_served {
            return Ok(());
        }
        let shown = escape(clip(&shown, 80));
        Err(HostRefusal(format!(
            "the host `{shown}` is not one that this server is known by; `--http-host NAME`, or `hosts` under [http] in the configuration, names another"
        )))
    }

    /// True if the server is known by this name or address. A page cannot make an address its own name.
    fn serves<S: AsRef<str>>(&self, host: &Host<S>) -> bool {
        let is_usual = match host {
            Host::Domain(name) => name.as_ref() == "localhost",
            Host::Ipv4(address) => !self.is_local || IpAddr::from(*address).is_loopback(),
            Host::Ipv6(address) => !self.is_local || IpAddr::from(*address).is_loopback(),
        };
        if is_usual && (self.is_local || !matches!(host, Host::Domain(_))) {
            return true;
        }
        let name = host.to_string();
        self.hosts.iter().any(|ServerName(known)| known.eq_ignore_ascii_case(&name))
    }

    /// Checks the page that a request comes from, and returns its origin. `None` if it comes from no page.
    pub(crate) fn check_origin(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, HostRefusal> {
        let mut named = headers.get_all(ORIGIN).iter();
        let Some(origin) = named.next() else { return Ok(None) };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if named.next().is_none() && origin.to_str().is_ok_and(|origin| self.admits(origin, host)) {
            return Ok(Some(origin.clone()));
        }
        let text = String::from_utf8_lossy(origin.as_bytes());
        if text == "null" {
            return Err(HostRefusal(
                "the page has no origin (`null`), as a file or a sandboxed frame has none: no option lets such pages in; serve the page over http or https, and name its origin with `--allow-origin`"
                    .into(),
            ));
        }
        let shown = escape(clip(&text, 80));
        Err(HostRefusal(format!(
            "pages of the origin `{shown}` may not use this server; `--allow-origin ORIGIN`, or `origins` under [http] in the configuration, lets one in"
        )))
    }

    /// Checks the page that asks for a file of the server's own page. A browser names the origin of a module even where that is
    /// the server itself, which may be known by its address alone; and a file tells nothing.
    pub(crate) fn check_own_page(&self, headers: &HeaderMap) -> Result<(), HostRefusal> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let (host, origin) = (text(HOST).unwrap_or_default(), text(ORIGIN).unwrap_or_default());
        let is_own = Url::parse(origin).is_ok_and(|url| {
            url.origin().ascii_serialization() == origin && self.is_own(&url, host)
        });
        match is_own && headers.get_all(ORIGIN).iter().count() == 1 {
            true => Ok(()),
            false => self.check_origin(headers).map(drop),
        }
    }

    /// True if `url` is of the origin that the server is asked by as `host`.
    fn is_own(&self, url: &Url, host: &str) -> bool {
        // Without TLS the scheme may be that of a proxy in front, and is not known here.
        let schemes: &[_] = if self.is_tls { &["https"] } else { &["http", "https"] };
        let asked = Url::parse(&format!("{}://{host}", url.scheme()));
        schemes.contains(&url.scheme()) && asked.is_ok_and(|asked| asked.origin() == url.origin())
    }

    /// True if a page of this origin may use the server that it knows as `host`: one that is named, one of this machine where
    /// the server is of this machine alone, or one of the server itself.
    fn admits(&self, origin: &str, host: &str) -> bool {
        if self.origins.iter().any(|AllowedOrigin(known)| known == origin) {
            return true;
        }
        let Ok(url) = Url::parse(origin) else { return false };
        let is_page = matches!(url.scheme(), "http" | "https")
            && url.origin().ascii_serialization() == origin;
        let is_of_this_machine = || {
            url.host().is_some_and(|host| match host {
                Host::Ipv4(address) => address.is_loopback(),
                Host::Ipv6(address) => address.is_loopback(),
                Host::Domain(name) => name == "localhost",
            })
        };
        let is_own = || matches!(url.host(), Some(Host::Domain(_))) && self.is_own(&url, host);
        is_page && ((self.is_local && is_of_this_machine()) || is_own())
    }
}

/// Reads a host. Addresses and the usual name of this machine need none of the rules for names in all scripts, which take
/// long.
fn host_named(text: &str) -> Option<Host<String>> {
    match text.parse() {
        Ok(address) => Some(Host::Ipv4(address)),
        Err(_) if text == "localhost" => Some(Host::Domain(text.into())),
        Err(_) => Host::parse(text).ok(),
    }
}

/// Adds what a browser wants to see before it hands an answer to a page of `origin`.
pub(crate) fn allow_page(headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READABLE_HEADERS));
    }
}

/// Adds what a browser wants to see before it hands an answer to any page at all.
pub(crate) fn allow_every_page(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// Adds what a browser asks before it sends a request for a page: which methods and headers it may use.
pub(crate) fn allow_request(headers: &mut HeaderMap, asked: &HeaderMap) {
    let asked = asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let parameters = asked
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| {
            name.starts_with(ARGUMENT_HEADER) && http::HeaderName::try_from(name).is_ok()
        });
    let allowed: Vec<String> =
        std::iter::once(ALLOWED_HEADERS.to_owned()).chain(parameters).collect();
    if let Ok(allowed) = HeaderValue::try_from(allowed.join(", ")) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST, GET, DELETE, OPTIONS"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    headers.append(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_policy(address: &str) -> HostPolicy {
        let address: HttpAddress = address.parse().expect("an address");
        HostPolicy::new(
            &address,
            vec!["Tools.example".parse().expect("a name")],
            vec!["https://app.example:8443".parse().expect("an origin")],
        )
    }

    fn with(name: http::HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_str(value).expect("a value"));
        values.map(|value| (name.clone(), value)).collect()
    }

    #[test]
    fn a_host_is_one_that_the_server_is_known_by() {
        // `local`: served by a server of this machine alone; `open`: by one on every address.
        for (host, local, open) in [
            ("127.0.0.1:8787", true, true),
            ("127.0.0.1", true, true),
            ("[::1]:1", true, true),
            ("localhost:99", true, false),
            ("LOCALHOST", true, false),
            ("tools.example", true, true),
            ("TOOLS.example:443", true, true),
            ("192.168.1.5:8787", false, true),
            ("evil.example", false, false),
            ("localhost.evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("tools.example.", false, false),
            ("evil@localhost", false, false),
            ("localhost evil", false, false),
            ("", false, false),
        ] {
            let host_is =
                |host_policy: HostPolicy| host_policy.check_host(&with(HOST, &[host])).is_ok();
            assert_eq!(host_is(host_policy("127.0.0.1:1")), local, "{host}");
            assert_eq!(host_is(host_policy("0.0.0.0:1")), open, "{host}");
        }
        for none_or_two in [&[][..], &["localhost", "localhost"]] {
            assert!(host_policy("127.0.0.1:1").check_host(&with(HOST, none_or_two)).is_err());
        }
    }

    #[test]
    fn a_server_of_other_machines_may_be_known_as_localhost_too() {
        let metrics = host_policy("0.0.0.0:1").known_as_localhost();
        for (host, is_served) in [
            ("localhost:9464", true),
            ("192.168.1.5:9464", true),
            ("tools.example", true),
            ("localhost.evil.example", false),
            ("evil.example", false),
        ] {
            assert_eq!(metrics.check_host(&with(HOST, &[host])).is_ok(), is_served, "{host}");
        }
    }

    #[test]
    fn a_host_is_read_as_urls_are() {
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "256.0.0.1",
            "127.1",
            "0127.0.0.1",
            "0x7f.0.0.1",
            "127.0.0.1.",
            "[::1]",
            "localhost",
            "LocalHost",
            "localhost.",
            "b\u{fc}ro.example",
            "a b",
            "",
        ] {
            assert_eq!(host_named(text), Host::parse(text).ok(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_this_machines_or_the_servers_own_or_a_known_one() {
        for (origin, local, open) in [
            ("http://localhost:6274", true, false),
            ("http://127.0.0.1:5173", true, false),
            ("http://[::1]:80", false, false), // 80 is never written in an origin
            ("http://[::1]", true, false),
            ("https://app.example:8443", true, true),
            ("https://app.example", false, false),
            ("https://tools.example", true, true),
            ("https://tools.example:443", false, false),
            // Another service under the same name.
            ("https://tools.example:3000", false, false),
            ("http://192.168.1.5", false, false),
            ("null", false, false),
            ("file://", false, false),
            ("https://evil.example", false, false),
            ("https://localhost.evil.example", false, false),
            ("http://localhost:6274/", false, false),
            ("chrome-extension://localhost", false, false),
        ] {
            let is_admitted = |host_policy: HostPolicy| {
                let mut headers = with(ORIGIN, &[origin]);
                headers.insert(HOST, HeaderValue::from_static("tools.example"));
                host_policy.check_origin(&headers).is_ok()
            };
            assert_eq!(is_admitted(host_policy("127.0.0.1:1")), local, "{origin}");
            assert_eq!(is_admitted(host_policy("0.0.0.0:1")), open, "{origin}");
        }
        for (origin, host, is_admitted) in [
            ("https://tools.example", "tools.example:443", true),
            ("http://tools.example", "tools.example", true),
            ("https://tools.example:8443", "tools.example:8443", true),
            ("https://tools.example:8443", "tools.example", false),
            ("http://tools.example:8443", "tools.example:443", false),
            ("http://10.0.0.7:8787", "10.0.0.7:8787", false),
        ] {
            let mut headers = with(ORIGIN, &[origin]);
            headers.insert(HOST, HeaderValue::from_static(host));
            assert_eq!(
                host_policy("0.0.0.0:1").check_origin(&headers).is_ok(),
                is_admitted,
                "{origin}"
            );
        }
        let mut own = with(ORIGIN, &["http://tools.example"]);
        own.insert(HOST, HeaderValue::from_static("tools.example"));
        assert!(
            host_policy("0.0.0.0:1").over_tls(true).check_origin(&own).is_err(),
            "in the clear"
        );
        let local = host_policy("127.0.0.1:1");
        assert!(matches!(local.check_origin(&HeaderMap::new()), Ok(None)));
        assert!(
            local.check_origin(&with(ORIGIN, &["http://localhost", "http://localhost"])).is_err()
        );
    }

    #[test]
    fn a_preflight_allows_the_protocols_headers_and_no_others() {
        let asked = with(ACCESS_CONTROL_REQUEST_HEADERS, &["x-evil, Mcp-Param-Zone,mcp-param-a b"]);
        let mut headers = HeaderMap::new();
        allow_request(&mut headers, &asked);
        let allowed = headers[ACCESS_CONTROL_ALLOW_HEADERS].to_str().expect("text");
        assert_eq!(allowed, format!("{ALLOWED_HEADERS}, mcp-param-zone"));
    }
}
