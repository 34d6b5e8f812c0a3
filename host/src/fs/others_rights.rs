//! The rights that every user of this machine has. Links are followed. Rights are not Unix's on Windows, and a home directory
//! is private there.

use std::path::Path;

/// True if every user of this machine can write the file at `path`, or into the directory.
pub(crate) fn everybody_writes(path: &Path) -> bool {
    mode(path).is_some_and(|mode| mode & 0o002 != 0)
}

/// True if every user of this machine can read the file at `path`.
pub(crate) fn everybody_reads(path: &Path) -> bool {
    mode(path).is_some_and(|mode| mode & 0o004 != 0)
}

/// True if every user of this machine can read the file at `path`, and gets through the directories on the way to it.
pub(crate) fn everybody_reaches(path: &Path) -> bool {
    let Ok(file) = path.canonicalize() else { return false };
    let mut above = file.ancestors().skip(1);
    everybody_reads(&file) && above.all(|above| mode(above).is_some_and(|mode| mode & 0o001 != 0))
}

/// Returns the nearest directory, `path` or one above it, in which every user of this machine can put something else in the
/// place of what leads to a file in `path`. `None` if there is none.
pub(crate) fn everybody_replaces_in(path: &Path) -> Option<&Path> {
    // Everybody can add files to a sticky directory, and their owners alone replace them.
    let replaces = |mode: u32| mode & 0o002 != 0 && mode & 0o1000 == 0;
    for above in path.ancestors() {
        if mode(above).is_some_and(replaces) {
            return Some(above);
        }
        // Nobody moves or removes a mount point, whoever writes into the directory that it lies in.
        if is_mount_point(above) {
            return None;
        }
    }
    None
}

/// True if something is mounted at `path`, as far as is known.
#[cfg(target_os = "linux")]
fn is_mount_point(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let root = StatxAttributes::MOUNT_ROOT;
    statx(CWD, path, AtFlags::empty(), StatxFlags::empty()).is_ok_and(|found| {
        found.stx_attributes_mask.contains(root) && found.stx_attributes.contains(root)
    })
}

#[cfg(not(target_os = "linux"))]
fn is_mount_point(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().ok().map(|found| found.mode())
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_known_and_what_lies_in_it_is_none() {
        let directory = tempfile::TempDir::new().expect("a directory");
        assert!(is_mount_point(Path::new("/proc")));
        assert!(!is_mount_point(Path::new("/proc/sys/kernel/random")));
        assert!(!is_mount_point(directory.path()) && !is_mount_point(Path::new("/nosuch")));
    }
}
