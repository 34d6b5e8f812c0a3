//! The sockets that clients connect to, TLS on them, and the pace at which clients have to read.

pub(super) mod let_in;
pub(super) mod unasked;
mod handshake_share;
pub(super) mod client_socket;
pub(super) mod few_at_once;
pub(super) mod socket_locks;
#[cfg(unix)]
mod unix_socket_file;
pub(super) mod address;
pub(super) mod paced;
mod first_byte;
mod bounded_chains;
pub(super) mod tls;
mod client_certificates;
pub(super) mod tls_agreement;
