//! The proof that a server over HTTPS is the one that is meant: it has the certificate that was named and its key, or one of
//! an authority that is trusted.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};

use crate::sandbox::http::usual_authorities;

/// The servers that are trusted.
#[derive(Clone, Debug)]
pub(crate) enum ServerTrust {
    /// One with this certificate, whatever its name and its time.
    Own(CertificateDer<'static>),
    /// One with a certificate of an authority that is trusted without being named, or with this one.
    Authorities(Option<CertificateDer<'static>>),
}

/// The server shows another certificate than the one that was named.
#[derive(Debug, thiserror::Error)]
#[error("it shows another certificate than the one that is configured")]
pub(crate) struct AnotherCertificate;

impl ServerTrust {
    /// Returns the settings of TLS with such a server. Reads the system's certificates, where they count.
    pub(crate) fn config(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (own, authorities) = match self {
            Self::Own(own) => (Some(own.clone()), None),
            Self::Authorities(own) => {
                let roots = Arc::new(usual_authorities());
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
                (own.clone(), Some(verifier.map_err(|error| Error::General(error.to_string()))?))
            }
        };
        let verifier = TrustVerifier { own, authorities, provider: provider.clone() };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The check of a server's certificate. That the server has the key of it is checked in any case.
#[derive(Debug)]
struct TrustVerifier {
    own: Option<CertificateDer<'static>>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for TrustVerifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match (&self.own, &self.authorities) {
            (Some(own), _) if own == shown => Ok(ServerCertVerified::assertion()),
            (_, Some(authorities)) => {
                authorities.verify_server_cert(shown, others, name, ocsp, now)
            }
            (_, None) => {
                let another = OtherError(Arc::new(AnotherCertificate));
                Err(CertificateError::Other(another).into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
