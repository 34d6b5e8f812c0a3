//! The calls that each client may have at once, where several use one server: none keeps the others out of all places.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

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
    shares: NamedShares<Semaphore>,
}

/// The calls that one client may have at once. `None` stands for any number.
#[derive(Clone)]
pub(crate) struct ClientShare(Option<Arc<Semaphore>>);

/// The place of a call among those of its client. It is free again when it is dropped.
pub(crate) type ClientPlace = Option<OwnedSemaphorePermit>;

impl ClientShares {
    /// Shares of so many calls. Where nothing is said, a client of a name has [`CALLS_OF_ONE`], and those without a name, who
    /// may be one person, are not held up.
    pub(crate) fn new(most: Option<usize>) -> Self {
        Self { most, shares: NamedShares::default() }
    }

    /// The share of the client of this name; that of all who have none, if it is empty.
    pub(crate) fn of(&self, client: &Arc<str>) -> ClientShare {
        let most = self.most.or((!client.is_empty()).then_some(CALLS_OF_ONE));
        ClientShare(most.map(|most| self.shares.of(Some(client), || Semaphore::new(most))))
    }
}

impl ClientShare {
    /// The share of a client that has the server for itself.
    pub(crate) fn whole() -> Self {
        Self(None)
    }

    /// Waits for a place, in turn with the other calls of the client. A call may take as long as `longest`.
    pub(crate) async fn place(&self, longest: Duration) -> Result<ClientPlace, CallError> {
        let Some(share) = &self.0 else { return Ok(None) };
        if let Ok(place) = share.clone().try_acquire_owned() {
            return Ok(Some(place));
        }
        let patience = longest.max(SHARE_WAIT);
        match timeout(patience, share.clone().acquire_owned()).await {
            Ok(place) => Ok(place.ok()),
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

    #[tokio::test]
    async fn a_client_that_has_all_its_calls_keeps_nobody_else_out() {
        let shares = ClientShares::new(Some(2));
        let (ada, bob) = (shares.of(&"ada".into()), shares.of(&"bob".into()));
        let soon = Duration::from_millis(20);
        let mut held = vec![ada.place(soon).await.expect("a place")];
        // Another connection of the same client.
        held.push(shares.of(&"ada".into()).place(soon).await.expect("a place"));
        assert!(timeout(soon, ada.place(soon)).await.is_err());
        assert!(timeout(soon, bob.place(soon)).await.is_ok());
        held.pop();
        assert!(timeout(soon, ada.place(soon)).await.is_ok());
    }

    #[tokio::test]
    async fn who_has_no_name_is_held_up_only_where_that_is_said() {
        let soon = Duration::from_millis(20);
        let (usual, told) = (ClientShares::new(None), ClientShares::new(Some(1)));
        let (free, bound) = (usual.of(&"".into()), told.of(&"".into()));
        let mut held = Vec::new();
        for _ in 0..=2 * CALLS_OF_ONE {
            held.push(free.place(soon).await.expect("a place"));
        }
        held.push(bound.place(soon).await.expect("a place"));
        assert!(timeout(soon, bound.place(soon)).await.is_err());
    }
}
