//! The bytes that are handed on to what reads requests: a few at once, each counted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use super::client_socket::ClientSocket;
use super::unasked::UNASKED_OF_EACH;

/// A connection that reads a few bytes at once, and tells the socket that they came by.
pub(crate) struct FewAtOnce<S> {
    stream: S,
    socket: ClientSocket,
}

impl<S> FewAtOnce<S> {
    /// A connection of `stream`, whose bytes come by `socket`.
    pub(crate) fn new(stream: S, socket: ClientSocket) -> Self {
        Self { stream, socket }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FewAtOnce<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, socket } = &mut *self;
        let before = buffer.filled().len();
        socket.unasked().wants_more();
        let mut few = stream.take(UNASKED_OF_EACH as u64);
        let read = Pin::new(&mut few).poll_read(context, buffer);
        match &read {
            Poll::Ready(_) => socket.unasked().handed_on(buffer.filled().len() - before),
            Poll::Pending => socket.unasked().waits(),
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FewAtOnce<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
