//! The server: transport, engine, catalog and guests wired together, and the one way to end.

mod signals;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use tokio::sync::watch;

use crate::home::Home;
use crate::host::{Host, HostError};
use crate::lockfile::LockPolicy;
use crate::mcp::{Driver, Engine, Executor, PrivateStdout, Settings, Stdio};
use crate::protected::Protected;
use crate::reload::Optimizing;
use crate::sandbox::Compiler;
use crate::status::{RememberedInstructions, StatusWriter};

/// The choices of the operator.
#[derive(Clone, Debug)]
pub struct Options {
    /// Plugin directories in order of precedence.
    pub plugins: Vec<PathBuf>,
    /// The strictness with which the server keeps to their locks.
    pub locking: LockPolicy,
    /// The choice whether plugins that serve get better code.
    pub optimizing: Optimizing,
    /// The way in which plugins are compiled.
    pub compiler: Compiler,
    /// The directories that no plugin sees.
    pub protected: Protected,
    /// The number of tools on a page of `tools/list`.
    pub page: Option<NonZeroUsize>,
    /// The directory in which the server tells what it serves, among other things. `None` if there is no home
    /// directory.
    pub home: Option<Home>,
}

/// The reason why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its parts do not start.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Standard input and output cannot be had.
    #[error("stdin and stdout cannot be set up: {0}")]
    Stdio(std::io::Error),
}

// Not as its source: the sentence holds it already.
impl From<std::io::Error> for ServeError {
    fn from(error: std::io::Error) -> Self {
        Self::Stdio(error)
    }
}

/// Serves MCP on stdin and stdout until the input ends or a signal comes.
pub fn serve(options: Options) -> Result<(), ServeError> {
    let stdout = PrivateStdout::take()?;
    let home = options.home.as_ref();
    let remembered = home.map(|home| {
        RememberedInstructions::new(home.instructions(), &options.plugins, options.locking)
    });
    let host = Host::start(options.compiler, options.protected, home)?;
    let protocol = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    #[cfg(unix)]
    survive_full_files(&protocol)?;
    let (publisher, catalog) = watch::channel(None);
    let instructions = remembered.as_ref().and_then(RememberedInstructions::read);
    let engine = Engine::new(Settings { page: options.page, instructions });
    let follower = host.follow(&options.plugins, options.locking, options.optimizing);
    let board = home.and_then(|home| {
        let (mode, loading) = (follower.mode(), follower.loading());
        StatusWriter::start(home.run(), &options.plugins, mode, loading, catalog.clone())
    });
    if let Some(remembered) = remembered {
        host.guests().spawn(remembered.follow(catalog.clone()));
    }
    protocol.block_on(async {
        let shutdown = signals::first()?;
        let stdio = Stdio::of_process(stdout)?;
        let following = follower.run(publisher);
        let executor = Executor::new(host.guests().clone());
        let driver = Driver::new(engine, stdio, catalog, executor.client()).run(shutdown);
        let end = tokio::select! {
            end = driver => end,
            () = following => unreachable!("plugin directories are followed to the end"),
        };
        tracing::debug!("the server ends: {end:?}");
        Ok::<_, ServeError>(())
    })?;
    drop(board);
    host.stop();
    Ok(())
}

/// Lets a write beyond the limit of a file's size fail as any other, where its signal would end the process.
#[cfg(unix)]
fn survive_full_files(runtime: &tokio::runtime::Runtime) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let _within = runtime.enter();
    // A handler stays once it is there; no receiver has to listen.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}
