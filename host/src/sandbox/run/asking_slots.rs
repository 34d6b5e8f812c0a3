//! The places of guests that are asked for their tools: few, for a short time each, and some that calls alone can take.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::super::engine::setup::{MAX_COMPARED, MAX_COMPARED_FOR_CALLS, MAX_LISTING_GUESTS};
use super::super::need::{Need, NeedOf};

/// The most time that a guest may take to list its tools, whatever time its calls may take.
pub(crate) const MAX_LISTING_TIME: Duration = Duration::from_secs(5);

/// The places of guests that are asked.
pub(crate) struct AskingSlots {
    asked: Semaphore,
    compared: Semaphore,
    called: Semaphore,
}

impl AskingSlots {
    pub(crate) fn new() -> Self {
        Self {
            asked: Semaphore::new(MAX_LISTING_GUESTS),
            compared: Semaphore::new(MAX_COMPARED),
            called: Semaphore::new(MAX_COMPARED_FOR_CALLS),
        }
    }

    /// Waits for the place of a guest whose tools are not known from anything else.
    pub(crate) async fn asked(&self) -> Option<SemaphorePermit<'_>> {
        self.asked.acquire().await.ok()
    }

    /// Waits for the place of a guest that is compared with what its file tells. Once a call wants the guest, it may
    /// also take a place that only calls can take.
    pub(crate) async fn compared(&self, wanted: &NeedOf) -> Option<SemaphorePermit<'_>> {
        let called = async {
            wanted.reaches(Need::Call).await;
            self.called.acquire().await
        };
        tokio::select! {
            biased;
            place = self.compared.acquire() => place.ok(),
            place = called => place.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn guests_that_take_their_time_keep_no_call_waiting() {
        let (asking, wanted) = (AskingSlots::new(), NeedOf::default());
        let mut held = Vec::new();
        for _ in 0..MAX_COMPARED {
            held.push(asking.compared(&NeedOf::default()).await);
        }
        for _ in 0..MAX_LISTING_GUESTS {
            held.push(asking.asked().await);
        }
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, asking.compared(&wanted)).await.is_err());
        wanted.raise(Need::Call);
        assert!(tokio::time::timeout(soon, asking.compared(&wanted)).await.is_ok());
    }
}
