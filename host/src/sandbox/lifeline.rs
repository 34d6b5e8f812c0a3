//! The lifeline of a child that compiles: its stdin stays open while its answer is waited for.

use std::process::ChildStdin;
use std::sync::{Arc, Mutex, PoisonError};

/// The parent's end of a child's stdin, wherever the child is on its way.
#[derive(Clone, Default)]
pub(super) struct Lifeline {
    // A lock and not a snapshot: the one who waits and the one who starts the child meet here.
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
enum State {
    #[default]
    NeedOf,
    Held(#[expect(dead_code, reason = "held, never read")] ChildStdin),
    Cut,
}

/// The wait for a child's answer. When it is dropped, the child ends.
pub(super) struct Waiting(Lifeline);

impl Lifeline {
    pub(super) fn new() -> (Self, Waiting) {
        let lifeline = Self::default();
        (lifeline.clone(), Waiting(lifeline))
    }

    /// Keeps `stdin` open for as long as the child's answer is waited for.
    pub(super) fn hold(&self, stdin: ChildStdin) {
        self.change(|state| match state {
            State::NeedOf | State::Held(_) => *state = State::Held(stdin),
            State::Cut => drop(stdin),
        });
    }

    /// True if the child's answer is not waited for any more.
    pub(super) fn is_cut(&self) -> bool {
        self.change(|state| matches!(state, State::Cut))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.change(|state| *state = State::Cut);
    }
}
