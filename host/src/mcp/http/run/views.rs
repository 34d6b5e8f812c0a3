//! The catalog as each principal may see it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::catalog::Catalog;
use crate::tokens::{AllowedTools, Principal};

type Published = Option<Arc<Catalog>>;

/// The catalog, and what of it those see who may not call everything.
pub(crate) struct Views {
    whole: watch::Receiver<Published>,
    /// By the principal's id.
    restricted: RefCell<HashMap<Arc<str>, View>>,
}

struct View {
    only: Arc<AllowedTools>,
    catalog: watch::Sender<Published>,
}

impl Views {
    /// What is seen of `whole`.
    pub(crate) fn new(whole: watch::Receiver<Published>) -> Self {
        Self { whole, restricted: RefCell::default() }
    }

    /// The catalog as this principal may see it, now and later.
    pub(crate) fn of(&self, principal: &Principal) -> watch::Receiver<Published> {
        let Some(only) = &principal.allow else { return self.whole.clone() };
        let mut restricted = self.restricted.borrow_mut();
        let view = restricted.entry(principal.id.clone()).or_insert_with(|| {
            let catalog = watch::Sender::new(self.restricted_to(only));
            View { only: only.clone(), catalog }
        });
        view.catalog.subscribe()
    }

    /// Brings what is seen up to date with the catalog, and forgets what nobody sees.
    pub(crate) fn refresh(&self) {
        let mut restricted = self.restricted.borrow_mut();
        restricted.retain(|_, view| view.catalog.receiver_count() > 0);
        for view in restricted.values() {
            view.catalog.send_replace(self.restricted_to(&view.only));
        }
    }

    fn restricted_to(&self, only: &Arc<AllowedTools>) -> Published {
        self.whole.borrow().as_ref().map(|whole| Arc::new(whole.restricted_to(only)))
    }
}
