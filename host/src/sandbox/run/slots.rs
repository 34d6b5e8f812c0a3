//! A plugin's places: how many of its calls run at once, and how they wait for those of the host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{AcquireError, Mutex, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::super::engine::setup::{MAX_CALLS, MAX_SOLE_CALLS};
use super::runner::until;
use crate::manifest::{Bytes, show_duration};

/// The unit in which calls take memory, in bytes: a page of Wasm.
const PAGE: u64 = 64 * 1024;

/// The time that a call waits for those before it to end; it is longer where one call may take longer.
const SLOT_WAIT: Duration = Duration::from_secs(30);

/// A call's places, its plugin's and the host's: with both it may enter its guest.
pub struct CallSlots<'a> {
    pub(crate) _own: SemaphorePermit<'a>,
    pub(crate) of_host: HostSlot,
}

/// A place of the host, with the memory that its call may use.
pub(crate) struct HostSlot {
    _place: OwnedSemaphorePermit,
    memory: Option<OwnedSemaphorePermit>,
}

impl HostSlot {
    /// Leaves the memory to other calls: nothing of this one is left in it.
    pub(crate) fn give_memory_back(&mut self) {
        self.memory = None;
    }
}

/// The places of the host, which all plugins share.
pub(crate) struct HostSlots {
    all: Arc<Semaphore>,
    /// Those that only a call takes whose plugin runs no other.
    sole: Arc<Semaphore>,
    /// Pages of the memory that all calls may use together. `None` where the policy sets no such limit.
    memory: Option<Arc<Semaphore>>,
}

impl HostSlots {
    /// All of them, free. A call takes as much of `memory` as it may use.
    pub(crate) fn new(memory: Option<Bytes>) -> Self {
        let pages = |memory: Bytes| usize::try_from(memory.get() / PAGE).unwrap_or(usize::MAX);
        let memory = memory.map(|memory| pages(memory).min(Semaphore::MAX_PERMITS));
        Self {
            all: Arc::new(Semaphore::new(MAX_CALLS)),
            sole: Arc::new(Semaphore::new(MAX_SOLE_CALLS)),
            memory: memory.map(|pages| Arc::new(Semaphore::new(pages))),
        }
    }

    fn try_acquire(&self, is_sole: bool, memory: Bytes) -> Option<HostSlot> {
        let sole = || is_sole.then(|| self.sole.clone().try_acquire_owned().ok()).flatten();
        let _place = self.all.clone().try_acquire_owned().ok().or_else(sole)?;
        let memory = match &self.memory {
            Some(all) => Some(all.clone().try_acquire_many_owned(pages(memory)).ok()?),
            None => None,
        };
        Some(HostSlot { _place, memory })
    }

    async fn acquire(&self, is_sole: bool, memory: Bytes) -> Result<HostSlot, AcquireError> {
        let all = self.all.clone().acquire_owned();
        let _place = if is_sole {
            tokio::select! {
                biased;
                slot = all => slot?,
                slot = self.sole.clone().acquire_owned() => slot?,
            }
        } else {
            all.await?
        };
        let memory = match &self.memory {
            Some(all) => Some(all.clone().acquire_many_owned(pages(memory)).await?),
            None => None,
        };
        Ok(HostSlot { _place, memory })
    }
}

/// The pages that a call takes which may use so much memory.
fn pages(memory: Bytes) -> u32 {
    u32::try_from(memory.get().div_ceil(PAGE)).unwrap_or(u32::MAX)
}

/// The places of one plugin.
pub(crate) struct Slots {
    own: Semaphore,
    concurrency: usize,
    /// The memory that one call may use.
    memory: Bytes,
    /// Held by the one call that waits for a slot of the host: so plugins wait there, each once, and take turns
    /// however many calls each of them has.
    turn: Mutex<()>,
}

impl Slots {
    pub(crate) fn new(concurrency: u32, memory: Bytes) -> Self {
        let concurrency = concurrency as usize;
        Self { own: Semaphore::new(concurrency), concurrency, memory, turn: Mutex::default() }
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
            && let Some(of_host) = host.try_acquire(self.has_one_call(), self.memory)
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
    async fn of_host(&self, host: &HostSlots) -> Result<HostSlot, AcquireError> {
        // A slot is free only while no call waits.
        if let Some(slot) = host.try_acquire(self.has_one_call(), self.memory) {
            return Ok(slot);
        }
        let _turn = self.turn.lock().await;
        host.acquire(self.has_one_call(), self.memory).await
    }

    /// True if one call alone has a slot of the plugin. Of two that come at once, one finds it so at most.
    fn has_one_call(&self) -> bool {
        self.own.available_permits() + 1 == self.concurrency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: Bytes = Bytes::new(64 << 20);

    #[tokio::test]
    async fn calls_wait_for_the_memory_that_they_may_use() {
        let host = HostSlots::new(Some(Bytes::new(192 << 20)));
        let (small, large) = (Slots::new(4, MEMORY), Slots::new(4, Bytes::new(100 << 20)));
        let soon = Duration::from_millis(20);
        let mut held = vec![large.take(&host, soon).await.expect("memory")];
        held.push(small.take(&host, soon).await.expect("memory"));
        assert!(tokio::time::timeout(soon, large.take(&host, soon)).await.is_err());
        assert!(tokio::time::timeout(soon, small.take(&host, soon)).await.is_err());
        held.pop();
        held.push(small.take(&host, soon).await.expect("memory that is free again"));
        held.remove(0);
        assert!(tokio::time::timeout(soon, large.take(&host, soon)).await.is_ok());
        // Whoever waited in vain has given its place back.
        held.clear();
        for _ in 0..3 {
            held.push(small.take(&host, soon).await.expect("memory"));
        }
    }

    #[tokio::test]
    async fn plugins_that_hold_all_places_leave_some_to_plugins_that_hold_none() {
        let host = HostSlots::new(None);
        let busy: Vec<_> = (0..8).map(|_| Slots::new(4, MEMORY)).collect();
        let more: Vec<_> = (0..MAX_SOLE_CALLS).map(|_| Slots::new(4, MEMORY)).collect();
        let last = Slots::new(1, MEMORY);
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
