//! The bounds of the certificates that clients show: whoever they are, what is checked of them costs little.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

/// The most certificates that a client shows: its own, and those that lead to its authority. Who looks for a path among
/// them checks some signatures for each order of them.
const MAX_CLIENT_CHAIN: usize = 4;
/// Bytes of all of them.
const MAX_CLIENT_CHAIN_BYTES: usize = 16 * 1024;
/// The check of clients' certificates, for which chains of more than a few certificates are none.
#[derive(Debug)]
pub(super) struct BoundedChains(pub(super) Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for BoundedChains {
    fn offer_client_auth(&self) -> bool {
        self.0.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.0.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let more: usize = intermediates.iter().map(|shown| shown.len()).sum();
        if intermediates.len() >= MAX_CLIENT_CHAIN
            || end_entity.len() + more > MAX_CLIENT_CHAIN_BYTES
        {
            return Err(Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            ));
        }
        self.0.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
