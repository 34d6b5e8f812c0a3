//! MCP clients on this machine: where each keeps its list of servers, and how an entry gets into that file and out of
//! it again.
//!
//! A client is one row of `table.rs`. Files are edited in place: an edit inserts or cuts a piece of text and leaves
//! every other byte alone. Nothing here prints or asks.

mod config_file;
mod config_text;
mod entry;
mod error;
mod json;
mod local_scope;
mod record;
mod registration;
mod table;
mod toml;
mod user_directories;

pub use entry::{FoundEntry, ServerEntry};
pub use error::{ClientError, ConfigEditError, FileError};
pub use local_scope::LocalScope;
pub use registration::{ClientFile, Foreign, PlannedEdit, Registration, Scope};
pub use table::{CLIENTS, Client, client};
pub use user_directories::{UserDirectories, find_program};
