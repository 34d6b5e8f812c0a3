//! What one call has used, and the moment it is too much: memory, processor time, host calls.
//!
//! Fuel is wasmtime's own counter and the wall clock is a timer around the call; neither is kept here.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;

use crate::manifest::{Bytes, Limits, grouped, show_duration};
use crate::tool::{Limit, LimitHit};

/// Calls from the guest to the host, per call: a computation calls none, a chatty tool thousands.
const MAX_HOST_CALLS: u64 = 1_000_000;

/// Core instances, memories and tables of one call. A component made of a preview 1 module has about
/// ten instances and three tables.
const MAX_INSTANCES: usize = 256;
const MAX_MEMORIES: usize = 32;
const MAX_TABLES: usize = 64;

/// The error that stops a guest at a limit: raised inside wasmtime, found again around the call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Stopped(pub(super) LimitHit);

impl Stopped {
    pub(super) fn at(limit: Limit, value: impl ToString) -> Self {
        Self(LimitHit { limit, value: value.to_string() })
    }
}

/// The meter of one call.
pub(super) struct Meter {
    memory_limit: Bytes,
    memory: u64,
    peak_memory: u64,
    refused_memory: bool,
    host_calls: u64,
    cpu_limit: Duration,
    pub(super) cpu: Arc<CpuClock>,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory_limit: limits.memory,
            memory: 0,
            peak_memory: 0,
            refused_memory: false,
            host_calls: 0,
            cpu_limit: limits.cpu,
            cpu: Arc::new(CpuClock::new()),
        }
    }

    pub(super) fn peak_memory(&self) -> u64 {
        self.peak_memory
    }

    /// The memory limit, if the guest ran into it. A guest that is refused memory usually traps next.
    pub(super) fn memory_hit(&self) -> Option<LimitHit> {
        self.refused_memory.then(|| Stopped::at(Limit::Memory, self.memory_limit).0)
    }

    /// Counts one call from the guest to the host.
    pub(super) fn host_call(&mut self) -> Result<(), Stopped> {
        self.host_calls += 1;
        if self.host_calls > MAX_HOST_CALLS {
            return Err(Stopped::at(Limit::HostCalls, grouped(MAX_HOST_CALLS)));
        }
        Ok(())
    }

    /// Called on each tick during which the guest computed.
    pub(super) fn check_cpu(&self) -> Result<(), Stopped> {
        if self.cpu.spent() > self.cpu_limit {
            return Err(Stopped::at(Limit::Cpu, show_duration(self.cpu_limit)));
        }
        Ok(())
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
pub(super) struct CpuClock {
    base: Instant,
    /// Nanoseconds of the polls that have ended.
    before: AtomicU64,
    /// When the running poll began, in nanoseconds after `base`. Only read during a poll, by the
    /// thread that polls, so relaxed ordering is enough.
    entered: AtomicU64,
}

impl CpuClock {
    fn new() -> Self {
        Self { base: Instant::now(), before: AtomicU64::new(0), entered: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn in_this_poll(&self) -> u64 {
        self.now().saturating_sub(self.entered.load(Ordering::Relaxed))
    }

    fn spent(&self) -> Duration {
        Duration::from_nanos(self.before.load(Ordering::Relaxed) + self.in_this_poll())
    }
}

/// A future whose polls are timed.
pub(super) struct Timed<F> {
    clock: Arc<CpuClock>,
    future: Pin<Box<F>>,
}

impl<F: Future> Timed<F> {
    pub(super) fn new(clock: Arc<CpuClock>, future: F) -> Self {
        Self { clock, future: Box::pin(future) }
    }
}

impl<F: Future> Future for Timed<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let clock = self.clock.clone();
        clock.entered.store(clock.now(), Ordering::Relaxed);
        let poll = self.future.as_mut().poll(context);
        clock.before.fetch_add(clock.in_this_poll(), Ordering::Relaxed);
        poll
    }
}
