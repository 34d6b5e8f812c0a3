//! The calls of the process: how they are begun, ended and logged.

pub(super) mod call_log;
pub(super) mod executor;
pub(super) mod running;
