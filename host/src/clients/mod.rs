//! MCP clients on this machine: where each keeps its list of servers, and how an entry gets into that file and out of
//! it again.
//!
//! A client is one row of `table.rs`. Files are edited in place: an edit inserts or cuts a piece of text and leaves
//! every other byte alone. Nothing here prints or asks.

mod user_directories;
mod entry;
mod http_entry;
mod asked_entry;
mod shown_words;
mod error;
mod config_file;
mod local_scope;
mod record;
mod table;
mod toml;
mod json;
mod config_text;
mod registration;

pub use asked_entry::{EntryAnswer, EntryToken, OwnServers};
pub(crate) use entry::STDIO;
pub use entry::{FoundEntry, ServerEntry};
pub use error::{ClientError, ConfigEditError, FileError};
pub use http_entry::{ClientHeader, ClientToken, HttpEntry, ServerUrl, WantedEntry};
pub use local_scope::LocalScope;
pub use registration::{ClientFile, Foreign, PlannedEdit, Registration, Scope, TextPlace};
pub use table::{CLIENTS, Client, client};
pub use user_directories::{UserDirectories, find_program};
