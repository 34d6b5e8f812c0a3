//! The parts every command needs: the sandbox and the runtime its guests run on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::catalog::Plugin;
use crate::home::Home;
use crate::lockfile::LockPolicy;
use crate::manifest::Policy;
use crate::protected::Protected;
use crate::reload::{Follower, Loader, Optimizing};
use crate::sandbox::{
    CompileError, Compiler, Guest, Sandbox, SandboxError, Scratches, WarmWritten, Wasm,
};
use crate::start_resources::{self, TooLittle};

/// A sandbox on a runtime of its own.
pub struct Host {
    sandbox: Arc<Sandbox>,
    runtime: Runtime,
}

/// The reason why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The sandbox does not run on this machine.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// This machine gives less than a start takes.
    #[error(transparent)]
    TooLittle(#[from] TooLittle),
    /// The threads cannot be started.
    #[error("the threads for plugins cannot be started: {0}")]
    Runtime(std::io::Error),
}

// Not as its source: the sentence holds it already.
impl From<std::io::Error> for HostError {
    fn from(error: std::io::Error) -> Self {
        Self::Runtime(error)
    }
}

impl Host {
    /// Starts the threads. Plugins are compiled by `compiler`, see nothing of what is `protected`, and are given what
    /// `policy` lets them have; at `home` lie their secrets and what they keep for one call.
    pub fn start(
        compiler: Compiler,
        protected: Protected,
        policy: Arc<Policy>,
        home: Option<&Home>,
    ) -> Result<Self, HostError> {
        start_resources::check()?;
        let runtime = Builder::new_multi_thread()
            .thread_name("guest")
            .enable_time()
            // Guests compute for a whole slice of fuel at a time: timers and newcomers are looked at
            // after every one or two of them, not after tokio's usual dozens.
            .event_interval(1)
            .global_queue_interval(2)
            .build()?;
        let mut sandbox = Sandbox::new(compiler)?.protecting(protected).under(policy);
        if let Some(home) = home {
            let left = home.scratch();
            // Mostly, no process was killed, and nothing is there.
            runtime.spawn_blocking(move || Scratches::sweep(&left));
            sandbox = sandbox.at_home(home);
        }
        let sandbox = Arc::new(sandbox);
        Ok(Self { sandbox, runtime })
    }

    /// Leaves out from now on what has ended two processes while it was loaded: a server that is started again and again
    /// is not ended by it each time.
    pub fn leave_out_crashed(&self) {
        self.sandbox.leave_out_crashed();
    }

    /// Starts to load what `directories` hold, once, keeping to their locks.
    #[must_use]
    pub fn load(&self, directories: &[PathBuf], locking: LockPolicy) -> Loader {
        Loader::once(self.sandbox.clone(), self.guests().clone(), directories.to_vec(), locking)
    }

    /// Compiles all that these plugins need, optimized, and writes it into the directory `to`, for other machines. Returns the
    /// plugins of which there is no such code, too.
    pub(crate) fn warm<'a>(
        &self,
        plugins: &'a [Arc<Plugin>],
        to: PathBuf,
    ) -> std::io::Result<(WarmWritten, Vec<&'a Plugin>)> {
        self.guests().block_on(async {
            for plugin in plugins {
                let turn = self.sandbox.background_turn().await;
                plugin.optimize(&turn).await;
            }
            let mut without = Vec::new();
            for plugin in plugins {
                if !plugin.keeps_optimized().await {
                    without.push(&**plugin);
                }
            }
            Ok((self.sandbox.write_warm(to).await?, without))
        })
    }

    /// Compiles `wasm`, of whatever kind, and calls nothing in it yet.
    pub fn look_at(&self, wasm: Wasm) -> Result<Guest, CompileError> {
        self.guests().block_on(Guest::unknown(self.sandbox.clone(), wasm))
    }

    /// Follows `directories`, keeping to their locks.
    #[must_use]
    pub fn follow(
        &self,
        directories: &[PathBuf],
        locking: LockPolicy,
        optimizing: Optimizing,
    ) -> Follower {
        let (sandbox, guests) = (self.sandbox.clone(), self.guests().clone());
        Follower::new(sandbox, guests, directories.to_vec(), locking, optimizing)
    }

    /// The runtime that guests run on.
    #[must_use]
    pub fn guests(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Ends the threads. What still compiles is left behind after a moment; the process ends next.
    pub fn stop(self) {
        self.runtime.shutdown_timeout(Duration::from_millis(50));
    }
}
