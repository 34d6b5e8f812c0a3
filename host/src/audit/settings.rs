//! The operator's choices for the audit log.

use std::path::PathBuf;

/// The choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    /// The place of the lines.
    pub target: AuditTarget,
    /// True if lines hold the arguments of calls, and not only their digest.
    pub with_arguments: bool,
}

/// The place of the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditTarget {
    /// The process's stderr, where the log goes, too.
    Stderr,
    /// A file, and older ones beside it.
    File(AuditFiles),
}

/// A file that is written, and older ones beside it, whose names end with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFiles {
    /// The file that is written.
    pub path: PathBuf,
    /// The size beyond which another is begun, in bytes.
    pub size: u64,
    /// The number of older ones that are kept.
    pub older: u64,
}
