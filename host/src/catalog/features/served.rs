//! The features of one kind that are served, by their public names.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use super::super::plugin::Plugin;
use super::feature::Feature;

/// An immutable table of features. Its order is that of their names.
pub struct Served<F: Feature>(BTreeMap<F::Name, Arc<F>>);

impl<F: Feature> Default for Served<F> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<F: Feature> Served<F> {
    /// The feature with this public name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<F>> {
        self.0.get(name)
    }

    /// All of them, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Arc<F>> {
        self.0.values()
    }

    /// Those whose names come after `name`, in order.
    pub fn after(&self, name: &F::Name) -> impl Iterator<Item = &Arc<F>> {
        self.0.range::<F::Name, _>((Excluded(name), Unbounded)).map(|(_, feature)| feature)
    }

    /// Those of one plugin, in order.
    pub fn of<'a>(&'a self, plugin: &'a Plugin) -> impl Iterator<Item = &'a Arc<F>> {
        self.all().filter(move |feature| std::ptr::eq(&**feature.plugin(), plugin))
    }

    /// The name that was most likely meant by one that nothing has.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&F::Name> {
        let near = crate::text::nearest(name, self.0.keys().map(std::borrow::Borrow::borrow))?;
        self.0.get_key_value(near).map(|(name, _)| name)
    }

    /// True if a client that lists both sees no difference.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.len() == other.len()
            && pairs.all(|((one, this), (two, that))| one == two && this.looks_like(that))
    }

    /// Those of them that `kept` holds for.
    pub(crate) fn filtered(&self, kept: impl Fn(&F) -> bool) -> Self
    where
        F::Name: Clone,
    {
        let kept = self.0.iter().filter(|(_, feature)| kept(feature));
        Self(kept.map(|(name, feature)| (name.clone(), feature.clone())).collect())
    }

    /// The number of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn insert(&mut self, feature: F) {
        self.0.insert(feature.name().clone(), Arc::new(feature));
    }
}
