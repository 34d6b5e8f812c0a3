//! The features that plugins offer to clients: each is served under a public name, by one plugin.

pub(super) mod feature;
pub(super) mod coming;
pub(super) mod served;
pub(super) mod unlisted;
pub(super) mod name_conflicts;
