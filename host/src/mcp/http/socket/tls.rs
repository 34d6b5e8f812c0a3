//! TLS of the server: certificates from files, read anew when those change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::text::escape_path;

/// The largest of the files, in bytes.
const MAX_PEM: usize = 1024 * 1024;

/// The files of TLS, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and behind it those that lead to its authority.
    pub certificate: PathBuf,
    /// The key of the certificate.
    pub key: PathBuf,
    /// The authorities of clients' certificates. With it, every client has to show one.
    pub client_ca: Option<PathBuf>,
}

/// The reason why the files give no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One cannot be read.
    #[error("{0} {1}")]
    Unreadable(String, String),
    /// One is no PEM.
    #[error("{0} is no PEM: {1}")]
    NoPem(String, String),
    /// One lacks what it is for.
    #[error("{0} holds no {1}; it is to be a file in PEM, with a line `-----BEGIN {2}-----`")]
    Empty(String, &'static str, &'static str),
    /// They are not fit for each other, or not for TLS.
    #[error("{certificate} and {key} cannot be used together: {reason}")]
    Unfit {
        /// The file of the certificate.
        certificate: String,
        /// The file of the key.
        key: String,
        /// The reason.
        reason: String,
    },
    /// No certificate in the file can be an authority's.
    #[error("{0} cannot be used: {1}")]
    Authority(String, String),
}

/// The certificate, the key and the authorities that the files held when they were read.
#[derive(Clone)]
pub(crate) struct TlsInForce {
    digest: [u8; 32],
    acceptor: TlsAcceptor,
}

impl PartialEq for TlsInForce {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl TlsInForce {
    /// Agrees on TLS with the client at the other end of `stream`.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.acceptor.accept(stream).await
    }
}

impl TlsFiles {
    /// Reads the files. Blocks.
    pub(crate) fn read(&self) -> Result<TlsInForce, TlsError> {
        let Self { certificate, key, client_ca } = self;
        let (certificate_bytes, key_bytes) = (read(certificate)?, read(key)?);
        let authority_bytes = client_ca.as_deref().map(read).transpose()?;
        let mut digest = Sha256::new();
        for bytes in [Some(&certificate_bytes), Some(&key_bytes), authority_bytes.as_ref()] {
            let bytes = bytes.map_or(&[][..], Vec::as_slice);
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let unfit = |error: rustls::Error| TlsError::Unfit {
            certificate: escape_path(certificate),
            key: escape_path(key),
            reason: error.to_string(),
        };
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unfit)?;
        let builder = match client_ca.as_deref().zip(authority_bytes) {
            None => builder.with_no_client_auth(),
            Some((file, bytes)) => {
                let refuse = |error: String| TlsError::Authority(escape_path(file), error);
                let mut roots = RootCertStore::empty();
                for authority in certificates(file, &bytes)? {
                    roots.add(authority).map_err(|error| refuse(error.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = verifier.build().map_err(|error| refuse(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let chain = certificates(certificate, &certificate_bytes)?;
        let own = private_key(key, &key_bytes)?;
        let mut config = builder.with_single_cert(chain, own).map_err(unfit)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsInForce { digest: digest.finalize().into(), acceptor: Arc::new(config).into() })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |error: ReadError| TlsError::Unreadable(escape_path(path), error.to_string());
    read_at_most(path, MAX_PEM).map_err(unreadable)
}

fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| TlsError::NoPem(escape_path(path), error.to_string()))?;
    match found.is_empty() {
        true => Err(TlsError::Empty(escape_path(path), "certificate", "CERTIFICATE")),
        false => Ok(found),
    }
}

fn private_key(path: &Path, bytes: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            TlsError::Empty(escape_path(path), "private key", "PRIVATE KEY")
        }
        error => TlsError::NoPem(escape_path(path), error.to_string()),
    })
}
