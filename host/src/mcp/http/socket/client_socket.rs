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

/// Bytes that each client may send before a request is whole, whatever others have sent.
pub(crate) const UNASKED_OF_EACH: usize = 4 * 1024;

/// Bytes both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// The socket of a client. It is open as long as one of its clones is kept.
#[derive(Clone)]
pub(crate) struct ClientSocket {
    kind: Rc<RefCell<SocketKind>>,
    unasked: Rc<UnaskedBytes>,
}

/// The bytes that clients have sent and that belong to no request yet: heads and handshakes that are not whole.
#[derive(Clone)]
pub(crate) struct UnaskedBudget {
    most: usize,
    taken: Rc<Cell<usize>>,
}

/// Those of one client.
struct UnaskedBytes {
    budget: UnaskedBudget,
    own: Cell<usize>,
    asks: Cell<bool>,
}

impl UnaskedBudget {
    /// A budget of so many bytes, all free.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, taken: Rc::default() }
    }
}

impl UnaskedBytes {
    /// Counts bytes that were read. An error where they are too many: every client has a few, whatever others have sent.
    fn read(&self, count: usize) -> io::Result<()> {
        if self.asks.get() || count == 0 {
            return Ok(());
        }
        let own = self.own.get() + count;
        let taken = self.budget.taken.get() + count;
        if own > UNASKED_OF_EACH && taken > self.budget.most {
            let error = "clients send too much that is no request yet";
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, error));
        }
        self.own.set(own);
        self.budget.taken.set(taken);
        Ok(())
    }

    fn give_back(&self) {
        let taken = &self.budget.taken;
        taken.set(taken.get() - self.own.take());
    }
}

impl Drop for UnaskedBytes {
    fn drop(&mut self) {
        self.give_back();
    }
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
        let unasked =
            UnaskedBytes { budget: budget.clone(), own: Cell::default(), asks: Cell::default() };
        Self { kind: Rc::new(RefCell::new(kind)), unasked: Rc::new(unasked) }
    }

    /// Notes whether a request of its client is served. What it sent belongs to that.
    pub(crate) fn asks(&self, asks: bool) {
        self.unasked.asks.set(asks);
        self.unasked.give_back();
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
        Poll::Ready(self.unasked.read(buffer.filled().len() - before))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_no_request_is_bounded_for_all_and_each_has_a_little() {
        let budget = UnaskedBudget::new(4 * UNASKED_OF_EACH);
        let client =
            || UnaskedBytes { budget: budget.clone(), own: Cell::default(), asks: Cell::default() };
        let (greedy, other) = (client(), client());
        assert!(greedy.read(4 * UNASKED_OF_EACH).is_ok());
        assert!(greedy.read(1).is_err());
        assert!(other.read(UNASKED_OF_EACH).is_ok(), "it has a little");
        assert!(other.read(1).is_err());
        // The request is there, and the body counts elsewhere.
        greedy.asks.set(true);
        greedy.give_back();
        assert!(greedy.read(100 * UNASKED_OF_EACH).is_ok());
        assert!(other.read(1).is_ok());
        drop((greedy, other));
        assert_eq!(budget.taken.get(), 0);
    }
}
