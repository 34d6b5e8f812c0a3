//! A share of look-ups for each plugin: the system looks up a few names at a time for all, and takes as long as it likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sync::lock;

/// The look-ups of one plugin at once.
pub(crate) const MAX_LOOKUPS_OF_ONE: usize = 4;
/// The plugins that are remembered before those that look nothing up are forgotten.
const MAX_REMEMBERED: usize = 256;

/// The shares of all plugins.
#[derive(Default)]
pub(crate) struct LookupShares(Mutex<HashMap<Option<Arc<str>>, Arc<Semaphore>>>);

/// The share of one plugin.
#[derive(Clone)]
pub(crate) struct LookupShare(Arc<Semaphore>);

/// A plugin's turn to look up a name. It lasts until it is dropped, which is when the look-up has ended, whether or not
/// anything waits for it.
pub struct LookupTurn(#[expect(dead_code, reason = "it is held")] Option<OwnedSemaphorePermit>);

impl LookupShares {
    /// The share of the plugin of this name. All that have no name have one together.
    pub(crate) fn of(&self, plugin: Option<&Arc<str>>) -> LookupShare {
        let mut shares = lock(&self.0);
        if shares.len() >= MAX_REMEMBERED {
            shares.retain(|_, share| share.available_permits() < MAX_LOOKUPS_OF_ONE);
        }
        let share = shares.entry(plugin.cloned());
        LookupShare(share.or_insert_with(|| LookupShare::new().0).clone())
    }
}

impl LookupShare {
    /// A share of its own.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_LOOKUPS_OF_ONE)))
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self) -> LookupTurn {
        // The share is never closed.
        LookupTurn(self.0.clone().acquire_owned().await.ok())
    }
}
