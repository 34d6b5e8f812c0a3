//! One question to a server, and its answer.

use std::error::Error;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::server_place::{PlaceUrl, ServerPlace};
use super::server_trust::{AnotherCertificate, ServerTrust};
use crate::manifest::show_duration;
use crate::mcp::http::socket::client_socket::Duplex;
use crate::mcp::http::socket::tls_agreement::certificate_words;

/// The most bytes of an answer, and of its head.
const MAX_PROBE_ANSWER: usize = 64 * 1024;

/// A server that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct ProbedServer {
    place: ServerPlace,
    /// The path before those of the server.
    base: String,
    /// The proof of who it is. `None` if it is asked in the clear.
    trust: Option<ServerTrust>,
    /// The proof of who asks. A server of another machine gets none, and is not asked with one.
    authorization: Option<HeaderValue>,
}

/// The part of an answer that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AwaitedPart {
    /// All of it.
    Whole,
    /// All of a refusal, and the head of anything else, whose rest may never end.
    Refusal,
}

/// The answer of a server. All of it is the server's: escape what you show.
#[derive(Debug)]
pub(crate) struct ProbeAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Empty where the head alone was waited for.
    pub(crate) body: Bytes,
}

/// The reason why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    /// There is no connection.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// TLS cannot be agreed on.
    #[error("no TLS: {0}")]
    Tls(rustls::Error),
    /// The server's certificate is not accepted.
    #[error("its certificate is not accepted: {}", certificate_words(.0))]
    Certificate(CertificateError),
    /// The server's certificate is not the one that was named.
    #[error(transparent)]
    AnotherCertificate(AnotherCertificate),
    /// The server lets clients in that show a certificate.
    #[error("it lets only clients with a certificate in, and none is shown here")]
    WantsCertificate,
    /// The answer does not fit.
    #[error("its answer is larger than 64 KiB, the most that is read")]
    TooLarge,
    /// The answer is no answer.
    #[error("what it answers is no HTTP")]
    NoHttp,
    /// The connection ended, or failed.
    #[error("the connection broke off before there was an answer")]
    BrokenOff,
    /// The time is over.
    #[error("no answer came within {}", show_duration(*.0))]
    Late(Duration),
    /// The server is of another machine, and a token would be shown to it.
    #[error("it is no server of this machine, and gets no token from here")]
    Elsewhere,
    /// This process can ask nobody.
    #[error("this process cannot ask: {0}")]
    Host(io::Error),
}

impl ProbedServer {
    /// The server that listens at `place`, with TLS if it has a certificate of its `own`.
    pub(crate) fn listening(place: ServerPlace, own: Option<CertificateDer<'static>>) -> Self {
        let trust = own.map(ServerTrust::Own);
        Self { place, base: String::new(), trust, authorization: None }
    }

    /// The server of `url`. Over HTTPS, it has to show the certificate `own`, or one of an authority that is trusted.
    pub(crate) fn of_url(url: PlaceUrl, own: Option<CertificateDer<'static>>) -> Self {
        let PlaceUrl { place, is_tls, base } = url;
        let trust = is_tls.then_some(ServerTrust::Authorities(own));
        Self { place, base, trust, authorization: None }
    }

    /// The same server, asked with this value of the header `Authorization` if it is of this machine.
    pub(crate) fn with_authorization(mut self, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.authorization = Some(value);
        self
    }

    /// Returns the URL of a path of the server, as it is shown.
    pub(crate) fn shown(&self, path: &str) -> String {
        self.place.shown(self.trust.is_some(), &format!("{}{path}", self.base))
    }

    /// Asks for `path`, and waits for this part of the answer, for `time` in all. Blocks.
    pub(crate) fn ask(
        &self,
        path: &str,
        accept: &'static str,
        awaited: AwaitedPart,
        time: Duration,
    ) -> Result<ProbeAnswer, ProbeError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ProbeError::Host)?;
        let authorization = self.authorization.iter().map(|value| (AUTHORIZATION, value.clone()));
        let request = Request::builder()
            .uri(format!("{}{path}", self.base))
            .header(HOST, self.place.authority())
            .header(ACCEPT, accept)
            .header(USER_AGENT, concat!("toolrack/", env!("CARGO_PKG_VERSION")))
            .header(CONNECTION, "close")
            .body(Empty::new());
        let mut request = request.map_err(|error| ProbeError::Host(io::Error::other(error)))?;
        request.headers_mut().extend(authorization);
        let answer = runtime.block_on(async { timeout(time, self.answer(request, awaited)).await });
        // The look-up of a name, which the system may hold up, is left behind.
        runtime.shutdown_background();
        answer.unwrap_or(Err(ProbeError::Late(time)))
    }

    async fn answer(
        &self,
        request: Request<Empty<Bytes>>,
        awaited: AwaitedPart,
    ) -> Result<ProbeAnswer, ProbeError> {
        let stream = self.connect().await?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_PROBE_ANSWER);
        let shaken = builder.handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.map_err(|error| broken(&error))?;
        let mut answer = pin!(async {
            let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
            let (head, body) = response.into_parts();
            let body = match awaited {
                AwaitedPart::Refusal if head.status.is_success() => Bytes::new(),
                AwaitedPart::Whole | AwaitedPart::Refusal => {
                    let body = Limited::new(body, MAX_PROBE_ANSWER).collect().await;
                    body.map_err(|error| broken(&*error))?.to_bytes()
                }
            };
            Ok(ProbeAnswer { status: head.status, headers: head.headers, body })
        });
        tokio::select! {
            answer = &mut answer => answer,
            // The answer that it gave may not have been read yet.
            _ = connection => answer.await,
        }
    }

    async fn connect(&self) -> Result<Box<dyn Duplex>, ProbeError> {
        let (stream, name): (Box<dyn Duplex>, &str) = match &self.place {
            ServerPlace::Tcp(host, port) => {
                let stream = TcpStream::connect((&**host, *port)).await;
                let stream = stream.map_err(ProbeError::Connect)?;
                let peer = stream.peer_addr().map_err(ProbeError::Connect)?;
                if self.authorization.is_some() && !peer.ip().to_canonical().is_loopback() {
                    return Err(ProbeError::Elsewhere);
                }
                (Box::new(stream), host)
            }
            ServerPlace::Unix(path) => (connect_unix(path).await?, "localhost"),
        };
        let Some(trust) = &self.trust else { return Ok(stream) };
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| ProbeError::Tls(rustls::Error::UnsupportedNameType))?;
        let trust = trust.clone();
        let config = tokio::task::spawn_blocking(move || trust.config()).await;
        let config = config.map_err(|error| ProbeError::Host(error.into()))?;
        let config = Arc::new(config.map_err(ProbeError::Tls)?);
        let agreed = TlsConnector::from(config).connect(name, stream).await;
        Ok(Box::new(agreed.map_err(|error| broken(&error))?))
    }
}

#[cfg(unix)]
async fn connect_unix(path: &std::path::Path) -> Result<Box<dyn Duplex>, ProbeError> {
    let stream = tokio::net::UnixStream::connect(path).await;
    Ok(Box::new(stream.map_err(ProbeError::Connect)?))
}

#[cfg(not(unix))]
async fn connect_unix(_: &std::path::Path) -> Result<Box<dyn Duplex>, ProbeError> {
    Err(ProbeError::Connect(io::ErrorKind::Unsupported.into()))
}

/// Returns what broke an exchange off, by the errors that led to `error`. TLS may refuse with the first answer.
fn broken(error: &(dyn Error + 'static)) -> ProbeError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return ProbeError::TooLarge;
        }
        match error.downcast_ref::<hyper::Error>() {
            Some(error) if error.is_parse_too_large() => return ProbeError::TooLarge,
            Some(error) if error.is_parse() => return ProbeError::NoHttp,
            _ => {}
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(error) = inner.and_then(|inner| inner.downcast_ref()) {
            return no_tls(error);
        }
        cause = inner.map(|inner| inner as _).or_else(|| error.source());
    }
    ProbeError::BrokenOff
}

fn no_tls(error: &rustls::Error) -> ProbeError {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(other))
            if other.0.is::<AnotherCertificate>() =>
        {
            ProbeError::AnotherCertificate(AnotherCertificate)
        }
        rustls::Error::InvalidCertificate(reason) => ProbeError::Certificate(reason.clone()),
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            ProbeError::WantsCertificate
        }
        error => ProbeError::Tls(error.clone()),
    }
}
