//! The sandbox: compiles guests, limits them, calls them. The only module that knows wasmtime.
//!
//! A [`Guest`] is one compiled plugin, its code made by a [`Compiler`] and shared by all with the same
//! bytes. Each call gets a store and an instance of its own and three guards: fuel, processor time and
//! the wall clock. The sandbox knows nothing of plugin directories, public names, JSON Schema or the
//! protocol.

// From the lowest to what rests on the others.
mod need;
mod engine;
mod capability;
mod run;
mod kind;
mod compile;
mod cache;
mod code;
mod shared;
mod known_tools;
mod readiness;
mod guest;
mod guest_tools;
mod verify;
mod await_code;
mod pack;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

pub use await_code::{CALL_WAIT, still_compiling};
pub use cache::checks::Checks;
pub(crate) use cache::seal::Seal;
pub use cache::warm_export::WarmWritten;
pub(crate) use cache::warm_export::clear as clear_warm;
pub(crate) use cache::warm_list::WARM_LIST;
pub(crate) use capability::folders::is_absent;
pub use capability::folders::{FolderError, FolderProblem};
pub use capability::http;
pub use capability::imports::NotGranted;
pub use capability::scratch::Scratches;
pub use code::wasm_file::Wasm;
pub use compile::compiler::Compiler;
pub use compile::error::CompileError;
pub use compile::job::{Caps, CompileJob};
pub use compile::lanes::BackgroundTurn;
pub use compile::worker::work;
pub use engine::setup::{SliceKind, Tier};
pub use guest::Guest;
pub use kind::command::{DeclaredError, ProgramDeclarations};
#[cfg(any(test, fuzzing))]
pub(crate) use kind::contract::{Side, schema};
pub use kind::contract::{ToolError, corrected};
pub use kind::functions::{Notes, NotesError};
pub use kind::listing_section::ListingError;
pub use known_tools::ListError;
pub use pack::{PackError, Packed, listed_in};
pub use readiness::{Readiness, Unverified};
pub use run::call_outcome::{CallOutcome, Slot};
pub use run::invocation::{CallContext, ProgressSink};
pub use run::log::MakeSpan;
pub use run::slots::CallSlots;
pub use shared::{Sandbox, SandboxError};
