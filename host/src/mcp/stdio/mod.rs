//! Standard input and output as a client's connection.

pub(super) mod chunk;
#[cfg(unix)]
pub(super) mod blocking;
#[cfg(target_os = "linux")]
pub(super) mod nonblocking;
pub(super) mod connection;
