//! A stream that a guest writes to, as WASI wants it, over whatever takes the bytes.

use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::meter::Stopped;

/// The most that is written at once.
const PERMIT: usize = 1024;
/// The lines after which a guest gives way before it writes more: a line costs the host far more than its bytes.
const MAX_LINES_AT_ONCE: usize = 64;

/// What takes the bytes that a guest writes.
pub(crate) trait Sink: Clone + Send + Sync + 'static {
    /// Takes `bytes`, or says at which limit the guest is stopped.
    fn take(&self, bytes: &[u8]) -> Result<(), Stopped>;
}

/// A guest's stdout or stderr. It is always ready, but for other guests that have their turn.
#[derive(Clone)]
pub(crate) struct GuestStream<S> {
    sink: S,
    /// The number of lines since the guest gave way.
    lines: usize,
}

impl<S> GuestStream<S> {
    /// A stream into `sink`.
    pub(crate) fn new(sink: S) -> Self {
        Self { sink, lines: 0 }
    }

    fn is_busy(&self) -> bool {
        self.lines >= MAX_LINES_AT_ONCE
    }
}

impl<S> IsTerminal for GuestStream<S> {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl<S: Sink> StdoutStream for GuestStream<S> {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this form, and 0.3 is not offered.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl<S: Sink> Pollable for GuestStream<S> {
    async fn ready(&mut self) {
        if self.is_busy() {
            tokio::task::yield_now().await;
            self.lines = 0;
        }
    }
}

#[async_trait]
impl<S: Sink> OutputStream for GuestStream<S> {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        if bytes.len() > PERMIT {
            return Err(StreamError::trap("it wrote more at once than the stream allowed"));
        }
        self.lines += bytes.iter().filter(|&&byte| byte == b'\n').count();
        self.sink.take(&bytes).map_err(|stopped| StreamError::Trap(wasmtime::Error::new(stopped)))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(if self.is_busy() { 0 } else { PERMIT })
    }
}
