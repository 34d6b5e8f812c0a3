//! A plugin's places: how many of its calls run at once, and how they wait for those of the host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{AcquireError, Mutex, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::runner::until;
use crate::manifest::show_duration;

/// The time that a call waits for those before it to end; it is longer where one call may take longer.
const SLOT_WAIT: Duration = Duration::from_secs(30);

/// A call's places, its plugin's and the host's: with both it may enter its guest.
pub struct CallSlots<'a> {
    pub(crate) _own: SemaphorePermit<'a>,
    pub(crate) of_host: OwnedSemaphorePermit,
}

/// The places of one plugin.
pub(crate) struct Slots {
    own: Semaphore,
    /// Held by the one call that waits for a slot of the host: so plugins wait there, each once, and take turns
    /// however many calls each of them has.
    turn: Mutex<()>,
}

impl Slots {
    pub(crate) fn new(concurrency: u32) -> Self {
        Self { own: Semaphore::new(concurrency as usize), turn: Mutex::default() }
    }

    /// Takes a slot of the plugin and one of the `host`, or says why there is none. A call may take as long as
    /// `timeout`.
    pub(crate) async fn take(
        &self,
        host: &Arc<Semaphore>,
        timeout: Duration,
    ) -> Result<CallSlots<'_>, String> {
        // Both are free only while no call waits.
        if let Ok(own) = self.own.try_acquire()
            && let Ok(of_host) = host.clone().try_acquire_owned()
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

    /// A slot of the host, in turn with other plugins.
    async fn of_host(&self, host: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, AcquireError> {
        // A slot is free only while no call waits.
        if let Ok(slot) = host.clone().try_acquire_owned() {
            return Ok(slot);
        }
        let _turn = self.turn.lock().await;
        host.clone().acquire_owned().await
    }
}
