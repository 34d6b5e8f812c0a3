//! The authorization server: one question to it, and the keys that it publishes.

mod nearness;
pub(super) mod issuer_client;
pub(super) mod key_set;
pub(super) mod key_source;
