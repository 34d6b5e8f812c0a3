//! Room for requests in flight: a fixed number of places for the whole process, of which each client holds some.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::super::rpc::batch::MAX_BATCH_MESSAGES;
use super::super::rpc::lines::{InputLine, MAX_LINE};

/// The places of the process. A request in flight takes one, and its arguments take one for each [`PLACE_BYTES`].
pub(crate) const PLACES: usize = 2048;
/// The bytes of arguments of one place.
const PLACE_BYTES: usize = 32 * 1024;

// One line always fits, or it would wait for ever.
const _: () = assert!(MAX_BATCH_MESSAGES + MAX_LINE.div_ceil(PLACE_BYTES) <= PLACES);

/// All places of the process.
#[derive(Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Places {
    /// All of them, free.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }

    /// The part of one more client, which holds none yet.
    pub(crate) fn client(&self) -> ClientPlaces {
        ClientPlaces { all: self.0.clone(), held: None, waiting: None }
    }

    /// The number that no client holds.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.0.available_permits()
    }
}

type WaitForPlaces = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>>>>;

/// The places that one client holds. They are free again when it is dropped.
///
/// Clients that wait are served in the order in which they began to, so each gets its turn however much others ask for.
pub(crate) struct ClientPlaces {
    all: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    /// A wait for more of them, kept across turns of the loop: so it keeps its place in the queue.
    waiting: Option<WaitForPlaces>,
}

impl ClientPlaces {
    /// True if it waits for more.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Makes sure that it holds those that are taken and so many more. False if it has to wait for more, until
    /// [`granted`](Self::granted) resolves.
    pub(crate) fn hold(&mut self, taken: usize, more: usize) -> bool {
        if self.is_waiting() {
            return false;
        }
        let missing = (taken + more).saturating_sub(self.held());
        if missing == 0 {
            return true;
        }
        if let Ok(missing) = self.all.clone().try_acquire_many_owned(permits(missing)) {
            self.add(missing);
            return true;
        }
        // All that it waits for comes at once. What it kept of that meanwhile, others could not use.
        self.keep(taken);
        self.waiting = Some(Box::pin(self.all.clone().acquire_many_owned(permits(more))));
        false
    }

    /// Waits until it holds what it waits for; for ever, if it waits for nothing. Dropping the future loses nothing.
    pub(crate) async fn granted(&mut self) {
        match &mut self.waiting {
            None => std::future::pending().await,
            Some(waiting) => {
                let more = waiting.await.expect("the places are never closed");
                self.waiting = None;
                self.add(more);
            }
        }
    }

    /// Waits no more.
    pub(crate) fn stop_waiting(&mut self) {
        self.waiting = None;
    }

    /// Gives back all but so many. Those who wait must do so too: else two that wait for each other would hold the rest.
    pub(crate) fn keep(&mut self, used: usize) {
        let surplus = self.held().saturating_sub(used);
        drop(self.held.as_mut().and_then(|held| held.split(surplus)));
    }

    fn held(&self) -> usize {
        self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
    }
}

/// A number of places, as the semaphore counts.
fn permits(places: usize) -> u32 {
    u32::try_from(places.min(PLACES)).expect("there are few places")
}

/// The places that so many requests take, with arguments of so many bytes together.
pub(crate) fn taken_by(requests: usize, argument_bytes: usize) -> usize {
    requests + argument_bytes.div_ceil(PLACE_BYTES)
}

/// The most places that a line can take once it is begun. A batch is not counted before its turn: it may have as many
/// messages as any.
pub(crate) fn at_most_taken_by(line: &InputLine) -> usize {
    let is_batch = match line {
        InputLine::Whole(bytes) => bytes.trim_ascii_start().starts_with(b"["),
        InputLine::TooLong(_) => false,
    };
    taken_by(if is_batch { MAX_BATCH_MESSAGES } else { 1 }, line.len().min(MAX_LINE))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// True if it has what it waited for.
    fn is_granted(places: &mut ClientPlaces) -> bool {
        let granted = std::pin::pin!(places.granted());
        granted.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn what_is_held_in_sum_is_bounded_and_those_who_wait_are_served_in_order() {
        let places = Places::new();
        let (mut greedy, mut second, mut third) =
            (places.client(), places.client(), places.client());
        assert!(greedy.hold(0, PLACES) && greedy.hold(PLACES - 1, 1), "it holds them already");
        assert!(!second.hold(0, 2) && !third.hold(0, 1));
        assert!(!is_granted(&mut second) && !is_granted(&mut third));
        greedy.keep(PLACES - 1);
        assert!(!is_granted(&mut third), "one is free, but the second came first");
        assert!(!is_granted(&mut second));
        greedy.keep(PLACES - 2);
        assert!(!is_granted(&mut third) && is_granted(&mut second));
        assert!(second.hold(0, 2) && !second.is_waiting());
        drop(greedy);
        assert!(is_granted(&mut third));
        assert_eq!(places.free(), PLACES - 3);
    }

    #[test]
    fn one_who_leaves_while_it_waits_holds_nothing_up() {
        let places = Places::new();
        let (mut first, mut second, mut third) =
            (places.client(), places.client(), places.client());
        assert!(first.hold(0, PLACES) && !second.hold(0, PLACES) && !third.hold(0, 1));
        assert!(!is_granted(&mut second) && !is_granted(&mut third));
        first.keep(PLACES - 1);
        drop(second);
        assert!(is_granted(&mut third));
        drop((first, third));
        assert_eq!(places.free(), PLACES);
    }

    #[test]
    fn one_who_waits_keeps_nothing_back_of_what_it_waits_for() {
        let places = Places::new();
        let (mut other, mut waiting) = (places.client(), places.client());
        assert!(other.hold(0, PLACES - 12) && waiting.hold(0, 5));
        assert!(!waiting.hold(1, 12), "one is in flight, and there are eleven");
        for _ in 0..3 {
            waiting.keep(1);
            assert!(!is_granted(&mut waiting));
        }
        other.keep(PLACES - 13);
        assert!(is_granted(&mut waiting) && waiting.hold(1, 12));
    }

    #[test]
    fn a_line_takes_at_most_what_was_said_before_it_was_begun() {
        let line = |text: String| InputLine::Whole(text.into_bytes());
        assert_eq!(at_most_taken_by(&line("{}".into())), 2);
        assert_eq!(at_most_taken_by(&line(" [{}]".into())), MAX_BATCH_MESSAGES + 1);
        assert_eq!(at_most_taken_by(&line("x".repeat(2 * PLACE_BYTES))), 3);
        assert_eq!(taken_by(0, 0), 0);
        // Together they take no more than apart.
        assert!(taken_by(2, PLACE_BYTES + 2) <= taken_by(1, 1) + taken_by(1, PLACE_BYTES + 1));
    }
}
