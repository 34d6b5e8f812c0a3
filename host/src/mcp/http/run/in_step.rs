//! Requests that are served at the same time, kept in step: all of them are read, then all run, then all are answered.
//!
//! The processor finds the code of one step in its caches for all that take it, and a client that was woken by its first
//! answer is still awake for the next ones. With 64 connections that takes two fifths off what a brief call costs.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

/// Requests that wait for no others, after one that there were none beside: to look for some costs a turn of the runtime.
const REQUESTS_ALONE: u8 = 8;

/// The requests that are served.
#[derive(Default)]
pub(crate) struct InStep {
    /// The number of those that are served now.
    served: Cell<usize>,
    /// The number of those that were begun so far.
    begun: Cell<u64>,
    /// The number of those that still wait for no others.
    alone: Cell<u8>,
}

/// The steps of a request.
pub(crate) struct Steps<'a> {
    all: &'a InStep,
    /// The number of requests that were begun with this one.
    begun: u64,
    /// True if others were served when it began.
    has_others: bool,
    waits: bool,
}

impl InStep {
    /// The steps of one more request.
    pub(crate) fn begin(&self) -> Steps<'_> {
        self.begun.update(|begun| begun.wrapping_add(1));
        let has_others = self.served.replace(self.served.get() + 1) > 0;
        let waits = self.alone.get() == 0;
        self.alone.update(|alone| alone.saturating_sub(1));
        Steps { all: self, begun: self.begun.get(), has_others, waits }
    }
}

impl Steps<'_> {
    /// Lets every other request that can go on come as far first.
    pub(crate) async fn others_first(&self) {
        let mut was_passed_over = !self.waits;
        poll_fn(|context| {
            if std::mem::replace(&mut was_passed_over, true) {
                return Poll::Ready(());
            }
            // The task is put behind those that wait for their turn.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        self.all.served.update(|served| served - 1);
        if self.waits && !self.has_others && self.all.begun.get() == self.begun {
            self.all.alone.set(REQUESTS_ALONE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::task::{JoinSet, LocalSet};

    use super::*;

    /// The steps of so many requests, each before the number of its request, in the order in which they were taken.
    async fn taken(in_step: &Rc<InStep>, requests: u8) -> Vec<(usize, u8)> {
        let taken = Rc::new(RefCell::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for request in 0..requests {
            let (in_step, taken) = (in_step.clone(), taken.clone());
            tasks.spawn_local(async move {
                let steps = in_step.begin();
                for step in 0..3 {
                    taken.borrow_mut().push((step, request));
                    steps.others_first().await;
                }
            });
        }
        tasks.join_all().await;
        taken.take()
    }

    #[tokio::test]
    async fn requests_beside_each_other_take_each_step_together() {
        let in_step = Rc::new(InStep::default());
        for _ in 0..3 {
            let together = LocalSet::new().run_until(taken(&in_step, 8)).await;
            assert!(together.is_sorted(), "{together:?}");
            assert_eq!(together.len(), 24);
            assert_eq!((in_step.served.get(), in_step.alone.get()), (0, 0));
        }
    }

    #[tokio::test]
    async fn a_request_that_is_alone_waits_seldom_and_sees_when_others_come() {
        let in_step = Rc::new(InStep::default());
        let local = LocalSet::new();
        local.run_until(taken(&in_step, 1)).await;
        assert_eq!(in_step.alone.get(), REQUESTS_ALONE);
        let apart = local.run_until(taken(&in_step, REQUESTS_ALONE)).await;
        assert!(apart.is_sorted_by_key(|(_, request)| request), "{apart:?}");
        assert_eq!(in_step.alone.get(), 0);
        assert!(local.run_until(taken(&in_step, 8)).await.is_sorted());
    }
}
