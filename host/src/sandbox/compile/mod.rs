//! Wasm to native code: in a child process, in an order, within bounds.

pub(super) mod answer_wait;
pub(super) mod encode;
pub(super) mod function_cache;
pub(super) mod binary;
pub(super) mod error;
pub(super) mod lanes;
pub(super) mod job;
pub(super) mod seccomp;
pub(super) mod worker;
pub(super) mod child;
pub(super) mod compiler;
