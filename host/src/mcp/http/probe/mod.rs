//! Questions to a server over HTTP as somebody else asks them, such as whether it lives: one request on a connection of its
//! own, bounded in time and size. Redirects are not followed, and a token is sent to this machine alone.

pub(super) mod server_place;
mod server_trust;
pub(super) mod question;
