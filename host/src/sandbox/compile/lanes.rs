//! The order in which plugins are compiled, or their types read: how many at once, and which of them first.
//!
//! Each compilation uses several processors, so that few at once are as soon done as many. This module does not know
//! what is compiled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::need::{Need, NeedOf};
use super::answer_wait::{AnswerWait, Lifeline};
use super::error::CompileError;
use crate::text::escape;

/// How long a compilation keeps its place while others wait for one.
#[derive(Clone, Copy)]
pub(crate) struct LaneTimeouts {
    usual: Duration,
    /// The time of work that is waited for, where other such work may wait behind it.
    wanted: Duration,
}

impl LaneTimeouts {
    /// The times of compilations.
    pub(crate) const COMPILING: Self =
        Self { usual: Duration::from_secs(10), wanted: Duration::from_secs(1) };
    /// The times of reading types, which most files need a few milliseconds for.
    pub(crate) const READING_TYPES: Self =
        Self { usual: Duration::from_millis(250), wanted: Duration::from_millis(250) };
}

/// The interval at which a compilation that has had its time looks whether others wait for its turn.
const LANE_CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// The most times that a compilation that is begun again gets twice the time.
const MAX_ROUNDS: u32 = 8;

/// The standing of a compilation among other processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// A call or a list of tools waits for it.
    Wanted,
    /// The plugin has no code yet, and nothing waits.
    Usual,
    /// The plugin has code, which this is to replace.
    Background,
}

impl Priority {
    /// Returns the priority as `nice` counts it.
    pub(crate) fn niceness(self) -> i32 {
        match self {
            Self::Wanted => 5,
            Self::Usual => 10,
            Self::Background => 19,
        }
    }
}

/// A plugin's turn to get better code. It ends when this is dropped.
pub struct BackgroundTurn(
    #[expect(dead_code, reason = "held, never read")] Option<OwnedSemaphorePermit>,
);

/// A lane: its places, and how many wait for one.
struct Lane {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A compilation's turn in a lane.
struct LaneTurn<'a> {
    lane: &'a Lane,
    priority: Priority,
    /// The time that the compilation may take before it makes way.
    timeout: Duration,
    _place: Option<OwnedSemaphorePermit>,
    _among: Option<OwnedSemaphorePermit>,
}

impl Lane {
    fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), waiting: AtomicUsize::new(0) }
    }

    /// Waits for a place.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        struct Waits<'a>(&'a AtomicUsize);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waits = Waits(&self.waiting);
        permit(&self.places).await
    }
}

impl<'a> LaneTurn<'a> {
    fn new(
        lane: &'a Lane,
        place: Option<OwnedSemaphorePermit>,
        among: Option<OwnedSemaphorePermit>,
        priority: Priority,
        timeout: Duration,
    ) -> Self {
        Self { lane, priority, timeout, _place: place, _among: among }
    }
}

/// The lanes in which compilations wait and run.
///
/// On N processors, these run at once, each bounded by the compiler's caps:
///
/// | those | most |
/// |---|---|
/// | that nothing waits for, and that have no code yet | ceil(N / 2) |
/// | that something waits for | N; those for lists take at most N - 1 of these places, and at least one |
/// | that are overdue, and gave up their place | N |
/// | that make better code | 1 |
pub(crate) struct Lanes {
    timeouts: LaneTimeouts,
    /// The number of first compilations that wait or run.
    firsts: watch::Sender<usize>,
    usual: Lane,
    /// The lane of those that are waited for, beside the others.
    wanted: Lane,
    /// The places of compilations that only a list waits for.
    listing: Arc<Semaphore>,
    /// The places of those that take long.
    long: Arc<Semaphore>,
    /// The place for better code of plugins that have some.
    background: Arc<Semaphore>,
}

impl Lanes {
    /// Creates lanes for so many processors, for work that keeps its place this long.
    pub(crate) fn new(processors: usize, timeouts: LaneTimeouts) -> Self {
        Self {
            timeouts,
            firsts: watch::Sender::default(),
            usual: Lane::new(processors.div_ceil(2)),
            wanted: Lane::new(processors),
            listing: Arc::new(Semaphore::new(processors.saturating_sub(1).max(1))),
            long: Arc::new(Semaphore::new(processors)),
            background: Arc::new(Semaphore::new(1)),
        }
    }

    /// Runs `job`, a plugin's first compilation, in its turn; earlier once it is `wanted`. It may block.
    ///
    /// One that takes long gives up its turn to those that wait for it, so that no number of them keeps others from
    /// theirs: it goes on beside them, or, where many do that already, is ended and begun again, with twice the time.
    pub(crate) async fn first<T: Send + 'static>(
        &self,
        wanted: &NeedOf,
        job: impl Fn(Priority, &Lifeline) -> Result<T, CompileError> + Clone + Send + 'static,
    ) -> Result<T, CompileError> {
        let _counted = CountGuard::new(&self.firsts);
        let mut rounds = 0;
        loop {
            let turn = self.turn(wanted).await;
            let (mut running, waiting) = begin(job.clone(), turn.priority);
            let mut timeout = turn.timeout.saturating_mul(1 << rounds);
            loop {
                tokio::select! {
                    done = &mut running => return ended(done)?,
                    () = tokio::time::sleep(timeout) => {}
                }
                if let Ok(_long) = self.long.clone().try_acquire_owned() {
                    drop(turn);
                    let done = ended(running.await)?;
                    drop(waiting);
                    return done;
                }
                if turn.lane.waiting.load(Ordering::Relaxed) > 0 {
                    break;
                }
                timeout = LANE_CHECK_INTERVAL;
            }
            drop(waiting);
            let done = ended(running.await)?;
            drop(turn);
            match done {
                Err(CompileError::Abandoned) => {}
                // The job was done just then, or cannot be ended.
                done => return done,
            }
            rounds = (rounds + 1).min(MAX_ROUNDS);
        }
    }

    /// Waits for a turn: in the lane of those that are waited for, as soon as that is so, or in the usual one.
    async fn turn(&self, wanted: &NeedOf) -> LaneTurn<'_> {
        let called = async {
            wanted.reaches(Need::Call).await;
            self.wanted.place().await
        };
        let listed = async {
            wanted.reaches(Need::Listing).await;
            let among = permit(&self.listing).await;
            (self.wanted.place().await, among)
        };
        tokio::select! {
            biased;
            place = called => {
                LaneTurn::new(&self.wanted, place, None, Priority::Wanted, self.timeouts.wanted)
            }
            (place, among) = listed => {
                LaneTurn::new(&self.wanted, place, among, Priority::Wanted, self.timeouts.wanted)
            }
            place = self.usual.place() => {
                LaneTurn::new(&self.usual, place, None, Priority::Usual, self.timeouts.usual)
            }
        }
    }

    /// The turn of a plugin that has code to get better code: one at a time, once no other waits for its first. What is
    /// to be compiled later runs beside it.
    pub(crate) async fn background_turn(&self) -> BackgroundTurn {
        let one = permit(&self.background).await;
        // The sender is in this very value: it outlives the wait.
        let _ = self.firsts.subscribe().wait_for(|firsts| *firsts == 0).await;
        BackgroundTurn(one)
    }

    /// Runs `job`, which makes better code, in this turn. It may block.
    pub(crate) async fn background<T: Send + 'static>(
        &self,
        _turn: &BackgroundTurn,
        job: impl FnOnce(Priority, &Lifeline) -> Result<T, CompileError> + Send + 'static,
    ) -> Result<T, CompileError> {
        let (running, _waiting) = begin(job, Priority::Background);
        ended(running.await)?
    }
}

/// One of those that are counted, for as long as it lives.
struct CountGuard<'a>(&'a watch::Sender<usize>);

impl<'a> CountGuard<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for CountGuard<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Waits for a permit. `None` never comes: these semaphores are not closed.
async fn permit(of: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    of.clone().acquire_owned().await.ok()
}

/// Begins `job`, which hangs on the lifeline.
fn begin<T: Send + 'static>(
    job: impl FnOnce(Priority, &Lifeline) -> T + Send + 'static,
    priority: Priority,
) -> (JoinHandle<T>, AnswerWait) {
    let (lifeline, waiting) = Lifeline::new();
    let span = tracing::Span::current();
    (spawn_blocking(move || span.in_scope(|| job(priority, &lifeline))), waiting)
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

    fn job() -> (Job, impl Fn(Priority, &Lifeline) -> Result<(), CompileError> + Clone + Send) {
        let ((begins, began), (end, ends)) = (mpsc::channel(), mpsc::channel::<()>());
        let ends = Arc::new(std::sync::Mutex::new(ends));
        let run = move |priority, _: &Lifeline| {
            let _ = begins.send(priority);
            let _ = ends.lock().expect("not poisoned").recv();
            Ok(())
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
        let lanes = Arc::new(Lanes::new(2, LaneTimeouts::COMPILING));
        let wanted: [Arc<NeedOf>; 3] = std::array::from_fn(|_| Arc::default());
        let mut jobs = Vec::new();
        for wanted in &wanted {
            let (job, run) = job();
            let (lanes, own) = (lanes.clone(), wanted.clone());
            jobs.push((job, tokio::spawn(async move { lanes.first(&own, run).await })));
            if jobs.len() == 1 {
                assert_eq!(jobs[0].0.begins().await, Priority::Usual);
            }
        }
        wanted[2].raise(Need::Call);
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
    async fn a_compilation_that_a_call_waits_for_passes_those_that_only_lists_wait_for() {
        let lanes = Arc::new(Lanes::new(2, LaneTimeouts::COMPILING));
        let mut jobs = Vec::new();
        let begin = |need| {
            let ((job, run), lanes) = (job(), lanes.clone());
            let task = tokio::spawn(async move {
                let wanted = NeedOf::default();
                wanted.raise(need);
                lanes.first(&wanted, run).await
            });
            (job, task)
        };
        for priority in [Priority::Wanted, Priority::Usual] {
            jobs.push(begin(Need::Listing));
            let (job, _) = jobs.last().expect("just pushed");
            assert_eq!(job.begins().await, priority);
        }
        jobs.push(begin(Need::Listing));
        tokio::task::yield_now().await;
        jobs.push(begin(Need::Call));
        assert_eq!(jobs[3].0.begins().await, Priority::Wanted);
        assert!(jobs[2].0.began.try_recv().is_err(), "it waits for its turn");
        for (job, _) in &jobs {
            job.end.send(()).expect("it runs, or will");
        }
        for (_, done) in jobs {
            done.await.expect("no panic").expect("done");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_that_takes_long_goes_on_while_nothing_waits_for_its_turn() {
        let lanes = Arc::new(Lanes::new(1, LaneTimeouts::COMPILING));
        let mut jobs = Vec::new();
        for (need, priority) in [
            (Need::None, Priority::Usual),
            (Need::Call, Priority::Wanted),
            (Need::Call, Priority::Wanted),
        ] {
            let ((job, run), lanes) = (child(), lanes.clone());
            let task = tokio::spawn(async move {
                let wanted = NeedOf::default();
                wanted.raise(need);
                lanes.first(&wanted, run).await
            });
            assert_eq!(job.begins().await, priority);
            jobs.push((job, task));
        }
        // The second has taken the one place of those that take long; nothing waits behind the third.
        tokio::time::sleep(LaneTimeouts::COMPILING.wanted + 2 * LANE_CHECK_INTERVAL).await;
        assert!(jobs[2].0.began.try_recv().is_err(), "it was not begun again");
        for (job, task) in jobs {
            job.end.send(()).expect("it runs");
            task.await.expect("no panic").expect("done");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn better_code_waits_until_every_plugin_has_some() {
        let lanes = Arc::new(Lanes::new(4, LaneTimeouts::COMPILING));
        let (first, run) = job();
        let own = lanes.clone();
        let running = tokio::spawn(async move { own.first(&NeedOf::default(), run).await });
        assert_eq!(first.begins().await, Priority::Usual);
        let (better, run) = job();
        let own = lanes.clone();
        let waiting = tokio::spawn(async move {
            let turn = own.background_turn().await;
            own.background(&turn, run).await
        });
        assert!(better.began.recv_timeout(Duration::from_millis(200)).is_err());
        first.end.send(()).expect("it runs");
        assert_eq!(better.begins().await, Priority::Background);
        better.end.send(()).expect("it runs");
        running.await.expect("no panic").expect("done");
        waiting.await.expect("no panic").expect("done");
    }

    /// A job that ends as a child does: when it is told to, or when it is not waited for any more.
    fn child() -> (Job, impl Fn(Priority, &Lifeline) -> Result<(), CompileError> + Clone + Send) {
        let ((begins, began), (end, ends)) = (mpsc::channel(), mpsc::channel::<()>());
        let ends = Arc::new(std::sync::Mutex::new(ends));
        let run = move |priority, lifeline: &Lifeline| {
            let _ = begins.send(priority);
            loop {
                let told = ends.lock().expect("not poisoned");
                match told.recv_timeout(Duration::from_millis(10)) {
                    Err(mpsc::RecvTimeoutError::Timeout) if lifeline.is_cut() => {
                        return Err(CompileError::Abandoned);
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
        };
        (Job { began, end }, run)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn types_that_take_long_to_read_keep_no_others_from_their_turn() {
        let lanes = Arc::new(Lanes::new(1, LaneTimeouts::READING_TYPES));
        let mut jobs = Vec::new();
        // Each begins while none of those before it has ended.
        for _ in 0..6 {
            let (job, run) = child();
            let lanes = lanes.clone();
            let task = tokio::spawn(async move {
                let wanted = NeedOf::default();
                wanted.raise(Need::Listing);
                lanes.first(&wanted, run).await
            });
            job.begins().await;
            jobs.push((job, task));
        }
        for (job, task) in jobs {
            job.end.send(()).expect("it runs, or will");
            task.await.expect("no panic").expect("done");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn compilations_that_take_long_keep_no_other_from_its_turn() {
        let lanes = Arc::new(Lanes::new(1, LaneTimeouts::COMPILING));
        // One that no call waits for has the usual turn.
        let (usual, run) = child();
        let own = lanes.clone();
        let task = tokio::spawn(async move { own.first(&NeedOf::default(), run).await });
        assert_eq!(usual.begins().await, Priority::Usual);
        let mut jobs = vec![(usual, task)];
        for _ in 0..3 {
            let (job, run) = child();
            let lanes = lanes.clone();
            let task = tokio::spawn(async move {
                let wanted = NeedOf::default();
                wanted.raise(Need::Call);
                lanes.first(&wanted, run).await
            });
            // The first goes on beside the others; the second is ended, and the third has its turn.
            assert_eq!(job.begins().await, Priority::Wanted);
            jobs.push((job, task));
        }
        for at in [0, 3, 1] {
            jobs[at].0.end.send(()).expect("it runs");
        }
        // It begins again, in whichever lane has a place first.
        jobs[2].0.begins().await;
        jobs[2].0.end.send(()).expect("it runs");
        for (_, task) in jobs {
            task.await.expect("no panic").expect("done");
        }
    }
}
