//! Plugins into a directory and out of it, as people see it, and the lock afterwards.

pub(super) mod installed;
pub(super) mod lockfile_update;
pub(super) mod add;
pub(super) mod remove;
