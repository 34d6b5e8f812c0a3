//! The socket of a client, whichever kind it is.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::handshake_share::HandshakePeer;
use super::unasked::{UnaskedBudget, UnaskedBytes};

/// Bytes both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// The socket of a client. It is open as long as one of its clones is kept.
#[derive(Clone)]
pub(crate) struct ClientSocket {
    kind: Rc<RefCell<SocketKind>>,
    /// The first byte that the client sent. `None` before.
    first_byte: Rc<Cell<Option<u8>>>,
    unasked: Rc<UnaskedBytes>,
}

/// A socket of either kind.
pub(crate) enum SocketKind {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpStream> for SocketKind {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

#[cfg(unix)]
impl From<UnixStream> for SocketKind {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
    }
}

impl ClientSocket {
    /// A socket whose client asks for nothing yet.
    pub(crate) fn new(kind: SocketKind, budget: &UnaskedBudget) -> Self {
        Self {
            kind: Rc::new(RefCell::new(kind)),
            first_byte: Rc::default(),
            unasked: Rc::new(budget.client()),
        }
    }

    /// The first byte that the client sent. `None` before.
    pub(crate) fn first_byte(&self) -> Option<u8> {
        self.first_byte.get()
    }

    /// The bytes of its client that belong to no request.
    pub(crate) fn unasked(&self) -> &UnaskedBytes {
        &self.unasked
    }

    /// The peer whose turns its handshake takes.
    pub(crate) fn peer(&self) -> HandshakePeer {
        HandshakePeer::at(match &*self.kind.borrow() {
            SocketKind::Tcp(stream) => stream.peer_addr().ok().map(|address| address.ip()),
            #[cfg(unix)]
            SocketKind::Unix(_) => None,
        })
    }

    /// True if the client sends nothing more, whether or not all that it sent has been read.
    pub(crate) fn has_hung_up(&self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let ready = match &*self.kind.borrow() {
            SocketKind::Tcp(stream) => pin!(stream.ready(Interest::READABLE)).poll(&mut context),
            #[cfg(unix)]
            SocketKind::Unix(stream) => pin!(stream.ready(Interest::READABLE)).poll(&mut context),
        };
        matches!(ready, Poll::Ready(Ok(ready)) if ready.is_read_closed())
    }

    fn with<R>(&self, act: impl FnOnce(Pin<&mut dyn Duplex>) -> R) -> R {
        match &mut *self.kind.borrow_mut() {
            SocketKind::Tcp(stream) => act(Pin::new(stream)),
            #[cfg(unix)]
            SocketKind::Unix(stream) => act(Pin::new(stream)),
        }
    }
}

impl AsyncRead for ClientSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.with(|stream| stream.poll_read(context, buffer)))?;
        let read = &buffer.filled()[before..];
        self.first_byte.set(self.first_byte.get().or(read.first().copied()));
        self.unasked.came(read.len());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientSocket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.with(|stream| stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(context))
    }
}
