//! Pipes and sockets, read and written by the thread that waits for them.
//!
//! Each read and write says that it is not to block, instead of the stream, whose mode is shared with
//! other processes. Only Linux can say so, and not of a pipe that was opened by a name: the first read or
//! write of such a one tells, and leaves it as it was.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::io::{Errno, ReadWriteFlags, preadv2, pwritev2};
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};

use super::super::rpc::lines::Cutter;
use super::super::rpc::lines::InputLine;
use super::super::transport::Gone;
use super::chunk::{STDIO_CHUNK, unread, unwritten};

/// This stream is for a thread: it cannot be read or written without blocking. Nothing was.
pub(crate) struct Blocks;

/// The outcome of writing a piece.
pub(crate) enum WriteOutcome {
    Taken,
    /// It comes back: the stream is for a thread.
    Blocks(Vec<u8>),
}

/// Streams have no position.
const HERE: u64 = u64::MAX;

/// True if `stream` is of a kind that is read and written here.
fn fits(stream: &OwnedFd) -> bool {
    let kind = rustix::fs::fstat(stream).map(|stat| FileType::from_raw_mode(stat.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::Socket)) && can_say_so()
}

/// True if this kernel can read a pipe without blocking, as kernels since 6.5 can.
fn can_say_so() -> bool {
    let Ok((reader, _writer)) = rustix::pipe::pipe() else { return false };
    let mut byte = [0];
    let read = preadv2(reader, &mut [IoSliceMut::new(&mut byte)], HERE, ReadWriteFlags::NOWAIT);
    read == Err(Errno::AGAIN)
}

/// The stream, watched by the runtime; given back if it cannot be.
#[expect(unsafe_code, reason = "the runtime is to believe that the descriptor stays open")]
fn watched(stream: OwnedFd, interest: Interest) -> Result<AsyncFd<OwnedFd>, File> {
    // SAFETY: the descriptor is owned by what is registered, open as long as that is, and the same.
    let watched = unsafe { AsyncFd::register_with_interest(stream, interest) };
    watched.map_err(|error| error.into_parts().0.into())
}

/// The client's lines.
pub(crate) struct ReadyInput {
    stream: AsyncFd<OwnedFd>,
    chunk: Vec<u8>,
    cutter: Cutter,
    ended: bool,
}

impl ReadyInput {
    /// This process's stdin, if it can be read here.
    pub(crate) fn stdin() -> Option<Self> {
        let stream = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3).ok()?;
        if !fits(&stream) {
            return None;
        }
        let stream = watched(stream, Interest::READABLE).ok()?;
        Some(Self { stream, chunk: vec![0; STDIO_CHUNK], cutter: Cutter::default(), ended: false })
    }

    /// The next lines, some at a time; nothing once the input has ended.
    pub(crate) async fn lines(&mut self) -> Result<Option<Vec<InputLine>>, Blocks> {
        while !self.ended {
            let mut guard = match self.stream.readable().await {
                Ok(guard) => guard,
                Err(error) => {
                    unread(&error);
                    return Ok(None);
                }
            };
            let mut parts = [IoSliceMut::new(&mut self.chunk)];
            let lines = match preadv2(guard.get_inner(), &mut parts, HERE, ReadWriteFlags::NOWAIT) {
                Ok(0) => {
                    self.ended = true;
                    self.cutter.end()
                }
                Ok(count) => {
                    if count < STDIO_CHUNK {
                        // That was all; more is told of anew.
                        guard.clear_ready();
                    }
                    self.cutter.push(&self.chunk[..count])
                }
                Err(Errno::AGAIN) => {
                    guard.clear_ready();
                    continue;
                }
                Err(Errno::INTR) => continue,
                Err(Errno::OPNOTSUPP) => return Err(Blocks),
                Err(error) => {
                    unread(&error.into());
                    return Ok(None);
                }
            };
            if !lines.is_empty() {
                return Ok(Some(lines));
            }
        }
        Ok(None)
    }

    /// Resolves once the other end has been closed for `time`. What it wrote before is not read.
    pub(crate) async fn hung_up(&self, time: Duration) {
        while {
            let open = !has_hung_up(self.stream.get_ref());
            tokio::time::sleep(time).await;
            open
        } {}
    }
}

/// True if no writer is left. There may still be bytes to read.
fn has_hung_up(stream: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(stream, PollFlags::RDHUP)];
    let polled_now = poll(&mut polled, Some(&Timespec::default()));
    polled_now.is_ok() && polled[0].revents().intersects(PollFlags::HUP | PollFlags::RDHUP)
}

/// The client's ear.
pub(crate) struct ReadyOutput {
    stream: AsyncFd<OwnedFd>,
    /// A piece that is partly written, and how far.
    piece: Vec<u8>,
    written: usize,
}

impl ReadyOutput {
    /// Gives `stdout` back if it cannot be written here.
    pub(crate) fn of(stdout: File) -> Result<Self, File> {
        let stream = OwnedFd::from(stdout);
        if !fits(&stream) {
            return Err(stream.into());
        }
        let stream = watched(stream, Interest::WRITABLE.add(Interest::ERROR))?;
        Ok(Self { stream, piece: Vec::new(), written: 0 })
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.written == self.piece.len()
    }

    /// Waits until what was given is written.
    pub(crate) async fn ready(&mut self) -> Result<(), Gone> {
        while !self.is_ready() {
            let mut guard = self.stream.writable().await.map_err(|error| gone(&error))?;
            match push(guard.get_inner(), &self.piece[self.written..]) {
                Ok(0) => guard.clear_ready(),
                Ok(count) => self.written += count,
                Err(error) => return Err(gone(&error.into())),
            }
        }
        Ok(())
    }

    /// Writes what can be written of `piece` now, and keeps the rest.
    pub(crate) fn give(&mut self, piece: Vec<u8>) -> Result<WriteOutcome, Gone> {
        match push(self.stream.get_ref(), &piece) {
            Ok(count) => {
                (self.written, self.piece) = (count, piece);
                Ok(WriteOutcome::Taken)
            }
            Err(Errno::OPNOTSUPP) => Ok(WriteOutcome::Blocks(piece)),
            Err(error) => Err(gone(&error.into())),
        }
    }

    /// The same stream, for a thread.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.stream.get_ref().try_clone().map(File::from)
    }

    /// Resolves when the other end is closed.
    pub(crate) async fn closed(&self) {
        loop {
            match self.stream.ready(Interest::ERROR).await {
                Ok(mut guard) if !guard.ready().is_error() => {
                    guard.clear_ready_matching(Ready::ERROR)
                }
                Ok(_) | Err(_) => return,
            }
        }
    }
}

/// Writes what there is room for, which may be nothing.
fn push(stream: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    match pwritev2(stream, &[IoSlice::new(bytes)], HERE, ReadWriteFlags::NOWAIT) {
        Ok(count) => Ok(count),
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        Err(error) => Err(error),
    }
}

fn gone(error: &io::Error) -> Gone {
    unwritten(error);
    Gone
}
