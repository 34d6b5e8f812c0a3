//! The operator's policy: what no manifest is given, whatever it asks for.
//!
//! The files that it is read from, and what else they say, are not known here.

mod check;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::grants::host::HostPattern;
use super::grants::name::GrantName;
use super::limits::rate::Rate;
use super::limits::rules::{LimitRule, MEMORY};
use super::limits::units::Bytes;
use crate::fs::stated::Stated;

/// The policy. The default gives every manifest what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The most that a manifest may ask for of a limit, by its key, in the measure of the limit.
    limits: BTreeMap<&'static str, Stated<u64>>,
    /// The rates of which none is exceeded, also where a manifest names none. One may allow more calls at once and another
    /// more in the long run, so each is kept.
    rates: Vec<Stated<Rate>>,
    /// The memory of all calls at once.
    pub total_memory: Option<Stated<Bytes>>,
    /// The place that says that nothing is served but what locks accept. `None` if none says so.
    pub locked: Option<Arc<str>>,
    /// Hosts that no request reaches.
    hosts: Vec<Stated<HostPattern>>,
    /// Directories that no plugin sees, as written: `~` and `$NAME` stand for what they mean where toolrack runs.
    pub directories: Vec<Stated<Box<str>>>,
    /// Grants that are never given.
    grants: Vec<Stated<GrantName>>,
}

impl Policy {
    /// Both policies at once: of each limit the lower one, and all that either withholds.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        // Each value of the other takes part: one that is forgotten here does not compile.
        let Self { limits, rates, total_memory, locked, hosts, directories, grants } = other;
        for (key, stated) in limits {
            let own = self.limits.entry(key).or_insert_with(|| stated.clone());
            if stated.value < own.value {
                *own = stated;
            }
        }
        self.rates.extend(rates);
        self.total_memory = lower(self.total_memory, total_memory, |one, two| two < one);
        self.locked = self.locked.or(locked);
        self.hosts.extend(hosts);
        self.directories.extend(directories);
        self.grants.extend(grants);
        self
    }

    /// The highest rate that exceeds none of the policy's. `None` if it says none.
    fn rate_within_all(&self) -> Option<Rate> {
        self.rates.iter().map(|stated| stated.value).reduce(Rate::within_both)
    }

    /// The most memory that a manifest may ask for, if the policy says so.
    pub(crate) fn most_memory(&self) -> Option<Stated<Bytes>> {
        let most = self.ceiling(&MEMORY)?;
        Some(Stated { value: Bytes::new(most.value), place: most.place })
    }

    /// The most that a manifest may ask for of a limit, if the policy says so.
    pub(crate) fn ceiling(&self, rule: &LimitRule) -> Option<Stated<u64>> {
        let own = self.limits.get(rule.key).cloned();
        let total = self.total_memory.as_ref().filter(|_| rule.key == MEMORY.key);
        let total =
            total.map(|total| Stated { value: total.value.get(), place: total.place.clone() });
        lower(own, total, |one, two| two < one)
    }
}

/// The one of two that is lower, or the only one. `is_second` is told both.
fn lower<T>(
    one: Option<Stated<T>>,
    two: Option<Stated<T>>,
    is_second: impl Fn(&T, &T) -> bool,
) -> Option<Stated<T>> {
    match (one, two) {
        (Some(one), Some(two)) => Some(if is_second(&one.value, &two.value) { two } else { one }),
        (one, two) => one.or(two),
    }
}
