//! Commands for authors of plugins.

pub(super) mod language;
pub(super) mod new;
pub(super) mod pack;
pub(super) mod warm;
