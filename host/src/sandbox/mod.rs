//! The sandbox: compiles guests, limits them, calls them. The only module that knows wasmtime.
//!
//! A [`Guest`] is one compiled plugin, its code made by a [`Compiler`] and shared by all with the same
//! bytes. Each call gets a store and an instance of its own and three guards: fuel, processor time and
//! the wall clock. The sandbox knows nothing of plugin directories, public names, JSON Schema or the
//! protocol.

mod answer_wait;
mod asking_slots;
mod await_code;
mod binary;
mod bindings;
mod blocking;
mod cache;
mod cache_file;
mod call_outcome;
mod checks;
mod child;
mod code;
mod command;
mod compile_error;
mod compile_job;
mod compiler;
mod config;
mod contract;
mod encode;
mod engine;
mod engines;
mod error_text;
mod file_access;
mod folders;
mod function_cache;
mod functions;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guest;
mod guest_tools;
mod hidden;
mod host_facts;
pub mod http;
mod imports;
mod in_progress;
mod invocation;
mod kind;
mod known_tools;
mod lanes;
mod lazy_cache;
mod lazy_code;
mod link;
mod linker;
mod listing;
mod listing_section;
mod log;
mod meter;
mod native;
mod need;
mod number;
mod outline;
mod pack;
mod readiness;
mod redact;
mod run;
mod scratch;
mod seal;
mod shared;
mod shared_values;
mod shortage;
mod slots;
mod sockets;
mod store;
mod terms_check;
mod tools;
mod verify;
mod wasm_file;
mod wasm_sections;
mod worker;

pub use await_code::{CALL_WAIT, still_compiling};
pub use call_outcome::{CallOutcome, Slot};
pub use checks::Checks;
pub use command::{DeclaredError, ProgramDeclarations};
pub use compile_error::CompileError;
pub use compile_job::{Caps, CompileJob};
pub use compiler::Compiler;
#[cfg(any(test, fuzzing))]
pub(crate) use contract::{Side, schema};
pub use contract::{ToolError, corrected};
pub use engine::{SliceKind, Tier};
pub use folders::{FolderError, FolderProblem, is_missing};
pub use functions::{Notes, NotesError};
pub use guest::Guest;
pub use imports::NotGranted;
pub use invocation::{CallContext, ProgressSink};
pub use known_tools::ListError;
pub use lanes::BackgroundTurn;
pub use listing_section::ListingError;
pub use log::MakeSpan;
pub use pack::{PackError, Packed, listed_in};
pub use readiness::{Readiness, Unverified};
pub use scratch::Scratches;
pub use shared::{Sandbox, SandboxError};
pub use slots::CallSlots;
pub use wasm_file::Wasm;
pub use worker::work;
