//! The names of files that stand beside another for a moment.

/// The end of the name of a file that is written to take another's place. The host knows this: until then such a file
/// is its owner's alone, and it takes the place only with the mode and the owner of what was there.
pub(super) const BESIDE: &str = ".toolrack-new";
/// The end of the name of a lock.
pub(super) const LOCK: &str = ".toolrack-lock";
