//! A share of look-ups for each plugin: the system looks up a few names at a time for all, and takes as long as it likes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sync::named_shares::NamedShares;

/// The look-ups of one plugin at once.
pub(crate) const MAX_LOOKUPS_OF_ONE: usize = 4;

/// The shares of all plugins.
#[derive(Default)]
pub(crate) struct LookupShares(NamedShares<Semaphore>);

/// The share of one plugin.
#[derive(Clone)]
pub(crate) struct LookupShare(Arc<Semaphore>);

/// A plugin's turn to look up a name. It lasts until it is dropped, which is when the look-up has ended, whether or not
/// anything waits for it.
pub struct LookupTurn(#[expect(dead_code, reason = "it is held")] Option<OwnedSemaphorePermit>);

impl LookupShares {
    /// The share of the plugin of this name. All that have no name have one together.
    pub(crate) fn of(&self, plugin: Option<&Arc<str>>) -> LookupShare {
        LookupShare(self.0.of(plugin, || Semaphore::new(MAX_LOOKUPS_OF_ONE)))
    }
}

impl LookupShare {
    /// Waits for a turn.
    pub(crate) async fn turn(&self) -> LookupTurn {
        // The share is never closed.
        LookupTurn(self.0.clone().acquire_owned().await.ok())
    }
}
