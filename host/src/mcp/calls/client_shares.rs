//! The calls that each client may have at once, where several use one server: none keeps the others out of all places.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::catalog::Plugin;
use crate::manifest::show_duration;
use crate::sync::named_shares::NamedShares;
use crate::tool::CallError;

/// The calls that one client has at once where nothing else is said: three quarters of those of all.
pub(crate) const CALLS_OF_ONE: usize = 24;
/// The time that a call waits for those of the same client; it is longer where one call may take longer.
const SHARE_WAIT: Duration = Duration::from_secs(30);

/// The shares of all clients.
pub(crate) struct ClientShares {
    most: Option<usize>,
    shares: NamedShares<CallsOfOne>,
}

/// The calls that one client may have at once. `None` stands for any number.
#[derive(Clone)]
pub(crate) struct ClientShare(Option<Arc<CallsOfOne>>);

struct CallsOfOne {
    all: Arc<Semaphore>,
    /// The calls of each plugin: no more than run at once, so that those that wait for one hold up none of the others, and
    /// each client has few that wait there.
    by_plugin: NamedShares<Semaphore>,
}

/// The place of a call among those of its client. It is free again when it is dropped.
pub(crate) struct ClientPlace {
    _of_plugin: OwnedSemaphorePermit,
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
    pub(crate) fn new(most: Option<usize>) -> Self {
        Self { most, shares: NamedShares::default() }
    }

    /// The share of the client of this name; that of all who have none, if it is empty.
    pub(crate) fn of(&self, client: &Arc<str>) -> ClientShare {
        let most = self.most.or((!client.is_empty()).then_some(CALLS_OF_ONE));
        let make = |most| CallsOfOne {
            all: Arc::new(Semaphore::new(most)),
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
        share.place(plugin.name.as_str(), limits.concurrency, limits.timeout).await.map(Some)
    }
}

impl CallsOfOne {
    /// Waits for a place for a call of a plugin of which so many run at once, each as long as `longest`.
    async fn place(
        &self,
        plugin: &str,
        concurrency: u32,
        longest: Duration,
    ) -> Result<ClientPlace, CallError> {
        let most = concurrency as usize;
        let of_plugin = self.by_plugin.of(Some(&plugin.into()), || Semaphore::new(most));
        let all = &self.all;
        if let Ok(_of_plugin) = of_plugin.clone().try_acquire_owned()
            && let Ok(among_all) = all.clone().try_acquire_owned()
        {
            return Ok(ClientPlace { _of_plugin, among_all });
        }
        let both = async {
            let _of_plugin = of_plugin.acquire_owned().await?;
            let among_all = all.clone().acquire_owned().await?;
            Ok::<_, AcquireError>(ClientPlace { _of_plugin, among_all })
        };
        let patience = longest.max(SHARE_WAIT);
        match timeout(patience, both).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(CallError::Host("it is shutting down".into())),
            Err(_) => {
                let waited = show_duration(patience);
                Err(CallError::Host(format!(
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
        let calls = share.0.as_ref().expect("a bound");
        let soon = Duration::from_millis(20);
        timeout(soon, calls.place(plugin, 2, soon)).await.ok().map(|place| place.expect("one"))
    }

    #[tokio::test]
    async fn a_client_that_has_all_its_calls_keeps_nobody_else_out() {
        let shares = ClientShares::new(Some(2));
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
        let shares = ClientShares::new(Some(5));
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

    #[test]
    fn who_has_no_name_is_held_up_only_where_that_is_said() {
        assert!(ClientShares::new(None).of(&"".into()).0.is_none());
        assert!(ClientShares::new(Some(1)).of(&"".into()).0.is_some());
        assert!(ClientShares::new(None).of(&"ada".into()).0.is_some());
    }
}
