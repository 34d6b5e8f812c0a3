//! A connection whose other side cannot send more than what is asked for: its bytes are counted from answer to answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::bounds::MAX_UNANSWERED;

/// The bytes that came since a question was answered.
#[derive(Clone, Debug, Default)]
pub(super) struct UnansweredBytes(Arc<AtomicUsize>);

impl UnansweredBytes {
    /// Takes note that a question was answered.
    pub(super) fn answered(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A stream that ends where too many bytes come.
pub(super) struct BoundedStream<S> {
    stream: S,
    unanswered: UnansweredBytes,
}

impl<S> BoundedStream<S> {
    pub(super) fn new(stream: S, unanswered: UnansweredBytes) -> Self {
        Self { stream, unanswered }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BoundedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let came = buffer.filled().len() - before;
        let sum = self.unanswered.0.fetch_add(came, Ordering::Relaxed) + came;
        if sum > MAX_UNANSWERED {
            let error = format!("it sent {MAX_UNANSWERED} bytes that answer nothing");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BoundedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn a_stream_ends_where_more_comes_than_was_asked_for() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (mut far, near) = tokio::io::duplex(64 * 1024);
            let unanswered = UnansweredBytes::default();
            let mut near = BoundedStream::new(near, unanswered.clone());
            let sent = async {
                let piece = vec![b'x'; 64 * 1024];
                while far.write_all(&piece).await.is_ok() {}
            };
            let read = async {
                let mut piece = vec![0; 64 * 1024];
                for _ in 0..4 {
                    // Each time, so many are answers.
                    for _ in 0..MAX_UNANSWERED / piece.len() {
                        near.read_exact(&mut piece).await.expect("within bounds");
                    }
                    unanswered.answered();
                }
                let mut taken = 0;
                let error = loop {
                    match near.read(&mut piece).await {
                        Ok(read) => taken += read,
                        Err(error) => break error,
                    }
                };
                assert!(taken <= MAX_UNANSWERED && error.to_string().contains("answer nothing"));
                drop(near);
            };
            tokio::join!(sent, read);
        });
    }
}
