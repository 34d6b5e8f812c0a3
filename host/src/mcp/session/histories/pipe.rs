//! A client's connection in memory: bytes in, and a pipe of a few bytes out, which blocks as the system's do.
//!
//! Whoever waits here is forgotten at each poll of the loop, so a wake-up comes only to what the loop waits for now.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::mcp::rpc::lines::Cutter;
use crate::mcp::rpc::lines::InputLine;
use crate::mcp::transport::{Gone, LineInput, LineOutput, Piece, Transport};

/// Bytes of the client that are taken at once.
const PIPE_CHUNK: usize = 4 * 1024;

/// The writer that finishes a piece for which the pipe had no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceWriter {
    /// The loop, when it is told that there is room: a pipe that the runtime watches.
    Loop,
    /// A thread, which takes one more piece meanwhile.
    Thread,
}

/// Both directions, as the client and the system see them.
pub(super) struct Pipe {
    writer: PieceWriter,
    capacity: usize,
    /// The bytes that the client wrote and the loop has not taken.
    input: Vec<u8>,
    /// The bytes that the loop has taken.
    pub(super) taken: usize,
    pub(super) has_ended: bool,
    /// True once the loop has been told that the input ended.
    pub(super) end_is_told: bool,
    cutter: Cutter,
    /// True once the client has hung up for so long that the rest need not be read.
    is_abandoned: bool,
    /// The bytes that the client can read; a piece for which there was no room, and how much of it is written.
    output: Vec<u8>,
    piece: Vec<u8>,
    written: usize,
    /// A piece that waits for the thread, and whether the loop knows of room for the next.
    slot: Option<Vec<u8>>,
    knows_room: bool,
    pub(super) is_gone: bool,
    waiting: [Option<Waker>; 2],
}

/// The two that can wait here.
#[derive(Clone, Copy)]
enum Direction {
    Input,
    Output,
}

impl Pipe {
    pub(super) fn new(writer: PieceWriter, capacity: usize) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            writer,
            capacity,
            input: Vec::new(),
            taken: 0,
            has_ended: false,
            end_is_told: false,
            cutter: Cutter::default(),
            is_abandoned: false,
            output: Vec::new(),
            piece: Vec::new(),
            written: 0,
            slot: None,
            knows_room: true,
            is_gone: false,
            waiting: [None, None],
        }))
    }

    pub(super) fn forget_wakers(&mut self) {
        self.waiting = [None, None];
    }

    fn wake(&mut self, side: Direction) {
        if let Some(waker) = self.waiting[side as usize].take() {
            waker.wake();
        }
    }

    fn wait<T>(&mut self, side: Direction, context: &Context<'_>) -> Poll<T> {
        self.waiting[side as usize] = Some(context.waker().clone());
        Poll::Pending
    }

    /// The client writes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        self.wake(Direction::Input);
    }

    /// The client closes the end that it writes to.
    pub(super) fn end_input(&mut self) {
        self.has_ended = true;
        self.wake(Direction::Input);
    }

    /// So much time has passed since then that the rest need not be read.
    pub(super) fn abandon(&mut self) {
        self.is_abandoned = true;
        self.wake(Direction::Input);
    }

    /// True if the loop may never take what is left of the input.
    pub(super) fn is_abandoned(&self) -> bool {
        self.has_ended && self.is_abandoned
    }

    /// True if the loop has taken all that the client wrote, and its end where there is one.
    pub(super) fn is_drained(&self) -> bool {
        self.input.is_empty() && self.has_ended == self.end_is_told
    }

    /// True if nothing more can be handed over until the client reads.
    pub(super) fn is_full(&self) -> bool {
        match self.writer {
            PieceWriter::Loop => self.has_rest(),
            PieceWriter::Thread => self.slot.is_some(),
        }
    }

    /// True if something waits for the client to read it.
    pub(super) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// The client reads so many bytes, or what there is.
    pub(super) fn read(&mut self, bytes: usize) -> Vec<u8> {
        let count = bytes.min(self.output.len());
        let read = self.output[..count].to_vec();
        self.output.drain(..count);
        if self.writer == PieceWriter::Thread {
            self.advance();
        }
        if count > 0 {
            self.wake(Direction::Output);
        }
        read
    }

    /// The client closes the end that it reads from.
    pub(super) fn leave(&mut self) {
        self.is_gone = true;
        self.wake(Direction::Output);
        self.wake(Direction::Input);
    }

    fn has_rest(&self) -> bool {
        self.written < self.piece.len()
    }

    /// Moves what there is room for.
    fn advance(&mut self) {
        loop {
            let rest = &self.piece[self.written..];
            let count = rest.len().min(self.capacity - self.output.len());
            self.output.extend_from_slice(&rest[..count]);
            self.written += count;
            if self.has_rest() {
                return;
            }
            match self.slot.take() {
                Some(piece) => (self.piece, self.written) = (piece, 0),
                None => return,
            }
        }
    }

    fn poll_lines(&mut self, context: &Context<'_>) -> Poll<Option<Vec<InputLine>>> {
        while !self.input.is_empty() {
            let count = self.input.len().min(PIPE_CHUNK);
            let lines = self.cutter.push(&self.input[..count]);
            self.input.drain(..count);
            self.taken += count;
            if !lines.is_empty() {
                return Poll::Ready(Some(lines));
            }
        }
        if self.has_ended {
            self.end_is_told = true;
            let last = self.cutter.end();
            return Poll::Ready((!last.is_empty()).then_some(last));
        }
        self.wait(Direction::Input, context)
    }

    fn poll_ready(&mut self, context: &Context<'_>) -> Poll<Result<(), Gone>> {
        if self.is_gone {
            return Poll::Ready(Err(Gone));
        }
        self.advance();
        if self.is_full() {
            return self.wait(Direction::Output, context);
        }
        self.knows_room = true;
        Poll::Ready(Ok(()))
    }
}

/// The loop's end of it.
pub(super) struct PipeEnd(pub(super) Rc<RefCell<Pipe>>);

impl Transport for PipeEnd {
    type Input = Self;
    type Output = Self;

    fn split(self) -> (Self, Self) {
        (Self(self.0.clone()), self)
    }
}

impl LineInput for PipeEnd {
    async fn lines(&mut self) -> Option<Vec<InputLine>> {
        poll_fn(|context| self.0.borrow_mut().poll_lines(context)).await
    }

    async fn hung_up(&self, _: Duration) {
        poll_fn(|context| {
            let mut pipe = self.0.borrow_mut();
            match pipe.has_ended && pipe.is_abandoned {
                true => Poll::Ready(()),
                false => pipe.wait(Direction::Input, context),
            }
        })
        .await;
    }
}

impl LineOutput for PipeEnd {
    async fn ready(&mut self) -> Result<(), Gone> {
        poll_fn(|context| self.0.borrow_mut().poll_ready(context)).await
    }

    fn is_ready(&self) -> bool {
        let pipe = self.0.borrow();
        match pipe.writer {
            PieceWriter::Loop => !pipe.has_rest(),
            PieceWriter::Thread => pipe.knows_room,
        }
    }

    fn has_rest(&self) -> bool {
        let pipe = self.0.borrow();
        pipe.writer == PieceWriter::Loop && pipe.has_rest()
    }

    fn give(&mut self, piece: Piece) -> Result<(), Gone> {
        let mut pipe = self.0.borrow_mut();
        if pipe.is_gone {
            return Err(Gone);
        }
        assert!(!pipe.is_full(), "a piece is given where there is no room");
        let piece = piece.bytes;
        match pipe.writer {
            PieceWriter::Loop => (pipe.piece, pipe.written) = (piece, 0),
            PieceWriter::Thread => (pipe.slot, pipe.knows_room) = (Some(piece), false),
        }
        pipe.advance();
        Ok(())
    }

    async fn closed(&self) {
        poll_fn(|context| {
            let mut pipe = self.0.borrow_mut();
            match pipe.is_gone {
                true => Poll::Ready(()),
                false => pipe.wait(Direction::Output, context),
            }
        })
        .await;
    }

    async fn close(self, _: Duration) -> bool {
        poll_fn(|context| {
            let mut pipe = self.0.borrow_mut();
            pipe.advance();
            match pipe.is_gone || (!pipe.has_rest() && pipe.slot.is_none()) {
                true => Poll::Ready(()),
                false => pipe.wait(Direction::Output, context),
            }
        })
        .await;
        true
    }
}
