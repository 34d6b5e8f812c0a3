//! Commands that load plugins and show them.

pub(super) mod load;
pub(super) mod list;
pub(super) mod check;
pub(super) mod list_tool;
pub(super) mod inspect;
