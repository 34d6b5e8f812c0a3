//! The turns of the calls with one key: of them, one runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The turns of the calls with one key.
///
/// It is no lock that is handed from one to the next: whoever is woken may have no place to run in yet, and holds up
/// nobody who has one.
#[derive(Debug, Default)]
pub(crate) struct KeyTurns {
    is_taken: AtomicBool,
    ended: Notify,
}

/// The right to be the one call of its key that runs. It ends when it is dropped, and all who wait are woken.
#[derive(Debug)]
pub(crate) struct CallTurn(Arc<KeyTurns>);

impl KeyTurns {
    /// Takes the turn, if no call has it.
    pub(crate) fn take(self: &Arc<Self>) -> Option<CallTurn> {
        let taken =
            self.is_taken.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire);
        taken.is_ok().then(|| CallTurn(self.clone()))
    }

    /// Waits for the end of the next turn that ends after the future was enabled or polled.
    pub(crate) fn ended(&self) -> Notified<'_> {
        self.ended.notified()
    }
}

impl Drop for CallTurn {
    fn drop(&mut self) {
        self.0.is_taken.store(false, Ordering::Release);
        self.0.ended.notify_waiters();
    }
}
