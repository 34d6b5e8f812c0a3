//! A number of bytes that all requests share.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in units of so many.
const UNIT: usize = 1024;

/// The bytes that are left.
#[derive(Clone)]
pub(crate) struct ByteBudget {
    free: Arc<Semaphore>,
    units: usize,
}

/// Bytes that are taken, until it is dropped.
pub(crate) struct TakenBytes {
    _permit: Option<OwnedSemaphorePermit>,
}

impl ByteBudget {
    /// A budget of so many bytes, all free.
    pub(crate) fn new(bytes: usize) -> Self {
        let units = bytes / UNIT;
        Self { free: Arc::new(Semaphore::new(units)), units }
    }

    /// Takes so many bytes. `None` if fewer are left.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<TakenBytes> {
        let permit = self.free.clone().try_acquire_many_owned(self.permits(bytes));
        permit.ok().map(|permit| TakenBytes { _permit: Some(permit) })
    }

    /// Waits until so many bytes are left, and takes them. More than the whole budget takes the whole budget.
    pub(crate) async fn take(self, bytes: usize) -> TakenBytes {
        let units = self.permits(bytes);
        // The semaphore is never closed.
        TakenBytes { _permit: self.free.acquire_many_owned(units).await.ok() }
    }

    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT).min(self.units)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_while_there_are_some_and_given_back() {
        let budget = ByteBudget::new(4 * UNIT);
        let taken = [1, 2 * UNIT].map(|bytes| budget.try_take(bytes).expect("room"));
        assert!(budget.try_take(UNIT + 1).is_none());
        let last = budget.try_take(UNIT).expect("room");
        assert!(budget.try_take(1).is_none());
        drop((taken, last));
        assert!(budget.try_take(100 * UNIT).is_some(), "the whole budget at most");
    }
}
