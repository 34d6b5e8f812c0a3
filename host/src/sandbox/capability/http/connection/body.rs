//! Bodies with their bounds: how large a request may be, how large and how slow a response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;
use wasmtime_wasi_http::{Error, WasiBody};

use super::super::bounds::{MAX_REQUEST, MAX_RESPONSE};
use super::super::failure::Failure;
use super::thread::OwnedTask;

type BodyPiece = Poll<Option<Result<Frame<Bytes>, Error>>>;

/// The function that is told why a request was refused.
pub(crate) type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// A request's body.
pub(crate) struct Outbound {
    body: WasiBody,
    left: u64,
}

impl Outbound {
    pub(crate) fn new(body: WasiBody) -> Self {
        Self { body, left: MAX_REQUEST }
    }
}

impl Body for Outbound {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> BodyPiece {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let size = size(&frame);
        match self.left.checked_sub(size) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(Failure::RequestSize.code()))),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response's body. It owns its connection.
pub(crate) struct Inbound {
    body: Incoming,
    left: u64,
    patience: Duration,
    /// Runs while a next piece is waited for: a guest may take its time between two reads.
    late: Option<Pin<Box<Sleep>>>,
    /// Told when the body is refused for its size.
    tell: Tell,
    /// Dropped with the body, which ends the connection.
    _connection: OwnedTask<()>,
}

impl Inbound {
    pub(crate) fn new(
        body: Incoming,
        patience: Duration,
        tell: Tell,
        connection: OwnedTask<()>,
    ) -> Self {
        Self { body, left: MAX_RESPONSE, patience, late: None, tell, _connection: connection }
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> BodyPiece {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            let patience = self.patience;
            let late = self.late.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
            ready!(late.as_mut().poll(context));
            return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
        };
        self.late = None;
        let frame = frame.map(|frame| frame.map_err(|error| Failure::from(error).code()));
        match self.left.checked_sub(size(&frame)) {
            Some(left) => self.left = left,
            None => {
                (self.tell)(&Failure::ResponseSize.to_string());
                return Poll::Ready(Some(Err(Failure::ResponseSize.code())));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn size(frame: &Option<Result<Frame<Bytes>, Error>>) -> u64 {
    let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
    data.map_or(0, |data| data.len() as u64)
}
