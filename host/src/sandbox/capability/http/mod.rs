//! Outgoing HTTP: what a guest asks for through `wasi:http`, sent by the host where a grant allows it.
//!
//! A guest never gets a socket. The host decides on the parsed host, looks the name up once, connects to
//! an address it has looked at, checks the certificate on the name, and sends one HTTP/1.1 request on
//! one connection. Redirects are answers like others; no proxy of the environment is used.

mod address;
mod allow;
mod bind;
mod body;
mod bounds;
mod connect;
mod covered;
mod failure;
mod network;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod requests;
mod resolve;
mod send;
mod thread;
mod tls;

pub use address::is_global;
pub use allow::{Denied, RequestHost, RequestTarget};
pub(crate) use bounds::MAX_FIELDS;
pub use bounds::{MAX_OPEN_CONNECTIONS, MAX_REQUEST, MAX_RESPONSE};
pub use failure::Failure;
pub use network::{Network, RequestTimeouts, Surroundings};
pub use requests::{Outgoing, Requests};
pub use resolve::{PendingAddresses, Resolve};
