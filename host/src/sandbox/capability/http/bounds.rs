//! The bounds of requests and responses.

/// The most bytes of one request's body.
pub const MAX_REQUEST: u64 = 1024 * 1024;
/// The most bytes of one response's body.
pub const MAX_RESPONSE: u64 = 4 * 1024 * 1024;
/// Requests of one call.
pub(super) const MAX_REQUESTS: u32 = 32;
/// Connections of one call at once: with 32 calls, 256 of the host.
pub const MAX_OPEN_CONNECTIONS: usize = 8;
/// The most bytes of one response's status and headers, and of what is read ahead of its body.
pub(super) const MAX_HEADERS: usize = 64 * 1024;
/// The most bytes of one set of headers that a guest makes, with 40 or so for each header and value.
pub(crate) const MAX_FIELDS: usize = 64 * 1024;
/// The most bytes of a request's path with its query, of its authority, and of a method or scheme of its own.
pub(crate) const MAX_PART: usize = 8 * 1024;
/// The most bytes of a request's body that are taken from a guest at once.
pub(super) const BODY_CHUNK: usize = 16 * 1024;
