//! The file system as WASI has it. What is written by `std::fs` goes through a stream, whose errors WASI's libc
//! takes all for one; what is written here does not.

use std::io;
use std::path::{Path, PathBuf};

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
    filesystem_error_code,
};
use wasip2::io::streams::StreamError;

use super::{Entries, Entry, Identity, Kind};

/// The most bytes that one call gives to the host.
const CHUNK: usize = 64 * 1024;

pub(super) fn roots() -> Vec<PathBuf> {
    get_directories().into_iter().map(|(_, at)| PathBuf::from(at)).collect()
}

/// Lists the directory at `path`.
///
/// # Errors
///
/// Those of the system.
pub fn entries(path: impl AsRef<Path>) -> io::Result<Entries> {
    let (directory, follow) = (OpenFlags::DIRECTORY, PathFlags::SYMLINK_FOLLOW);
    let directory = open(path.as_ref(), follow, directory, DescriptorFlags::READ)?;
    let stream = directory.read_directory().map_err(error)?;
    let mut found = Entries::default();
    loop {
        match stream.read_directory_entry() {
            Ok(None) => return Ok(found),
            Ok(Some(entry)) => {
                found.entries.push(Entry { name: entry.name, kind: kind(entry.type_) });
            }
            Err(ErrorCode::IllegalByteSequence) => found.unnamed += 1,
            Err(code) => return Err(error(code)),
        }
    }
}

fn kind(kind: DescriptorType) -> Kind {
    match kind {
        DescriptorType::RegularFile => Kind::File,
        DescriptorType::Directory => Kind::Directory,
        DescriptorType::SymbolicLink => Kind::Link,
        DescriptorType::BlockDevice | DescriptorType::CharacterDevice => Kind::Device,
        DescriptorType::Fifo | DescriptorType::Socket | DescriptorType::Unknown => Kind::Pipe,
    }
}

/// A file that is open to be changed.
pub(super) struct Open(Descriptor);

/// Returns the number of names that the file at `path` has, and its identity. A link is not followed.
pub(super) fn about(path: &Path) -> io::Result<(u64, Identity)> {
    let (root, below) = granted(path)?;
    let about = root.stat_at(PathFlags::empty(), &below).map_err(error)?;
    let hash = root.metadata_hash_at(PathFlags::empty(), &below).map_err(error)?;
    Ok((about.link_count, Some((hash.upper, hash.lower))))
}

impl Open {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        open(path, PathFlags::empty(), how, DescriptorFlags::WRITE).map(Self)
    }

    pub(super) fn existing(path: &Path) -> io::Result<Self> {
        open(path, PathFlags::empty(), OpenFlags::empty(), DescriptorFlags::WRITE).map(Self)
    }

    /// Its length, and how many names it has.
    pub(super) fn about(&self) -> io::Result<(u64, u64)> {
        let about = self.0.stat().map_err(error)?;
        Ok((about.size, about.link_count))
    }

    /// The identity of the file.
    pub(super) fn identity(&self) -> Identity {
        self.0.metadata_hash().ok().map(|hash| (hash.upper, hash.lower))
    }

    pub(super) fn write(&self, bytes: &[u8], mut at: u64) -> io::Result<()> {
        let mut left = bytes;
        while !left.is_empty() {
            let written = self.0.write(&left[..left.len().min(CHUNK)], at).map_err(error)?;
            let count = usize::try_from(written).unwrap_or(left.len()).min(left.len());
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            left = &left[count..];
            at += written;
        }
        Ok(())
    }

    /// Adds to the end that the file has then.
    pub(super) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.0.append_via_stream().map_err(error)?;
        let mut left = bytes;
        while !left.is_empty() {
            stream.subscribe().block();
            let most = usize::try_from(stream.check_write().map_err(of_stream)?);
            let (now, rest) = left.split_at(most.unwrap_or(left.len()).min(left.len()));
            stream.write(now).and_then(|()| stream.blocking_flush()).map_err(of_stream)?;
            left = rest;
        }
        Ok(())
    }

    pub(super) fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_size(length).map_err(error)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync().map_err(error)
    }
}

fn open(
    path: &Path,
    follow: PathFlags,
    how: OpenFlags,
    access: DescriptorFlags,
) -> io::Result<Descriptor> {
    let (root, below) = granted(path)?;
    root.open_at(follow, &below, how, access).map_err(error)
}

/// The granted directory that `path` lies in, and the path below it.
fn granted(path: &Path) -> io::Result<(Descriptor, String)> {
    for (root, at) in get_directories() {
        let Ok(below) = path.strip_prefix(&at) else { continue };
        let below = below.to_str().filter(|below| !below.is_empty()).unwrap_or(".");
        return Ok((root, below.to_owned()));
    }
    Err(io::ErrorKind::NotFound.into())
}

fn of_stream(failure: StreamError) -> io::Error {
    match failure {
        StreamError::LastOperationFailed(cause) => {
            error(filesystem_error_code(&cause).unwrap_or(ErrorCode::Io))
        }
        StreamError::Closed => io::ErrorKind::WriteZero.into(),
    }
}

/// As WASI's libc numbers it, which is what `std::fs` gives.
fn error(code: ErrorCode) -> io::Error {
    io::Error::from_raw_os_error(match code {
        ErrorCode::Access => 2,
        ErrorCode::BadDescriptor => 8,
        ErrorCode::Busy => 10,
        ErrorCode::Quota => 19,
        ErrorCode::Exist => 20,
        ErrorCode::FileTooLarge => 22,
        ErrorCode::IllegalByteSequence => 25,
        ErrorCode::Interrupted => 27,
        ErrorCode::Invalid => 28,
        ErrorCode::IsDirectory => 31,
        ErrorCode::Loop => 32,
        ErrorCode::TooManyLinks => 34,
        ErrorCode::NameTooLong => 37,
        ErrorCode::NoDevice => 43,
        ErrorCode::NoEntry => 44,
        ErrorCode::InsufficientMemory => 48,
        ErrorCode::InsufficientSpace => 51,
        ErrorCode::NotDirectory => 54,
        ErrorCode::NotEmpty => 55,
        ErrorCode::Unsupported => 58,
        ErrorCode::NotPermitted => 63,
        ErrorCode::Pipe => 64,
        ErrorCode::ReadOnly => 69,
        ErrorCode::TextFileBusy => 74,
        ErrorCode::CrossDevice => 75,
        _ => 29,
    })
}
