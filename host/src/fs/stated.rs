//! A value with the place that says it.

use std::sync::Arc;

/// A value of the configuration, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stated<T> {
    /// The value.
    pub value: T,
    /// The place as messages write it: `FILE:LINE`.
    pub place: Arc<str>,
}
