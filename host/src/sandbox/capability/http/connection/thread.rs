//! The thread that moves the network's bytes: a runtime with input and output, apart from the guests'.
//!
//! The guests' runtime looks at its timers after every poll, since a guest computes for a whole slice.
//! With input and output it would also ask the kernel for events that often, and a response would wait
//! behind computing guests. This thread never computes for long: TLS is the most it does.

use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Look-ups of names that block at once, of all plugins together: the system's resolver knows no other way.
const MAX_LOOKUPS: usize = 128;

/// Owner of the thread; dropping it ends the thread and everything on it.
pub(crate) struct NetThread {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl NetThread {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(MAX_LOOKUPS)
            .thread_name("lookup")
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("net".into()).spawn(move || {
            let _ = runtime.block_on(stopped);
            // A look-up that blocks is left behind.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> OwnedTask<T> {
        OwnedTask(self.handle.spawn(work))
    }
}

impl Drop for NetThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It panics only if tokio does, and then nothing is left to end.
            let _ = thread.join();
        }
    }
}

/// A task that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct OwnedTask<T>(tokio::task::JoinHandle<T>);

impl<T> OwnedTask<T> {
    /// Takes over a task that runs.
    pub(crate) fn new(task: tokio::task::JoinHandle<T>) -> Self {
        Self(task)
    }
}

/// The result of the task. `None` where it panicked or its runtime has ended.
impl<T> Future for OwnedTask<T> {
    type Output = Option<T>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        std::pin::Pin::new(&mut self.0).poll(context).map(Result::ok)
    }
}

impl<T> Drop for OwnedTask<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
