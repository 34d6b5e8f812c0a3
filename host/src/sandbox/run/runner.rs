//! A guest is entered: one store with all guards set, what was spent, and why it did not return.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use wasmtime::component::ResourceTableError;
use wasmtime::{Engine, Store, Trap};
use wasmtime_wasi::I32Exit;

use super::super::engine::error_text::one_line;
use super::super::engine::setup::MAX_GUEST_STACK;
use super::super::engine::shortage::Shortage;
use super::asking_slots::MAX_LISTING_TIME;
use super::compute_turns::ComputeTurns;
use super::invocation::Invocation;
use super::meter::{Stopped, Timed};
use super::store::{self, StoreState};

use crate::manifest::{Bytes, Limits, grouped, show_duration};
use crate::tool::{CallError, CallTrace, Limit, LimitHit, Usage};

/// The bytes that an answer may copy out of the guest above its output limit: lengths, tags, pointers.
const OVERHEAD: u64 = 256 * 1024;

/// The usage and the store of a guest that has run. The store is `None` where the guest was never entered.
#[derive(Default)]
pub(crate) struct Ran {
    pub(crate) usage: Usage,
    pub(crate) store: Option<Store<StoreState>>,
}

/// A guest that runs. If it is dropped before it has ended, the call's trace keeps what it used.
struct RunningGuest<'a> {
    /// The store. `None` once it has ended.
    store: Option<Store<StoreState>>,
    trace: &'a CallTrace,
    limits: &'a Limits,
    started: Instant,
}

impl RunningGuest<'_> {
    fn usage_of(&self, store: &Store<StoreState>) -> Usage {
        let meter = &store.data().meter;
        Usage {
            // Fuel is on, so that its rest is known.
            fuel: self.limits.fuel.saturating_sub(store.get_fuel().unwrap_or_default()),
            peak_memory: meter.peak_memory(),
            time: self.started.elapsed(),
            cpu: meter.cpu.before(),
            answer_age_ms: None,
        }
    }

    /// The guest has ended.
    fn end(mut self) -> Ran {
        let Some(store) = self.store.take() else { return Ran::default() };
        let usage = self.usage_of(&store);
        store.data().log.finish();
        Ran { usage, store: Some(store) }
    }
}

impl Drop for RunningGuest<'_> {
    fn drop(&mut self) {
        if let Some(store) = self.store.take() {
            self.trace.abandon(self.usage_of(&store));
        }
    }
}

/// The way into the guests of one plugin: the limits that hold there, and the directories that they see.
#[derive(Clone, Copy)]
pub(crate) struct Runner<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) turns: &'a ComputeTurns,
}

impl Runner<'_> {
    /// Returns the bytes that a call may copy out of the guest at once, so that its answer can be as large as allowed.
    pub(crate) fn copied(self) -> u64 {
        self.limits.output.get().saturating_add(OVERHEAD)
    }

    /// One store, all guards set, on `engine`, in which `enter` instantiates the guest and enters it. `copied` bounds
    /// the bytes that one step copies out of it.
    pub(crate) async fn run<T>(
        self,
        engine: &Engine,
        copied: u64,
        terms: Invocation,
        enter: impl AsyncFnOnce(&mut Store<StoreState>) -> wasmtime::Result<T>,
    ) -> (Result<T, CallError>, Ran) {
        let limits = self.limits;
        // Others wait for it to list its tools.
        let timeout = match terms.reach.outgoing {
            Some(_) => limits.timeout,
            None => limits.timeout.min(MAX_LISTING_TIME),
        };
        let started = Instant::now();
        let trace = terms.context.trace.clone();
        trace.enter(started);
        let store = match store::new(engine, limits, copied, terms) {
            Ok(store) => store,
            Err(error) => {
                let shortage = Shortage::of(&error);
                let reason = shortage.map_or_else(|| one_line(&error), |it| it.told(&error));
                return (Err(CallError::Host(reason)), Ran::default());
            }
        };
        let mut guest = RunningGuest { store: None, trace: &trace, limits, started };
        let store = guest.store.insert(store);
        let cpu = store.data().meter.cpu.clone();
        let entered = Timed::new(cpu.clone(), enter(store));
        let entered = self.turns.take(cpu, entered);
        let ended = until(started + timeout, entered).await;
        let ran = guest.end();
        let outcome = match (ended, &ran.store) {
            (Some(Ok(value)), _) => Ok(value),
            (Some(Err(error)), Some(store)) => Err(self.explain(&error, store.data())),
            (Some(Err(error)), None) => Err(CallError::Host(one_line(&error))),
            (None, _) => Err(limit(Limit::Timeout, show_duration(timeout))),
        };
        (outcome, ran)
    }

    /// Says why a guest did not return.
    fn explain(self, error: &wasmtime::Error, state: &StoreState) -> CallError {
        if let Some(Stopped(hit)) = error.downcast_ref() {
            return CallError::Limit(hit.clone());
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => return limit(Limit::Fuel, grouped(self.limits.fuel)),
            Some(Trap::StackOverflow) => {
                return limit(Limit::Stack, Bytes::new(MAX_GUEST_STACK as u64).to_string());
            }
            _ => {}
        }
        if let Some(hit) = state.meter.memory_hit() {
            return CallError::Limit(hit);
        }
        // wasmtime keeps the types of these errors to itself.
        let text = error.root_cause().to_string();
        if text.contains("fuel allocated for hostcalls") {
            return limit(Limit::Output, self.limits.output.to_string());
        }
        let full = matches!(error.downcast_ref(), Some(ResourceTableError::Full));
        if full || text.contains("handle limit exceeded") {
            return limit(Limit::Resources, store::MAX_RESOURCES.to_string());
        }
        // The guest's memory is the host's to reserve.
        if let Some(shortage) = Shortage::of(error) {
            return CallError::Host(shortage.told(error));
        }
        if let Some(refusal) = state.meter.shortage() {
            return CallError::Host(refusal.to_owned());
        }
        let last_words = state.log.last_words();
        let reason = match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(status)) => format!("it exited with status {status} instead of answering"),
            None => one_line(error),
        };
        CallError::Trapped { reason, last_words }
    }
}

/// Returns what `future` gives until `deadline`, or `None` if it has not ended by then. The clock is set up only when
/// it does not end at once: most calls do, and never need one.
pub(crate) async fn until<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut clock = None;
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        // The future may have spent what the task may do in this poll; the clock is looked at nevertheless.
        let clock = clock.get_or_insert_with(|| {
            Box::pin(tokio::task::coop::unconstrained(tokio::time::sleep_until(deadline.into())))
        });
        clock.as_mut().poll(context).map(|()| None)
    })
    .await
}

pub(crate) fn limit(limit: Limit, value: String) -> CallError {
    CallError::Limit(LimitHit::new(limit, value))
}
