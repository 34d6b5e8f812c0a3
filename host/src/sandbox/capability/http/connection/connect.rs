//! Allowed addresses to one connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::super::failure::Failure;
use super::super::judge::allow::RequestTarget;
use super::tls::TrustedAuthorities;
use crate::manifest::Scheme;

/// The longest time that one address is tried while there are others.
const ONE_ADDRESS: Duration = Duration::from_millis(1500);

/// A connection, with TLS where the scheme has it.
pub(crate) enum Connection {
    Plain(TcpStream),
    // The stream is large, and passed on by value.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// Connects to the first of `addresses` that answers: to these, and to nothing looked up again.
    pub(crate) async fn open(
        target: &RequestTarget,
        addresses: &[IpAddr],
        trust: &TrustedAuthorities,
    ) -> Result<Self, Failure> {
        let stream = first(addresses, target.port)
            .await
            .map_err(|error| Failure::Connect { to: target.to_string(), error })?;
        // One request is written at once; waiting for more only delays it.
        let _ = stream.set_nodelay(true);
        match target.scheme {
            Scheme::Http => Ok(Self::Plain(stream)),
            Scheme::Https => Ok(Self::Tls(Box::new(trust.agree(&target.host, stream).await?))),
        }
    }
}

async fn first(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for (at, address) in addresses.iter().enumerate() {
        let connecting = TcpStream::connect(SocketAddr::new(*address, port));
        let connected = if at + 1 == addresses.len() {
            connecting.await
        } else {
            let late = |_| Err(io::ErrorKind::TimedOut.into());
            tokio::time::timeout(ONE_ADDRESS, connecting).await.unwrap_or_else(late)
        };
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
