//! A file on the disk: what it is, and its content as git would store it.

use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use gix_hash::ObjectId;
use gix_index::entry::{Mode, Stat, stat};
use gix_object::Kind;

use crate::eol::Ends;
use crate::file;
use crate::objects::{self, MAX_OBJECT};
use crate::paths;
use crate::repository::Repository;

/// The disk's facts about a path, if all directories on the way are directories.
pub fn about(repository: &Repository, path: &[u8]) -> Result<Option<Metadata>, String> {
    let work = repository.work()?;
    let Some(native) = paths::native(path) else { return Ok(None) };
    for above in native.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        if !work.join(above).symlink_metadata().is_ok_and(|about| about.is_dir()) {
            return Ok(None);
        }
    }
    Ok(work.join(native).symlink_metadata().ok())
}

/// The mode of a file on the disk. Whether it may be executed is not seen here: the index says it.
pub fn mode(repository: &Repository, about: &Metadata, before: Mode) -> u32 {
    let plain_link = before == Mode::SYMLINK && !repository.config.is("core.symlinks", true);
    if about.is_symlink() || plain_link {
        Mode::SYMLINK.bits()
    } else if before == Mode::FILE_EXECUTABLE {
        before.bits()
    } else {
        Mode::FILE.bits()
    }
}

/// The facts that the index keeps of a file to see later that it did not change. Its ctime is when the file was made: on Windows
/// git's own, elsewhere earlier than git's.
pub fn stat_of(about: &Metadata) -> Stat {
    let time = |time: std::io::Result<SystemTime>| {
        let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let since = since.unwrap_or_default();
        stat::Time { secs: since.as_secs() as u32, nsecs: since.subsec_nanos() }
    };
    let (mtime, ctime) = (time(about.modified()), time(about.created()));
    Stat { mtime, ctime, size: about.len() as u32, ..Stat::default() }
}

pub fn size(repository: &Repository, path: &[u8]) -> u64 {
    about(repository, path).ok().flatten().map_or(0, |about| about.len())
}

fn place(repository: &Repository, path: &[u8]) -> Result<PathBuf, String> {
    let native = paths::native(path).ok_or("a path that is not UTF-8 cannot be read here")?;
    Ok(repository.work()?.join(native))
}

/// A file's content as it lies on the disk.
pub fn raw(repository: &Repository, path: &[u8]) -> Result<Vec<u8>, String> {
    let file = place(repository, path)?;
    file::whole(&file, MAX_OBJECT as u64).map_err(|error| file::explain(&error, &file))
}

/// A file's content as git would store it.
pub fn content(repository: &Repository, path: &[u8], mode: u32) -> Result<Vec<u8>, String> {
    let file = place(repository, path)?;
    if mode == Mode::SYMLINK.bits() && file.symlink_metadata().is_ok_and(|about| about.is_symlink())
    {
        let target = fs::read_link(&file).map_err(|error| file::explain(&error, &file))?;
        return Ok(target.into_os_string().into_encoded_bytes());
    }
    let bytes = raw(repository, path)?;
    if mode == Mode::SYMLINK.bits() {
        return Ok(bytes);
    }
    let stored = || {
        let id = crate::index::read(repository).ok()?.id(path)?;
        repository.objects.of_kind(&id, Kind::Blob).ok().map(|data| data.to_vec())
    };
    Ok(ends(repository, path).to_git(bytes, stored))
}

pub fn ends(repository: &Repository, path: &[u8]) -> Ends {
    let rules = repository.attributes.of(path);
    let crlf =
        repository.config.text("core.eol").is_some_and(|eol| eol.eq_ignore_ascii_case("crlf"));
    Ends::of(rules.text, rules.eol, repository.config.auto_crlf(), crlf)
}

/// The id that the file on the disk would get.
pub fn id(repository: &Repository, path: &[u8], mode: u32) -> Result<ObjectId, String> {
    objects::id_of(Kind::Blob, &content(repository, path, mode)?)
}
