//! The turns of guests that compute for long: few of them are ready to run at once, and the others wait behind those.
//!
//! Without turns, every guest that computes lies in the queues of the threads, and a call that has just begun waits for
//! a slice of each of them, at each of its steps.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::meter::CpuClock;
use crate::sync::lock;

/// The processor time that a call may use before it needs turns. Most calls never use as much.
const TURN_FREE: Duration = Duration::from_millis(3);
/// The turns for each thread: one runs, and one is there when that has given way.
const TURNS_A_THREAD: usize = 2;

/// More steps than the runtime lets a task do in one poll.
const MAX_BUDGET: usize = 256;

/// The turns that all guests share.
#[derive(Clone)]
pub(crate) struct ComputeTurns(Arc<Semaphore>);

/// A future that is polled in turn, once its call has used some processor time.
pub(crate) struct InTurn<F> {
    turns: ComputeTurns,
    clock: Arc<CpuClock>,
    future: F,
    /// The turn that it has, from the moment it is ready to run. `None` if it needs none or has none.
    turn: Option<OwnedSemaphorePermit>,
    /// The wait for a turn. `None` if it does not wait for one.
    wait: Option<TurnWait>,
    yields: Option<Arc<YieldWaker>>,
}

type TurnWait =
    Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;

impl ComputeTurns {
    /// Makes the turns for as many threads as guests run on.
    pub(crate) fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::for_threads(threads)
    }

    fn for_threads(threads: usize) -> Self {
        Self(Arc::new(Semaphore::new(threads * TURNS_A_THREAD)))
    }

    /// Polls `future` in turn, once `clock` says that its call has used some time.
    pub(crate) fn take<F>(&self, clock: Arc<CpuClock>, future: F) -> InTurn<F> {
        InTurn { turns: self.clone(), clock, future, turn: None, wait: None, yields: None }
    }
}

impl<F> InTurn<F> {
    /// Waits for a turn, behind all that wait already.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.turn.is_some() {
            return Poll::Ready(());
        }
        let turns = &self.turns.0;
        let wait = self.wait.get_or_insert_with(|| Box::pin(turns.clone().acquire_owned()));
        let turn = ready!(wait.as_mut().poll(context));
        self.wait = None;
        // Nobody closes the semaphore.
        self.turn = turn.ok();
        Poll::Ready(())
    }
}

impl<F: Future + Unpin> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.clock.before() < TURN_FREE {
            return Pin::new(&mut self.future).poll(context);
        }
        ready!(self.poll_turn(context));
        let yields = self.yields.get_or_insert_with(|| YieldWaker::new(context.waker())).clone();
        yields.begin(context.waker());
        let waker = Waker::from(yields.clone());
        let polled = Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker));
        // A guest that waits for something else keeps nobody from computing.
        self.turn = None;
        if polled.is_pending() && yields.has_yielded() {
            // It has its next turn at once if nobody waits, and is woken already.
            let _ = self.poll_turn(context);
            spend_budget(context);
        }
        polled
    }
}

/// Spends what this task may still do before it gives way. Else the runtime polls the guest that got the turn right now,
/// and the one after it, before all that were ready earlier.
fn spend_budget(context: &mut Context<'_>) {
    // A task without a budget never runs out of it.
    for _ in 0..MAX_BUDGET {
        match tokio::task::coop::poll_proceed(context) {
            Poll::Ready(step) => step.made_progress(),
            Poll::Pending => return,
        }
    }
}

/// The waker of a guest, which notes whether the guest has given way: then it was woken while it was polled.
struct YieldWaker {
    waker: Mutex<Waker>,
    was_woken: AtomicBool,
}

impl YieldWaker {
    fn new(waker: &Waker) -> Arc<Self> {
        Arc::new(Self { waker: Mutex::new(waker.clone()), was_woken: AtomicBool::new(false) })
    }

    /// Notes that a poll begins, in the task of `waker`.
    fn begin(&self, waker: &Waker) {
        lock(&self.waker).clone_from(waker);
        self.was_woken.store(false, Ordering::Release);
    }

    fn has_yielded(&self) -> bool {
        self.was_woken.load(Ordering::Acquire)
    }
}

impl Wake for YieldWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was_woken.store(true, Ordering::Release);
        let waker = lock(&self.waker).clone();
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Instant;

    use super::super::super::engine::setup::SliceKind;
    use super::super::meter::{Meter, Timed};
    use super::*;
    use crate::manifest::Limits;

    const COMPUTING: usize = 40;
    const STEPS: usize = 10;

    #[test]
    fn a_call_that_has_just_begun_does_not_wait_for_all_that_compute() {
        // As the runtime of guests is.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).enable_time().event_interval(1).global_queue_interval(2);
        runtime.build().expect("a runtime").block_on(a_call_among_many());
    }

    async fn a_call_among_many() {
        let turns = ComputeTurns::for_threads(2);
        let slices = Arc::new(AtomicUsize::new(0));
        let limits = Limits { cpu: Duration::from_secs(600), ..Limits::default() };
        let mut computing = tokio::task::JoinSet::new();
        for _ in 0..COMPUTING {
            let clock = Meter::new(&limits, SliceKind::Guest).cpu.clone();
            let slices = slices.clone();
            let slice = poll_fn(move |context| -> Poll<wasmtime::Result<()>> {
                let began = Instant::now();
                while began.elapsed() < Duration::from_millis(1) {}
                slices.fetch_add(1, Relaxed);
                context.waker().wake_by_ref();
                Poll::Pending
            });
            computing.spawn(turns.take(clock.clone(), Timed::new(clock, slice)));
        }
        let passed = |before| slices.load(Relaxed) - before;
        // Each of them has used the time that is free.
        while passed(0) < COMPUTING * 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let counted = slices.clone();
        let call = tokio::spawn(async move {
            let before = counted.load(Relaxed);
            let mut steps = 0;
            // As a guest gives way.
            poll_fn(|context| {
                steps += 1;
                if steps > STEPS {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            counted.load(Relaxed) - before
        });
        let waited = call.await.expect("no panic");
        assert!(waited < STEPS * COMPUTING / 2, "{waited} slices");
        // All of them get their turns.
        let before = slices.load(Relaxed);
        while passed(before) < COMPUTING * 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
