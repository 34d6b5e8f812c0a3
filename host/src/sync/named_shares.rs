//! A share of something for each plugin or client, which all that it does has together, however often it comes and goes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, Weak};

use crate::sync::lock;

/// The shares that are remembered before those that nothing holds are forgotten.
const MAX_REMEMBERED: usize = 256;

/// The shares of all, by what they are known by. One lasts for as long as anything holds it, and is never changed: the key holds
/// whatever decides what `make` makes and may change meanwhile.
pub(crate) struct NamedShares<S, K = Arc<str>>(Mutex<HashMap<Option<K>, Weak<S>>>);

impl<S, K> Default for NamedShares<S, K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S, K: Clone + Eq + Hash> NamedShares<S, K> {
    /// The share of this name, which is made by `make` where there is none. All that have no name have one together.
    pub(crate) fn of(&self, name: Option<&K>, make: impl FnOnce() -> S) -> Arc<S> {
        let mut shares = lock(&self.0);
        let name = name.cloned();
        if let Some(share) = shares.get(&name).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= MAX_REMEMBERED {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(make());
        shares.insert(name, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lasts_while_anything_holds_it_and_is_forgotten_then() {
        let shares = NamedShares::default();
        let name = |number: usize| -> Arc<str> { number.to_string().into() };
        let held = shares.of(Some(&name(0)), || 0);
        for number in 1..=2 * MAX_REMEMBERED {
            drop(shares.of(Some(&name(number)), || number));
        }
        assert!(lock(&shares.0).len() <= MAX_REMEMBERED + 1);
        assert!(Arc::ptr_eq(&held, &shares.of(Some(&name(0)), || 1)));
        assert_eq!(*shares.of(None, || 7), 7);
        assert_eq!(*shares.of(Some(&name(1)), || 8), 8);
    }
}
