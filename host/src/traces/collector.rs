//! One request to a collector: bounded in time and size, and never sent on.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use prost::Message as _;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use super::endpoint::CollectorUrl;
use super::wire::{ExportResponse, PartialSuccess};
use crate::sandbox::http::{
    Connection, Failure, LookupShare, LookupShares, TrustedAuthorities, own_addresses,
};
use crate::text::{clip, escape};

/// The most bytes of an answer, and of its head.
const MAX_COLLECTOR_ANSWER: usize = 64 * 1024;
const MAX_COLLECTOR_HEAD: usize = 64 * 1024;
/// The time for the body of an answer: what was sent is taken by then.
const COLLECTOR_BODY_TIME: Duration = Duration::from_secs(1);
/// The most of an answer's message that is shown, in bytes.
const MAX_SHOWN_MESSAGE: usize = 200;
/// The longest time that a collector can ask to be left alone.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The way to the collector.
pub(super) struct Collector {
    url: CollectorUrl,
    headers: Vec<(HeaderName, HeaderValue)>,
    trust: TrustedAuthorities,
    lookups: LookupShare,
}

/// The reason why a collector has not taken what was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error("the request cannot be written: {0}")]
    Request(#[from] http::Error),
    #[error("it answers with the status {status}{hint}", hint = hint(*.status))]
    Status { status: StatusCode, after: Option<Duration> },
    #[error("no answer came in {} ms", .0.as_millis())]
    Late(Duration),
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "; OTEL_EXPORTER_OTLP_HEADERS, or OTEL_EXPORTER_OTLP_TRACES_HEADERS, is the place for its key"
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            "; mend OTEL_EXPORTER_OTLP_ENDPOINT, to which /v1/traces is added, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, to which nothing is"
        }
        status if status.is_redirection() => "; redirects are not followed",
        _ => "",
    }
}

/// The part of what was sent that was not taken, though the rest was.
pub(super) struct TakenInPart {
    pub(super) rejected: u64,
    pub(super) message: String,
}

impl NotTaken {
    /// True if the same may be taken later, as OTLP says.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Failure(_) | Self::Late(_) => true,
            Self::Request(_) => false,
            Self::Status { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
        }
    }

    /// The time for which the collector asks to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { after, .. } => *after,
            Self::Failure(_) | Self::Request(_) | Self::Late(_) => None,
        }
    }
}

impl Collector {
    pub(super) fn new(
        url: CollectorUrl,
        headers: Vec<(HeaderName, HeaderValue)>,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Self {
        let lookups = LookupShares::default().of(None);
        Self { url, headers, trust: TrustedAuthorities::new(authorities), lookups }
    }

    pub(super) fn url(&self) -> &CollectorUrl {
        &self.url
    }

    /// Sends a request with this body. Returns what was not taken of it, if it was taken but for a part.
    pub(super) async fn send(&self, body: Bytes) -> Result<Option<TakenInPart>, NotTaken> {
        let request = self.request(body)?;
        let target = &self.url.target;
        let addresses = own_addresses(&target.host, &self.lookups).await?;
        let stream = Connection::open(target, &addresses, &self.trust).await?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_COLLECTOR_HEAD);
        let shaken = builder.handshake(TokioIo::new(stream)).await.map_err(Failure::from)?;
        let (mut sender, connection) = shaken;
        let mut answer = pin!(async {
            let response = sender.send_request(request).await.map_err(Failure::from)?;
            read(response).await
        });
        tokio::select! {
            answer = &mut answer => answer,
            // The answer that it gave may not have been read yet.
            _ = connection => answer.await,
        }
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::post(&*self.url.path)
            .header(HOST, self.url.target.authority())
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header(CONTENT_LENGTH, body.len())
            .header(USER_AGENT, concat!("toolrack/", env!("CARGO_PKG_VERSION")))
            .header(CONNECTION, "close")
            .body(Full::new(body))?;
        request.headers_mut().extend(self.headers.iter().cloned());
        Ok(request)
    }
}

async fn read(response: Response<Incoming>) -> Result<Option<TakenInPart>, NotTaken> {
    let status = response.status();
    if !status.is_success() {
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let after = after.map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
        return Err(NotTaken::Status { status, after });
    }
    // It was taken: an answer that cannot be read says nothing more.
    let body = Limited::new(response.into_body(), MAX_COLLECTOR_ANSWER).collect();
    let body = timeout(COLLECTOR_BODY_TIME, body).await.ok().and_then(Result::ok);
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let answer = ExportResponse::decode(body).unwrap_or_default();
    Ok(answer.partial_success.and_then(|partial| {
        let PartialSuccess { rejected_spans, error_message } = partial;
        let rejected = u64::try_from(rejected_spans).ok().filter(|rejected| *rejected > 0)?;
        let message = escape(clip(&error_message, MAX_SHOWN_MESSAGE));
        Some(TakenInPart { rejected, message })
    }))
}
