//! The trust file of a plugin directory, `toolrack.lock`: the accepted version of each plugin, and
//! whether another may be served in its place.
//!
//! It judges the versions that it is given: scanning, serving and asking are not known here.

mod grants;
mod definition;
mod entry;
mod difference;
mod file;
mod judge;

pub use definition::{Change, Definition, Part, ToldFeature, ToolDefinition};
pub use difference::{Difference, differences};
pub use entry::{FeatureId, Files, LockEntry, PluginVersion};
pub(crate) use file::lock_help;
pub use file::{LOCK_FILE, Lock, LockError, MAX_LOCK, write};
pub use grants::wider;
pub use judge::{LockPolicy, Verdict, judge, unlisted};
