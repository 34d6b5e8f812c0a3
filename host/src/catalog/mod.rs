//! The catalog: the immutable table of everything that is served now.
//!
//! It is built whole and published whole; the holder of one can call its tools, whatever is published after. It does
//! not know files, JSON-RPC or how a plugin runs.

mod bounds;
mod breaker;
mod budget;
mod build;
mod circuit;
mod definition;
mod entry;
mod error;
mod explain;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod instructions;
mod lenient;
mod offer;
mod overrides;
mod plugin;
mod problem_place;
mod rate_limiter;
mod references;
mod refusal;
mod schema;
mod schema_words;
mod stated_needs;
mod table;
mod tally;
mod token_bucket;
mod tool;
mod tool_names;
mod tool_needs;
mod unlisted;
mod wit;

pub use bounds::{MAX_PLUGINS, MAX_TOOLS};
pub use breaker::Paused;
pub use definition::definition_digest;
pub use entry::EntryTicket;
pub use error::{PluginError, first_tool};
pub use instructions::{GENERAL_INSTRUCTIONS, MAX_INSTRUCTIONS};
pub use plugin::{Parts, Plugin};
pub use refusal::{Cause, Refusal, Refused};
pub use schema_words::{MemberWords, members};
pub use table::{Catalog, Coming, ComingPlugin, Unserved};
pub use tally::Tally;
pub use tool::{MAX_ARGUMENTS, Tool};
pub use wit::{WitError, WitFile};
