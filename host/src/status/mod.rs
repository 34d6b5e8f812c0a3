//! The status of running servers, in files of the private run directory.
//!
//! A server owns `<pid>.json`, which says what it serves, `<pid>.log`, with the lines of its plugins, and
//! `<pid>.lock`, which it holds locked for as long as it lives: the kernel lets go of a lock whatever
//! ends a process, so a file whose lock is free is a dead server's. The code that shows any of this
//! to people is not known here.

mod log_share;
mod server_files;
mod server_log;
mod server_status;
mod instructions;
mod servers;
mod plugin_log;
mod status_writer;

pub use instructions::RememberedInstructions;
pub use plugin_log::{LineSpan, LogFollower, PluginLine, PluginLog};
pub use server_files::{PlaceError, ServerFiles};
pub use server_log::{LogFiles, LogPlace, ServerLog};
pub use server_status::{
    AuditStatus, LoadingStatus, PausedStatus, PluginStatus, RefusalStatus, RefusedStatus, Status,
    ToolStatus, now_ms,
};
pub use servers::{Server, ServersError, Told, servers};
pub use status_writer::{FollowedStatus, StatusWriter};
