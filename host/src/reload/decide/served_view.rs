//! The plugins to serve and the reasons why others are not served, at one moment.

use std::collections::BTreeMap;

use super::super::scan::scanned::Key;
use super::tracked::{Reason, Tracked};

/// The plugins to serve, and the refusals.
#[derive(Debug)]
pub struct ServedView<P> {
    /// True if the directories have been looked at. Before, nothing is known of what they hold.
    pub is_scanned: bool,
    /// True if more is about to come.
    pub is_provisional: bool,
    /// The plugins, in order.
    pub plugins: Vec<(Key, P)>,
    /// The units that are not served, or not in the version that lies there, with the reasons.
    pub refusals: Vec<(Key, Standing, Reason)>,
}

/// The standing of a refused unit: whether an older version is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// One is.
    Older,
    /// None is.
    Nothing,
}

impl<P: Clone> ServedView<P> {
    /// Builds the view of these units.
    pub(crate) fn of(units: &BTreeMap<Key, Tracked<P>>) -> Self {
        let mut view = Self {
            is_scanned: true,
            is_provisional: false,
            plugins: Vec::new(),
            refusals: Vec::new(),
        };
        for (key, unit) in units {
            if let Some(plugin) = unit.serving() {
                view.plugins.push((key.clone(), plugin.clone()));
            }
            if let Some(reason) = &unit.told {
                let standing =
                    if unit.serves_older() { Standing::Older } else { Standing::Nothing };
                view.refusals.push((key.clone(), standing, reason.clone()));
            }
        }
        view
    }
}
