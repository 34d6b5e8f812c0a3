//! When to scan: hints of the system, and time.

pub(super) mod network;
pub(super) mod schedule;
pub(super) mod watch;
