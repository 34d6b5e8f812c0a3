//! The place of a server that is to be asked, as a URL or as the address that the server was told to listen on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;

use crate::mcp::http::socket::address::HttpAddress;

/// The paths that people know of a server, which stand for the server itself.
const KNOWN_PATHS: [&str; 3] = ["/mcp", "/mcp/", "/health"];

/// The place at which a server is reached. A name is not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerPlace {
    /// A host, without brackets, and a port.
    Tcp(String, u16),
    /// A Unix socket at this path.
    Unix(PathBuf),
}

/// The URL of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlaceUrl {
    pub(crate) place: ServerPlace,
    pub(crate) is_tls: bool,
    /// The path before those of the server, without a slash at its end.
    pub(crate) base: String,
}

impl ServerPlace {
    /// Returns the host and the port as a URL has them.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp(host, port) => format!("{host}:{port}"),
            Self::Unix(_) => "localhost".into(),
        }
    }

    /// Returns the URL of a path of the server there, as it is shown.
    pub(crate) fn shown(&self, is_tls: bool, path: &str) -> String {
        match self {
            Self::Tcp(..) => {
                let scheme = if is_tls { "https" } else { "http" };
                format!("{scheme}://{}{path}", self.authority())
            }
            Self::Unix(socket) => format!("{path} at unix:{}", socket.display()),
        }
    }
}

/// Reads the address that a server listens on. One that stands for all of a machine is reached on this one.
impl FromStr for ServerPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = match HttpAddress::literal(text)? {
            Some(HttpAddress::Unix(path)) => return Ok(Self::Unix(path)),
            Some(HttpAddress::Tcp(address)) => {
                Self::Tcp(reached(address).to_string(), address.port())
            }
            None => {
                let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
                Self::Tcp(host.to_owned(), port.parse().unwrap_or(0))
            }
        };
        match place {
            Self::Tcp(_, 0) => {
                Err("port 0 stands for any that is free; name the port that the server got".into())
            }
            place => Ok(place),
        }
    }
}

/// Returns the address at which this machine reaches a server that listens on `address`.
fn reached(address: SocketAddr) -> IpAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// A password, a token or a query is no part of it.
impl FromStr for PlaceUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            "expected the URL of a server without a query, such as http://127.0.0.1:8787".to_owned()
        };
        if text.starts_with("unix:") {
            return Err("a Unix socket is no URL; --http unix:PATH asks there".into());
        }
        let url: Uri = text.parse().map_err(|_| expected())?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) =
            (url.scheme_str(), url.authority())
        else {
            return Err(expected());
        };
        if authority.as_str().contains('@') {
            return Err("a URL holds no user and no password here".into());
        }
        if url.query().is_some() || text.contains('#') || authority.host().is_empty() {
            return Err(expected());
        }
        if let path @ ("/livez" | "/readyz") = url.path() {
            return Err(format!(
                "leave {path} out: /health is asked, or /readyz where --ready is said"
            ));
        }
        let is_tls = scheme == "https";
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let path = url.path();
        let base = KNOWN_PATHS.iter().find_map(|known| path.strip_suffix(known)).unwrap_or(path);
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { place: ServerPlace::Tcp(host.to_owned(), port), is_tls, base })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_where_it_listens() {
        for (text, expected) in [
            ("8787", Ok("http://127.0.0.1:8787/health")),
            ("0.0.0.0:80", Ok("http://127.0.0.1:80/health")),
            ("[::]:80", Ok("http://[::1]:80/health")),
            ("192.0.2.1:80", Ok("http://192.0.2.1:80/health")),
            // It is looked up when it is asked, within the time for that.
            ("tools.invalid:80", Ok("http://tools.invalid:80/health")),
            ("unix:/run/t.sock", Ok("/health at unix:/run/t.sock")),
            ("127.0.0.1:0", Err("port 0")),
            ("localhost:0", Err("port 0")),
            ("0", Err("port 0")),
            ("127.0.0.1", Err("expected an address and a port")),
            ("http://127.0.0.1:80", Err("not a URL")),
            ("unix:", Err("a path follows")),
            ("", Err("expected an address and a port")),
        ] {
            match (text.parse::<ServerPlace>(), expected) {
                (Ok(place), Ok(expected)) => assert_eq!(place.shown(false, "/health"), expected),
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_url_names_the_server_whichever_of_its_paths_is_written() {
        for (text, expected) in [
            ("http://127.0.0.1:8787", Ok("http://127.0.0.1:8787")),
            ("http://127.0.0.1:8787/", Ok("http://127.0.0.1:8787")),
            ("http://127.0.0.1:8787/mcp", Ok("http://127.0.0.1:8787")),
            ("http://127.0.0.1:8787/health", Ok("http://127.0.0.1:8787")),
            ("https://[::1]/mcp/", Ok("https://[::1]:443")),
            ("https://tools.example/team/mcp", Ok("https://tools.example:443/team")),
            ("http://tools.example/team/", Ok("http://tools.example:80/team")),
            ("http://127.0.0.1:8787/readyz", Err("--ready")),
            ("http://127.0.0.1:8787/livez", Err("leave /livez out")),
            ("https://ada:hunter2@tools.example", Err("no user and no password")),
            ("https://tools.example?token=hunter2", Err("without a query")),
            ("https://tools.example/#hunter2", Err("without a query")),
            ("unix:/run/t.sock", Err("--http unix:PATH")),
            ("8787", Err("expected the URL")),
            ("ftp://tools.example", Err("expected the URL")),
            ("http://", Err("expected the URL")),
            ("", Err("expected the URL")),
        ] {
            match (text.parse::<PlaceUrl>(), expected) {
                (Ok(PlaceUrl { place, is_tls, base }), Ok(expected)) => {
                    assert_eq!(place.shown(is_tls, &base), expected, "{text}");
                }
                (Err(error), Err(part)) => {
                    assert!(error.contains(part) && !error.contains("hunter2"), "{text}: {error}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
