//! A connection whose client has to read what waits for it at a rate, or is cut off.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// The rate at which a client has to read: so many bytes in so much time, while more wait for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

/// A connection, and the time that its client has to read.
pub(crate) struct Paced<S> {
    stream: S,
    pace: Pace,
    /// The wait for the client, where it does not take what is written. ExchangeGuards for the next one.
    wait: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
    /// Bytes that the client took since the wait began.
    taken: usize,
}

impl<S> Paced<S> {
    pub(crate) fn new(stream: S, pace: Pace) -> Self {
        Self { stream, pace, wait: None, is_waiting: false, taken: 0 }
    }

    /// Notes what came of a write, and ends it where the client was given its time.
    fn note(
        &mut self,
        context: &mut Context<'_>,
        wrote: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match wrote {
            Poll::Ready(Ok(count)) => {
                self.taken += count;
                if self.taken >= self.pace.bytes {
                    self.is_waiting = false;
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let time = self.pace.time;
                let wait = self.wait.get_or_insert_with(|| Box::pin(sleep(time)));
                if !self.is_waiting {
                    (self.is_waiting, self.taken) = (true, 0);
                    wait.as_mut().reset(Instant::now() + time);
                }
                ready!(wait.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the client does not read",
                )))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.note(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // All that there was to write has been written.
        self.is_waiting = false;
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

    const PACE: Pace = Pace { bytes: 16 * 1024, time: Duration::from_millis(400) };

    #[tokio::test]
    async fn a_client_that_stops_reading_is_cut_off_and_one_that_reads_on_is_not() {
        let (mut client, server) = tokio::io::duplex(1024);
        let mut server = Paced::new(server, PACE);
        let reads = tokio::spawn(async move {
            let mut chunk = vec![0; 1024];
            for _ in 0..100 {
                client.read_exact(&mut chunk).await.expect("bytes");
                sleep(PACE.time / 400).await;
            }
            client
        });
        server.write_all(&[0; 100 * 1024]).await.expect("it is read");
        let client = reads.await.expect("read");
        let error = server.write_all(&[0; 4096]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(client);
    }

    #[tokio::test]
    async fn a_client_that_reads_a_byte_at_a_time_is_cut_off() {
        let (mut client, server) = tokio::io::duplex(1024);
        let mut server = Paced::new(server, PACE);
        tokio::spawn(async move {
            while client.read_u8().await.is_ok() {
                sleep(PACE.time / 100).await;
            }
        });
        let error = server.write_all(&[0; 64 * 1024]).await.expect_err("it is slow");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_caught_up_has_its_time_again() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut server = Paced::new(server, PACE);
        for _ in 0..3 {
            let (wrote, read) = tokio::join!(
                async {
                    server.write_all(&[0; 100]).await?;
                    server.flush().await
                },
                async {
                    sleep(PACE.time / 2).await;
                    client.read_exact(&mut [0; 100]).await
                },
            );
            wrote.expect("it is read");
            read.expect("bytes");
            sleep(PACE.time).await;
        }
    }
}
