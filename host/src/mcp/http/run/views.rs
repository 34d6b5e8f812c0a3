//! The catalog as each principal may see it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::catalog::Catalog;
use crate::tokens::{AllowedTools, Principal, Token};

type Published = Option<Arc<Catalog>>;

/// The catalog, and what of it those see who may not call everything.
pub(crate) struct Views {
    whole: watch::Receiver<Published>,
    /// By the principal's id.
    restricted: RefCell<HashMap<Arc<str>, View>>,
}

struct View {
    only: Option<Arc<AllowedTools>>,
    catalog: watch::Sender<Published>,
}

impl Views {
    /// The views of `whole`, none yet.
    pub(crate) fn new(whole: watch::Receiver<Published>) -> Self {
        Self { whole, restricted: RefCell::default() }
    }

    /// The catalog as this principal may see it, now and later.
    pub(crate) fn of(&self, principal: &Principal) -> watch::Receiver<Published> {
        let mut restricted = self.restricted.borrow_mut();
        if principal.allow.is_none() && !restricted.contains_key(&principal.id) {
            return self.whole.clone();
        }
        let view = restricted.entry(principal.id.clone()).or_insert_with(|| {
            let catalog = watch::Sender::new(self.seen_by(principal.allow.as_ref()));
            View { only: principal.allow.clone(), catalog }
        });
        self.set(view, principal.allow.as_ref());
        view.catalog.subscribe()
    }

    /// Brings what is seen up to date with the catalog, and forgets what nobody sees.
    pub(crate) fn refresh(&self) {
        let mut restricted = self.restricted.borrow_mut();
        restricted.retain(|_, view| view.catalog.receiver_count() > 0);
        for view in restricted.values() {
            view.catalog.send_replace(self.seen_by(view.only.as_ref()));
        }
    }

    /// Brings what is seen up to date with what these tokens allow.
    pub(crate) fn follow(&self, tokens: &[Token]) {
        for (id, view) in &mut *self.restricted.borrow_mut() {
            let mut principals = tokens.iter().map(Token::principal);
            if let Some(principal) = principals.find(|principal| principal.id == *id) {
                self.set(view, principal.allow.as_ref());
            }
        }
    }

    fn set(&self, view: &mut View, only: Option<&Arc<AllowedTools>>) {
        if view.only.as_ref() != only {
            view.only = only.cloned();
            view.catalog.send_replace(self.seen_by(only));
        }
    }

    fn seen_by(&self, only: Option<&Arc<AllowedTools>>) -> Published {
        let whole = self.whole.borrow().clone()?;
        Some(only.map_or_else(|| whole.clone(), |only| Arc::new(whole.restricted_to(only))))
    }
}
