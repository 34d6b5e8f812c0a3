//! The size of the pieces in which stdin is read, and the words for a stream that fails.

use std::io;

/// The bytes that are read at once, at most.
pub(crate) const STDIO_CHUNK: usize = 64 * 1024;

/// Logs why the input ends.
pub(crate) fn unread(error: &io::Error) {
    tracing::warn!("reading stdin failed, which ends the input: {error}");
}

/// Logs why no more is written.
pub(crate) fn unwritten(error: &io::Error) {
    tracing::debug!("the client does not read any more: {error}");
}
