//! A file on the disk against what the index has recorded of it.

use std::fs::Metadata;

use gix_index::Entry;
use gix_index::entry::{Flags, stat};

use super::disk::{about, id, mode, stat_of};
use crate::change::{Change, Side};
use crate::index::Index;
use crate::repository::Repository;

/// Returns the difference in content of a file from the index, whatever the file is marked with. `None` if there is none.
pub fn changed(
    repository: &Repository,
    entry: &Entry,
    path: &[u8],
) -> Result<Option<Change>, String> {
    differing(repository, entry, path, about(repository, path)?)
}

/// True if a file's size and times are as the index has them, and that says something.
pub fn looks_unchanged(
    repository: &Repository,
    index: &Index,
    entry: &Entry,
    about: &Metadata,
) -> bool {
    // A file of the same second may have changed after the index was written, as not every clock is finer.
    let later = index.written.unix_seconds() <= i64::from(entry.stat.mtime.secs);
    !later && is_as_recorded(repository, entry, about)
}

/// True if a file's mode, size and times are as the index has them.
pub fn is_as_recorded(repository: &Repository, entry: &Entry, about: &Metadata) -> bool {
    let is = stat_of(about);
    mode(repository, about, entry.mode) == entry.mode.bits()
        && (entry.stat.size, entry.stat.mtime) == (is.size, is.mtime)
        && !entry.flags.contains(Flags::INTENT_TO_ADD)
        && !(repository.config.is("core.trustctime", true) && is_later(is.ctime, entry.stat.ctime))
}

/// True if a file was made after the index knew it. Git's ctime is never before a file's beginning.
fn is_later(made: stat::Time, ctime: stat::Time) -> bool {
    ctime.secs != 0
        && (made.secs > ctime.secs
            || made.secs == ctime.secs && ctime.nsecs != 0 && made.nsecs > ctime.nsecs)
}

pub fn differing(
    repository: &Repository,
    entry: &Entry,
    path: &[u8],
    about: Option<Metadata>,
) -> Result<Option<Change>, String> {
    let there = about.filter(|about| about.is_file() || about.is_symlink());
    let Some(about) = there else {
        return Ok(Some(Change::new(path.to_vec(), Some(Side::of_entry(entry)), None)));
    };
    let mode = mode(repository, &about, entry.mode);
    let id = id(repository, path, mode)?;
    let old = (!entry.flags.contains(Flags::INTENT_TO_ADD)).then(|| Side::of_entry(entry));
    let new = Side { mode, id, on_disk: true };
    Ok((old.as_ref() != Some(&new)).then(|| Change::new(path.to_vec(), old, Some(new))))
}
