//! The catalog as each principal may see it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::catalog::Catalog;
use crate::tokens::{AllowedTools, Principal, Proof};

type Published = Option<Arc<Catalog>>;

/// The views that may be kept for tokens of authorization servers while nobody uses them.
pub(super) const MAX_IDLE_VIEWS: usize = 256;

/// The catalog, and what of it those see who may not call everything.
pub(crate) struct Views {
    whole: watch::Receiver<Published>,
    restricted: RefCell<HashMap<ViewKey, View>>,
}

/// The key of a view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ViewKey {
    /// The view of the principal with this id: it changes with what its token allows.
    Of(Arc<str>),
    /// The view of all who may call these tools: two tokens of one subject may allow different ones.
    Only(Arc<AllowedTools>),
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
        let key = match (&principal.proof, &principal.allow) {
            (Proof::AccessToken(_), None) => return self.whole.clone(),
            (Proof::AccessToken(_), Some(allow)) => ViewKey::Only(allow.clone()),
            (Proof::Nothing | Proof::Certificate | Proof::Token, _) => {
                ViewKey::Of(principal.id.clone())
            }
        };
        if principal.allow.is_none() && !restricted.contains_key(&key) {
            return self.whole.clone();
        }
        if restricted.len() >= MAX_IDLE_VIEWS && !restricted.contains_key(&key) {
            forget_idle(&mut restricted);
        }
        let view = restricted.entry(key).or_insert_with(|| {
            let catalog = watch::Sender::new(self.seen_by(principal.allow.as_ref()));
            View { only: principal.allow.clone(), catalog }
        });
        self.set(view, principal.allow.as_ref());
        view.catalog.subscribe()
    }

    /// Brings what is seen up to date with the catalog, and forgets what nobody sees.
    pub(crate) fn refresh(&self) {
        let mut restricted = self.restricted.borrow_mut();
        forget_idle(&mut restricted);
        for view in restricted.values() {
            view.catalog.send_replace(self.seen_by(view.only.as_ref()));
        }
    }

    /// Brings what is seen up to date with what tokens allow. `principal` gives that of an id, where a token stands for it.
    pub(crate) fn follow(&self, principal: impl Fn(&str) -> Option<Principal>) {
        for (key, view) in &mut *self.restricted.borrow_mut() {
            let ViewKey::Of(id) = key else { continue };
            if let Some(principal) = principal(id) {
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

fn forget_idle(views: &mut HashMap<ViewKey, View>) {
    views.retain(|_, view| view.catalog.receiver_count() > 0);
}
