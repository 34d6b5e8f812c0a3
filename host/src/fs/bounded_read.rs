//! Regular files from any origin: opened without waiting, read up to a bound.
//!
//! What they hold is not known here.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// The reason why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// Nothing is there.
    #[error("is missing")]
    Missing,
    /// Something else is there.
    #[error("is {0}, not a file")]
    NoFile(&'static str),
    /// The file has more than this many bytes.
    #[error("is larger than {}", size(*.0))]
    TooLarge(usize),
    /// The system does not let it be read.
    #[error("cannot be read: {0}")]
    Io(io::Error),
}

/// A number of bytes, in the largest unit that divides it.
fn size(bytes: usize) -> String {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    match bytes {
        0 => "0 bytes".into(),
        bytes if bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        bytes if bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
        bytes => format!("{bytes} bytes"),
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // Nothing can be below a file that stands in the place of a directory.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// Reads a regular file of at most `at_most` bytes.
pub(crate) fn read_at_most(path: &Path, at_most: usize) -> Result<Vec<u8>, ReadError> {
    read(path, at_most).map(|(bytes, _)| bytes)
}

/// Reads a regular file of at most `at_most` bytes, and what the system says of the file.
pub(crate) fn read(path: &Path, at_most: usize) -> Result<(Vec<u8>, Metadata), ReadError> {
    // A directory cannot be opened on every system.
    check_kind(&std::fs::metadata(path)?)?;
    let file = open(path)?;
    let metadata = file.metadata()?;
    check_kind(&metadata)?;
    if metadata.len() > at_most as u64 {
        return Err(ReadError::TooLarge(at_most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // The file may grow meanwhile.
    file.take(at_most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > at_most {
        return Err(ReadError::TooLarge(at_most));
    }
    Ok((bytes, metadata))
}

/// Makes `options` follow no link and wait for no other end of a pipe, and create a file that its owner alone can open.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    options
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

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn opening_waits_for_nobody_even_where_a_fifo_took_the_files_place() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&path).status().expect("started").success());
        let refused = read_at_most(&path, 10).expect_err("no file").to_string();
        assert_eq!(refused, "is a pipe, socket or device, not a file");
        let (opened, is_open) = channel();
        // The thread is left behind if it waits.
        std::thread::spawn(move || opened.send(open(&path).is_ok()));
        assert_eq!(is_open.recv_timeout(Duration::from_secs(10)), Ok(true));
    }
}
