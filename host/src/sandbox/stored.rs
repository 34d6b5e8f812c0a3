//! Files of the cache's directory: opened with care, written whole or not at all.
//!
//! The directory is private, but a host does not hang and does not trust because of what it meets in
//! it. What the files hold is not known here.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use crate::whole::random_name;

/// How a file is named while it is written. Hidden, and no name of anything else.
const TEMPORARY: &str = ".tmp-";

/// A temporary file older than this belongs to nobody.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Opens a regular file that only this user can read and write.
pub(super) fn open(path: &Path) -> io::Result<File> {
    // Opening a device may do anything, so what is no file is not opened.
    private_file(&fs::symlink_metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    let file = options.open(path)?;
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
pub(super) fn read(file: &mut File, at_most: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len().min(at_most);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(at_most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > at_most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// A new file with these bytes, in pieces, under a name of its own that nobody looks for.
pub(super) fn write_beside(directory: &Path, pieces: [&[u8]; 2]) -> io::Result<PathBuf> {
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

/// A file that is locked, and touched again and again, while this lives, so that others can see that somebody is at work.
pub(super) struct AtWork {
    path: PathBuf,
    _locked: Arc<File>,
    /// Ends the thread that touches it.
    _ends: mpsc::Sender<()>,
}

/// What another process does about an entry.
pub(super) enum Other {
    /// It is at work. The time at which it has said so last, by its file system.
    AtWork(Option<SystemTime>),
    /// Nobody is: the work is this one's.
    Nobody(AtWork),
}

impl AtWork {
    /// How often the file is touched.
    pub(super) const TOUCHES: Duration = Duration::from_millis(250);

    /// Begins the work of this name in `directory`, unless another is at it.
    pub(super) fn begin(directory: &Path, name: &str) -> io::Result<Other> {
        let path = directory.join(format!("{TEMPORARY}{}", name.replace('.', "-")));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;

            use rustix::fs::OFlags;
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
            options.mode(0o600).custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
        }
        let file = options.open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Other::Nobody(Self::touching(path, file))),
            Err(TryLockError::WouldBlock) => Ok(Other::AtWork(file.metadata()?.modified().ok())),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn touching(path: PathBuf, file: File) -> Self {
        let locked = Arc::new(file);
        let (ends, ended) = mpsc::channel();
        let own = Arc::downgrade(&locked);
        let touch = move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(Self::TOUCHES) {
                let Some(file) = own.upgrade() else { return };
                let _ = file.set_modified(SystemTime::now());
            }
        };
        // Without it, others do the same work as well.
        let _ = std::thread::Builder::new().name("at work".into()).spawn(touch);
        Self { path, _locked: locked, _ends: ends }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        // Who has opened it meanwhile locks a file that nobody else finds: at worst, work is done twice.
        remove(&self.path);
    }
}

/// Takes away what stands at `path`, if it can be.
pub(super) fn remove(path: &Path) {
    // A directory in a file's place goes only if it is empty: it is nothing of ours.
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
}

/// Takes away what others began to write and will not finish.
pub(super) fn remove_abandoned(directory: &Path) -> io::Result<()> {
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
