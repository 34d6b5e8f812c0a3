//! The share of the protocol's thread that handshakes have: what they compute, strangers decide.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// A step of a handshake that takes so long is followed by a rest as long: signatures were checked.
const LONG_STEP: Duration = Duration::from_millis(2);

/// The turns of handshakes, step by step: nobody holds one while waiting for a client.
pub(crate) struct HandshakeShare {
    turns: Semaphore,
    /// The end of the rest after the last step.
    rest: Cell<Option<Instant>>,
}

impl HandshakeShare {
    pub(crate) fn new() -> Self {
        Self { turns: Semaphore::new(1), rest: Cell::new(None) }
    }

    /// Runs a handshake. Of the steps of all, one is taken at a time, in the order in which they could begin, and requests
    /// on other connections have at least as much of the thread.
    pub(crate) async fn run<F: Future>(&self, handshake: F) -> F::Output {
        let mut handshake = pin!(handshake);
        loop {
            // It is never closed.
            let turn = self.turns.acquire().await;
            if let Some(rest) = self.rest.take() {
                sleep_until(rest).await;
            }
            let begun = Instant::now();
            let step = poll_fn(|context| Poll::Ready(handshake.as_mut().poll(context))).await;
            let time = begun.elapsed();
            if time >= LONG_STEP {
                self.rest.set(Some(begun + 2 * time));
            }
            drop(turn);
            match step {
                Poll::Ready(ended) => return ended,
                // The step has said what wakes it.
                Poll::Pending => {
                    let mut is_woken = false;
                    poll_fn(|_| match std::mem::replace(&mut is_woken, true) {
                        true => Poll::Ready(()),
                        false => Poll::Pending,
                    })
                    .await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn long_steps_leave_others_as_much_of_the_thread() {
        let share = HandshakeShare::new();
        let steps = Cell::new(0);
        let all = async {
            let handshake = async || {
                for _ in 0..2 {
                    std::thread::sleep(Duration::from_millis(10));
                    steps.set(steps.get() + 1);
                    tokio::task::yield_now().await;
                }
            };
            tokio::join!(
                share.run(handshake()),
                share.run(handshake()),
                share.run(handshake()),
                share.run(handshake()),
            );
        };
        // Somebody else does a little whenever it has its turn.
        let mut other = JoinSet::new();
        other.spawn(async {
            let mut longest = Duration::ZERO;
            for _ in 0..10 {
                let begun = Instant::now();
                sleep_until(begun + Duration::from_millis(1)).await;
                longest = longest.max(begun.elapsed());
            }
            longest
        });
        let begun = Instant::now();
        let ((), longest) = tokio::join!(all, other.join_next());
        assert_eq!(steps.get(), 8);
        assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
        let longest = longest.expect("one").expect("no panic");
        // Without a share, it waits for the steps of all four.
        assert!(longest < Duration::from_millis(35), "{longest:?}");
    }
}
