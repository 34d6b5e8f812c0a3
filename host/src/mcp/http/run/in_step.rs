//! Requests that are served at the same time, kept in step: all of them are read, then all run, then all are answered.
//!
//! The processor finds the code of one step in its caches for all that take it, and a client that was woken by its first
//! answer is still awake for the next ones. With 64 connections that takes a third off what a brief call costs.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

/// Steps that a request takes without a look at others, once it found itself alone: looking costs a turn of the runtime.
const STEPS_ALONE: u8 = 16;

/// The steps of all requests.
#[derive(Default)]
pub(crate) struct InStep {
    /// The steps that were begun so far.
    begun: Cell<u64>,
    /// Steps that are still taken without a look.
    alone: Cell<u8>,
}

impl InStep {
    /// Lets every other request that can go on come as far first.
    pub(crate) async fn others_first(&self) {
        self.begun.update(|begun| begun.wrapping_add(1));
        if let Some(left) = self.alone.get().checked_sub(1) {
            return self.alone.set(left);
        }
        let begun = self.begun.get();
        let mut was_passed_over = false;
        poll_fn(|context| {
            if std::mem::replace(&mut was_passed_over, true) {
                return Poll::Ready(());
            }
            // The task is put behind those that wait for their turn.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        if self.begun.get() == begun {
            self.alone.set(STEPS_ALONE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::task::{JoinSet, LocalSet};

    use super::*;

    /// The steps of so many requests, each with its number and the step, in the order in which they were taken.
    async fn steps(in_step: &Rc<InStep>, requests: usize) -> Vec<(usize, usize)> {
        let taken = Rc::new(RefCell::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for request in 0..requests {
            let (in_step, taken) = (in_step.clone(), taken.clone());
            tasks.spawn_local(async move {
                for step in 0..3 {
                    taken.borrow_mut().push((step, request));
                    in_step.others_first().await;
                }
            });
        }
        tasks.join_all().await;
        taken.take()
    }

    #[tokio::test]
    async fn requests_beside_each_other_take_each_step_together() {
        let in_step = Rc::new(InStep::default());
        let together = LocalSet::new().run_until(steps(&in_step, 8)).await;
        assert!(together.is_sorted(), "{together:?}");
        assert_eq!(together.len(), 24);
    }

    #[tokio::test]
    async fn a_request_that_is_alone_does_not_wait_and_sees_when_others_come() {
        let in_step = Rc::new(InStep::default());
        let local = LocalSet::new();
        local.run_until(steps(&in_step, 1)).await;
        assert_eq!(in_step.alone.get(), STEPS_ALONE - 2);
        // The first look for others is due after these.
        let requests = usize::from(STEPS_ALONE);
        let apart = local.run_until(steps(&in_step, requests)).await;
        assert!(!apart.is_sorted());
        assert_eq!(in_step.alone.get(), 0);
        assert!(local.run_until(steps(&in_step, requests)).await.is_sorted());
    }
}
