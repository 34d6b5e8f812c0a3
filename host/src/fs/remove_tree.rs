//! A directory removed with all that is in it, however deep it nests.
//!
//! The standard library goes down with one call and one open directory a level: a tree that a plugin made can be deeper
//! than a stack, or than the descriptors of a process. Here each directory is emptied into the topmost one, level by
//! level, in constant stack and with two open directories.

use std::fs;
use std::io;
use std::path::Path;

use super::atomic_write::random_name;

/// Removes `root` and all below it. Links are removed and not followed. Blocks.
pub(crate) fn remove_tree(root: &Path) -> io::Result<()> {
    let name = random_name()?;
    let mut moved = 0_u64;
    loop {
        let mut is_empty = true;
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            is_empty = false;
            if entry.file_type()?.is_dir() {
                empty_into(root, &entry.path(), &name, &mut moved)?;
            } else {
                remove_file(&entry.path())?;
            }
        }
        if is_empty {
            return fs::remove_dir(root);
        }
    }
}

/// Removes `directory`, whose own directories move into `root` under new names.
fn empty_into(root: &Path, directory: &Path, name: &str, moved: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            *moved += 1;
            fs::rename(entry.path(), root.join(format!("{name}-{moved}")))?;
        } else {
            remove_file(&entry.path())?;
        }
    }
    fs::remove_dir(directory)
}

fn remove_file(path: &Path) -> io::Result<()> {
    // On Windows a link to a directory is removed as one.
    fs::remove_file(path).or_else(|error| fs::remove_dir(path).map_err(|_| error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_deeper_than_any_stack_is_removed() {
        let place = tempfile::tempdir().expect("a directory");
        let [root, next] = ["root", "next"].map(|name| place.path().join(name));
        fs::create_dir(&root).expect("made");
        fs::write(root.join("file"), "at the bottom").expect("written");
        for _ in 0..20_000 {
            fs::create_dir(&next).expect("made");
            fs::rename(&root, next.join("d")).expect("moved");
            fs::rename(&next, &root).expect("moved");
        }
        // A frame and a path a level would not fit by far.
        let small = std::thread::Builder::new().stack_size(128 * 1024);
        let removing = small.spawn(move || remove_tree(&root)).expect("a thread");
        removing.join().expect("no panic").expect("removed");
        assert_eq!(fs::read_dir(place.path()).expect("there").count(), 0);
    }

    #[test]
    fn all_of_it_goes_and_nothing_that_a_link_leads_to() {
        let place = tempfile::tempdir().expect("a directory");
        let [root, other] = ["root", "other"].map(|name| place.path().join(name));
        for made in ["a/b/c", "a/b/d", "e"] {
            fs::create_dir_all(root.join(made)).expect("made");
            fs::write(root.join(made).join("file"), "x").expect("written");
        }
        fs::create_dir(&other).expect("made");
        fs::write(other.join("kept"), "x").expect("written");
        #[cfg(unix)]
        for link in ["out", "a/out"] {
            std::os::unix::fs::symlink(&other, root.join(link)).expect("a link");
        }
        remove_tree(&root).expect("removed");
        assert!(!root.exists() && other.join("kept").exists());
        assert_eq!(remove_tree(&root).expect_err("gone").kind(), io::ErrorKind::NotFound);
    }
}
