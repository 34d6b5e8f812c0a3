//! The way to a Redis: a stream to its address, over TLS where the URL says so.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use super::redis_url::RedisServer;
use super::settings::RedisSettings;
use crate::sandbox::http::usual_authorities;

/// A stream to a Redis, whatever carries it.
pub(super) trait RedisStream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> RedisStream for S {}

/// The way, with what is kept from one connection to the next.
pub(super) struct RedisWay {
    pub(super) settings: RedisSettings,
    /// The settings of TLS, made at the first connection: reading the system's certificates takes a while.
    tls: OnceCell<Arc<ClientConfig>>,
}

impl RedisWay {
    pub(super) fn new(settings: RedisSettings) -> Self {
        Self { settings, tls: OnceCell::new() }
    }

    /// Opens a stream.
    pub(super) async fn open(&self) -> io::Result<Box<dyn RedisStream>> {
        match &self.settings.url.server {
            RedisServer::Tcp { host, port, is_tls } => {
                let stream = TcpStream::connect((&**host, *port)).await?;
                stream.set_nodelay(true)?;
                if !is_tls {
                    return Ok(Box::new(stream));
                }
                let name = ServerName::try_from(host.to_string()).map_err(io::Error::other)?;
                let config = self.tls.get_or_try_init(|| self.load_tls()).await?;
                Ok(Box::new(TlsConnector::from(config.clone()).connect(name, stream).await?))
            }
            #[cfg(unix)]
            RedisServer::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            RedisServer::Unix(_) => Err(io::Error::other("this system has no Unix sockets")),
        }
    }

    async fn load_tls(&self) -> io::Result<Arc<ClientConfig>> {
        let authorities = self.settings.authorities.clone();
        let config = tokio::task::spawn_blocking(move || {
            let mut roots = usual_authorities();
            roots.add_parsable_certificates(authorities);
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots)
                .with_no_client_auth();
            Ok::<_, rustls::Error>(config)
        });
        config.await?.map(Arc::new).map_err(io::Error::other)
    }
}
