//! The checks of a request before its message is looked at.

pub(super) mod media;
pub(super) mod carrier;
pub(super) mod authentication;
pub(super) mod host_policy;
pub(super) mod body;
