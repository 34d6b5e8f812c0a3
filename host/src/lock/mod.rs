//! The trust file of a plugin directory, `toolrack.lock`: which version of each plugin somebody has
//! accepted, and whether another may be served in its place.
//!
//! It judges what it is given: who scans, serves and asks is not known here.

mod difference;
mod entry;
mod file;
mod grants;
mod judge;

pub use difference::{Difference, Part, differences};
pub use entry::{Definition, Entry, Files, Version};
pub use file::{LOCK_FILE, Lock, LockError, MAX_LOCK, write};
pub use grants::wider;
pub use judge::{Locking, Verdict, judge};
