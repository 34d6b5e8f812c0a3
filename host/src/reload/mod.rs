//! Plugin directories to catalogs: watch, scan, load, publish.
//!
//! What the system says of changes is a hint; the truth is a scan. One bad file never stops the
//! others. Clients and the protocol are not known here.

mod candidate;
mod core;
mod failed;
mod follow;
mod known;
mod load;
mod loader;
mod locks;
mod network;
mod news;
mod pending;
mod presence;
mod publication;
mod scan;
mod schedule;
mod seen;
mod signature;
mod tracked;
mod trust;
mod view;
mod watch;
mod withdrawn;

pub use self::core::{Core, GONE_GRACE, TELL_AFTER};
pub use failed::LoadError;
pub use follow::Follower;
pub use known::Reread;
pub use loader::{Loader, Optimizing};
pub use locks::Judge;
pub use pending::Pending;
pub use publication::{FIRST_HOLD, HOLD};
pub use scan::Scanner;
pub(crate) use scan::{MAX_WASM, MAX_WIT, is_manifest, stem, wit_of};
pub use schedule::Schedule;
pub use seen::{Contents, Key, PluginUnit, Scan, SeenDirectory};
pub use tracked::Reason;
pub use trust::{DirectoryTrust, lock_of};
pub use view::{ServedView, Standing};
pub use watch::Mode;
