//! The server of `/metrics`: on an address and a thread of its own, so that a scrape holds up no call.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::families::MetricsSource;
use super::scrape_connections::{ScrapeConnection, ScrapeConnections};
use crate::mcp::{HostPolicy, HttpAddress, ServerName};

/// The time of one scrape, from its connection to the end of its answer.
const SCRAPE_TIME: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes; hyper takes no smaller one.
const MAX_SCRAPE_HEAD: usize = 8 * 1024;
/// The pause after an error of the listener.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The address that metrics are served on: `HOST:PORT`, or a port of this machine alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsAddress(SocketAddr);

impl FromStr for MetricsAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match HttpAddress::literal(text) {
            Ok(Some(HttpAddress::Tcp(address))) => Ok(Self(address)),
            Ok(_) | Err(_) => {
                Err("expected an address and a port, as in 127.0.0.1:9464, or a port".into())
            }
        }
    }
}

impl MetricsAddress {
    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// True if who listens there keeps others from listening on `other`.
    #[must_use]
    pub fn overlaps(&self, other: SocketAddr) -> bool {
        let Self(own) = self;
        // That of version 6 stands for both.
        let covers = |all: &SocketAddr, one: &SocketAddr| {
            all.ip().is_unspecified() && (all.is_ipv6() || one.is_ipv4())
        };
        let is_same = own.ip() == other.ip() || covers(own, &other) || covers(&other, own);
        // The port 0 stands for any that is free.
        own.port() != 0 && own.port() == other.port() && is_same
    }
}

impl fmt::Display for MetricsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Serves `/metrics`. Dropping it ends that.
pub struct MetricsServer {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    address: SocketAddr,
}

impl MetricsServer {
    /// Serves the metrics of `source` on `address`, once that is listened on, to those who know the server by its address, as
    /// localhost, or by one of `hosts`. The port 0 stands for any that is free.
    pub fn start(
        address: MetricsAddress,
        hosts: Vec<ServerName>,
        source: MetricsSource,
    ) -> std::io::Result<Self> {
        // A page that turns its own name to this address would read the metrics, from behind a firewall, too.
        let policy = HostPolicy::new(&HttpAddress::Tcp(address.0), hosts, Vec::new());
        let policy = Arc::new(policy.known_as_localhost());
        let mut registry = Registry::default();
        registry.register_collector(Box::new(source));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (listens, listening) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let registry = Arc::new(registry);
        let serve = move || {
            runtime.block_on(async {
                let listener = TcpListener::bind(address.0).await;
                let listener = match listener.and_then(|found| Ok((found.local_addr()?, found))) {
                    Ok((address, listener)) => {
                        let _ = listens.send(Ok(address));
                        listener
                    }
                    Err(error) => return drop(listens.send(Err(error))),
                };
                tokio::select! {
                    () = serve_scrapes(&listener, &policy, &registry) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("metrics".into()).spawn(serve)?;
        let address = listening.recv().map_err(std::io::Error::other)??;
        Ok(Self { stop: Some(stop), thread: Some(thread), address })
    }

    /// The URL of the metrics.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        // It ends between two steps of a scrape, each of which is brief.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

async fn serve_scrapes(listener: &TcpListener, policy: &Arc<HostPolicy>, registry: &Arc<Registry>) {
    let connections = Arc::<ScrapeConnections>::default();
    let mut scrapes = JoinSet::new();
    loop {
        while scrapes.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let (registry, policy) = (registry.clone(), policy.clone());
                let connection = connections.connect();
                scrapes.spawn(async move {
                    tokio::select! {
                        _ = timeout(SCRAPE_TIME, serve_scrape(stream, &registry, &policy, &connection)) => {}
                        () = connection.closes() => {}
                    }
                });
            }
            Err(error) => {
                tracing::debug!("a connection for metrics cannot be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_scrape(
    stream: TcpStream,
    registry: &Registry,
    policy: &HostPolicy,
    connection: &ScrapeConnection,
) {
    let service = service_fn(async |request: Request<Incoming>| {
        connection.asks();
        Ok::<_, std::convert::Infallible>(answer(&request, registry, policy))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SCRAPE_TIME)
        .max_buf_size(MAX_SCRAPE_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!("a connection for metrics ended: {error}");
    }
}

fn answer(
    request: &Request<Incoming>,
    registry: &Registry,
    policy: &HostPolicy,
) -> Response<Full<Bytes>> {
    let words = |status, words: &str| {
        let mut answer = Response::new(Full::from(format!("{words}\n")));
        *answer.status_mut() = status;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PLAIN));
        answer
    };
    if let Err(refused) = policy.check_host(request.headers()) {
        return words(StatusCode::FORBIDDEN, &refused.0);
    }
    if request.uri().path() != "/metrics" {
        return words(StatusCode::NOT_FOUND, "nothing is here; metrics are at /metrics");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = words(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    let mut shown = String::new();
    let (encoded, kind) = match takes_open_metrics(request.headers()) {
        true => (text::encode(&mut shown, registry), OPEN_METRICS),
        false => (prometheus_text::encode(&mut shown, registry), PROMETHEUS_TEXT),
    };
    if encoded.is_err() {
        return words(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written");
    }
    let mut answer = Response::new(Full::from(shown));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// True if whoever asks reads the form of OpenMetrics.
fn takes_open_metrics(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/openmetrics-text")
    })
}
