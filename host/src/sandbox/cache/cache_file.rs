//! Files of the cache's directory: opened with care, written whole or not at all.
//!
//! The directory is private, but a host does not hang and does not trust because of what it meets
//! in it. This module does not know what the files hold.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::fs::atomic_write::random_name;
use crate::fs::bounded_read::private;

/// The beginning of a file's name while it is written. It makes the file hidden, and no other
/// file's name begins so.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// The age beyond which a temporary file counts as abandoned.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Opens a regular file that only this user can read and write.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Opening a device may do anything, so what is no file is not opened.
    private_file(&fs::symlink_metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    let file = private(&mut options).open(path)?;
    // Something else may have taken its place.
    private_file(&file.metadata()?)?;
    Ok(file)
}

fn private_file(found: &fs::Metadata) -> io::Result<()> {
    if !found.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if found.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::other("others can open it"));
        }
    }
    Ok(())
}

/// The rest of a file, if it is not larger.
pub(crate) fn read(file: &mut File, at_most: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len().min(at_most);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(at_most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > at_most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// A new file with these bytes, in pieces, under a name of its own that no reader looks for.
pub(crate) fn write_beside(directory: &Path, pieces: [&[u8]; 2]) -> io::Result<PathBuf> {
    // Not the process's id: hosts in containers share directories, and all are number 1.
    let path = directory.join(format!("{TEMPORARY}{}", random_name()?));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    let written = pieces.into_iter().try_for_each(|piece| file.write_all(piece));
    drop(file);
    if let Err(error) = written {
        remove(&path);
        return Err(error);
    }
    Ok(path)
}

/// Takes away what stands at `path`, if it can be.
pub(crate) fn remove(path: &Path) {
    // A directory in a file's place goes only if it is empty: it is nothing of ours.
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
}

/// Removes the files that others began to write and will not finish.
pub(crate) fn remove_abandoned(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_temporary = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        if is_temporary && age(&entry).is_some_and(|age| age > ABANDONED) {
            remove(&entry.path());
        }
    }
    Ok(())
}

fn age(entry: &fs::DirEntry) -> Option<Duration> {
    SystemTime::now().duration_since(entry.metadata().ok()?.modified().ok()?).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_written_for_this_user_alone_and_opened_only_while_it_is() {
        let root = tempfile::tempdir().expect("a directory");
        let path = write_beside(root.path(), [b"a", b"b"]).expect("written");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for (mode, opens) in [(0o600, true), (0o640, false), (0o620, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            assert_eq!(open(&path).is_ok(), opens, "{mode:o}");
        }
    }
}
