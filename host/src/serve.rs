//! The server: transport, engine, catalog and guests wired together, and the one way to end.

use std::future::Future;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::catalog::Catalog;
use crate::host::{Host, HostError};
use crate::mcp::{Driver, Engine, PrivateStdout, Settings, Stdio};
use crate::reload::Loader;
use crate::status::Board;

/// How long the first `tools/list` waits for plugins that compile. Then it shows those that are done,
/// and the others are announced when they are.
const MAX_LOADING: Duration = Duration::from_secs(60);

/// What the operator chose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Plugin directories in order of precedence.
    pub plugins: Vec<PathBuf>,
    /// Tools on a page of `tools/list`.
    pub page: Option<NonZeroUsize>,
    /// Where the server tells what it serves; nowhere where there is no home directory.
    pub run: Option<PathBuf>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its parts do not.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Standard input and output cannot be had.
    #[error("stdin and stdout cannot be set up: {0}")]
    Stdio(#[from] std::io::Error),
}

/// Serves MCP on stdin and stdout until the input ends or a signal comes.
pub fn serve(options: Options) -> Result<(), ServeError> {
    let stdout = PrivateStdout::take()?;
    let protocol = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = Host::start()?;
    let (publisher, catalog) = watch::channel(None);
    let engine = Engine::new(Settings { page: options.page });
    let (_watching, mode) = watch::channel("watching".to_owned());
    let board =
        options.run.and_then(|run| Board::start(run, &options.plugins, mode, catalog.clone()));
    protocol.block_on(async {
        let shutdown = shutdown_signal()?;
        let stdio = Stdio::start(std::io::stdin(), stdout)?;
        let loading = load(host.load(&options.plugins), publisher);
        let driver = Driver::new(engine, stdio, catalog, host.guests().clone()).run(shutdown);
        tokio::pin!(loading, driver);
        // Loading that is over is not the end, the driver's end is.
        let end = tokio::select! {
            end = &mut driver => end,
            _publisher = &mut loading => driver.await,
        };
        tracing::debug!("the server ends: {end:?}");
        Ok::<_, ServeError>(())
    })?;
    drop(board);
    host.stop();
    Ok(())
}

/// Publishes what `loader` loads: once, when all is done or the wait is over, and again when the rest
/// is done. Gives the publisher back, because dropping it would close the channel.
async fn load(
    mut loader: Loader,
    publisher: watch::Sender<Option<Arc<Catalog>>>,
) -> watch::Sender<Option<Arc<Catalog>>> {
    let started = Instant::now();
    let all = async { while loader.step().await {} };
    if tokio::time::timeout(MAX_LOADING, all).await.is_err() {
        let (done, total) = loader.progress();
        tracing::warn!("{} of {total} plugins still compile; serving the others", total - done);
        publisher.send_replace(Some(Arc::new(loader.catalog())));
        while loader.step().await {}
    }
    let catalog = loader.catalog();
    for refusal in catalog.refusals() {
        tracing::warn!("not served: {}", refusal.one_line());
    }
    tracing::info!(
        plugins = catalog.plugins().len(),
        tools = catalog.tools().count(),
        refused = catalog.refusals().len(),
        time_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "serving"
    );
    publisher.send_replace(Some(Arc::new(catalog)));
    publisher
}

/// Resolves at the first signal that asks the server to end. The second ends the process at once.
#[cfg(unix)]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals = Vec::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        signals.push((kind.as_raw_value(), signal(kind)?));
    }
    Ok(async move {
        let mut any = async move || {
            std::future::poll_fn(|context| {
                for (number, signal) in &mut signals {
                    if signal.poll_recv(context).is_ready() {
                        return std::task::Poll::Ready(*number);
                    }
                }
                std::task::Poll::Pending
            })
            .await
        };
        any().await;
        // The driver ends within its grace period; this waits beside it only for the impatient.
        tokio::spawn(async move { std::process::exit(128 + any().await) });
    })
}

/// Resolves at ctrl-c. The second ends the process at once.
#[cfg(not(unix))]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::spawn(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
    })
}
