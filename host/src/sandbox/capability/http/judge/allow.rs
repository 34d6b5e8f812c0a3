//! The choice of the grant that a request falls under, made on the parsed host. Pure.
//!
//! The host that is decided on here is also the one that is connected to, named to the server and
//! checked in its certificate: the guest's own text for the host is not used again.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::manifest::{HostPattern, NetworkGrant, Scheme, is_within};
use crate::suggestion::CommandName;
use crate::text::{clip, escape};

/// The most of a guest's text that an error shows.
const MAX_SHOWN_TEXT: usize = 100;

/// The destination of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestTarget {
    /// The scheme: HTTP, with or without TLS.
    pub scheme: Scheme,
    /// The host that the request is sent to.
    pub host: RequestHost,
    /// The port; the scheme's own where the request names none.
    pub port: u16,
}

/// The host of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestHost {
    /// A name: lower case, ASCII, no final dot.
    Name(Box<str>),
    /// An address, however it was spelled.
    Address(IpAddr),
}

/// The reason why a request is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No grant covers it.
    #[error(
        "this plugin may not send requests to {0}; whoever runs the server may grant it: {command}",
        command = CommandName::Grant.with([.1.as_deref().unwrap_or("NAME"), "network", &.0.to_string()])
    )]
    NotGranted(RequestTarget, Option<Arc<str>>),
    /// Its scheme is neither `http` nor `https`.
    #[error("requests go over `http` or `https`, not over `{0}`")]
    Scheme(String),
    /// Its URL holds a user before the host.
    #[error(
        "the request's URL holds a user or a password before its host; leave them out, and send them in the header `authorization`"
    )]
    User,
    /// Its authority is not a host with an optional port.
    #[error("`{0}` is not a host with an optional port; give a name or an address")]
    Authority(String),
}

impl Denied {
    /// Adds the name of the plugin, for the advice.
    #[must_use]
    pub(crate) fn of(self, plugin: Option<Arc<str>>) -> Self {
        match self {
            Self::NotGranted(target, _) => Self::NotGranted(target, plugin),
            other @ (Self::Scheme(_) | Self::User | Self::Authority(_)) => other,
        }
    }
}

impl RequestTarget {
    /// Understands a request's scheme and authority.
    pub fn parse(scheme: &str, authority: &str) -> Result<Self, Denied> {
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(Denied::Scheme(shown(other))),
        };
        if authority.contains('@') {
            return Err(Denied::User);
        }
        let refuse = || Denied::Authority(shown(authority));
        let (host, port) = match authority.rsplit_once(':') {
            // The last colon is inside an address.
            Some((_, after)) if after.contains(']') => (authority, ""),
            Some(parts) => parts,
            None => (authority, ""),
        };
        let port = match port {
            "" => scheme.port(),
            port if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().ok().filter(|&port| port > 0).ok_or_else(refuse)?
            }
            _ => return Err(refuse()),
        };
        Ok(Self { scheme, host: RequestHost::parse(host).ok_or_else(refuse)?, port })
    }

    /// Returns the grant that the request falls under: of several the one that says most about the
    /// host, then the first.
    pub fn granted<'a>(&self, grants: &'a [NetworkGrant]) -> Result<&'a NetworkGrant, Denied> {
        grants
            .iter()
            .filter(|grant| grant.scheme == self.scheme && grant.port == self.port)
            .filter(|grant| self.host.is_in(&grant.host))
            .filter(|grant| !grant.except.iter().any(|except| self.host.is_withheld_by(except)))
            .min_by_key(|grant| std::cmp::Reverse(weight(&grant.host)))
            .ok_or_else(|| Denied::NotGranted(self.clone(), None))
    }

    /// The authority as the server is told it.
    #[must_use]
    pub fn authority(&self) -> String {
        let Self { scheme, host, port } = self;
        if *port == scheme.port() { host.to_string() } else { format!("{host}:{port}") }
    }
}

impl RequestHost {
    /// Understands a host as a browser does, so that no spelling of an address is taken for a name.
    fn parse(text: &str) -> Option<Self> {
        // Browsers decode these escapes; no honest request holds one.
        if text.contains('%') {
            return None;
        }
        let name = match url::Host::parse(text).ok()? {
            url::Host::Ipv4(address) => return Some(Self::Address(address.into())),
            url::Host::Ipv6(address) => return Some(Self::Address(address.into())),
            url::Host::Domain(name) => name,
        };
        let name = name.strip_suffix('.').unwrap_or(&name);
        let label = |label: &str| !label.is_empty() && label.len() <= 63;
        (name.len() <= 253 && name.split('.').all(label)).then(|| Self::Name(name.into()))
    }

    fn is_in(&self, pattern: &HostPattern) -> bool {
        match (self, pattern) {
            // `resolve` checks that its addresses are public, once they are known.
            (Self::Name(_) | Self::Address(_), HostPattern::Public) => true,
            (Self::Name(name), HostPattern::Name(granted)) => name == granted,
            (Self::Name(name), HostPattern::Subdomains(granted)) => name
                .strip_suffix(&**granted)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|rest| !rest.is_empty()),
            (Self::Address(host), HostPattern::Network { address, prefix }) => {
                is_within(*host, *address, *prefix)
            }
            (Self::Address(_), HostPattern::Name(_) | HostPattern::Subdomains(_))
            | (Self::Name(_), HostPattern::Network { .. }) => false,
        }
    }

    /// True if who keeps requests from `pattern` keeps them from this host.
    fn is_withheld_by(&self, pattern: &HostPattern) -> bool {
        match self {
            Self::Name(_) => self.is_in(pattern),
            Self::Address(address) => self.is_in(pattern) || pattern.withholds_address(*address),
        }
    }
}

/// Returns how specific a pattern is.
fn weight(pattern: &HostPattern) -> usize {
    match pattern {
        HostPattern::Name(_) => usize::MAX,
        HostPattern::Subdomains(name) => name.len(),
        HostPattern::Network { prefix, .. } => usize::from(*prefix) + 1,
        HostPattern::Public => 0,
    }
}

fn shown(text: &str) -> String {
    escape(clip(text, MAX_SHOWN_TEXT))
}

impl fmt::Display for RequestHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::properties::as_the_url_crate_sees;
    use super::*;

    fn grant(scheme: Scheme, host: HostPattern, port: u16) -> NetworkGrant {
        NetworkGrant::plain(scheme, host, port)
    }

    fn grants() -> Vec<NetworkGrant> {
        let network = |text: &str, prefix| HostPattern::Network {
            address: text.parse().expect("an address"),
            prefix,
        };
        vec![
            grant(Scheme::Https, HostPattern::Subdomains("example.com".into()), 443),
            grant(Scheme::Https, HostPattern::Name("api.example.com".into()), 443),
            grant(Scheme::Https, HostPattern::Name("xn--mnchen-3ya.de".into()), 8443),
            grant(Scheme::Http, network("127.0.0.1", 32), 80),
            grant(Scheme::Http, network("10.1.0.0", 16), 80),
            grant(Scheme::Http, network("fd00::", 8), 80),
        ]
    }

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let (scheme, authority) = url.split_once("://").expect("a scheme");
        let grants = grants();
        let found = RequestTarget::parse(scheme, authority)
            .and_then(|target| target.granted(&grants).map(ToString::to_string));
        match found {
            Ok(found) => assert_eq!(found, expected, "{url}"),
            Err(error) => assert!(error.to_string().contains(expected), "{url}: {error}"),
        }
    }

    #[test]
    fn a_request_falls_under_the_grant_that_says_most() {
        check("https://api.example.com", "https://api.example.com");
        check("https://API.Example.COM.", "https://api.example.com");
        check("https://api.example.com:443", "https://api.example.com");
        check("https://api.example.com:", "https://api.example.com");
        check("https://a.b.example.com", "https://*.example.com");
        check("https://München.de:8443", "https://xn--mnchen-3ya.de:8443");
        check("http://10.1.2.3", "http://10.1.0.0/16");
        check("http://[fd12::1]:80", "http://[fd00::/8]");
    }

    #[test]
    fn the_whole_web_says_least_and_is_of_one_scheme_and_port() {
        let mut grants = grants();
        grants.insert(0, grant(Scheme::Https, HostPattern::Public, 443));
        let under = |scheme: &str, authority: &str| {
            let target = RequestTarget::parse(scheme, authority).expect("a target");
            target.granted(&grants).map(ToString::to_string).unwrap_or_default()
        };
        assert_eq!(under("https", "anything.example"), "https://*");
        assert_eq!(under("https", "8.8.8.8"), "https://*");
        assert_eq!(under("https", "api.example.com"), "https://api.example.com");
        assert_eq!(under("https", "a.example.com"), "https://*.example.com");
        assert_eq!(under("http", "anything.example"), "");
        assert_eq!(under("https", "anything.example:8443"), "");
    }

    #[test]
    fn an_address_is_the_same_in_every_spelling() {
        for spelling in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "127.0.0.1.",
            "①②⑦.0.0.1",
        ] {
            check(&format!("http://{spelling}"), "http://127.0.0.1");
        }
    }

    #[test]
    fn what_looks_alike_is_not_granted() {
        for url in [
            "https://example.com",
            "https://evilexample.com",
            "https://example.com.evil.net",
            "https://api-example.com",
            "https://api.example.com:8443",
            "http://api.example.com",
            "http://127.0.0.2",
            "http://[::1]",
            "http://[::ffff:127.0.0.1]",
            "http://localhost",
            "http://10.2.0.1",
            "https://xn--mnchen-3ya.de",
            "https://аpi.example.org",
        ] {
            check(url, "may not send requests to");
        }
    }

    #[test]
    fn what_is_not_a_plain_host_is_refused() {
        for url in [
            "https://api.example.com@evil.net",
            "https://u:p@api.example.com",
            "https://@api.example.com",
        ] {
            check(url, "a user or a password");
        }
        for url in [
            "https://",
            "https://:443",
            "https://api.example.com:0",
            "https://api.example.com:+443",
            "https://api.example.com:65536",
            "https://api.example.com:443:443",
            "https://[::1",
            "https://a b",
            "https://api.example.com/",
            "https://api.example.com\\.evil.net",
            "https://[fe80::1%25eth0]",
            "https://%61pi.example.com",
            "https://api..example.com",
            "https://api.example.com#",
            "https://api.example.com?",
            "https://.example.com",
            "https://1.2.3.256",
        ] {
            check(url, "is not a host");
        }
        check("ftp://api.example.com", "not over `ftp`");
    }

    #[test]
    fn the_refusal_says_what_to_write() {
        let target = RequestTarget::parse("https", "Api.Example.org:8443").expect("a target");
        let denied = target.granted(&grants()).expect_err("denied").to_string();
        assert_eq!(
            denied,
            "this plugin may not send requests to https://api.example.org:8443; whoever runs the server may grant it: toolrack grant NAME network https://api.example.org:8443"
        );
    }

    proptest! {
        #[test]
        fn hosts_and_ports_are_those_that_the_url_crate_sees(
            authority in "(\\[[0-9a-f:.]{1,12}\\]|[a-zA-Z0-9.%@\\[\\]:ü_*~-]{0,20}|[0-9x.]{1,12})(:[0-9]{0,6})?",
            secure: bool,
        ) {
            let scheme = if secure { "https" } else { "http" };
            if let Ok(target) = RequestTarget::parse(scheme, &authority) {
                as_the_url_crate_sees(scheme, &authority, &target);
            }
        }
    }
}
