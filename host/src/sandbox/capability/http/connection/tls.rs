//! The trust in servers, and the agreement on TLS with one.

use std::io;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::failure::Failure;
use super::super::judge::allow::RequestHost;

/// The authorities that are trusted: Mozilla's, this system's, and those given.
pub(crate) struct TrustedAuthorities {
    more: Vec<CertificateDer<'static>>,
    // The configuration is made at the first request over TLS: reading the system's certificates
    // takes a while.
    config: OnceCell<Arc<ClientConfig>>,
}

impl TrustedAuthorities {
    pub(crate) fn new(more: Vec<CertificateDer<'static>>) -> Self {
        Self { more, config: OnceCell::new() }
    }

    /// TLS over `stream`, with a server that proves to be `host`.
    pub(crate) async fn agree(
        &self,
        host: &RequestHost,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let name = match host {
            RequestHost::Name(name) => ServerName::try_from(name.to_string()).map_err(|error| {
                Failure::Tls { to: host.to_string(), reason: error.to_string() }
            })?,
            RequestHost::Address(address) => ServerName::from(*address),
        };
        let config = self.config.get_or_try_init(|| load(self.more.clone())).await?;
        TlsConnector::from(config.clone())
            .connect(name, stream)
            .await
            .map_err(|error| explain(host, &error))
    }
}

async fn load(more: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, Failure> {
    let config = tokio::task::spawn_blocking(move || config(more));
    let config = config.await.map_err(|error| Failure::Host(error.to_string()))?;
    config.map(Arc::new).map_err(|error| Failure::Host(error.to_string()))
}

fn config(more: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = usual_authorities();
    roots.add_parsable_certificates(more);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Returns the authorities that are trusted without being named: Mozilla's and this system's. Reading the latter takes a while.
pub(crate) fn usual_authorities() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        // Mozilla's certificates are enough for the public internet.
        tracing::debug!("a certificate of this system cannot be read: {error}");
    }
    roots.add_parsable_certificates(native.certs);
    roots
}

fn explain(host: &RequestHost, error: &io::Error) -> Failure {
    let to = host.to_string();
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            Failure::Certificate { to, reason: reason.to_string() }
        }
        Some(error) => Failure::Tls { to, reason: error.to_string() },
        None => Failure::Tls { to, reason: error.to_string() },
    }
}
