//! Answers over HTTP: one JSON body, a stream of events, or a refusal.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::exchange::{AnswerHold, Exchange, HeldPiece};
use crate::mcp::http::bounds::{self, CHUNK, HttpBounds};
use crate::mcp::http::request::media::{Accepted, EVENTS_TYPE, JSON_TYPE};
use crate::mcp::rpc::id::Id;
use crate::mcp::rpc::reply::{self, RpcError};
use crate::tool::whole_seconds;

/// An answer.
pub(crate) type HttpAnswer = Response<AnswerBody>;

/// Some proxies hold a stream back until it is large.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A request that is answered with an error before anything of it runs.
#[derive(Debug)]
pub(crate) struct HttpRefusal {
    status: StatusCode,
    body: String,
    is_json: bool,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The text that the log knows the client by; empty where it is not known, or nobody in particular.
    client: Arc<str>,
}

impl HttpRefusal {
    /// A refusal in words.
    pub(crate) fn plain(status: StatusCode, said: impl Display) -> Self {
        let (headers, client) = (Vec::new(), "".into());
        Self { status, body: format!("{said}\n"), is_json: false, headers, client }
    }

    /// A refusal as the answer to the request with this id.
    pub(crate) fn rpc(status: StatusCode, id: Option<&Id>, error: &RpcError) -> Self {
        Self { body: reply::fault(id, error), is_json: true, ..Self::plain(status, "") }
    }

    /// A refusal for want of room.
    pub(crate) fn busy(said: impl Display) -> Self {
        let after = HeaderValue::from(bounds::RETRY_SECONDS);
        Self::plain(StatusCode::SERVICE_UNAVAILABLE, said).with(RETRY_AFTER, after)
    }

    /// A refusal of one who has too much running already.
    pub(crate) fn too_many(said: impl Display) -> Self {
        let after = HeaderValue::from(bounds::RETRY_SECONDS);
        Self::plain(StatusCode::TOO_MANY_REQUESTS, said).with(RETRY_AFTER, after)
    }

    /// A refusal of one who asks too often, and may ask again after `wait`.
    pub(crate) fn too_often(said: impl Display, wait: Duration) -> Self {
        let after = u64::try_from(whole_seconds(wait)).unwrap_or(u64::MAX).into();
        Self::plain(StatusCode::TOO_MANY_REQUESTS, said).with(RETRY_AFTER, after)
    }

    /// A refusal of a method that the path does not have.
    pub(crate) fn method(allowed: &'static str, said: impl Display) -> Self {
        let allowed = HeaderValue::from_static(allowed);
        Self::plain(StatusCode::METHOD_NOT_ALLOWED, said).with(ALLOW, allowed)
    }

    /// The same as an error of the protocol: most clients show the text of no other answer.
    pub(crate) fn into_message(self) -> Self {
        if self.is_json {
            return self;
        }
        let said = self.body.trim_end();
        let error = match self.status.is_server_error() {
            true => RpcError::internal(said),
            false => RpcError::invalid_request(said),
        };
        Self { body: reply::fault(None, &error), is_json: true, ..self }
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The same of the client that the log knows by this text.
    pub(crate) fn of_client(self, client: &Arc<str>) -> Self {
        Self { client: client.clone(), ..self }
    }

    /// The text that the log knows the client by; empty where it is not known, or nobody in particular.
    pub(crate) fn client(&self) -> &str {
        &self.client
    }

    /// The text that the client is told.
    pub(crate) fn said(&self) -> &str {
        &self.body
    }

    /// Its status and its body.
    #[cfg(test)]
    pub(crate) fn into_parts(self) -> (StatusCode, String) {
        (self.status, self.body)
    }

    /// The same with a header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<HttpRefusal> for HttpAnswer {
    fn from(refused: HttpRefusal) -> Self {
        let kind = if refused.is_json { JSON_TYPE } else { "text/plain; charset=utf-8" };
        let mut answer = whole(refused.status, kind, refused.body.into());
        answer
            .headers_mut()
            .extend(refused.headers.into_iter().map(|(name, value)| (Some(name), value)));
        answer
    }
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> HttpAnswer {
    let mut answer = Response::new(AnswerBody::Empty);
    *answer.status_mut() = status;
    answer
}

/// An answer with this body, not to be kept by anybody on the way.
pub(crate) fn whole(status: StatusCode, kind: &'static str, body: Bytes) -> HttpAnswer {
    whole_of(status, kind, HeldBytes::from(body))
}

fn whole_of(status: StatusCode, kind: &'static str, body: HeldBytes) -> HttpAnswer {
    let mut answer = Response::new(AnswerBody::Whole(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// The answer of an exchange: JSON where its first line is the answer and comes soon, else events, as far as the client
/// takes both.
pub(crate) async fn of_exchange(
    mut exchange: Exchange,
    accepted: Accepted,
    bounds: &HttpBounds,
) -> HttpAnswer {
    let first = match accepted {
        Accepted { json: false, .. } => return events(exchange, None, bounds),
        Accepted { events: false, .. } => loop {
            match exchange.next_piece().await {
                // Notes that come before the answer have no place in it.
                Some(piece) if !piece.answers => {}
                other => break other,
            }
        },
        Accepted { json: true, events: true } => {
            match timeout(bounds.silence, exchange.next_piece()).await {
                Ok(first) => first,
                Err(_) => return events(exchange, None, bounds),
            }
        }
    };
    let Some(mut piece) = first else {
        // It was cancelled: nobody waits for an answer.
        return empty(StatusCode::ACCEPTED);
    };
    let lines = piece.bytes.iter().filter(|&&byte| byte == b'\n').count();
    if !piece.answers || (lines > 1 && accepted.events) {
        return events(exchange, Some(piece), bounds);
    }
    piece.bytes.pop();
    let start = piece.bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    whole_of(
        StatusCode::OK,
        JSON_TYPE,
        HeldBytes { bytes: Bytes::from(piece.bytes).slice(start..), held: Some(piece.held) },
    )
}

/// The lines of an exchange as events.
pub(crate) fn events(
    exchange: Exchange,
    first: Option<HeldPiece>,
    bounds: &HttpBounds,
) -> HttpAnswer {
    let body = EventBody {
        exchange,
        // The first byte at once: some proxies hold the head until then.
        current: Some(first.map_or_else(|| HeldBytes::from(COMMENT), as_events)),
        keep_alive: bounds.keep_alive,
        silence: Box::pin(sleep(bounds.keep_alive)),
    };
    let mut answer = Response::new(AnswerBody::Events(Box::new(body)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENTS_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// An answer of this type, whose parts `teller` gives to what it is called with.
pub(crate) fn told<T>(
    kind: &'static str,
    teller: impl FnOnce(mpsc::Sender<Bytes>) -> T,
) -> HttpAnswer
where
    T: Future<Output = ()> + 'static,
{
    let (sender, chunks) = mpsc::channel(1);
    let teller = Some(Box::pin(teller(sender)) as Pin<Box<dyn Future<Output = ()>>>);
    let mut answer = Response::new(AnswerBody::Told(Box::new(ToldBody { teller, chunks })));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// A comment of a stream, which says nothing.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// The body of an answer.
pub(crate) enum AnswerBody {
    Empty,
    Whole(HeldBytes),
    Events(Box<EventBody>),
    Told(Box<ToldBody>),
}

/// Bytes for a client, and what is held until it has read them.
pub(crate) struct HeldBytes {
    bytes: Bytes,
    held: Option<AnswerHold>,
}

impl From<Bytes> for HeldBytes {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, held: None }
    }
}

impl HeldBytes {
    /// Takes what is to be written next. `None` at the end.
    fn next_chunk(&mut self) -> Option<Bytes> {
        if self.bytes.is_empty() {
            self.held = None;
            return None;
        }
        let chunk = self.bytes.split_to(self.bytes.len().min(CHUNK));
        if self.bytes.is_empty() {
            self.held = None;
        }
        Some(chunk)
    }
}

/// An answer whose parts are made one after the other, as the client reads them.
pub(crate) struct ToldBody {
    /// The future that makes them. `None` once it has ended.
    teller: Option<Pin<Box<dyn Future<Output = ()>>>>,
    chunks: mpsc::Receiver<Bytes>,
}

impl ToldBody {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(teller) = &mut self.teller
            && teller.as_mut().poll(context).is_ready()
        {
            self.teller = None;
        }
        self.chunks.poll_recv(context)
    }
}

/// A stream of events.
pub(crate) struct EventBody {
    exchange: Exchange,
    current: Option<HeldBytes>,
    keep_alive: Duration,
    /// The time at which a comment is due.
    silence: Pin<Box<Sleep>>,
}

impl EventBody {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.current.as_mut().and_then(HeldBytes::next_chunk) {
                self.silence.as_mut().reset(Instant::now() + self.keep_alive);
                return Poll::Ready(Some(chunk));
            }
            self.current = None;
            match self.exchange.poll_piece(context) {
                Poll::Ready(Some(piece)) => self.current = Some(as_events(piece)),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => match self.silence.as_mut().poll(context) {
                    Poll::Ready(()) => self.current = Some(COMMENT.into()),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

/// The lines of a piece, each an event.
fn as_events(piece: HeldPiece) -> HeldBytes {
    let mut events = Vec::with_capacity(piece.bytes.len() + 16);
    for line in piece.bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        events.extend_from_slice(b"event: message\ndata: ");
        events.extend_from_slice(line);
        events.extend_from_slice(b"\n\n");
    }
    HeldBytes { bytes: events.into(), held: Some(piece.held) }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let chunk = match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(bytes.next_chunk()),
            Self::Events(events) => events.poll_chunk(context),
            Self::Told(told) => told.poll_chunk(context),
        };
        chunk.map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(bytes) => bytes.bytes.is_empty(),
            Self::Events(_) | Self::Told(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.bytes.len() as u64),
            Self::Events(_) | Self::Told(_) => SizeHint::default(),
        }
    }
}
