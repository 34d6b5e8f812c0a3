//! The sockets that clients connect to, and the pace at which they have to read.

pub(super) mod address;
pub(super) mod paced;
