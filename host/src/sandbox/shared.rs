//! The sandbox itself: the code, slots and ways out that all guests share.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::cache::warm_export::WarmWritten;
use super::capability::files::shares::FileShares;
use super::capability::http;
use super::capability::scratch::Scratches;
use super::code::code_store::Codes;
use super::compile::compiler::Compiler;
use super::compile::lanes::BackgroundTurn;
use super::run::asking_slots::AskingSlots;
use super::run::compute_turns::ComputeTurns;
use super::run::engines::Engines;
use super::run::slots::HostSlots;
use crate::home::Home;
use crate::manifest::Policy;
use crate::protected::Protected;

/// Plugins whose files and schemas are read at once.
const MAX_PREPARED: usize = 8;

/// The engines, host functions, code and slots that all guests share.
pub struct Sandbox {
    pub(super) codes: Arc<Codes>,
    pub(super) slots: HostSlots,
    pub(super) turns: ComputeTurns,
    pub(super) listings: Arc<Semaphore>,
    pub(super) asking: AskingSlots,
    pub(super) protected: Protected,
    policy: Arc<Policy>,
    pub(super) network: Arc<http::Network>,
    pub(super) files: FileShares,
    home: Option<Home>,
    pub(super) scratches: Option<Arc<Scratches>>,
}

/// The reason why the sandbox could not be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot start: {0}")]
pub struct SandboxError(String);

impl Sandbox {
    /// Sets up the engine and what guests may import.
    pub fn new(compiler: Compiler) -> Result<Self, SandboxError> {
        let engines = Engines::new().map_err(|error| SandboxError(format!("{error:#}")))?;
        let codes = Arc::new(Codes::new(compiler, engines));
        let network = http::Network::new(http::Surroundings::default());
        let slots = HostSlots::new(None);
        let listings = Arc::new(Semaphore::new(MAX_PREPARED));
        let protected = Protected::default();
        Ok(Self {
            codes,
            slots,
            turns: ComputeTurns::new(),
            listings,
            asking: AskingSlots::new(),
            protected,
            policy: Arc::default(),
            network,
            files: FileShares::default(),
            home: None,
            scratches: None,
        })
    }

    /// Waits for the turn to optimize a plugin's code: one at a time, and not before every plugin has code.
    pub async fn background_turn(&self) -> BackgroundTurn {
        self.codes.background_turn().await
    }

    /// Writes what the cache has into the directory `to`, for other machines.
    pub async fn write_warm(&self, to: PathBuf) -> std::io::Result<WarmWritten> {
        self.codes.write_warm(to).await
    }

    /// Leaves out from now on what has ended two processes while it was loaded.
    pub fn leave_out_crashed(&self) {
        self.codes.marks().leave_out();
    }

    /// Keeps these directories from all guests that are compiled from now on.
    #[must_use]
    pub fn protecting(self, protected: Protected) -> Self {
        Self { protected, ..self }
    }

    /// Gives no plugin what this policy withholds, and no more memory to all calls at once than it says.
    #[must_use]
    pub fn under(self, policy: Arc<Policy>) -> Self {
        let memory = policy.total_memory.as_ref().map(|total| total.value);
        Self { slots: HostSlots::new(memory), policy, ..self }
    }

    /// The policy on what plugins are given.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.policy.clone()
    }

    /// The directories that are kept from all guests.
    pub(crate) fn protected(&self) -> Protected {
        self.protected.clone()
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
