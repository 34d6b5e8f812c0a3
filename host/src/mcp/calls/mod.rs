//! The calls of the process: how they are begun and ended, and who is told.

mod refusal_shares;
pub(super) mod observers;
pub(super) mod call_log;
pub(super) mod call_runner;
pub(super) mod places;
pub(super) mod guest_threads;
pub(super) mod client_shares;
pub(super) mod client_calls;
pub(super) mod executor;
