//! The threads on which guests run, as calls are handed to them: all clients' calls are counted together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;

/// Calls that wait or run on each of the guests' threads before more are begun on the protocol's own.
const AHEAD_OF_GUESTS: usize = 4;
/// So few processors are busy with the protocol's thread and the client: nobody is there who could take a brief call over.
const FEW: usize = 2;

/// The threads on which guests run, and the number of calls that are there.
pub(super) struct GuestThreads {
    pub(super) runtime: Handle,
    /// So many calls are as many as they can take.
    enough: usize,
    running: AtomicUsize,
}

impl GuestThreads {
    /// The threads of `runtime`, where no call is yet.
    pub(super) fn new(runtime: Handle) -> Self {
        let enough = match runtime.metrics().num_workers() {
            ..=FEW => 0,
            more => more * AHEAD_OF_GUESTS,
        };
        Self { runtime, enough, running: AtomicUsize::new(0) }
    }

    /// The number of calls that are there.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// True if a call that is expected to be over at once is better begun on the protocol's thread: with nothing else
    /// going on, most of what it costs would be the waking of another thread; and with the others busy, it would only
    /// wait.
    pub(super) fn leave_brief_calls(&self) -> bool {
        let running = self.running();
        running == 0 || running >= self.enough
    }

    /// Counts one more call, until what is returned is dropped.
    pub(super) fn count(self: &Arc<Self>) -> CountedCall {
        self.running.fetch_add(1, Ordering::Relaxed);
        CountedCall(self.clone())
    }
}

/// A call on the guests' threads, counted.
pub(super) struct CountedCall(Arc<GuestThreads>);

impl Drop for CountedCall {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
