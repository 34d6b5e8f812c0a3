//! A plugin's places: how many of its calls run at once, and how they wait for those of the host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{AcquireError, Mutex, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::super::engine::setup::{MAX_CALLS, MAX_SOLE_CALLS};
use super::runner::until;
use crate::manifest::show_duration;

/// The time that a call waits for those before it to end; it is longer where one call may take longer.
const SLOT_WAIT: Duration = Duration::from_secs(30);

/// A call's places, its plugin's and the host's: with both it may enter its guest.
pub struct CallSlots<'a> {
    pub(crate) _own: SemaphorePermit<'a>,
    pub(crate) of_host: OwnedSemaphorePermit,
}

/// The places of the host, which all plugins share.
pub(crate) struct HostSlots {
    all: Arc<Semaphore>,
    /// Those that only a call takes whose plugin runs no other.
    sole: Arc<Semaphore>,
}

impl HostSlots {
    pub(crate) fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_CALLS)),
            sole: Arc::new(Semaphore::new(MAX_SOLE_CALLS)),
        }
    }

    fn try_acquire(&self, is_sole: bool) -> Option<OwnedSemaphorePermit> {
        let sole = || is_sole.then(|| self.sole.clone().try_acquire_owned().ok()).flatten();
        self.all.clone().try_acquire_owned().ok().or_else(sole)
    }

    async fn acquire(&self, is_sole: bool) -> Result<OwnedSemaphorePermit, AcquireError> {
        if !is_sole {
            return self.all.clone().acquire_owned().await;
        }
        tokio::select! {
            biased;
            slot = self.all.clone().acquire_owned() => slot,
            slot = self.sole.clone().acquire_owned() => slot,
        }
    }
}

/// The places of one plugin.
pub(crate) struct Slots {
    own: Semaphore,
    concurrency: usize,
    /// Held by the one call that waits for a slot of the host: so plugins wait there, each once, and take turns
    /// however many calls each of them has.
    turn: Mutex<()>,
}

impl Slots {
    pub(crate) fn new(concurrency: u32) -> Self {
        let concurrency = concurrency as usize;
        Self { own: Semaphore::new(concurrency), concurrency, turn: Mutex::default() }
    }

    /// Takes a slot of the plugin and one of the `host`, or says why there is none. A call may take as long as
    /// `timeout`.
    pub(crate) async fn take(
        &self,
        host: &HostSlots,
        timeout: Duration,
    ) -> Result<CallSlots<'_>, String> {
        // Both are free only while no call waits.
        if let Ok(own) = self.own.try_acquire()
            && let Some(of_host) = host.try_acquire(self.has_one_call())
        {
            return Ok(CallSlots { _own: own, of_host });
        }
        let both = async {
            let _own = self.own.acquire().await?;
            Ok(CallSlots { _own, of_host: self.of_host(host).await? })
        };
        let patience = timeout.max(SLOT_WAIT);
        match until(Instant::now() + patience, both).await {
            Some(Ok(slots)) => Ok(slots),
            Some(Err(AcquireError { .. })) => Err("it is shutting down".into()),
            None => {
                let waited = show_duration(patience);
                Err(format!("the calls before it did not end for {waited}; ask again"))
            }
        }
    }

    /// A slot of the host, in turn with other plugins. The call has its slot of the plugin.
    async fn of_host(&self, host: &HostSlots) -> Result<OwnedSemaphorePermit, AcquireError> {
        // A slot is free only while no call waits.
        if let Some(slot) = host.try_acquire(self.has_one_call()) {
            return Ok(slot);
        }
        let _turn = self.turn.lock().await;
        host.acquire(self.has_one_call()).await
    }

    /// True if one call alone has a slot of the plugin. Of two that come at once, one finds it so at most.
    fn has_one_call(&self) -> bool {
        self.own.available_permits() + 1 == self.concurrency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plugins_that_hold_all_places_leave_some_to_plugins_that_hold_none() {
        let host = HostSlots::new();
        let busy: Vec<_> = (0..8).map(|_| Slots::new(4)).collect();
        let more: Vec<_> = (0..MAX_SOLE_CALLS).map(|_| Slots::new(4)).collect();
        let last = Slots::new(1);
        let (soon, mut held) = (Duration::from_millis(20), Vec::new());
        for _ in 0..4 {
            for slots in &busy {
                held.push(slots.take(&host, soon).await.expect("a place"));
            }
        }
        // All places that any call may take are taken.
        for slots in &more {
            held.push(slots.take(&host, soon).await.expect("a place of its own"));
        }
        for slots in &more {
            let next = tokio::time::timeout(soon, slots.take(&host, soon));
            assert!(next.await.is_err(), "it has one already");
        }
        // A place of either kind that is free again goes to the next.
        assert!(tokio::time::timeout(soon, last.take(&host, soon)).await.is_err());
        held.pop();
        assert!(tokio::time::timeout(soon, last.take(&host, soon)).await.is_ok());
    }
}
