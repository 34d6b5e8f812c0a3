//! The memory, processor time and host calls that one call has used, and the moment at which they are too much.
//!
//! Fuel is wasmtime's own counter and the wall clock is a timer around the call; neither is kept here.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;

use super::super::engine::setup::{MAX_INSTANCES, MAX_MEMORIES, MAX_TABLES, SliceKind};
use super::super::engine::shortage::Shortage;
use crate::manifest::{Bytes, Limits, grouped, show_duration};
use crate::tool::{Limit, LimitHit};

/// Calls from the guest to the host, per call: a computation calls none, a chatty tool thousands.
const MAX_HOST_CALLS: u64 = 1_000_000;

/// The calls of a guest to the host's own functions between two looks at the clock. Each of those does little; what the
/// runtime does for a guest may be much, and is looked at each time.
const CALLS_BETWEEN_LOOKS: u64 = 16;

/// The error that stops a guest at a limit: raised inside wasmtime, found again around the call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Stopped(pub(crate) LimitHit);

impl Stopped {
    pub(crate) fn at(limit: Limit, value: impl ToString) -> Self {
        Self(LimitHit::new(limit, value.to_string()))
    }
}

/// The state of a store that keeps the meter of its call.
pub(crate) trait MeteredState {
    fn meter(&mut self) -> &mut Meter;
}

/// The way in which a guest goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onward {
    AtOnce,
    /// Others have their turn before.
    AfterOthers,
}

/// The meter of one call.
pub(crate) struct Meter {
    memory_limit: Bytes,
    memory: u64,
    peak_memory: u64,
    refused_memory: bool,
    /// The shortage of this machine when the guest asked for memory that it may have. `None` if there was none.
    shortage: Option<String>,
    works: bool,
    worked: bool,
    host_calls: u64,
    turn: SliceKind,
    pub(crate) cpu: Arc<CpuClock>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits, turn: SliceKind) -> Self {
        Self {
            memory_limit: limits.memory,
            memory: 0,
            peak_memory: 0,
            refused_memory: false,
            shortage: None,
            works: false,
            worked: false,
            host_calls: 0,
            turn,
            cpu: Arc::new(CpuClock::new(limits.cpu)),
        }
    }

    pub(crate) fn peak_memory(&self) -> u64 {
        self.peak_memory
    }

    /// The memory limit, if the guest ran into it. A guest that is refused memory usually traps next.
    pub(crate) fn memory_hit(&self) -> Option<LimitHit> {
        self.refused_memory.then(|| Stopped::at(Limit::Memory, self.memory_limit).0)
    }

    /// Returns the shortage of this machine when the guest asked for memory that it may have. `None` if there was none.
    /// Such a guest usually traps next, too.
    pub(crate) fn shortage(&self) -> Option<&str> {
        self.shortage.as_deref()
    }

    fn note_shortage(&mut self, error: &wasmtime::Error) {
        if let Some(shortage) = Shortage::of(error) {
            self.shortage = Some(shortage.told(error));
        }
    }

    /// Notes that the host works for the guest, which costs no fuel. Every door into [`StoreState`] does so.
    ///
    /// [`StoreState`]: super::store::StoreState
    pub(crate) fn at_work(&mut self) {
        self.works = true;
    }

    /// Notes that Wasm is entered: by a call, or while the host hands over a result and asks for memory. What the guest
    /// does meanwhile is not the host's work.
    pub(crate) fn entering(&mut self) {
        self.worked = std::mem::take(&mut self.works);
    }

    /// Notes that the Wasm that was entered is done.
    pub(crate) fn entered(&mut self) {
        self.works = std::mem::take(&mut self.worked);
    }

    /// Notes that the guest is about to go on: after a call of the host, or after what the runtime did for it, such as to
    /// grow its memory, to refill its fuel, or to turn a string into another encoding. A guest that has kept its thread
    /// for long gives way to others first.
    pub(crate) fn returning(&mut self) -> Result<Onward, Stopped> {
        if std::mem::take(&mut self.works) {
            self.host_calls += 1;
            if self.host_calls > MAX_HOST_CALLS {
                return Err(Stopped::at(Limit::HostCalls, grouped(MAX_HOST_CALLS)));
            }
            if !self.host_calls.is_multiple_of(CALLS_BETWEEN_LOOKS) {
                return Ok(Onward::AtOnce);
            }
        }
        let in_this_poll = self.cpu.in_this_poll();
        self.cpu.check_with(in_this_poll)?;
        if in_this_poll <= self.turn.at_most() {
            return Ok(Onward::AtOnce);
        }
        // After it has given way, the guest goes on on a guest thread.
        self.turn = SliceKind::Guest;
        Ok(Onward::AfterOthers)
    }

    fn grow(&mut self, current: usize, desired: usize, element: u64) -> bool {
        let more = (desired.saturating_sub(current) as u64).saturating_mul(element);
        let sum = self.memory.saturating_add(more);
        if sum > self.memory_limit.get() {
            self.refused_memory = true;
            return false;
        }
        self.memory = sum;
        self.peak_memory = self.peak_memory.max(sum);
        true
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, 1))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, size_of::<usize>() as u64))
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.note_shortage(&error);
        Ok(())
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.note_shortage(&error);
        Ok(())
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }
}

/// Time that a call's future spent being polled, which is time on a processor: a guest that sleeps or
/// waits for its turn is not polled.
pub(crate) struct CpuClock {
    base: Instant,
    limit: Duration,
    /// Nanoseconds of the polls that have ended.
    before: AtomicU64,
    /// The time at which the running poll began, in nanoseconds after `base`. It is read only during a poll, by the
    /// thread that polls, so relaxed ordering is enough.
    entered: AtomicU64,
}

impl CpuClock {
    fn new(limit: Duration) -> Self {
        let (before, entered) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { base: Instant::now(), limit, before, entered }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn in_this_poll(&self) -> Duration {
        let this = self.now().saturating_sub(self.entered.load(Ordering::Relaxed));
        Duration::from_nanos(this)
    }

    /// Returns the time of the polls that have ended.
    pub(crate) fn before(&self) -> Duration {
        Duration::from_nanos(self.before.load(Ordering::Relaxed))
    }

    fn check_with(&self, in_this_poll: Duration) -> Result<(), Stopped> {
        if self.before() + in_this_poll > self.limit {
            return Err(Stopped::at(Limit::Cpu, show_duration(self.limit)));
        }
        Ok(())
    }

    fn enter(&self) {
        self.entered.store(self.now(), Ordering::Relaxed);
    }

    /// Adds the poll that has ended to the time used. Fails if no time is left.
    fn leave(&self) -> Result<(), Stopped> {
        let in_this_poll = self.in_this_poll();
        let left = self.check_with(in_this_poll);
        let this = u64::try_from(in_this_poll.as_nanos()).unwrap_or(u64::MAX);
        self.before.fetch_add(this, Ordering::Relaxed);
        left
    }
}

/// A future whose polls are timed, and which ends when they took too long.
pub(crate) struct Timed<F> {
    clock: Arc<CpuClock>,
    future: Pin<Box<F>>,
}

impl<F> Timed<F> {
    pub(crate) fn new(clock: Arc<CpuClock>, future: F) -> Self {
        Self { clock, future: Box::pin(future) }
    }
}

impl<T, F: Future<Output = wasmtime::Result<T>>> Future for Timed<F> {
    type Output = wasmtime::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.clock.enter();
        let poll = self.future.as_mut().poll(context);
        match self.clock.leave() {
            Err(stopped) if poll.is_pending() => Poll::Ready(Err(wasmtime::Error::new(stopped))),
            _ => poll,
        }
    }
}
