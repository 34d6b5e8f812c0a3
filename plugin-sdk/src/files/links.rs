//! Symbolic links, followed one by one: where a path really leads, and which link leads out.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Links on the way to one file, at most.
const MAX_LINKS: usize = 40;

/// The path to the same file with no link on the way, whether the last parts of it are there or not.
///
/// # Errors
///
/// If a link leads out of what is granted, or links lead in a circle.
pub fn real(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let mut left = parts(path.as_ref());
    let (mut real, mut links) = (PathBuf::from("/"), 0);
    while let Some(part) = left.pop() {
        if part == ".." {
            real.pop();
            continue;
        }
        real.push(part);
        // What is not granted or not there has no links; whoever opens it hears why it cannot be.
        let is_link = fs::symlink_metadata(&real).is_ok_and(|about| about.is_symlink());
        if !is_link {
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(circle());
        }
        let target = fs::read_link(&real)?;
        if target.has_root() {
            real = PathBuf::from("/");
        } else {
            real.pop();
        }
        left.extend(parts(&target));
    }
    Ok(real)
}

/// Last part first, without `.` and the root.
fn parts(path: &Path) -> Vec<OsString> {
    let named = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    path.components().rev().filter(named).map(|part| part.as_os_str().to_owned()).collect()
}

#[cfg(target_family = "wasm")]
fn circle() -> io::Error {
    io::Error::from_raw_os_error(32)
}

#[cfg(not(target_family = "wasm"))]
fn circle() -> io::Error {
    io::Error::other("too many links")
}

/// The first link on the way to `path` that cannot be followed.
pub(super) fn leading_out(path: &Path) -> Option<PathBuf> {
    let mut ways: Vec<_> = path.ancestors().collect();
    ways.reverse();
    let is_out = |way: &&Path| {
        let is_link = fs::symlink_metadata(way).is_ok_and(|about| about.is_symlink());
        is_link
            && fs::metadata(way).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    ways.into_iter().find(is_out).map(Path::to_owned)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_what_they_lead_to() {
        let root = std::env::temp_dir().join(format!("toolrack-links-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("a/b")).expect("done");
        let root = root.canonicalize().expect("done");
        symlink("a/b", root.join("to_b")).expect("done");
        symlink("../to_b/../x", root.join("a/to_x")).expect("done");
        symlink("circle", root.join("circle")).expect("done");
        for (path, expected) in [
            ("to_b/new", "a/b/new"),
            ("to_b/../c", "a/c"),
            ("a/to_x", "a/x"),
            ("no/such", "no/such"),
        ] {
            assert_eq!(real(root.join(path)).expect("done"), root.join(expected), "{path}");
        }
        assert!(real(root.join("circle")).is_err());
        fs::remove_dir_all(&root).expect("done");
    }
}
