//! A request that runs: an engine and a driver of its own, and the lines that come of it.
//!
//! Whoever answers the request owns the exchange and polls it. When it is dropped, because the client has gone, its
//! calls end.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::mpsc;

use super::byte_budget::{ByteBudget, TakenBytes};
use super::shares::Place;
use crate::mcp::http::legacy_session::session_registry::{Registered, RequestLines};
use crate::mcp::rpc::lines::InputLine;
use crate::mcp::session::driver::LoopEnd;
use crate::mcp::transport::{Gone, LineInput, LineOutput, Piece, Transport};
use crate::sandbox::Slot;

/// A request that runs.
pub(crate) struct Exchange {
    /// The loop, until it has ended.
    driver: Option<Pin<Box<dyn Future<Output = LoopEnd>>>>,
    pieces: mpsc::Receiver<Piece>,
    /// A piece that waits until there is room for it among what clients have not read.
    admitted: Option<Admission>,
    budget: ByteBudget,
    _kept: ExchangeGuards,
}

/// The things that an exchange keeps while it runs.
pub(crate) struct ExchangeGuards {
    _place: Place,
    _body: Option<Place>,
    _registered: Vec<Registered>,
}

impl ExchangeGuards {
    /// Its place among those that run, that of its body, and how other requests of its session know it.
    pub(crate) fn new(place: Place, body: Option<Place>, registered: Vec<Registered>) -> Self {
        Self { _place: place, _body: body, _registered: registered }
    }
}

struct Admission {
    piece: Piece,
    room: Pin<Box<dyn Future<Output = TakenBytes>>>,
}

/// Lines for a client, and what is held until it has read them.
pub(crate) struct HeldPiece {
    pub(crate) bytes: Vec<u8>,
    pub(crate) answers: bool,
    pub(crate) held: AnswerHold,
}

/// The slots of the calls of an answer, and its bytes among those that are unread.
pub(crate) struct AnswerHold {
    _slots: Vec<Slot>,
    _bytes: TakenBytes,
}

impl HeldPiece {
    fn of(piece: Piece, bytes: TakenBytes) -> Self {
        let Piece { bytes: lines, answers, slots } = piece;
        Self { bytes: lines, answers, held: AnswerHold { _slots: slots, _bytes: bytes } }
    }
}

impl Exchange {
    /// An exchange whose loop is `driver`, at the other end of `pieces`.
    pub(crate) fn new(
        driver: impl Future<Output = LoopEnd> + 'static,
        pieces: mpsc::Receiver<Piece>,
        budget: ByteBudget,
        kept: ExchangeGuards,
    ) -> Self {
        Self { driver: Some(Box::pin(driver)), pieces, admitted: None, budget, _kept: kept }
    }

    /// Waits for the next lines; `None` at the end.
    pub(crate) async fn next_piece(&mut self) -> Option<HeldPiece> {
        poll_fn(|context| self.poll_piece(context)).await
    }

    /// Works on the request, and returns the next lines; `None` at the end.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<HeldPiece>> {
        if let Some(driver) = &mut self.driver
            && driver.as_mut().poll(context).is_ready()
        {
            self.driver = None;
        }
        if self.admitted.is_none() {
            let Some(piece) = ready!(self.pieces.poll_recv(context)) else {
                return Poll::Ready(None);
            };
            if let Some(bytes) = self.budget.try_take(piece.bytes.len()) {
                return Poll::Ready(Some(HeldPiece::of(piece, bytes)));
            }
            let room = Box::pin(self.budget.clone().take(piece.bytes.len()));
            self.admitted = Some(Admission { piece, room });
        }
        let Some(admitted) = &mut self.admitted else { return Poll::Pending };
        let bytes = ready!(admitted.room.as_mut().poll(context));
        let piece = self.admitted.take().map(|Admission { piece, .. }| piece);
        Poll::Ready(piece.map(|piece| HeldPiece::of(piece, bytes)))
    }
}

/// A request that waits to be begun. Others can cancel it already.
pub(crate) struct AwaitedRequest {
    open: RequestLines,
    lines: mpsc::Receiver<InputLine>,
}

/// The two sides of a request, as the loop needs them.
pub(crate) struct ExchangeTransport {
    lines: ExchangeLines,
    pieces: mpsc::Sender<Piece>,
}

/// The line of a request, and perhaps a cancellation of each message in it; or none, for a stream on which nothing is asked.
pub(crate) struct ExchangeLines {
    lines: mpsc::Receiver<InputLine>,
    /// `None` for a stream: it lasts as long as the other senders.
    open: Option<RequestLines>,
    has_begun: bool,
}

impl AwaitedRequest {
    /// The way of a request with so many messages.
    pub(crate) fn new(messages: usize) -> Self {
        let (open, lines) = mpsc::channel(messages + 1);
        Self { open, lines }
    }

    /// The way to cancel each of its messages once.
    pub(crate) fn cancels(&self) -> mpsc::WeakSender<InputLine> {
        self.open.downgrade()
    }

    /// The transport of the request, and its pieces.
    pub(crate) fn begin(self, request: InputLine) -> (ExchangeTransport, mpsc::Receiver<Piece>) {
        let Self { open, mut lines } = self;
        // What came meanwhile cancels what has to be read first.
        let cancelled: Vec<_> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
        for line in std::iter::once(request).chain(cancelled) {
            // There is room: each message is cancelled once.
            let _ = open.try_send(line);
        }
        ExchangeTransport::new(lines, Some(open))
    }
}

impl ExchangeTransport {
    /// The transport of a stream on which nothing is asked. It ends with what is returned second.
    pub(crate) fn of_stream() -> (Self, RequestLines, mpsc::Receiver<Piece>) {
        let (open, lines) = mpsc::channel(1);
        let (transport, pieces) = Self::new(lines, None);
        (transport, open, pieces)
    }

    fn new(
        lines: mpsc::Receiver<InputLine>,
        open: Option<RequestLines>,
    ) -> (Self, mpsc::Receiver<Piece>) {
        let (pieces, given) = mpsc::channel(1);
        let lines = ExchangeLines { lines, open, has_begun: false };
        (Self { lines, pieces }, given)
    }
}

impl Transport for ExchangeTransport {
    type Input = ExchangeLines;
    type Output = mpsc::Sender<Piece>;

    fn split(self) -> (ExchangeLines, mpsc::Sender<Piece>) {
        (self.lines, self.pieces)
    }
}

impl LineInput for ExchangeLines {
    async fn lines(&mut self) -> Option<Vec<InputLine>> {
        let line = self.lines.recv().await?;
        self.has_begun = true;
        Some(vec![line])
    }

    fn ends_when_answered(&self) -> bool {
        self.open.is_some() && self.has_begun
    }

    async fn hung_up(&self, _: Duration) {
        std::future::pending().await
    }
}

impl LineOutput for mpsc::Sender<Piece> {
    async fn ready(&mut self) -> Result<(), Gone> {
        self.reserve().await.map(drop).map_err(|_| Gone)
    }

    fn is_ready(&self) -> bool {
        self.capacity() > 0
    }

    fn has_rest(&self) -> bool {
        false
    }

    fn give(&mut self, piece: Piece) -> Result<(), Gone> {
        self.try_send(piece).map_err(|_| Gone)
    }

    async fn closed(&self) {
        mpsc::Sender::closed(self).await;
    }

    async fn close(self, _: Duration) -> bool {
        true
    }
}
