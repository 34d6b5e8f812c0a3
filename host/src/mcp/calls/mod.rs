//! The calls of the process: how they are begun, ended and logged.

pub(super) mod call_log;
pub(super) mod call_runner;
pub(super) mod places;
pub(super) mod guest_threads;
pub(super) mod client_shares;
pub(super) mod client_calls;
pub(super) mod executor;
