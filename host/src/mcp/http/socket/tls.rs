//! TLS of the server: certificates from files, read anew when those change.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::bounded_chains::BoundedChains;
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::fs::stated::Stated;
use crate::typed_path::shown;

/// The largest of the files, in bytes.
const MAX_PEM: usize = 1024 * 1024;

/// The files of TLS, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and behind it those that lead to its authority.
    pub certificate: Stated<PathBuf>,
    /// The key of the certificate.
    pub key: Stated<PathBuf>,
    /// The authorities of clients' certificates. With it, every client has to show one.
    pub client_ca: Option<Stated<PathBuf>>,
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
    /// The key is encrypted.
    #[error(
        "{0} is encrypted, and there is nobody to ask for its passphrase: give a key without one"
    )]
    Encrypted(String),
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

/// The bytes of the files, of which nothing is made yet.
pub(crate) struct TlsBytes {
    files: TlsFiles,
    certificate: Vec<u8>,
    key: Vec<u8>,
    authorities: Option<Vec<u8>>,
    digest: [u8; 32],
}

/// The certificate, the key and the authorities that the files held when they were read.
#[derive(Clone)]
pub(crate) struct TlsInForce {
    digest: [u8; 32],
    acceptor: TlsAcceptor,
    /// The check of clients' certificates. `None` if they show none.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

impl TlsInForce {
    /// The digest of the files.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// True if the files hold these bytes.
    pub(crate) fn is_of(&self, bytes: &TlsBytes) -> bool {
        self.digest == bytes.digest
    }

    /// True if a client with these certificates, its own first, is let in at this time.
    pub(crate) fn accepts(&self, chain: &[CertificateDer<'_>], at: UnixTime) -> bool {
        let Some(clients) = &self.clients else { return true };
        let Some((own, others)) = chain.split_first() else { return false };
        clients.verify_client_cert(own, others, at).is_ok()
    }

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
    pub(crate) fn read(&self) -> Result<TlsBytes, TlsError> {
        let (certificate, key) = (read(&self.certificate)?, read(&self.key)?);
        let authorities = self.client_ca.as_ref().map(read).transpose()?;
        let mut digest = Sha256::new();
        for bytes in [Some(&certificate), Some(&key), authorities.as_ref()] {
            let bytes = bytes.map_or(&[][..], Vec::as_slice);
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        }
        let digest = digest.finalize().into();
        Ok(TlsBytes { files: self.clone(), certificate, key, authorities, digest })
    }
}

impl TlsBytes {
    /// The TLS that the files are for.
    pub(crate) fn tls(self) -> Result<TlsInForce, TlsError> {
        let Self { files, certificate: certificate_bytes, key: key_bytes, authorities, digest } =
            self;
        let TlsFiles { certificate, key, client_ca } = &files;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let unfit = |error: rustls::Error| TlsError::Unfit {
            certificate: shown(certificate),
            key: shown(key),
            reason: match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    "the key is that of another certificate".into()
                }
                error => error.to_string(),
            },
        };
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unfit)?;
        let (builder, clients) = match client_ca.as_ref().zip(authorities) {
            None => (builder.with_no_client_auth(), None),
            Some((file, bytes)) => {
                let refuse = |error: String| TlsError::Authority(shown(file), error);
                let mut roots = RootCertStore::empty();
                for authority in certificates(file, &bytes)? {
                    roots.add(authority).map_err(|error| refuse(error.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = verifier.build().map_err(|error| refuse(error.to_string()))?;
                let verifier: Arc<dyn ClientCertVerifier> = Arc::new(BoundedChains(verifier));
                (builder.with_client_cert_verifier(verifier.clone()), Some(verifier))
            }
        };
        let chain = certificates(certificate, &certificate_bytes)?;
        let own = private_key(key, &key_bytes)?;
        let mut config = builder.with_single_cert(chain, own).map_err(unfit)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if clients.is_some() {
            // A session that is resumed brings the certificates of the one before, and they are not checked again.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(TlsInForce { digest, acceptor: Arc::new(config).into(), clients })
    }
}

fn read(file: &Stated<PathBuf>) -> Result<Vec<u8>, TlsError> {
    let unreadable = |error: ReadError| TlsError::Unreadable(shown(file), error.to_string());
    read_at_most(&file.value, MAX_PEM).map_err(unreadable)
}

/// Reads the certificate of a server: the first in `file`. Blocks.
pub(crate) fn own_certificate(file: &Stated<PathBuf>) -> Result<CertificateDer<'static>, TlsError> {
    let mut found = certificates(file, &read(file)?)?;
    Ok(found.swap_remove(0))
}

fn certificates(
    file: &Stated<PathBuf>,
    bytes: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| TlsError::NoPem(shown(file), error.to_string()))?;
    match found.is_empty() {
        true => Err(TlsError::Empty(shown(file), "certificate", "CERTIFICATE")),
        false => Ok(found),
    }
}

fn private_key(file: &Stated<PathBuf>, bytes: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    // In PKCS #8, and in the form of OpenSSL before it.
    let is_encrypted = [&b"BEGIN ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"];
    if is_encrypted.iter().any(|mark| bytes.windows(mark.len()).any(|found| found == *mark)) {
        return Err(TlsError::Encrypted(shown(file)));
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            TlsError::Empty(shown(file), "private key", "PRIVATE KEY")
        }
        error => TlsError::NoPem(shown(file), error.to_string()),
    })
}
