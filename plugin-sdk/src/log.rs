//! Lines for the operator's log. The model never sees them; the host writes the plugin and the call
//! beside each. In a native build they go to stderr.
//!
//! A line that the guest prints to stdout or stderr reaches the log as well: this module is for lines
//! that have a level. Those of [`debug`] show with `--log plugin=debug,info`.
//!
//! A line is cut after 4 KiB. A call that writes more than 1 MiB, to stdout, stderr and the log
//! together, is stopped.
//!
//! ```
//! use toolrack_sdk::log;
//!
//! log::info("ready");
//! log::warn(format_args!("{} of {} pages are empty", 2, 7));
//! ```

use std::fmt::Display;

use crate::imports::{Level, log};

/// Writes a line that only somebody who looks for a fault wants.
pub fn debug(line: impl Display) {
    log(Level::Debug, &line.to_string());
}

/// Writes a line about the normal course of things.
pub fn info(line: impl Display) {
    log(Level::Info, &line.to_string());
}

/// Writes a line about something that may become a fault.
pub fn warn(line: impl Display) {
    log(Level::Warn, &line.to_string());
}

/// Writes a line about a fault.
pub fn error(line: impl Display) {
    log(Level::Error, &line.to_string());
}
