//! The files of the audit log: opened so that nobody else decides where they lie, appended to whole lines, and begun anew when
//! one is full.
//!
//! Several servers may write one file. Each appends whole lines at once, follows where another has begun a new file, and takes
//! turns at that by a lock on the file itself. The contents of the lines are not known here.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::settings::AuditFiles;
use crate::fs::bounded_read::private;
use crate::fs::links::link_chain;
use crate::fs::others_rights::{everybody_replaces_in, everybody_writes};
use crate::text::shell_word;

/// The reason why the file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum AuditFileError {
    /// Something else is there.
    #[error("it is no regular file; name a file, or \"stderr\"")]
    NoFile,
    /// The file has another name, too.
    #[error("it has {0} names, and may be another file in truth; remove it")]
    Linked(u64),
    /// Somebody else owns it.
    #[error(
        "it belongs to the user {0}, and toolrack runs as {1}; remove it, or name another file"
    )]
    Foreign(u32, u32),
    /// Everybody can write it.
    #[error("everybody on this machine can write it; `chmod go-w {0}` takes that away")]
    Open(String),
    /// Everybody can put another file in its place.
    #[error(
        "everybody on this machine can put another file in its place; `chmod go-w {0}` takes that away"
    )]
    Replaceable(String),
    /// Everybody can make files beside it.
    #[error(
        "everybody on this machine can make files beside it, and so keep another from being begun; name a file in a directory of \
         your own"
    )]
    Crowded,
    /// No other file can be begun, and this one is twice as large as it may be.
    #[error("it is twice as large as it may be, and cannot be renamed: {0}")]
    Stuck(String),
    /// The system does not let it be written.
    #[error("{}", in_words(.0))]
    Io(#[from] io::Error),
}

/// Returns an error of the system, with what to do about it where that is known.
fn in_words(error: &io::Error) -> String {
    if is_link(error) {
        return "it is a link, which is not followed; name the file itself".into();
    }
    match error.kind() {
        ErrorKind::NotFound => format!("{error}; make its directory first"),
        ErrorKind::IsADirectory => format!("{error}; name a file in it"),
        ErrorKind::PermissionDenied => {
            format!(
                "{error}; {}, which needs the right to write it, and into its directory",
                runner()
            )
        }
        _ => error.to_string(),
    }
}

/// The user that toolrack runs as, in words.
fn runner() -> String {
    #[cfg(unix)]
    return format!("toolrack runs as the user {}", rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    return "toolrack runs as this user".into();
}

/// True if a file was not opened because it is a link.
fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    return false;
}

/// An error, and the number of bytes that were written before it and are not to be written again.
#[derive(Debug)]
pub(super) struct UnwrittenLines {
    pub(super) written: usize,
    pub(super) error: AuditFileError,
}

/// The file that is written.
pub(super) struct AuditFile {
    files: AuditFiles,
    open: Option<File>,
}

/// The tries to get the lock of the file, which another server holds while it writes, and the time between them. A server
/// that is stopped keeps it; lines are written then all the same.
const LOCK_TRIES: u32 = 40;
const LOCK_REST: Duration = Duration::from_millis(5);

impl AuditFile {
    /// Opens the file, and makes it where it is not there. Nothing is written.
    pub(super) fn open(files: AuditFiles) -> Result<Self, AuditFileError> {
        check_place(&files.path)?;
        let mut file = Self { files, open: None };
        file.current()?;
        Ok(file)
    }

    /// Checks that the file can be opened, or made. Nothing is changed.
    pub(super) fn check(path: &Path) -> Result<(), AuditFileError> {
        check_place(path)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        match private(&mut options).open(path) {
            Ok(file) => check_opened(&file.metadata()?, path),
            Err(error) if error.kind() == ErrorKind::NotFound => check_made(path),
            Err(error) => Err(error.into()),
        }
    }

    /// Appends whole lines, to the next file where they do not fit into this one.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), UnwrittenLines> {
        let unwritten = |error| UnwrittenLines { written: 0, error };
        self.lock().map_err(unwritten)?;
        let appended = self.append_locked(lines);
        if let Some(file) = &self.open {
            // A file that cannot be locked needs no unlocking.
            let _ = file.unlock();
        }
        appended
    }

    fn append_locked(&mut self, lines: &[u8]) -> Result<(), UnwrittenLines> {
        let unwritten = |error| UnwrittenLines { written: 0, error };
        self.make_room(lines.len() as u64).map_err(unwritten)?;
        if self.open.is_none() {
            // Another file was begun.
            self.lock().map_err(unwritten)?;
        }
        let file = self.current().map_err(unwritten)?;
        // Whoever wrote last may have been cut off: a disk was full, or a server was killed.
        if is_torn(file).map_err(|error| unwritten(error.into()))? {
            write(file, b"\n").map_err(|(_, error)| unwritten(error.into()))?;
        }
        write(file, lines).map_err(|(at, error)| {
            let end = lines[..at].iter().rposition(|&byte| byte == b'\n');
            UnwrittenLines { written: end.map_or(0, |end| end + 1), error: error.into() }
        })
    }

    /// Locks the file that is at the path, so that no other server writes meanwhile.
    #[cfg(unix)]
    fn lock(&mut self) -> Result<(), AuditFileError> {
        for _ in 0..LOCK_TRIES {
            match self.current()?.try_lock() {
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_REST),
                // A file that cannot be locked is for one server alone.
                Err(TryLockError::Error(_)) => return Ok(()),
                Ok(()) if self.open.as_ref().is_some_and(|file| is_at(file, &self.files.path)) => {
                    return Ok(());
                }
                // Another server has begun another file meanwhile.
                Ok(()) => self.open = None,
            }
        }
        Ok(())
    }

    /// There, the file is opened for each write, and locks end with that.
    #[cfg(not(unix))]
    fn lock(&mut self) -> Result<(), AuditFileError> {
        Ok(())
    }

    /// Waits until what was written is on the disk.
    pub(super) fn sync(&self) {
        if let Some(file) = &self.open {
            // Some file systems cannot; the lines are with the system anyway.
            let _ = file.sync_data();
        }
    }

    /// Makes sure that so many bytes fit into the file, or that it is another.
    fn make_room(&mut self, bytes: u64) -> Result<(), AuditFileError> {
        let size = self.files.size;
        let length = self.current()?.metadata()?.len();
        if length > 0
            && length.saturating_add(bytes) > size
            && let Err(error) = self.begin_another()
            // A file that cannot be renamed takes the lines of some time more.
            && length > size.saturating_mul(2)
        {
            return Err(AuditFileError::Stuck(error.to_string()));
        }
        Ok(())
    }

    /// The file at its path, which another server may have begun anew.
    fn current(&mut self) -> Result<&File, AuditFileError> {
        let open = self.open.take();
        let open = match open.filter(|file| is_at(file, &self.files.path)) {
            Some(file) => file,
            None => open_private(&self.files.path)?,
        };
        Ok(self.open.insert(open))
    }

    /// Begins another file, unless another server does.
    fn begin_another(&mut self) -> io::Result<()> {
        let Some(file) = &self.open else { return Ok(()) };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(()),
            // A file that cannot be locked is for one server alone.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        if !is_at(file, &self.files.path) {
            return Ok(());
        }
        for number in (1..self.files.older).rev() {
            match fs::rename(self.older(number), self.older(number + 1)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.files.path, self.older(1))?;
        // Closing it lets go of the lock.
        self.open = None;
        Ok(())
    }

    fn older(&self, number: u64) -> PathBuf {
        let mut path = OsString::from(&self.files.path);
        path.push(format!(".{number}"));
        path.into()
    }
}

/// Writes all of `bytes`. Fails with the number of those that were written.
pub(super) fn write(mut place: impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut at = 0;
    while at < bytes.len() {
        match place.write(&bytes[at..]) {
            Ok(0) => return Err((at, ErrorKind::WriteZero.into())),
            Ok(more) => at += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err((at, error)),
        }
    }
    Ok(())
}

/// Checks that not everybody can put another file, or another link on the way, in its place.
fn check_place(path: &Path) -> Result<(), AuditFileError> {
    let chain = link_chain(path);
    let directories = chain.links.iter().map(|(directory, _)| directory.as_path());
    let mut directories = directories.chain(chain.end.as_deref().and_then(Path::parent));
    match directories.find_map(everybody_replaces_in) {
        Some(open) => Err(AuditFileError::Replaceable(shell_word(&open.to_string_lossy()))),
        // In a sticky directory, files that others made there cannot be renamed or replaced.
        None if path.parent().is_some_and(everybody_writes) => Err(AuditFileError::Crowded),
        None => Ok(()),
    }
}

/// Checks that a file that is not there can be made.
#[cfg(unix)]
fn check_made(path: &Path) -> Result<(), AuditFileError> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let directory = path.parent().unwrap_or(Path::new("/"));
    let rights = Access::WRITE_OK | Access::EXEC_OK;
    accessat(CWD, directory, rights, AtFlags::EACCESS).map_err(io::Error::from)?;
    Ok(())
}

#[cfg(not(unix))]
fn check_made(path: &Path) -> Result<(), AuditFileError> {
    match path.parent().is_some_and(Path::is_dir) {
        true => Ok(()),
        false => Err(io::Error::from(ErrorKind::NotFound).into()),
    }
}

fn open_private(path: &Path) -> Result<File, AuditFileError> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    let file = private(&mut options).open(path)?;
    check_opened(&file.metadata()?, path)?;
    Ok(file)
}

/// True if the last line of a file is not whole.
fn is_torn(mut file: &File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    // Whatever is written goes to the end.
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Checks that an open file is what this user made, or an administrator for this user.
#[cfg(unix)]
fn check_opened(opened: &Metadata, path: &Path) -> Result<(), AuditFileError> {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    match opened {
        other if !other.is_file() => Err(AuditFileError::NoFile),
        linked if linked.nlink() > 1 => Err(AuditFileError::Linked(linked.nlink())),
        foreign if ![own, 0].contains(&foreign.uid()) => {
            Err(AuditFileError::Foreign(foreign.uid(), own))
        }
        open if open.mode() & 0o002 != 0 => {
            Err(AuditFileError::Open(shell_word(&path.to_string_lossy())))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_opened(opened: &Metadata, _: &Path) -> Result<(), AuditFileError> {
    if opened.is_file() { Ok(()) } else { Err(AuditFileError::NoFile) }
}

/// True if `file` is what lies at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

/// There, files that are open cannot be renamed, so it is opened for each write.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    false
}
