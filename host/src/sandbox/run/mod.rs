//! A guest is entered: its store, its guards, what it spent, and how the call ended.

pub(super) mod asking_slots;
pub(super) mod meter;
pub(super) mod compute_turns;
pub(super) mod crossings;
pub(super) mod redact;
pub(super) mod guest_stream;
pub(super) mod log;
pub(super) mod invocation;
pub(super) mod store;
pub(super) mod runner;
pub(super) mod slots;
pub(super) mod linker;
pub(super) mod call_outcome;
pub(super) mod engines;
