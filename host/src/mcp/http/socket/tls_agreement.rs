//! The agreement of a connection on TLS, or the reason why there is none.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use rustls::{CertificateError, OtherError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::server::TlsStream;

use super::client_certificates::{ClientCertificate, ClientCertificates};
use super::client_socket::{ClientSocket, Duplex};
use super::first_byte::FirstByte;
use super::handshake_share::{EndedHandshake, HandshakeShare};
use super::paced::Paced;
use super::tls::TlsInForce;
use crate::mcp::http::bounds::MAX_DROPPED;
use crate::tokens::Principal;

/// The first byte of whatever speaks TLS: the type of the record in which a handshake comes.
pub(crate) const TLS_HANDSHAKE: u8 = 22;

/// The TLS of all connections.
#[derive(Clone)]
pub(crate) struct TlsOfConnections {
    in_force: watch::Receiver<TlsInForce>,
    handshakes: Rc<HandshakeShare>,
    certificates: Rc<ClientCertificates>,
}

/// A connection that speaks TLS.
pub(crate) struct AgreedTls {
    pub(crate) stream: TlsStream<FirstByte<Paced<ClientSocket>>>,
    /// The time for which the handshake waited behind those of others.
    pub(crate) waited: Duration,
    /// The client, as its certificate proves. `None` if it showed none.
    pub(crate) client: Option<ProvedClient>,
}

/// A client that has shown a certificate.
pub(crate) struct ProvedClient {
    pub(crate) principal: Principal,
    certificate: Rc<ClientCertificate>,
    certificates: Rc<ClientCertificates>,
}

/// A connection whose client speaks HTTP in the clear.
pub(crate) struct CleartextClient(FirstByte<Paced<ClientSocket>>);

/// The reason why a connection does not speak TLS.
pub(crate) enum NoTls {
    /// Its client speaks HTTP in the clear, and has to be told.
    Cleartext(CleartextClient),
    /// The handshake failed.
    Refused(io::Error),
    /// The client was not done in time, or has gone.
    Late(&'static str),
}

impl TlsOfConnections {
    /// The TLS that is in force whenever a connection is made.
    pub(crate) fn new(in_force: &watch::Receiver<TlsInForce>) -> Self {
        Self {
            in_force: in_force.clone(),
            handshakes: Rc::default(),
            certificates: Rc::new(ClientCertificates::new(in_force.clone())),
        }
    }

    /// Agrees on TLS with the client at the other end of `socket`, which has so much time for all of it: the wait for its
    /// turns is not its own. `stream` reads from that.
    pub(crate) async fn agree(
        self,
        stream: Paced<ClientSocket>,
        socket: &ClientSocket,
        time: Duration,
    ) -> Result<AgreedTls, NoTls> {
        let (peer, end) = (socket.peer(), Instant::now() + time);
        let mut stream = FirstByte::new(stream);
        let first =
            timeout_at(end, stream.peek()).await.map_err(|_| NoTls::Late("it said nothing"));
        if first?.is_ok_and(|first| first.is_some_and(|first| first != TLS_HANDSHAKE)) {
            return Err(NoTls::Cleartext(CleartextClient(stream)));
        }
        let Self { in_force, handshakes, certificates } = self;
        // New connections are made with what is in force now.
        let in_force = in_force.borrow().clone();
        let handshake = async {
            // Nothing is computed for a client that has gone while it waited for its turn.
            match socket.has_hung_up() {
                true => Err(io::ErrorKind::UnexpectedEof.into()),
                false => in_force.accept(stream).await,
            }
        };
        let left = end.saturating_duration_since(Instant::now());
        let EndedHandshake { result, waited } = handshakes.run(peer, left, handshake).await;
        let stream = match result {
            Some(Ok(stream)) => stream,
            // Who only looks whether the port is open closes the connection at once.
            Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(NoTls::Late("it has gone"));
            }
            Some(Err(error)) => return Err(NoTls::Refused(error)),
            None => return Err(NoTls::Late("it was not done")),
        };
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let client = shown.first().map(|own| ProvedClient {
            principal: Principal::of_certificate(own),
            certificate: certificates.shown(shown, &in_force),
            certificates: certificates.clone(),
        });
        Ok(AgreedTls { stream, waited, client })
    }
}

/// Returns in words why a handshake failed.
pub(crate) fn refusal_words(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            format!("its certificate is not accepted: {}", certificate_words(reason))
        }
        Some(rustls::Error::NoCertificatesPresented) => "it shows no certificate".into(),
        Some(error) => error.to_string(),
        None => error.to_string(),
    }
}

/// Returns in words why a certificate is not accepted, of a client or of a server.
pub(crate) fn certificate_words(reason: &CertificateError) -> String {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it does not count yet".into()
        }
        CertificateError::UnknownIssuer => "it is of no authority that is trusted here".into(),
        CertificateError::BadSignature => "its signature is wrong".into(),
        CertificateError::BadEncoding => "it cannot be read".into(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not made for this use".into()
        }
        CertificateError::ApplicationVerificationFailure => {
            "more certificates come with it than are looked at".into()
        }
        // The crate has names for the others, and no sentences.
        CertificateError::Other(OtherError(other)) => match &*other.to_string() {
            "CaUsedAsEndEntity" => {
                "it is that of an authority, which stands for no one else".into()
            }
            "UnsupportedCertVersion" => {
                "it is of version 1 of X.509, and version 3 is needed: sign it anew with an extension, as `openssl x509 -req` does with `-extfile FILE`".into()
            }
            name => in_words(name),
        },
        other => other.to_string(),
    }
}

/// Returns a name such as `NameConstraintViolation` as words.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && words.ends_with(|last: char| last.is_ascii_lowercase()) {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

impl ProvedClient {
    /// Resolves when its certificate counts no more.
    pub(crate) async fn ended(&self) {
        self.certificates.ended(&self.certificate).await;
    }
}

impl CleartextClient {
    /// Tells the client how to speak, and drops what it still sends, for so long at most.
    pub(crate) async fn refuse(self, time: Duration) {
        // A client that does not read the answer has its time all the same.
        let _ = timeout(time, refuse_cleartext(self.0)).await;
    }
}

async fn refuse_cleartext<S: Duplex>(mut stream: FirstByte<S>) -> io::Result<()> {
    const SAID: &str = "HTTPS is spoken on this port: write https:// in the client's URL\n";
    let head =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close";
    let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{SAID}", SAID.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    let mut left = stream.take(MAX_DROPPED as u64);
    tokio::io::copy(&mut left, &mut tokio::io::sink()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_certificate_that_is_not_accepted_is_told_in_words() {
        let other = |name: &'static str| {
            let inner = io::Error::other(name).into_inner().expect("an error");
            CertificateError::Other(OtherError(Arc::from(inner)))
        };
        for (reason, expected) in [
            (CertificateError::UnknownIssuer, "of no authority"),
            (CertificateError::Expired, "has expired"),
            (other("CaUsedAsEndEntity"), "it is that of an authority"),
            (
                other("UnsupportedCertVersion"),
                "sign it anew with an extension, as `openssl x509 -req`",
            ),
            (other("NameConstraintViolation"), "not accepted: name constraint violation"),
        ] {
            let error = io::Error::other(rustls::Error::InvalidCertificate(reason));
            let said = refusal_words(&error);
            assert!(said.contains(expected) && !said.contains("Error"), "{said}");
        }
        let gone: io::Error = io::ErrorKind::ConnectionReset.into();
        assert_eq!(refusal_words(&gone), gone.to_string());
    }
}
