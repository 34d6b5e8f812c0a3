//! A program's stdout: kept up to the output limit, at which the program is stopped.

use std::sync::{Arc, Mutex};

use crate::manifest::Bytes;
use crate::sandbox::run::guest_stream::Sink;
use crate::sandbox::run::meter::Stopped;
use crate::sync::lock;
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

    /// Takes out all bytes that were written.
    pub(super) fn written(&self) -> Vec<u8> {
        std::mem::take(&mut lock(&self.written))
    }
}

impl Sink for Stdout {
    fn take(&self, bytes: &[u8]) -> Result<(), Stopped> {
        let mut written = lock(&self.written);
        if (written.len() + bytes.len()) as u64 > self.limit.get() {
            return Err(Stopped::at(Limit::Output, self.limit));
        }
        written.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_limit_may_be_written_and_not_a_byte_more() {
        let stdout = Stdout::new(Bytes::new(5));
        for piece in ["", "abc", "de", ""] {
            assert!(Sink::take(&stdout, piece.as_bytes()).is_ok(), "{piece}");
        }
        assert!(Sink::take(&stdout, b"f").is_err());
        assert_eq!(stdout.written(), b"abcde");
    }
}
