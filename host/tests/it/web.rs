//! Servers on loopback that do what a test says, over TCP or TLS, and what reaches them.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use toolrack::sandbox::http::{LookupTurn, PendingAddresses, Resolve};

/// The authority that signed the certificate of these servers, for tests only.
pub(crate) fn authority() -> CertificateDer<'static> {
    include_bytes!("../certificates/test-only-authority.der").as_slice().into()
}

/// What a server does with a connection, after it has read the head of a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Writes these bytes and closes.
    Once(Vec<u8>),
    /// Writes the first, then the second again and again.
    Endless(&'static str, &'static str),
    /// Writes the first, then the second five times, each after such a pause, and closes.
    Slowly(&'static str, &'static str, Duration),
    /// Writes these bytes and then nothing, with the connection open.
    Stall(&'static str),
    /// Closes with a reset.
    Reset,
    /// What this says to the head of the request.
    Each(fn(&str) -> Reply),
    /// What stands here for the request's method and target, such as `GET /a?b=c`; else 404.
    Routes(BTreeMap<String, Reply>),
}

impl Reply {
    /// A whole response with this body.
    pub(crate) fn text(body: &str) -> Self {
        Self::status(200, body)
    }

    /// A whole response with this status and body.
    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::with(status, "", body)
    }

    /// The same with headers, each ending its line.
    pub(crate) fn with(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Any\r\n{headers}content-length: {length}\r\n\r\n");
        Self::Once([head.as_bytes(), body].concat())
    }
}

/// A port of loopback that nobody listens on.
pub(crate) fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// What happened at a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The head of a request.
    Head(String),
    /// The other side closed the connection.
    Closed,
}

/// A server. Its tasks end with the test's runtime.
pub(crate) struct Web {
    pub(crate) port: u16,
    pub(crate) seen: mpsc::UnboundedReceiver<Seen>,
    pub(crate) connections: Arc<AtomicUsize>,
}

/// How a server speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    Plain,
    Tls,
    /// Accepts, and says nothing at all.
    Silent,
}

impl Web {
    pub(crate) async fn start(speech: Speech, reply: Reply) -> Self {
        Self::start_at(speech, |_| reply).await
    }

    /// The same with a reply that knows the port.
    pub(crate) async fn start_at(speech: Speech, reply: impl FnOnce(u16) -> Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let reply = reply(port);
        let connections = Arc::new(AtomicUsize::new(0));
        let (tell, seen) = mpsc::unbounded_channel();
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (reply, tell) = (reply.clone(), tell.clone());
                tokio::spawn(async move {
                    let _ = match speech {
                        Speech::Plain => serve(stream, reply, &tell).await,
                        Speech::Tls => match acceptor().accept(stream).await {
                            Ok(stream) => serve(stream, reply, &tell).await,
                            Err(error) => Err(error),
                        },
                        Speech::Silent => silent(stream, &tell).await,
                    };
                });
            }
        });
        Self { port, seen, connections }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The next thing that happens.
    pub(crate) async fn next(&mut self) -> Seen {
        let next = self.seen.recv();
        tokio::time::timeout(std::time::Duration::from_secs(10), next)
            .await
            .expect("something happens")
            .expect("the server is there")
    }

    /// The head of the next request.
    pub(crate) async fn head(&mut self) -> String {
        match self.next().await {
            Seen::Head(head) => head,
            Seen::Closed => panic!("closed before a request"),
        }
    }
}

fn acceptor() -> TlsAcceptor {
    let certificate = include_bytes!("../certificates/test-only-server.der").as_slice().into();
    let key = include_bytes!("../certificates/test-only-server.key.der").as_slice();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let config =
        ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a key that fits");
    TlsAcceptor::from(Arc::new(config))
}

async fn silent(mut stream: TcpStream, tell: &mpsc::UnboundedSender<Seen>) -> io::Result<()> {
    while stream.read(&mut [0; 1024]).await? > 0 {}
    let _ = tell.send(Seen::Closed);
    Ok(())
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: Reply,
    tell: &mpsc::UnboundedSender<Seen>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let reply = match reply {
        Reply::Each(choose) => choose(&head),
        Reply::Routes(routes) => {
            let asked = head.split(" HTTP/").next().unwrap_or_default();
            let answer = routes.get(asked).cloned();
            answer.unwrap_or_else(|| Reply::status(404, &format!("no route for {asked}")))
        }
        reply => reply,
    };
    let body = Body::of(&head);
    let _ = tell.send(Seen::Head(head));
    if let Reply::Once(_) = reply {
        // Who answers and closes while a body is on its way breaks it off.
        body.skip(&mut stream).await;
    }
    let ended = answer(&mut stream, reply).await;
    if ended.is_ok() {
        // What comes until the other side closes: a body, or nothing.
        while let Ok(1..) = stream.read(&mut [0; 1024]).await {}
    }
    let _ = tell.send(Seen::Closed);
    ended
}

/// What follows the head of a request.
enum Body {
    Long(u64),
    Chunked,
}

impl Body {
    fn of(head: &str) -> Self {
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        match length.map(|length| length.trim().parse().expect("a length")) {
            None if head.contains("\r\ntransfer-encoding: chunked\r\n") => Self::Chunked,
            length => Self::Long(length.unwrap_or(0)),
        }
    }

    /// Reads it to its end, or to that of the connection.
    async fn skip(self, stream: &mut (impl AsyncRead + Unpin)) {
        let mut tail = Vec::new();
        let mut left = if let Self::Long(length) = self { length } else { u64::MAX };
        while left > 0 && !(matches!(self, Self::Chunked) && tail == b"0\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { break };
            tail.push(byte);
            tail.drain(..tail.len().saturating_sub(5));
            left -= 1;
        }
    }
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) -> io::Result<()> {
    match reply {
        Reply::Once(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Endless(first, again) => {
            stream.write_all(first.as_bytes()).await?;
            loop {
                stream.write_all(again.as_bytes()).await?;
            }
        }
        Reply::Slowly(first, piece, pause) => {
            stream.write_all(first.as_bytes()).await?;
            for _ in 0..5 {
                tokio::time::sleep(pause).await;
                stream.write_all(piece.as_bytes()).await?;
                stream.flush().await?;
            }
            stream.shutdown().await
        }
        Reply::Stall(bytes) => {
            stream.write_all(bytes.as_bytes()).await?;
            stream.flush().await
        }
        Reply::Reset | Reply::Each(_) | Reply::Routes(_) => {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
}

/// A resolver that knows a few names, and gives each answer in turn, the last for ever.
#[derive(Clone, Default)]
pub(crate) struct Names {
    answers: BTreeMap<String, Vec<Vec<IpAddr>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Names {
    pub(crate) fn with(mut self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        self.answers.entry(name.to_owned()).or_default().push(addresses);
        self
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str, _: LookupTurn) -> PendingAddresses {
        let mut asked = self.asked.lock().expect("no panic");
        let before = asked.iter().filter(|earlier| *earlier == name).count();
        asked.push(name.to_owned());
        let found =
            self.answers.get(name).map(|answers| answers[before.min(answers.len() - 1)].clone());
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    }
}
