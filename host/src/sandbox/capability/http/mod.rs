//! Outgoing HTTP: what a guest asks for through `wasi:http`, sent by the host where a grant allows it.
//!
//! A guest never gets a socket. The host decides on the parsed host, looks the name up once, connects to
//! an address it has looked at, checks the certificate on the name, and sends one HTTP/1.1 request on
//! one connection. Redirects are answers like others; no proxy of the environment is used.

mod bounds;
mod failure;
mod judge;
mod connection;
mod requests;
pub(crate) mod request_parts;

#[cfg(any(test, fuzzing))]
pub(crate) mod properties;

pub(crate) use bounds::MAX_FIELDS;
pub use bounds::{MAX_OPEN_CONNECTIONS, MAX_REQUEST, MAX_RESPONSE};
pub(crate) use connection::connect::Connection;
pub use connection::lookup_share::LookupTurn;
pub(crate) use connection::lookup_share::{LookupShare, LookupShares};
pub use connection::network::{Network, RequestTimeouts, Surroundings};
pub(crate) use connection::resolve::own_addresses;
pub use connection::resolve::{PendingAddresses, Resolve};
pub(crate) use connection::tls::{TrustedAuthorities, usual_authorities};
pub use failure::Failure;
pub use judge::address::is_global;
pub use judge::allow::{Denied, RequestHost, RequestTarget};
pub use requests::{Outgoing, Requests};
