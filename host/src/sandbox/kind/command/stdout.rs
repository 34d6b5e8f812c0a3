//! A program's stdout: kept up to the output limit, at which the program is stopped.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::manifest::Bytes;
use crate::sandbox::run::log::PERMIT;
use crate::sandbox::run::meter::Stopped;
use crate::tool::Limit;

/// The bytes that a program wrote to stdout. Clones share them.
// A lock, because WASI's streams are separate objects; never contended, since a call is polled by one
// thread at a time.
#[derive(Clone)]
pub(super) struct Stdout {
    written: Arc<Mutex<Vec<u8>>>,
    limit: Bytes,
}

impl Stdout {
    /// Creates an empty stdout that never takes more than `limit`.
    pub(super) fn new(limit: Bytes) -> Self {
        Self { written: Arc::default(), limit }
    }

    /// Takes all bytes that were written.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl IsTerminal for Stdout {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdout {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this form, and 0.3 is not offered.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Stdout {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Stdout {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if (written.len() + bytes.len()) as u64 > self.limit.get() {
            let stopped = Stopped::at(Limit::Output, self.limit);
            return Err(StreamError::Trap(wasmtime::Error::new(stopped)));
        }
        written.extend_from_slice(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_limit_may_be_written_and_not_a_byte_more() {
        let mut stdout = Stdout::new(Bytes::new(5));
        for piece in ["", "abc", "de", ""] {
            assert!(stdout.write(piece.into()).is_ok(), "{piece}");
        }
        assert!(stdout.write("f".into()).is_err());
        assert_eq!(stdout.take(), b"abcde");
    }
}
