//! What plugins offer to clients, whatever it is: served under public names, each by one plugin.

pub(super) mod feature;
pub(super) mod coming;
pub(super) mod served;
pub(super) mod unlisted;
pub(super) mod name_conflicts;
