//! Files that may be anything, read; files put in place whole; commands that take turns.

pub(crate) mod bounded_read;
pub(crate) mod atomic_write;
pub(crate) mod file_lock;
