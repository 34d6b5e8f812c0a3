//! Reading one file that anybody may have put there: regular, bounded, and known again.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// Nothing is there.
    #[error("is missing")]
    Missing,
    /// Something else is there.
    #[error("is {0}, not a file")]
    NoFile(&'static str),
    /// More than this many bytes.
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    /// The system says no.
    #[error("cannot be read: {0}")]
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// What tells cheaply that a file may have changed. Equal signatures prove nothing by themselves: see
/// [`is_proof`](Self::is_proof).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    inode: Inode,
}

/// What a Unix file system says of a file besides.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inode {
    device: u64,
    number: u64,
    /// The change time in seconds, and nanoseconds; no program can set it.
    changed: (i64, i64),
}

impl Signature {
    /// That of the file at `path`, followed through links.
    pub(super) fn of(path: &Path) -> Result<Self, ReadError> {
        Ok(Self::from(&std::fs::metadata(path)?))
    }

    /// Whether a file that still has this signature still has the bytes that were read at `read`: its
    /// change time lies so far back that a later write must have moved it.
    #[cfg(unix)]
    pub(super) fn is_proof(&self, read: SystemTime) -> bool {
        const COARSE: u64 = 2;
        let read = read.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        u64::try_from(self.inode.changed.0).is_ok_and(|changed| changed + COARSE < read)
    }

    /// The same where there is no change time that can be trusted.
    #[cfg(not(unix))]
    pub(super) fn is_proof(&self, _read: SystemTime) -> bool {
        false
    }
}

impl From<&Metadata> for Signature {
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

/// A regular file's bytes.
pub(crate) fn read_at_most(path: &Path, at_most: usize) -> Result<Vec<u8>, ReadError> {
    // A directory cannot be opened everywhere.
    check_kind(&std::fs::metadata(path)?)?;
    let file = open(path)?;
    let metadata = file.metadata()?;
    check_kind(&metadata)?;
    if metadata.len() > at_most as u64 {
        return Err(ReadError::TooLarge(at_most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // It may grow meanwhile.
    file.take(at_most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > at_most {
        return Err(ReadError::TooLarge(at_most));
    }
    Ok(bytes)
}

/// Opens without waiting: a FIFO may have taken the file's place since it was looked at.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits();
        options.custom_flags(i32::try_from(nonblocking).unwrap_or_default());
    }
    options.open(path)
}

fn check_kind(metadata: &Metadata) -> Result<(), ReadError> {
    if metadata.is_dir() {
        return Err(ReadError::NoFile("a directory"));
    }
    if !metadata.is_file() {
        return Err(ReadError::NoFile("a pipe, socket or device"));
    }
    Ok(())
}
