//! The sockets that clients connect to, TLS on them, and the pace at which clients have to read.

pub(super) mod client_socket;
pub(super) mod address;
pub(super) mod paced;
pub(super) mod tls;
pub(super) mod client_certificates;
