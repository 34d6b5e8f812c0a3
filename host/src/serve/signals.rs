//! Signals that ask the server to end, waited for on a thread of their own: whatever all others are busy with, the second
//! one ends the process.

use std::future::Future;
use std::io;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// Resolves at the first signal that asks the server to end. The second ends the process at once.
pub(super) fn first() -> io::Result<impl Future<Output = ()>> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    // From now on no signal does what it does by itself.
    let mut signals = {
        let _within = runtime.enter();
        EndSignals::new()?
    };
    let (ask, asked) = oneshot::channel();
    let wait = async move {
        signals.next().await;
        // A server that has ended meanwhile ends its process itself.
        let _ = ask.send(());
        let number = signals.next().await;
        std::process::exit(128 + number)
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(wait))?;
    Ok(async {
        if asked.await.is_err() {
            std::future::pending().await
        }
    })
}

#[cfg(unix)]
struct EndSignals([(i32, tokio::signal::unix::Signal); 3]);

#[cfg(unix)]
impl EndSignals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind: SignalKind| io::Result::Ok((kind.as_raw_value(), signal(kind)?));
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    /// Waits for the next one, and returns its number.
    async fn next(&mut self) -> i32 {
        std::future::poll_fn(|context| {
            for (number, signal) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*number);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

#[cfg(not(unix))]
struct EndSignals;

#[cfg(not(unix))]
impl EndSignals {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for ctrl-c, and returns the number that it has elsewhere.
    async fn next(&mut self) -> i32 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => 2,
            Err(_) => std::future::pending().await,
        }
    }
}
