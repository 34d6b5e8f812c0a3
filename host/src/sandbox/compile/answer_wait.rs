//! The lifeline of a child that compiles: its stdin stays open while its answer is waited for.

use std::process::ChildStdin;
use std::sync::{Arc, Mutex};

use crate::sync::lock;

/// The parent's end of a child's stdin, wherever the child is on its way.
#[derive(Clone, Default)]
pub(crate) struct Lifeline {
    // A lock and not a snapshot: the one who waits and the one who starts the child meet here.
    state: Arc<Mutex<AnswerState>>,
}

#[derive(Default)]
enum AnswerState {
    /// The child is not started yet.
    #[default]
    Unstarted,
    Held(#[expect(dead_code, reason = "held, never read")] ChildStdin),
    Cut,
}

/// The wait for a child's answer. When it is dropped, the child ends.
pub(crate) struct AnswerWait(Lifeline);

impl Lifeline {
    pub(crate) fn new() -> (Self, AnswerWait) {
        let lifeline = Self::default();
        (lifeline.clone(), AnswerWait(lifeline))
    }

    /// Keeps `stdin` open for as long as the child's answer is waited for.
    pub(crate) fn hold(&self, stdin: ChildStdin) {
        self.change(|state| match state {
            AnswerState::Unstarted | AnswerState::Held(_) => *state = AnswerState::Held(stdin),
            AnswerState::Cut => drop(stdin),
        });
    }

    /// True if the child's answer is not waited for any more.
    pub(crate) fn is_cut(&self) -> bool {
        self.change(|state| matches!(state, AnswerState::Cut))
    }

    fn change<T>(&self, change: impl FnOnce(&mut AnswerState) -> T) -> T {
        change(&mut lock(&self.state))
    }
}

impl Drop for AnswerWait {
    fn drop(&mut self) {
        self.0.change(|state| *state = AnswerState::Cut);
    }
}
