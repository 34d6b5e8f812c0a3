//! The things beyond itself that a guest may reach, one file or folder each, and the check of its imports.

pub(super) mod scratch;
pub(super) mod folders;
pub(super) mod imports;
pub(super) mod host_facts;
pub mod http;
pub(super) mod config;
pub(super) mod sockets;
pub(super) mod files;
