//! The address that the server listens on, and its listener.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::str::FromStr;

use super::client_socket::SocketKind;
use super::socket_locks::SocketLocks;
#[cfg(unix)]
use super::unix_socket_file::UnixSocketFile;

/// An address to listen on: `HOST:PORT`, a port of this machine alone, or `unix:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A Unix socket at this path.
    Unix(PathBuf),
}

impl HttpAddress {
    /// The port. `None` if it is a socket in the file system.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(address) => Some(address.port()),
            Self::Unix(_) => None,
        }
    }

    /// True if only this machine reaches it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

const EXPECTED_ADDRESS: &str = "an address and a port, as in 127.0.0.1:8787, a port, or unix:PATH";

impl HttpAddress {
    /// Reads an address that no name has to be looked up for. `None` if it names a host.
    pub(crate) fn literal(text: &str) -> Result<Option<Self>, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("a path follows `unix:`, as in unix:/run/toolrack.sock".into()),
                path => Ok(Some(Self::Unix(path.into()))),
            };
        }
        if let Ok(port) = text.parse::<u16>() {
            return Ok(Some(Self::Tcp((IpAddr::from(Ipv4Addr::LOCALHOST), port).into())));
        }
        if text.contains("://") || text.contains('/') {
            return Err(format!("expected {EXPECTED_ADDRESS}, not a URL or a path"));
        }
        match text.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => Ok(text.parse().ok().map(Self::Tcp)),
            _ => Err(format!("expected {EXPECTED_ADDRESS}")),
        }
    }
}

impl FromStr for HttpAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(literal) = Self::literal(text)? {
            return Ok(literal);
        }
        match text.to_socket_addrs().map(|mut found| found.next()) {
            Ok(Some(address)) => Ok(Self::Tcp(address)),
            Ok(None) => Err(format!("no address is known for it; expected {EXPECTED_ADDRESS}")),
            Err(error) => Err(format!("expected {EXPECTED_ADDRESS}: {error}")),
        }
    }
}

impl HttpAddress {
    /// The address as clients write it. `true` if they speak TLS.
    #[must_use]
    pub fn shown(&self, is_tls: bool) -> String {
        let scheme = if is_tls { "https" } else { "http" };
        match self {
            Self::Tcp(address) => format!("{scheme}://{address}/mcp"),
            Self::Unix(path) => format!("unix:{}", path.display()),
        }
    }
}

impl fmt::Display for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A socket that clients connect to.
pub struct Listener {
    socket: Socket,
    address: HttpAddress,
}

enum Socket {
    Tcp(tokio::net::TcpListener),
    #[cfg(unix)]
    Unix(UnixSocketFile),
}

impl Listener {
    /// Listens on `address`. The port 0 stands for any that is free.
    pub async fn bind(address: &HttpAddress, locks: &SocketLocks) -> io::Result<Self> {
        match address {
            HttpAddress::Tcp(wanted) => {
                let listener = tokio::net::TcpListener::bind(wanted).await?;
                let address = HttpAddress::Tcp(listener.local_addr()?);
                Ok(Self { socket: Socket::Tcp(listener), address })
            }
            HttpAddress::Unix(path) => Self::bind_unix(path, locks),
        }
    }

    #[cfg(unix)]
    fn bind_unix(path: &std::path::Path, locks: &SocketLocks) -> io::Result<Self> {
        let bound = UnixSocketFile::bind(path, locks)?;
        Ok(Self { socket: Socket::Unix(bound), address: HttpAddress::Unix(path.to_owned()) })
    }

    #[cfg(not(unix))]
    fn bind_unix(_: &std::path::Path, _: &SocketLocks) -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "Unix sockets are not served on this system",
        ))
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> &HttpAddress {
        &self.address
    }

    /// Waits for the next connection.
    pub(crate) async fn accept(&self) -> io::Result<SocketKind> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Small answers go out at once. Where the client has gone already, that is seen later.
                _ = stream.set_nodelay(true);
                Ok(stream.into())
            }
            #[cfg(unix)]
            Socket::Unix(file) => Ok(file.listener.accept().await?.0.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_with_a_port_a_port_or_a_socket() {
        for (text, expected) in [
            ("127.0.0.1:8787", "http://127.0.0.1:8787/mcp"),
            ("[::1]:1", "http://[::1]:1/mcp"),
            ("8787", "http://127.0.0.1:8787/mcp"),
            ("unix:/run/t.sock", "unix:/run/t.sock"),
        ] {
            let address: HttpAddress = text.parse().expect("an address");
            assert_eq!((address.shown(false).as_str(), address.is_local()), (expected, true));
        }
        let open: HttpAddress = "0.0.0.0:80".parse().expect("an address");
        assert!(!open.is_local());
        for wrong in ["", "unix:", "127.0.0.1", "http://127.0.0.1:80", "127.0.0.1:99999", "/tmp/x"]
        {
            assert!(wrong.parse::<HttpAddress>().is_err(), "{wrong}");
        }
    }
}
