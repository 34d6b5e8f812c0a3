//! The sign that a request of a connection was let in. It knows nothing of tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The sign of one connection. Each of its requests carries a clone, to which whoever lets requests in says so.
#[derive(Clone, Default)]
pub(crate) struct LetIn(Arc<AtomicBool>);

impl LetIn {
    /// Notes whether the request that is served was let in.
    pub(crate) fn set(&self, is_let_in: bool) {
        self.0.store(is_let_in, Ordering::Relaxed);
    }

    /// True if it was let in.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
