//! Plugin directories to catalogs: watch, scan, load, publish.
//!
//! What the system says of changes is a hint; the truth is a scan. One bad file never stops the
//! others. Clients and the protocol are not known here.

mod candidate;
mod core;
mod directory_trust;
mod failed_versions;
mod follow;
mod hashed_file;
mod known_files;
mod latest_manifests;
mod load;
mod loader;
mod lockfiles;
mod log;
mod network;
mod pending;
mod presence;
mod publication;
mod scan;
mod scanned;
mod schedule;
mod served_view;
mod signature;
mod tracked;
mod watch;

pub use self::core::{Core, TELL_AFTER};
pub use directory_trust::{DirectoryTrust, lock_of};
pub use failed_versions::LoadError;
pub use follow::Follower;
pub use known_files::Reread;
pub use loader::{Loader, Optimizing};
pub use lockfiles::{GONE_GRACE, Judge};
pub use pending::Pending;
pub use publication::{FIRST_HOLD, HOLD};
pub use scan::Scanner;
pub(crate) use scan::{MAX_WASM, MAX_WIT, is_manifest, stem, wit_of};
pub use scanned::{Contents, Key, PluginUnit, Scan, SeenDirectory};
pub use schedule::Schedule;
pub use served_view::{ServedView, Standing};
pub use tracked::Reason;
pub use watch::Mode;
