//! Outgoing HTTP: what a guest asks for through `wasi:http`, sent by the host where a grant allows it.
//!
//! A guest never gets a socket. The host decides on the parsed host, looks the name up once, connects to
//! an address it has looked at, checks the certificate on the name, and sends one HTTP/1.1 request on
//! one connection. Redirects are answers like others; no proxy of the environment is used.

mod address;
mod allow;
mod bind;
mod body;
mod connect;
mod covered;
mod failure;
mod network;
#[cfg(any(test, fuzzing))]
pub(super) mod properties;
mod requests;
mod resolve;
mod send;
mod thread;
mod tls;

pub use address::is_global;
pub use allow::{Denied, RequestHost, RequestTarget};
pub use failure::Failure;
pub use network::{Network, RequestTimeouts, Surroundings};
pub use requests::{Outgoing, Requests};
pub use resolve::{PendingAddresses, Resolve};

/// The most bytes of one request's body.
pub const MAX_REQUEST: u64 = 1024 * 1024;
/// The most bytes of one response's body.
pub const MAX_RESPONSE: u64 = 4 * 1024 * 1024;
/// Requests of one call.
const MAX_REQUESTS: u32 = 32;
/// Connections of one call at once: with 32 calls, 256 of the host.
pub const MAX_OPEN_CONNECTIONS: usize = 8;
/// The most bytes of one response's status and headers, and of what is read ahead of its body.
const MAX_HEADERS: usize = 64 * 1024;
/// The most bytes of one set of headers that a guest makes, with 40 or so for each header and value.
pub(super) const MAX_FIELDS: usize = 64 * 1024;
/// The most bytes of a request's body that are taken from a guest at once.
const BODY_CHUNK: usize = 16 * 1024;
