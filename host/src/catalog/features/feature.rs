//! A feature: something that plugins offer to clients, whatever it is. So far these are tools.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use super::super::plugin::Plugin;
use crate::tool::FeatureKind;

/// A name under which a feature is served.
pub trait FeatureName: Clone + Ord + Borrow<str> + fmt::Display {
    /// Checks `text`. `None` if nothing can have this name.
    fn parse(text: &str) -> Option<Self>;

    /// True if it is a name behind this prefix, which is not empty.
    fn is_behind(&self, prefix: &str) -> bool;

    /// True if a plugin of this prefix might have a feature of this name.
    fn may_begin_with(&self, prefix: &str) -> bool;
}

/// A feature that is served.
pub trait Feature: Sized {
    /// Its kind.
    const KIND: FeatureKind;
    /// The names of this kind.
    type Name: FeatureName;

    /// Its public name.
    fn name(&self) -> &Self::Name;

    /// The plugin that it belongs to.
    fn plugin(&self) -> &Arc<Plugin>;

    /// True if a client sees no difference between the two.
    fn looks_like(&self, other: &Self) -> bool;
}
