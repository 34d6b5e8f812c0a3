//! The thread that raises wasmtime's epoch while guests run, so that a computing guest is interrupted.
//!
//! It sleeps for good while nothing runs: an idle host uses no processor time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

/// How long a guest computes before it gives way to others and its limits are looked at.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Owner of the thread; dropping it ends the thread.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Keeps the epoch rising while it lives.
pub(super) struct Running(Arc<Shared>);

struct Shared {
    // A lock and not a snapshot: the thread has to sleep on its change.
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: usize,
    ended: bool,
}

impl Ticker {
    pub(super) fn start(engine: Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let thread = std::thread::Builder::new().name("epoch".into()).spawn({
            let shared = shared.clone();
            move || shared.tick(&engine)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(super) fn run(&self) -> Running {
        self.shared.change(|state| state.running += 1);
        Running(self.shared.clone())
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.change(|state| state.ended = true);
        if let Some(thread) = self.thread.take() {
            // The thread has no way to panic; if it did, ending is still the right thing.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.change(|state| state.running -= 1);
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was = (state.running > 0, state.ended);
        change(&mut state);
        if was != (state.running > 0, state.ended) {
            self.changed.notify_all();
        }
    }

    fn tick(&self, engine: &Engine) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.ended {
            state = if state.running == 0 {
                self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                let waited = self.changed.wait_timeout_while(state, TICK, |state| !state.ended);
                engine.increment_epoch();
                waited.unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }
}
