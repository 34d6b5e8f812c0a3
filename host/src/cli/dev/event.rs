//! The events of `toolrack dev`, and times as people compare them.

use std::time::Duration;

use super::messages::Messages;

/// An event while the command runs.
#[derive(Debug)]
pub(super) enum DevEvent {
    /// A file of the crate was saved.
    Saved,
    /// Cargo has said all it says.
    Built(Messages),
    /// The person wants to end it.
    Interrupted,
}

/// A time as people compare it.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
