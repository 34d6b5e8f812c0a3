//! The audit log: a line of JSON for each call that ends, whoever asked and however it ends, for those who have to answer for a
//! server.
//!
//! It does not know how calls run: `mcp` tells of their ends. Calls never wait for a line to be written.

mod settings;
mod counts;
mod line;
mod file;
mod queue;
mod log;

pub use counts::AuditCounts;
pub use file::AuditFileError;
pub(crate) use line::{TokenEvent, rfc3339};
pub use log::{AuditError, AuditLog};
pub use settings::{AuditFiles, AuditSettings, AuditTarget};
