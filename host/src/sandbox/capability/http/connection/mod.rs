//! The connections of all guests: looked up, made, used and ended by the host.

pub(super) mod thread;
pub(super) mod lookup_share;
pub(super) mod hosts_file;
pub(super) mod resolve;
pub(super) mod tls;
pub(super) mod body;
pub(super) mod network;
pub(super) mod connect;
pub(super) mod send;
