//! The index: what the next commit will hold. Read and written in git's format by gitoxide, under git's lock.

use std::ops::Range;
use std::path::Path;
use std::time::UNIX_EPOCH;

use bstr::ByteSlice as _;
use filetime::FileTime;
use gix_hash::ObjectId;
use gix_index::entry::{Flags, Mode, Stage, Stat, stat};
use gix_index::{Entry, State, decode, write};

use crate::change::Side;
use crate::file::{self, Lock};
use crate::repository::Repository;

/// The marks of `git update-index`.
pub const MARKS: Flags = Flags::ASSUME_VALID.union(Flags::SKIP_WORKTREE);
const MAX_INDEX: u64 = 64 * 1024 * 1024;

pub struct Index {
    pub state: State,
    /// The time when it was written; files that changed later are looked at closely.
    pub written: FileTime,
}

pub fn read(repository: &Repository) -> Result<Index, String> {
    let path = repository.own.join("index");
    if !path.exists() {
        let written = FileTime::from_unix_time(0, 0);
        return Ok(Index { state: State::new(gix_hash::Kind::Sha1), written });
    }
    let bytes = file::whole(&path, MAX_INDEX).map_err(|error| file::explain(&error, &path))?;
    check(&bytes).map_err(|what| format!("`{}` {what}", path.display()))?;
    let written = modified(&path);
    let options = decode::Options {
        thread_limit: Some(1),
        alloc_limit_bytes: Some(4 * MAX_INDEX as usize),
        ..decode::Options::default()
    };
    let (state, _) = State::from_bytes(&bytes, written, gix_hash::Kind::Sha1, options)
        .map_err(|error| format!("`{}`: {error}", path.display()))?;
    if state.link().is_some() {
        return Err("the index is split, which is not supported; `git update-index --no-split-index` makes it whole".into());
    }
    if state.is_sparse() {
        return Err("the index is sparse, which is not supported; `git sparse-checkout reapply --no-sparse-index` makes it whole".into());
    }
    let paths = || state.entries().iter().map(|entry| (entry.path(&state), entry.stage()));
    if !paths().is_sorted() || paths().any(|(path, _)| path.is_empty()) {
        return Err(format!("`{}` is broken: its files are not in order", path.display()));
    }
    Ok(Index { state, written })
}

/// Fails unless the bytes end with their checksum, or with none.
fn check(bytes: &[u8]) -> Result<(), &'static str> {
    let Some((body, sum)) = bytes.split_last_chunk::<20>() else { return Err("is too short") };
    if *sum == [0; 20] {
        return Ok(());
    }
    match checksum(body) {
        Some(right) if right.as_slice() == sum => Ok(()),
        _ => Err("is broken: its checksum is wrong"),
    }
}

fn checksum(bytes: &[u8]) -> Option<ObjectId> {
    let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().ok()
}

fn modified(path: &Path) -> FileTime {
    let time = std::fs::metadata(path).and_then(|about| about.modified()).ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    FileTime::from_unix_time(since.as_secs().cast_signed(), since.subsec_nanos())
}

impl Index {
    pub fn entries(&self) -> &[Entry] {
        self.state.entries()
    }

    pub fn path<'a>(&'a self, entry: &Entry) -> &'a [u8] {
        entry.path(&self.state)
    }

    /// The file that nobody has to decide about.
    pub fn get(&self, path: &[u8]) -> Option<&Entry> {
        self.state.entry_by_path_and_stage(path.as_bstr(), Stage::Unconflicted)
    }

    /// The place of the entry of a path that has no conflict.
    pub fn position(&self, path: &[u8]) -> Option<usize> {
        self.state.entry_index_by_path_and_stage(path.as_bstr(), Stage::Unconflicted)
    }

    pub fn id(&self, path: &[u8]) -> Option<ObjectId> {
        self.get(path).map(|entry| entry.id)
    }

    /// The entries below a directory, or of one path.
    pub fn below(&self, directory: &[u8]) -> Range<usize> {
        let entries = self.state.entries();
        let start =
            entries.partition_point(|entry| self.path(entry) < &[directory, b"/"].concat()[..]);
        let count = entries[start..].partition_point(|entry| {
            self.path(entry).strip_prefix(directory).is_some_and(|rest| rest.starts_with(b"/"))
        });
        start..start + count
    }

    /// True if the path is there in any stage.
    pub fn knows(&self, path: &[u8]) -> bool {
        let at = self.state.entries().partition_point(|entry| self.path(entry) < path);
        self.state.entries().get(at).is_some_and(|entry| self.path(entry) == path)
    }

    /// The paths that wait for a decision, each once, with the stages that are there as bits.
    pub fn conflicts(&self) -> Vec<(Vec<u8>, u8)> {
        let mut found: Vec<(Vec<u8>, u8)> = Vec::new();
        for entry in self.entries().iter().filter(|entry| entry.stage() != Stage::Unconflicted) {
            let (path, bit) = (self.path(entry), 1 << (entry.stage() as u8 - 1));
            match found.last_mut() {
                Some((last, bits)) if last == path => *bits |= bit,
                _ => found.push((path.to_vec(), bit)),
            }
        }
        found
    }
}

impl Side {
    pub fn of_entry(entry: &Entry) -> Self {
        Self::stored(entry.mode.bits(), entry.id)
    }
}

/// The index while it is changed: locked until it is written or given up.
pub struct Locked {
    pub index: Index,
    lock: Lock,
    added: Vec<Added>,
}

struct Added {
    path: Vec<u8>,
    stat: Stat,
    id: ObjectId,
    mode: Mode,
    flags: Flags,
}

impl Locked {
    pub fn take(repository: &Repository) -> Result<Self, String> {
        let lock = Lock::take(&repository.own.join("index"))?;
        Ok(Self { index: read(repository)?, lock, added: Vec::new() })
    }

    /// Sets a path, in place of whatever was there in any stage, and of what cannot be beside it. Marks that people set
    /// are kept.
    pub fn set(&mut self, path: &[u8], mode: u32, id: ObjectId, stat: Stat) {
        let kept = self.index.get(path).map_or(Flags::empty(), |entry| entry.flags & MARKS);
        self.push(path, (mode, id), stat, kept);
    }

    /// Sets a path that stays off the disk.
    pub fn set_skipped(&mut self, path: &[u8], mode: u32, id: ObjectId) {
        self.push(path, (mode, id), Stat::default(), Flags::SKIP_WORKTREE);
    }

    fn push(&mut self, path: &[u8], (mode, id): (u32, ObjectId), stat: Stat, mut flags: Flags) {
        flags.set(Flags::EXTENDED, flags.contains(Flags::SKIP_WORKTREE));
        let mode = Mode::from_bits_truncate(mode);
        self.added.push(Added { path: path.to_vec(), stat, id, mode, flags });
    }

    pub fn remove(&mut self, mut gone: impl FnMut(&[u8]) -> bool) {
        self.index.state.remove_entries(|_, path, _| gone(path));
    }

    pub fn write(mut self) -> Result<(), String> {
        self.mark_young();
        self.settle();
        let state = &mut self.index.state;
        state.remove_tree();
        state.remove_resolve_undo();
        let options = write::Options { extensions: write::Extensions::None, skip_hash: false };
        let mut bytes = Vec::new();
        state.write_to(&mut bytes, options).map_err(|error| error.to_string())?;
        let sum = checksum(&bytes).ok_or("the index has no checksum")?;
        bytes.extend_from_slice(sum.as_slice());
        self.lock.commit(&bytes)
    }

    /// Forgets when files were changed that the index before this one is not younger than: they may have changed since
    /// within its second, which the time of the new index does not show.
    fn mark_young(&mut self) {
        let written = self.index.written.unix_seconds();
        for entry in self.index.state.entries_mut() {
            if i64::from(entry.stat.mtime.secs) >= written {
                entry.stat.mtime = stat::Time::default();
            }
        }
    }

    /// Brings what was added into its place.
    pub fn settle(&mut self) {
        let mut added = std::mem::take(&mut self.added);
        if added.is_empty() {
            return;
        }
        added.reverse();
        added.sort_by(|one, other| one.path.cmp(&other.path));
        added.dedup_by(|one, other| one.path == other.path);
        let at = |path: &[u8]| added.binary_search_by(|added| added.path[..].cmp(path)).is_ok();
        let inside = |path: &[u8]| {
            path.iter().enumerate().any(|(end, byte)| *byte == b'/' && at(&path[..end]))
        };
        let above = |path: &[u8]| {
            let start = added.partition_point(|added| added.path[..] < *path);
            added[start..]
                .iter()
                .take_while(|added| added.path.starts_with(path))
                .any(|added| added.path.get(path.len()) == Some(&b'/'))
        };
        self.index.state.remove_entries(|_, path, _| at(path) || inside(path) || above(path));
        for Added { path, stat, id, mode, flags } in &added {
            self.index.state.dangerously_push_entry(*stat, *id, *flags, *mode, path.as_bstr());
        }
        self.index.state.sort_entries();
    }
}
