//! The rights of others to a file.

use std::path::Path;

/// True if every user of this machine can write the file at `path`, or into the directory. Links are followed. Rights are
/// not Unix's on Windows, and a home directory is private there.
pub(crate) fn everybody_writes(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        path.metadata().is_ok_and(|found| found.mode() & 0o002 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}
