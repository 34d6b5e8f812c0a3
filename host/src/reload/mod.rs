//! Plugin directories to catalogs: watch, scan, load, publish.
//!
//! What the system says of changes is a hint; the truth is a scan. One bad file never stops the
//! others. Clients and the protocol are not known here.

mod scan;
mod hints;
mod decide;
mod load;
mod counts;
mod log;
mod loader;
mod follow;

pub use self::decide::core::{Core, TELL_AFTER};
pub use counts::{ReloadCounts, ReloadResult};
pub use decide::directory_trust::DirectoryTrust;
pub use decide::failed_versions::LoadError;
pub use decide::locks_in_force::{GONE_GRACE, Judge};
pub use decide::pending::Pending;
pub use decide::publication::{FIRST_HOLD, HOLD};
pub use decide::served_view::{ServedView, Standing};
pub use decide::tracked::Reason;
pub use follow::Follower;
pub use hints::schedule::Schedule;
pub use hints::watch::Mode;
pub use loader::{Loader, Optimizing};
pub use scan::known_files::Reread;
pub use scan::lock_reader::lock_of;
pub use scan::scanned::{Contents, Key, PluginUnit, Scan, SeenDirectory};
pub use scan::scanner::Scanner;
pub(crate) use scan::scanner::{MAX_WASM, MAX_WIT, is_manifest, stem, wit_of};
