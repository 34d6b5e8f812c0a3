//! When plugins are compiled: how many at once, and which of them first.
//!
//! Each compilation uses several processors, so that few at once are as soon done as many. What is compiled is not
//! known here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use super::compiler::CompileError;
use crate::text::escape;

/// The time after which a compilation makes way for those behind it and goes on beside them.
const LONG: Duration = Duration::from_secs(10);
/// The same where a call waits for it, and others may wait behind it.
const LONG_FOR_CALLS: Duration = Duration::from_secs(1);

/// How far the process that compiles stands back behind others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// A call waits for it.
    Wanted,
    /// The plugin has no code yet, and no call waits.
    Usual,
    /// The plugin has code, which this is to replace.
    Background,
}

impl Priority {
    /// The same as `nice` counts it.
    pub(super) fn niceness(self) -> i32 {
        match self {
            Self::Wanted => 5,
            Self::Usual => 10,
            Self::Background => 19,
        }
    }
}

/// A flag that a call waits for a plugin's code. It is never taken back.
#[derive(Default)]
pub(super) struct Wanted(watch::Sender<bool>);

impl Wanted {
    pub(super) fn set(&self) {
        self.0.send_if_modified(|is_set| !std::mem::replace(is_set, true));
    }

    async fn is_set(&self) {
        // The sender is this very value: it outlives the wait.
        let _ = self.0.subscribe().wait_for(|is_set| *is_set).await;
    }
}

/// A plugin's turn to get better code. It ends when this is dropped.
pub struct BackgroundTurn(
    #[expect(dead_code, reason = "held, never read")] Option<OwnedSemaphorePermit>,
);

/// The lanes in which compilations wait and run.
pub(super) struct Lanes {
    usual: Arc<Semaphore>,
    /// As many as `usual` has.
    most: u32,
    /// For those that a call waits for, beside the others.
    wanted: Arc<Semaphore>,
    /// For those that take long.
    long: Arc<Semaphore>,
    /// For better code of plugins that have some.
    background: Arc<Semaphore>,
}

impl Lanes {
    /// Lanes for so many processors.
    pub(super) fn new(processors: usize) -> Self {
        let most = processors.div_ceil(2);
        Self {
            usual: Arc::new(Semaphore::new(most)),
            most: u32::try_from(most).unwrap_or(u32::MAX),
            wanted: Arc::new(Semaphore::new(processors)),
            long: Arc::new(Semaphore::new(processors)),
            background: Arc::new(Semaphore::new(1)),
        }
    }

    /// Runs `job`, the first compilation of a plugin, when it is its turn; as soon as `wanted` is set, before the
    /// others. It may block.
    pub(super) async fn first<T: Send + 'static>(
        &self,
        wanted: &Wanted,
        job: impl FnOnce(Priority) -> T + Send + 'static,
    ) -> Result<T, CompileError> {
        let called = async {
            wanted.is_set().await;
            permit(&self.wanted).await
        };
        let (turn, priority, patience) = tokio::select! {
            biased;
            turn = called => (turn, Priority::Wanted, LONG_FOR_CALLS),
            turn = permit(&self.usual) => (turn, Priority::Usual, LONG),
        };
        let mut running = blocking(move || job(priority));
        tokio::select! {
            done = &mut running => return ended(done),
            () = tokio::time::sleep(patience) => {}
        }
        let long = permit(&self.long);
        tokio::select! {
            done = &mut running => ended(done),
            _long = long => {
                drop(turn);
                ended(running.await)
            }
        }
    }

    /// The turn of a plugin that has code to get better code: one at a time, when nothing else is compiled.
    pub(super) async fn background_turn(&self) -> BackgroundTurn {
        let one = permit(&self.background).await;
        // Those that wait for their first code go first.
        drop(self.usual.acquire_many(self.most).await);
        BackgroundTurn(one)
    }

    /// Runs `job`, which makes better code, in this turn. It may block.
    pub(super) async fn background<T: Send + 'static>(
        &self,
        _turn: &BackgroundTurn,
        job: impl FnOnce(Priority) -> T + Send + 'static,
    ) -> Result<T, CompileError> {
        ended(blocking(move || job(Priority::Background)).await)
    }
}

/// `None` never comes: these semaphores are not closed.
async fn permit(of: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    of.clone().acquire_owned().await.ok()
}

fn blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = tracing::Span::current();
    spawn_blocking(move || span.in_scope(job))
}

fn ended<T>(done: Result<T, tokio::task::JoinError>) -> Result<T, CompileError> {
    done.map_err(|error| {
        let error = escape(&error.to_string());
        CompileError::Host(format!("compiling it failed inside toolrack: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A job that says that it runs, and runs until it is told to end.
    struct Job {
        began: mpsc::Receiver<Priority>,
        end: mpsc::Sender<()>,
    }

    fn job() -> (Job, impl FnOnce(Priority) + Send + 'static) {
        let ((begins, began), (end, ends)) = (mpsc::channel(), mpsc::channel::<()>());
        let run = move |priority| {
            let _ = begins.send(priority);
            let _ = ends.recv();
        };
        (Job { began, end }, run)
    }

    impl Job {
        async fn begins(&self) -> Priority {
            loop {
                match self.began.try_recv() {
                    Ok(priority) => return priority,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_compilation_that_a_call_waits_for_passes_the_others() {
        let lanes = Arc::new(Lanes::new(2));
        let wanted: [Arc<Wanted>; 3] = std::array::from_fn(|_| Arc::default());
        let mut jobs = Vec::new();
        for wanted in &wanted {
            let (job, run) = job();
            let (lanes, own) = (lanes.clone(), wanted.clone());
            jobs.push((job, tokio::spawn(async move { lanes.first(&own, run).await })));
            if jobs.len() == 1 {
                assert_eq!(jobs[0].0.begins().await, Priority::Usual);
            }
        }
        wanted[2].set();
        assert_eq!(jobs[2].0.begins().await, Priority::Wanted);
        assert!(jobs[1].0.began.try_recv().is_err(), "it waits for its turn");
        for at in [0, 1, 2] {
            jobs[at].0.end.send(()).expect("it runs, or will");
        }
        for (_, done) in jobs {
            done.await.expect("no panic").expect("done");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn better_code_waits_until_every_plugin_has_some() {
        let lanes = Arc::new(Lanes::new(2));
        let (first, run) = job();
        let own = lanes.clone();
        let running = tokio::spawn(async move { own.first(&Wanted::default(), run).await });
        assert_eq!(first.begins().await, Priority::Usual);
        let (better, run) = job();
        let own = lanes.clone();
        let waiting = tokio::spawn(async move {
            let turn = own.background_turn().await;
            own.background(&turn, run).await
        });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(better.began.try_recv().is_err());
        first.end.send(()).expect("it runs");
        assert_eq!(better.begins().await, Priority::Background);
        better.end.send(()).expect("it runs");
        running.await.expect("no panic").expect("done");
        waiting.await.expect("no panic").expect("done");
    }
}
