//! The rights that other users of this machine have. Links are followed. Rights are not Unix's on Windows, and a home directory
//! is private there.

use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::links::link_chain;

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
    held_ancestors(path).find(|above| mode(above).is_some_and(replaces))
}

/// Returns the file at `path`, or a directory on the way to it, if users beside root and the one of this process can change it,
/// or put something else in the place of what leads to the file. Rights of the group of root count as root's.
#[cfg(unix)]
pub(crate) fn others_change(path: &Path) -> std::io::Result<Option<PathBuf>> {
    let chain = link_chain(path);
    let circle = || std::io::Error::other("its links lead in a circle");
    let file = chain.end.ok_or_else(circle)?;
    if is_open_to_others(&file.metadata()?, false) {
        return Ok(Some(file));
    }
    let directories = chain.links.iter().map(|(directory, _)| directory.as_path());
    for directory in directories.chain(file.parent()) {
        for above in held_ancestors(directory) {
            if is_open_to_others(&above.metadata()?, true) {
                return Ok(Some(above.to_owned()));
            }
        }
    }
    Ok(None)
}

/// True if others than root and the user of this process can change the file, or what the directory holds of theirs.
#[cfg(unix)]
fn is_open_to_others(found: &std::fs::Metadata, is_directory: bool) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    // Everybody can add files to a sticky directory, and their owners alone replace them.
    let is_sticky = is_directory && found.mode() & 0o1000 != 0;
    let group = if found.gid() == 0 { 0 } else { 0o020 };
    (found.mode() & (0o002 | group) != 0 && !is_sticky) || ![0, own].contains(&found.uid())
}

#[cfg(not(unix))]
pub(crate) fn others_change(path: &Path) -> std::io::Result<Option<PathBuf>> {
    path.canonicalize().map(|_| None)
}

/// The directory `path` and those above it in which a name leads to it. Nobody moves or removes a mount point, whoever writes
/// into the directory that it lies in, so that one is left out; those above it can be moved with all that is mounted there.
fn held_ancestors(path: &Path) -> impl Iterator<Item = &Path> {
    let mut is_held = false;
    path.ancestors().filter(move |above| {
        let was_held = std::mem::replace(&mut is_held, is_mount_point(above));
        !was_held
    })
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
    fn others_change_what_they_write_or_what_leads_there() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::TempDir::new().expect("a directory");
        let within = root.path().canonicalize().expect("a path").join("within");
        let file = within.join("file");
        std::fs::create_dir(&within).expect("a directory");
        std::fs::write(&file, "").expect("a file");
        let mode = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        for (of_directory, of_file, expected) in [
            (0o755, 0o644, None),
            (0o755, 0o646, Some(&file)),
            (0o757, 0o644, Some(&within)),
            (0o1777, 0o644, None),
            (0o1777, 0o666, Some(&file)),
        ] {
            mode(&within, of_directory);
            mode(&file, of_file);
            let found = others_change(&file).expect("there");
            assert_eq!(found.as_ref(), expected, "{of_directory:o} {of_file:o}");
        }
        assert!(others_change(&within.join("nosuch")).is_err());
        // A link is as firm as the directory that it stands in.
        let links = root.path().canonicalize().expect("a path").join("links");
        std::fs::create_dir(&links).expect("a directory");
        std::os::unix::fs::symlink(&within, links.join("way")).expect("a link");
        mode(&within, 0o755);
        mode(&file, 0o644);
        for (of_links, expected) in [(0o755, None), (0o777, Some(&links))] {
            mode(&links, of_links);
            let found = others_change(&links.join("way/file")).expect("there");
            assert_eq!(found.as_ref(), expected, "{of_links:o}");
        }
    }

    #[test]
    fn a_mount_point_is_known_and_what_lies_in_it_is_none() {
        let directory = tempfile::TempDir::new().expect("a directory");
        assert!(is_mount_point(Path::new("/proc")));
        assert!(!is_mount_point(Path::new("/proc/sys/kernel/random")));
        assert!(!is_mount_point(directory.path()) && !is_mount_point(Path::new("/nosuch")));
    }
}
