//! The loop under invented histories: it never rests while there is work, and answers every request once.
//!
//! A history is a client, calls and an operator that act in an order which a number fixes. The loop runs over a pipe
//! in memory, with calls that are no guests, and is polled by hand, and only when it was woken. Nobody turns the
//! runtime's clock, so time stands still: no deadline helps a loop that has gone to sleep over its work. What has
//! to hold while it rests is judged from outside, by what was fed, what was read, and which calls run. Among
//! events that are there together the loop chooses by itself: a history may have to be played a few times to fail again.

mod calls;
mod client;
mod history;
mod judge;
mod ledger;
mod pipe;

use std::sync::atomic::{AtomicU64, Ordering};

use history::History;

/// The number of histories that are played, in any test and in one that has a minute (`cargo xtask test --long`).
const HISTORIES: u64 = 500;
const LONG_HISTORIES: u64 = 10_000;

/// Plays the histories of these numbers, or the one that `TOOLRACK_TEST_SEED` names.
#[test]
fn the_loop_never_rests_while_there_is_work() {
    let only: Option<u64> =
        std::env::var("TOOLRACK_TEST_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let is_long = std::env::var_os("TOOLRACK_TEST_LONG").is_some();
    let many = if is_long { LONG_HISTORIES } else { HISTORIES };
    let (first, last) = only.map_or((1, many), |seed| (seed, seed));
    let next = AtomicU64::new(first);
    let play_some = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        let _within = runtime.enter();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > last {
                return;
            }
            if let Err(failed) = History::new(seed).play() {
                next.store(last + 1, Ordering::Relaxed);
                panic!("TOOLRACK_TEST_SEED={seed}: {failed}");
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(play_some)));
    });
}
