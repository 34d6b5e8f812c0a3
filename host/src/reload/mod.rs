//! Plugin directories to catalogs: watch, scan, load, publish.
//!
//! What the system says of changes is a hint; the truth is a scan. One bad file never stops the
//! others. Clients and the protocol are not known here.

mod candidate;
pub mod core;
mod follow;
mod known;
mod loader;
pub mod locks;
mod network;
mod news;
mod pending;
pub mod publication;
mod read;
pub mod scan;
pub mod schedule;
pub mod seen;
mod tracked;
mod trust;
mod watch;

pub use follow::Follower;
pub use loader::Loader;
pub use pending::Pending;
pub(crate) use read::{ReadError, read_at_most};
pub(crate) use scan::{MAX_WASM, MAX_WIT, stem, wit_of};
pub use trust::{Trust, lock_of};
pub use watch::Mode;
