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
mod compiler;
mod config;
mod contract;
mod engine;
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
mod lanes;
mod lazy_cache;
mod lazy_code;
mod link;
mod listing;
mod listing_section;
mod log;
mod meter;
mod native;
mod need;
mod number;
mod outline;
mod pack;
mod redact;
mod run;
mod scratch;
mod seal;
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

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::home::Home;
use crate::protected::Protected;
use crate::text::escape;

pub use await_code::{CALL_WAIT, still_compiling};
pub use call_outcome::{CallOutcome, Slot};
pub use checks::Checks;
pub use command::{DeclaredError, ProgramDeclarations};
pub use compiler::{Caps, CompileError, CompileJob, Compiler};
#[cfg(any(test, fuzzing))]
pub(crate) use contract::{Side, schema};
pub use contract::{ToolError, corrected};
pub use engine::{SliceKind, Tier};
pub use folders::{FolderError, FolderProblem, is_missing};
pub use functions::{Notes, NotesError};
pub use guest::Guest;
pub use guest_tools::ListError;
pub use imports::NotGranted;
pub use invocation::{CallContext, ProgressSink};
pub use lanes::BackgroundTurn;
pub use listing_section::ListingError;
pub use log::MakeSpan;
pub use pack::{PackError, Packed, listed_in};
pub use scratch::Scratches;
pub use slots::CallSlots;
pub use verify::{Readiness, Unverified};
pub use wasm_file::Wasm;
pub use worker::work;

/// Calls that run at once, over all plugins; those whose answer waits to be read count too. More wait
/// their turn.
const MAX_CALLS: usize = 32;

/// Plugins whose files and schemas are read at once.
const MAX_PREPARED: usize = 8;

/// The stack of a guest, in bytes. Deeper recursion traps.
const MAX_GUEST_STACK: usize = 512 * 1024;

/// The engines, host functions, code and slots that all guests share.
pub struct Sandbox {
    ground: Ground,
    concurrent: OnceLock<Result<Ground, String>>,
    codes: code::Codes,
    slots: Arc<Semaphore>,
    listings: Arc<Semaphore>,
    asking: asking_slots::AskingSlots,
    protected: Protected,
    network: Arc<http::Network>,
    home: Option<Home>,
    scratches: Option<Arc<Scratches>>,
}

/// An engine, and what its guests may import.
struct Ground {
    engine: Engine,
    linker: Linker<store::StoreState>,
}

impl Ground {
    fn new(engine: Engine) -> wasmtime::Result<Self> {
        let linker = store::linker(&engine)?;
        Ok(Self { engine, linker })
    }
}

/// The reason why the sandbox could not be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot start: {0}")]
pub struct SandboxError(String);

impl Sandbox {
    /// Sets up the engine and what guests may import.
    pub fn new(compiler: Compiler) -> Result<Self, SandboxError> {
        let wasmtime = |error: wasmtime::Error| SandboxError(format!("{error:#}"));
        let ground = engine::running().and_then(Ground::new).map_err(wasmtime)?;
        let concurrent = OnceLock::new();
        let codes = code::Codes::new(compiler, &ground.engine);
        let network = http::Network::new(http::Surroundings::default());
        let slots = Arc::new(Semaphore::new(MAX_CALLS));
        let listings = Arc::new(Semaphore::new(MAX_PREPARED));
        let protected = Protected::default();
        Ok(Self {
            ground,
            concurrent,
            codes,
            slots,
            listings,
            asking: asking_slots::AskingSlots::new(),
            protected,
            network,
            home: None,
            scratches: None,
        })
    }

    /// Returns the engine of a component, with what its guests may import.
    fn ground_of(&self, component: &Component) -> Result<&Ground, String> {
        if Engine::same(component.engine(), &self.ground.engine) {
            return Ok(&self.ground);
        }
        self.concurrent()
    }

    /// Returns the engine of components with asynchronous functions, with what their guests may import. It is made when
    /// there is such a component.
    fn concurrent(&self) -> Result<&Ground, String> {
        let ground = self.concurrent.get_or_init(|| {
            engine::concurrent().and_then(Ground::new).map_err(|error| one_line(&error))
        });
        ground.as_ref().map_err(Clone::clone)
    }

    /// Waits for the turn to optimize a plugin's code: one at a time, and not before every plugin has code.
    pub async fn background_turn(&self) -> BackgroundTurn {
        self.codes.background_turn().await
    }

    /// Keeps these directories from all guests that are compiled from now on.
    #[must_use]
    pub fn protecting(self, protected: Protected) -> Self {
        Self { protected, ..self }
    }

    /// The same sandbox, which can give scratch directories in `home`, and has secrets looked for there.
    #[must_use]
    pub fn at_home(self, home: &Home) -> Self {
        let scratches = Scratches::below(home.scratch());
        Self { home: Some(home.clone()), scratches: Some(Arc::new(scratches)), ..self }
    }

    /// The home in which it gives scratch directories and looks for secrets. `None` if it has none.
    #[must_use]
    pub fn home(&self) -> Option<&Home> {
        self.home.as_ref()
    }

    /// The same sandbox, its guests' requests sent over `network`.
    #[must_use]
    pub fn with_network(self, network: Arc<http::Network>) -> Self {
        Self { network, ..self }
    }
}

/// The innermost reason on one line, escaped: guests and their files choose parts of it.
fn one_line(error: &wasmtime::Error) -> String {
    shown(&error.root_cause().to_string())
}

/// The innermost reason with all that led to it, escaped, on one line: only there are imports named.
fn in_full(error: &wasmtime::Error) -> String {
    shown(&format!("{error:#}"))
}

fn shown(text: &str) -> String {
    let text = text.trim().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    escape(&text[..text.floor_char_boundary(400)])
}
