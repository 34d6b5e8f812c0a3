//! The checks of a request before its message is looked at.

pub(super) mod media;
pub(super) mod access;
pub(super) mod doors;
pub(super) mod body;
