//! The files of guests: one door, through which every function of `wasi:filesystem` goes.
//!
//! wasmtime-wasi sees to it that nothing leads out of a directory. Here is what it does not do: a plugin waits for the
//! file system on threads of its own share, what it holds open is bounded, directories are read bit by bit, and a
//! scratch directory has a quota.

pub(crate) mod shares;
pub(crate) mod quota;
mod system;
pub(crate) mod in_place;
mod changes;
mod held;
mod directory_reader;
mod streams;
pub(crate) mod door;
