//! The signature of a file: facts that differ between its states, without reading it.

use std::fs::Metadata;
use std::path::Path;
use std::time::SystemTime;

use crate::fs::bounded_read::ReadError;

/// Facts of a file that show cheaply that it may have changed. Equal signatures prove nothing by themselves: see
/// [`is_proof`](Self::is_proof).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileSignature {
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    inode: Inode,
}

/// The further facts that a Unix file system has of a file.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inode {
    device: u64,
    number: u64,
    /// The change time in seconds, and nanoseconds; no program can set it.
    changed: (i64, i64),
}

impl FileSignature {
    /// Reads the signature of the file at `path`, followed through links.
    pub(crate) fn of(path: &Path) -> Result<Self, ReadError> {
        Ok(Self::from(&std::fs::metadata(path)?))
    }

    /// True if a file that still has this signature still has the bytes that were read at `read`: its
    /// change time lies so far back that a later write must have moved it.
    #[cfg(unix)]
    pub(crate) fn is_proof(&self, read: SystemTime) -> bool {
        const COARSE: u64 = 2;
        let read = read.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        u64::try_from(self.inode.changed.0).is_ok_and(|changed| changed + COARSE < read)
    }

    /// Always false: there is no change time that can be trusted.
    #[cfg(not(unix))]
    pub(crate) fn is_proof(&self, _read: SystemTime) -> bool {
        false
    }
}

impl From<&Metadata> for FileSignature {
    fn from(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: Inode {
                device: metadata.dev(),
                number: metadata.ino(),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
            },
        }
    }
}
