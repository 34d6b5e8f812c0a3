//! Files put in place whole: written beside under a hidden name, which no scan takes for a plugin, and
//! renamed when all of it is on the disk.
//!
//! What the files hold is not known here.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::failpoint::{self, Point};

/// The end of hidden names, after a dot and sixteen hexadecimal digits.
const HIDDEN_ENDING: &str = ".toolrack";
/// The age from which a hidden file is abandoned: the process that wrote it was killed.
const ABANDONED_AGE: Duration = Duration::from_secs(60 * 60);

/// A file under a hidden name. Unless it is finished, dropping it removes it.
pub(crate) struct Unfinished {
    hidden: PathBuf,
    /// The place where the file goes.
    pub(crate) path: PathBuf,
}

impl Unfinished {
    /// Writes `bytes`, which are to become the file `name` in `directory`.
    pub(crate) fn write(
        directory: &Path,
        name: impl AsRef<Path>,
        bytes: &[u8],
    ) -> io::Result<Self> {
        Self::write_with(File::options(), directory, name.as_ref(), bytes)
    }

    /// Writes `bytes` like [`write`](Self::write), for this user's eyes alone.
    pub(crate) fn write_private(
        directory: &Path,
        name: impl AsRef<Path>,
        bytes: &[u8],
    ) -> io::Result<Self> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "a user's files are private there"))]
        let mut options = File::options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Self::write_with(options, directory, name.as_ref(), bytes)
    }

    fn write_with(
        mut options: fs::OpenOptions,
        directory: &Path,
        name: &Path,
        bytes: &[u8],
    ) -> io::Result<Self> {
        let hidden = directory.join(format!(".{}{HIDDEN_ENDING}", random_name()?));
        let mut file = options.write(true).create_new(true).open(&hidden)?;
        let unfinished = Self { hidden, path: directory.join(name) };
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(unfinished)
    }

    /// Gives it the permissions that `other` has.
    pub(crate) fn permits_as(&self, other: &fs::Metadata) -> io::Result<()> {
        fs::set_permissions(&self.hidden, other.permissions())
    }

    /// Gives it the owner that `other` has. Without this, a file that root edits would be lost to its owner.
    #[cfg(unix)]
    fn owned_as(&self, other: &fs::Metadata) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt as _;
        let own = fs::symlink_metadata(&self.hidden)?;
        let (user, group) = (other.uid(), other.gid());
        if (own.uid(), own.gid()) == (user, group) {
            return Ok(());
        }
        std::os::unix::fs::chown(&self.hidden, Some(user), Some(group))
    }

    /// Leaves the owner as it is: a new file inherits what its directory grants.
    #[cfg(not(unix))]
    fn owned_as(&self, _: &fs::Metadata) -> io::Result<()> {
        Ok(())
    }

    /// Puts the file in place.
    pub(crate) fn finish(self) -> io::Result<()> {
        failpoint::at(Point::WholeWritten)?;
        fs::rename(&self.hidden, &self.path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // The hidden file is not there any more once it is finished.
        let _ = fs::remove_file(&self.hidden);
    }
}

/// A file that takes the place of another, or of none.
pub(crate) struct Replacement<'a> {
    /// Where it goes, past links.
    pub(crate) path: &'a Path,
    /// The file that is there, whose permissions it gets. `None` where there is none.
    pub(crate) old: Option<&'a fs::Metadata>,
    /// True if nobody else may read it before it has them, nor where there was no file.
    pub(crate) is_private: bool,
    pub(crate) owner: KeptOwner,
}

/// The owner of a file that takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptOwner {
    /// The other's, or nothing is replaced.
    Always,
    /// The other's where this user may give it back, as root may.
    WherePossible,
}

impl Replacement<'_> {
    /// Writes `bytes` and puts the file in place, if `check` still has nothing against it then.
    pub(crate) fn write<E: From<io::Error>>(
        &self,
        bytes: &[u8],
        check: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let (Some(directory), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Err(io::Error::from(io::ErrorKind::InvalidFilename).into());
        };
        sweep(directory);
        let write = if self.is_private { Unfinished::write_private } else { Unfinished::write };
        let file = write(directory, name, bytes)?;
        if let Some(old) = self.old {
            match file.owned_as(old) {
                Err(error)
                    if error.kind() == io::ErrorKind::PermissionDenied
                        && self.owner == KeptOwner::WherePossible => {}
                owned => owned?,
            }
            file.permits_as(old)?;
        }
        check()?;
        file.finish()?;
        sync(directory);
        Ok(())
    }
}

/// Removes the hidden files that writers left behind when they were killed.
pub(crate) fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten().filter(|entry| is_hidden(&entry.file_name())) {
        let modified = entry.metadata().and_then(|found| found.modified()).ok();
        if modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > ABANDONED_AGE) {
            // A hidden file that stays does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    let digits = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(HIDDEN_ENDING));
    digits.is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// Makes the names last through a power failure, where a system can.
pub(crate) fn sync(directory: &Path) {
    #[cfg(unix)]
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    #[cfg(not(unix))]
    let _ = directory;
}

/// Returns a name that cannot be guessed.
pub(crate) fn random_name() -> io::Result<String> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    Ok(format!("{random:016x}"))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_killed_writers_left_behind_is_removed_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        let left = path(".0123456789abcdef.toolrack");
        let others =
            [".toolrack", ".notes.toolrack", ".0123456789abcdef.toml", "hello.toml"].map(path);
        for file in others.iter().chain([&left]) {
            let file = File::create(file).expect("a file");
            file.set_modified(SystemTime::now() - 2 * ABANDONED_AGE).expect("a time");
        }
        let unfinished = Unfinished::write(directory.path(), "new.toml", b"").expect("a file");
        sweep(directory.path());
        assert!(!left.exists());
        assert!(others.iter().all(|file| file.exists()));
        unfinished.finish().expect("a rename");
        assert!(path("new.toml").exists());
    }
}
