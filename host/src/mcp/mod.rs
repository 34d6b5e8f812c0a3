//! The Model Context Protocol over stdio: a protocol engine without input and output, and its driver.
//!
//! The only module that knows JSON-RPC. Bytes flow one way: `stdio` cuts lines, `message` checks
//! them, `engine` decides, `reply` writes, `outbox` holds, `driver` carries out. The engine holds the catalog
//! it was last given and does not know where catalogs come from.

mod action;
mod batch;
mod block;
#[cfg(unix)]
mod blocking;
mod call_log;
mod calls;
mod driver;
mod engine;
mod event;
mod executor;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod handshake;
#[cfg(test)]
mod histories;
mod id;
mod input_queue;
mod lines;
mod lookup;
mod message;
#[cfg(target_os = "linux")]
mod nonblocking;
mod notify;
mod open;
mod outbox;
mod output_queue;
mod page;
mod params;
mod phase;
mod reply;
mod request;
mod result;
mod stdio;
mod stdio_chunk;
mod transport;
mod version;

use crate::tool::{CallError, Output, Usage};

pub use call_log::ANSWERED_TARGET;
pub(crate) use calls::Calls;
pub(crate) use driver::Driver;
pub use engine::{Action, CallKey, CallRequest, Engine, Settings};
pub use lines::{InputLine, MAX_LINE};
pub use stdio::{PrivateStdout, Stdio};

/// The result of a call, as the newest revision writes it, on many lines.
#[must_use]
pub fn result_as_json(outcome: Result<Output, CallError>, usage: Usage) -> String {
    let result = result::call_result(version::Version::ALL[0], outcome, usage);
    serde_json::to_string_pretty(&result).unwrap_or_default()
}
