//! Files that may be anything, read; files put in place whole; commands that take turns.

pub mod stated;
pub(crate) mod links;
pub(crate) mod others_rights;
pub(crate) mod bounded_read;
pub(crate) mod atomic_write;
pub(crate) mod remove_tree;
pub(crate) mod file_lock;
