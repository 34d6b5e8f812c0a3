//! A stream that a guest writes to, as WASI wants it, over whatever takes the bytes.

use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::meter::Stopped;

/// The most that is written at once.
const PERMIT: usize = 64 * 1024;

/// What takes the bytes that a guest writes.
pub(crate) trait Sink: Clone + Send + Sync + 'static {
    /// Takes `bytes`, or says at which limit the guest is stopped.
    fn take(&self, bytes: &[u8]) -> Result<(), Stopped>;
}

/// A guest's stdout or stderr. It is always ready.
#[derive(Clone)]
pub(crate) struct GuestStream<S>(pub(crate) S);

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
    async fn ready(&mut self) {}
}

#[async_trait]
impl<S: Sink> OutputStream for GuestStream<S> {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        if bytes.len() > PERMIT {
            return Err(StreamError::trap("it wrote more at once than the stream allowed"));
        }
        self.0.take(&bytes).map_err(|stopped| StreamError::Trap(wasmtime::Error::new(stopped)))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}
