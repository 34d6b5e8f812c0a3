//! The URL of a network grant: scheme, host and port, and nothing else.
//!
//! The module `host` knows which hosts there can be.

use std::fmt;

use std::fmt::Write as _;

use super::super::syntax::error::{Diagnostic, quote_whole};
use super::super::syntax::table::SpannedText;
use super::host::{self, HostPattern, Slip};
use crate::secret_places::{HIDDEN_VALUE, shown_origin};
use crate::text::escape;

/// The protocol that a request travels by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The port where none is written.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// The longest URL, in bytes: a host name has at most 253.
const MAX_URL: usize = 512;

/// Reads `text`, a URL without a path that stands at `place`.
pub(crate) fn read(
    text: &SpannedText<'_>,
    place: &str,
) -> Result<(Scheme, HostPattern, u16), Diagnostic> {
    let url = *text.get_ref();
    parse(url).map_err(|Slip { problem, help }| {
        let message = format!("{place}: {problem}");
        let shown = &url[..shown_origin(url)];
        let rest = if shown == url { "" } else { HIDDEN_VALUE };
        let found = quote_whole(&format!("{shown}{rest}"));
        let fault = Diagnostic::new(text.span(), message).found(found).help(help);
        // The text before an `@` may be a password, as may be a query, and errors go to logs.
        if url.contains(['@', '?']) || url.contains("%40") { fault.secret() } else { fault }
    })
}

fn parse(url: &str) -> Result<(Scheme, HostPattern, u16), Slip> {
    let example = "write it like \"https://api.example.org\"";
    if url.is_empty() || url.len() > MAX_URL {
        return Err(Slip::new(format!("expected a URL of at most {MAX_URL} bytes"), example));
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Slip::new("expected a URL without spaces", example));
    }
    if url.matches("://").count() > 1 {
        return Err(Slip::new("expected one URL, found several", "write each by itself"));
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        let name = url.rsplit_once(':').map_or(url, |(name, _)| name);
        let is_local = matches!(name, "localhost" | "[::1]") || name.starts_with("127.");
        // A server on this machine has no certificate.
        let help = match is_local && !url.contains(['/', '?', '#', '@']) {
            _ if shown_origin(url) < url.len() => example.into(),
            true => format!("did you mean \"http://{url}\"?"),
            false if url == "*" || host::looks_like_one(url) => {
                format!("did you mean \"https://{url}\"?")
            }
            false => example.into(),
        };
        return Err(Slip::new("expected `https://` or `http://` and a host", help));
    };
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => {
            let help = "a plugin sends requests over HTTP and in no other way";
            return Err(Slip::new("expected the scheme `https` or `http`", help));
        }
    };
    let (host, port) = split(scheme, rest)?;
    Ok((scheme, host::parse(host)?, port.map_or(Ok(scheme.port()), parse_port)?))
}

/// The host with its brackets or its prefix, and the port, if one is written.
fn split(scheme: Scheme, rest: &str) -> Result<(&str, Option<&str>), Slip> {
    let end = rest.find(']').map_or(0, |end| if rest.starts_with('[') { end + 1 } else { 0 });
    let beyond = |from: usize| {
        let found = rest[from..].find(['/', '?', '#', '\\']);
        found.map_or(rest.len(), |found| from + found)
    };
    let mut stop = beyond(end);
    // `192.168.0.0/16`: the slash of a network's prefix is none of a path.
    if rest[stop..].starts_with('/') && host::is_ipv4(&rest[..stop]) {
        let after = stop + 1;
        let next = beyond(after);
        let prefix = rest[after..next].split(':').next().unwrap_or_default();
        if !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            stop = next;
        }
    }
    let authority = &rest[..stop];
    if let Some((_, host)) = authority.rsplit_once('@') {
        let without = match shown_origin(host) == host.len() {
            true => format!(": \"{scheme}://{}\"", escape(host)),
            false => String::new(),
        };
        let help = format!("leave it out{without}; a password is bound with `secret` and `header`");
        return Err(Slip::new("expected no user and no password in the URL", help));
    }
    if stop < rest.len() {
        let mut help = "leave out what follows the host".to_owned();
        // With an `@` it is no host but a user, and the text behind it begins with the rest of a
        // password.
        if !rest.contains('@') && shown_origin(authority) == authority.len() {
            let _ = write!(help, ": \"{scheme}://{}\"", escape(authority));
        }
        return Err(Slip::new("expected no path, query or fragment", help));
    }
    let colon = authority[end..].find(':').map(|colon| end + colon);
    if end == 0 && authority.matches(':').count() > 1 {
        let help = "put an IPv6 address in brackets: \"https://[2001:db8::1]\"";
        return Err(Slip::new("expected one colon, before the port", help));
    }
    let host = &authority[..colon.unwrap_or(authority.len())];
    Ok((host, colon.map(|colon| &authority[colon + 1..])))
}

fn parse_port(text: &str) -> Result<u16, Slip> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse::<u16>().ok().filter(|port| digits && *port > 0);
    port.ok_or_else(|| {
        let help = "without a port, `https` means 443 and `http` means 80";
        Slip::new("expected a port from 1 to 65535 after the colon", help)
    })
}
