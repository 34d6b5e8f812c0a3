//! The calls that each client may have at once, where several use one server: none keeps the others out of all places.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::catalog::Plugin;
use crate::manifest::{Bytes, Limits, show_duration};
use crate::sync::named_shares::NamedShares;
use crate::tool::CallError;

/// The calls that one client has at once where nothing else is said: three quarters of those of all.
pub(crate) const CALLS_OF_ONE: usize = 24;
/// The memory of calls is counted in units of so many bytes.
const MEMORY_UNIT: u64 = 64 * 1024;
/// The time that a call waits for those of the same client; it is longer where one call may take longer.
const SHARE_WAIT: Duration = Duration::from_secs(30);

/// The shares of all clients.
pub(crate) struct ClientShares {
    most: Option<usize>,
    /// The memory of all calls at once. `None` if it has no bound.
    total_memory: Option<Bytes>,
    shares: NamedShares<CallsOfOne>,
}

/// The calls that one client may have at once. `None` stands for any number.
#[derive(Clone)]
pub(crate) struct ClientShare(Option<Arc<CallsOfOne>>);

struct CallsOfOne {
    all: Arc<Semaphore>,
    /// Three quarters of the memory of all calls, in units of [`MEMORY_UNIT`]. `None` if that has no bound.
    memory: Option<MemoryShare>,
    /// The calls of each plugin: no more than run at once, so that those that wait for one hold up none of the others, and
    /// each client has few that wait there.
    by_plugin: NamedShares<Semaphore, PluginCalls>,
}

/// The calls of a plugin, as long as so many of them run at once: where that is changed, the slots of the plugin are others, too.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PluginCalls {
    plugin: Box<str>,
    concurrency: u32,
}

struct MemoryShare {
    free: Arc<Semaphore>,
    units: u32,
}

impl MemoryShare {
    fn of(total: Bytes) -> Self {
        let units = u32::try_from(total.get() / 4 * 3 / MEMORY_UNIT).unwrap_or(u32::MAX);
        let units = units.min(Semaphore::MAX_PERMITS.try_into().unwrap_or(u32::MAX));
        Self { free: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// The units of a call that may use so much memory: all of them, where that is more than the share.
    fn units_of(&self, memory: Bytes) -> u32 {
        let units = u32::try_from(memory.get().div_ceil(MEMORY_UNIT)).unwrap_or(u32::MAX);
        units.min(self.units)
    }
}

/// The place of a call among those of its client. It is free again when it is dropped.
pub(crate) struct ClientPlace {
    _of_plugin: OwnedSemaphorePermit,
    _memory: Option<OwnedSemaphorePermit>,
    among_all: OwnedSemaphorePermit,
}

impl ClientPlace {
    /// The part that is kept until the client has read the answer: the plugin may go on with the next call before.
    pub(crate) fn until_read(self) -> OwnedSemaphorePermit {
        self.among_all
    }
}

impl ClientShares {
    /// Shares of so many calls. Where nothing is said, a client of a name has [`CALLS_OF_ONE`], and those without a name, who
    /// may be one person, are not held up.
    pub(crate) fn new(most: Option<usize>, total_memory: Option<Bytes>) -> Self {
        Self { most, total_memory, shares: NamedShares::default() }
    }

    /// The share of the client of this name; that of all who have none, if it is empty.
    pub(crate) fn of(&self, client: &Arc<str>) -> ClientShare {
        let most = self.most.or((!client.is_empty()).then_some(CALLS_OF_ONE));
        let make = |most| CallsOfOne {
            all: Arc::new(Semaphore::new(most)),
            memory: self.total_memory.map(MemoryShare::of),
            by_plugin: NamedShares::default(),
        };
        ClientShare(most.map(|most| self.shares.of(Some(client), || make(most))))
    }
}

impl ClientShare {
    /// The share of a client that has the server for itself.
    pub(crate) fn whole() -> Self {
        Self(None)
    }

    /// Waits for a place for a call of `plugin`, in turn with the other calls of the client.
    pub(crate) async fn place(&self, plugin: &Plugin) -> Result<Option<ClientPlace>, CallError> {
        let Some(share) = &self.0 else { return Ok(None) };
        let limits = plugin.limits();
        share.place(plugin.name.as_str(), limits).await.map(Some)
    }
}

impl CallsOfOne {
    /// Waits for a place for a call of a plugin with these limits.
    async fn place(&self, plugin: &str, limits: &Limits) -> Result<ClientPlace, CallError> {
        let concurrency = limits.concurrency;
        let key = PluginCalls { plugin: plugin.into(), concurrency };
        let of_plugin = self.by_plugin.of(Some(&key), || Semaphore::new(concurrency as usize));
        let all = &self.all;
        if self.memory.is_none()
            && let Ok(_of_plugin) = of_plugin.clone().try_acquire_owned()
            && let Ok(among_all) = all.clone().try_acquire_owned()
        {
            return Ok(ClientPlace { _of_plugin, _memory: None, among_all });
        }
        let every = async {
            let _of_plugin = of_plugin.acquire_owned().await?;
            let _memory = match &self.memory {
                Some(share) => {
                    let units = share.units_of(limits.memory);
                    Some(share.free.clone().acquire_many_owned(units).await?)
                }
                None => None,
            };
            let among_all = all.clone().acquire_owned().await?;
            Ok::<_, AcquireError>(ClientPlace { _of_plugin, _memory, among_all })
        };
        let patience = limits.timeout.max(SHARE_WAIT);
        match timeout(patience, every).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(CallError::Unready("the server is shutting down".into())),
            Err(_) => {
                let waited = show_duration(patience);
                Err(CallError::Unready(format!(
                    "the calls of this client before it did not end for {waited}; ask again"
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place for a call of a plugin, of which 2 run at once. `None` if there is none soon.
    async fn place(share: &ClientShare, plugin: &str) -> Option<ClientPlace> {
        place_among(share, plugin, 2).await
    }

    /// The same of one of which so many run at once.
    async fn place_among(
        share: &ClientShare,
        plugin: &str,
        concurrency: u32,
    ) -> Option<ClientPlace> {
        let calls = share.0.as_ref().expect("a bound");
        let limits = Limits { concurrency, memory: Bytes::new(1 << 20), ..Limits::default() };
        let place = timeout(Duration::from_millis(20), calls.place(plugin, &limits)).await;
        place.ok().map(|place| place.expect("one"))
    }

    #[tokio::test]
    async fn a_client_that_has_all_its_calls_keeps_nobody_else_out() {
        let shares = ClientShares::new(Some(2), None);
        let (ada, bob) = (shares.of(&"ada".into()), shares.of(&"bob".into()));
        let mut held = vec![place(&ada, "a").await.expect("a place")];
        // Another connection of the same client.
        held.push(place(&shares.of(&"ada".into()), "b").await.expect("a place"));
        assert!(place(&ada, "c").await.is_none());
        assert!(place(&bob, "a").await.is_some());
        held.pop();
        assert!(place(&ada, "c").await.is_some());
    }

    #[tokio::test]
    async fn calls_that_wait_for_one_plugin_hold_up_none_of_another() {
        let shares = ClientShares::new(Some(5), None);
        let ada = shares.of(&"ada".into());
        let mut held = Vec::new();
        for _ in 0..2 {
            held.push(place(&ada, "slow").await.expect("a place"));
        }
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let ada = ada.clone();
                tokio::spawn(async move { place(&ada, "slow").await.is_none() })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(place(&ada, "quick").await.is_some());
        for waited in waiting {
            assert!(waited.await.expect("no panic"), "more than run at once");
        }
        held.clear();
        assert!(place(&ada, "slow").await.is_some());
    }

    #[tokio::test]
    async fn a_number_of_calls_that_is_changed_counts_at_once_for_a_client_that_is_never_idle() {
        let shares = ClientShares::new(Some(20), None);
        let ada = shares.of(&"ada".into());
        let mut held = Vec::new();
        for concurrency in [2, 5, 3] {
            for _ in 0..concurrency {
                held.push(place_among(&ada, "slow", concurrency).await.expect("a place"));
            }
            assert!(place_among(&ada, "slow", concurrency).await.is_none());
        }
    }

    #[tokio::test]
    async fn a_client_leaves_a_quarter_of_the_memory_to_others() {
        let shares = ClientShares::new(Some(100), Some(Bytes::new(4 << 20)));
        let (ada, bob) = (shares.of(&"ada".into()), shares.of(&"bob".into()));
        let mut held = Vec::new();
        for plugin in ["a", "a", "b"] {
            held.push(place(&ada, plugin).await.expect("a place"));
        }
        assert!(place(&ada, "b").await.is_none());
        assert!(place(&bob, "b").await.is_some());
        held.pop();
        assert!(place(&ada, "b").await.is_some());
        // One that may use more than a share waits for all of it.
        let small = ClientShares::new(Some(100), Some(Bytes::new(1 << 20)));
        assert!(place(&small.of(&"ada".into()), "a").await.is_some());
    }

    #[test]
    fn who_has_no_name_is_held_up_only_where_that_is_said() {
        assert!(ClientShares::new(None, None).of(&"".into()).0.is_none());
        assert!(ClientShares::new(Some(1), None).of(&"".into()).0.is_some());
        assert!(ClientShares::new(None, None).of(&"ada".into()).0.is_some());
    }
}
