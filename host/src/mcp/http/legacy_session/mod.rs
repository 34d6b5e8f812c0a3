//! Sessions of clients that began with `initialize`.

pub(super) mod session_id;
pub(super) mod session_registry;
