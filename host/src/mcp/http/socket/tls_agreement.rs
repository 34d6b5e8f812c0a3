//! The agreement of a connection on TLS, or the reason why there is none.

use std::io;
use std::rc::Rc;
use std::time::Duration;

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
