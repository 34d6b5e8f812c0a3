//! `[grants]`: each grant as a value beside its check, their names, and what tools require of them.

pub(super) mod host;
pub(super) mod origin;
pub(super) mod secret;
pub(super) mod env;
pub(super) mod config;
pub(super) mod config_keys;
pub(super) mod files;
pub(super) mod network;
pub(super) mod kind;
pub(super) mod name;
pub(super) mod grant;
pub(super) mod set;
pub(super) mod raw;
pub(super) mod requires;
