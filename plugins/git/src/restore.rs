//! `restore`: single files as they were, on the disk or in the index. It is there to throw changes away.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::Metadata;

use gix_index::entry::{Flags, Mode, Stat};

use crate::change::Side;
use crate::commits;
use crate::index::Locked;
use crate::paths::{Paths, quoted};
use crate::placed::{check_writes, delete, write};
use crate::repository::Repository;
use crate::revision;
use crate::tree;
use crate::worktree;

/// Paths that are named in an answer.
const MAX_SHOWN: usize = 20;

/// The task of a `restore`.
pub struct Restore<'a> {
    pub source: Option<&'a str>,
    /// The index.
    pub staged: bool,
    /// The files.
    pub files: bool,
}

pub fn restore(
    repository: &Repository,
    given: &[String],
    wanted: &Restore<'_>,
) -> Result<String, String> {
    repository.work()?;
    if given.is_empty() {
        return Err("`paths` is empty; name files or directories, or `.` for everything".into());
    }
    let paths = Paths::parse(repository, given)?;
    let mut locked = Locked::take(repository)?;
    let source = source(repository, &locked, &paths, wanted)?;
    let known: Vec<_> =
        locked.index.entries().iter().map(|entry| locked.index.path(entry).to_vec()).collect();
    let all = known.iter().map(|path| &path[..]).chain(source.keys().map(|path| &path[..]));
    if let Some(unused) = paths.unused(all) {
        return Err(format!("`{unused}` matches no files that git knows there"));
    }
    let changes =
        if wanted.files { on_disk(repository, &locked, &paths, &source)? } else { BTreeMap::new() };
    let conflicts = locked.index.conflicts();
    let staged = if wanted.staged {
        in_index(repository, &locked, &paths, &source)?
    } else {
        BTreeMap::new()
    };
    if let Some((path, _)) =
        conflicts.iter().find(|(path, _)| !wanted.staged && paths.contain(path))
    {
        return Err(format!(
            "`{}` has conflicts; restore it with `staged` and `source`, or edit and add it",
            quoted(path)
        ));
    }
    check_writes(repository, &changes)?;
    change_index(&mut locked, &staged);
    for (path, _) in changes.iter().filter(|(_, side)| side.is_none()) {
        delete(repository, path)?;
    }
    for (path, side) in changes.iter().filter_map(|(path, side)| Some((path, side.as_ref()?))) {
        let stat = write(repository, path, side)?;
        let is_staged = staged.contains_key(path) || locked.index.id(path) == Some(side.id);
        if is_staged {
            locked.set(path, side.mode, side.id, stat);
        }
    }
    let mut touched: Vec<_> = changes.keys().chain(staged.keys()).collect();
    touched.sort();
    touched.dedup();
    let mut text = listed(&touched);
    let skipped = source.keys().filter(|path| wanted.files && is_skipped(&locked, path)).count();
    if skipped > 0 {
        let _ = writeln!(text, "[left alone, as they are marked skip-worktree: {skipped}]");
    }
    locked.write()?;
    Ok(text)
}

fn listed(touched: &[&Vec<u8>]) -> String {
    if touched.is_empty() {
        return "nothing had to be changed\n".into();
    }
    let mut text = format!("restored {}:\n", touched.len());
    for path in touched.iter().take(MAX_SHOWN) {
        let _ = writeln!(text, "{}", quoted(path));
    }
    if touched.len() > MAX_SHOWN {
        let _ = writeln!(text, "[{} more]", touched.len() - MAX_SHOWN);
    }
    text
}

/// The files as they shall be.
fn source(
    repository: &Repository,
    locked: &Locked,
    paths: &Paths,
    wanted: &Restore<'_>,
) -> Result<BTreeMap<Vec<u8>, Side>, String> {
    let tree = match wanted.source {
        Some(source) => Some(revision::tree_of(repository, source)?),
        None if wanted.staged => match repository.refs.head()?.commit {
            Some(head) => Some(commits::read(repository, &head)?.tree),
            None => return Ok(BTreeMap::new()),
        },
        None => None,
    };
    if let Some(tree) = tree {
        return tree::files(repository, Some(tree), paths);
    }
    let index = &locked.index;
    let meant = index
        .entries()
        .iter()
        .filter(|entry| entry.stage() == gix_index::entry::Stage::Unconflicted);
    let meant = meant.map(|entry| (index.path(entry).to_vec(), Side::of_entry(entry)));
    Ok(meant.filter(|(path, _)| paths.contain(path)).collect())
}

/// The changes to make on the disk. Only files that git knows are deleted.
fn on_disk(
    repository: &Repository,
    locked: &Locked,
    paths: &Paths,
    source: &BTreeMap<Vec<u8>, Side>,
) -> Result<BTreeMap<Vec<u8>, Option<Side>>, String> {
    let mut changes = BTreeMap::new();
    for (path, side) in source.iter().filter(|(path, _)| !is_skipped(locked, path)) {
        let found = worktree::about(repository, path)?;
        let same = match &found {
            // What lies in a submodule stays.
            about if side.is_submodule() => about.as_ref().is_none_or(Metadata::is_dir),
            Some(about) if about.is_file() || about.is_symlink() => {
                let mode = worktree::mode(repository, about, Mode::from_bits_truncate(side.mode));
                mode == side.mode
                    && worktree::id(repository, path, mode)? == side.id
                    && (is_known(repository, locked, path, side, about)
                        || written_so(repository, path, side)?)
            }
            _ => false,
        };
        if !same {
            changes.insert(path.clone(), Some(side.clone()));
        }
    }
    let index = &locked.index;
    for entry in index.entries().iter().filter(|entry| entry.mode != Mode::COMMIT) {
        let path = index.path(entry);
        if paths.contain(path)
            && !source.contains_key(path)
            && !is_skipped(locked, path)
            && worktree::about(repository, path)?.is_some_and(|about| !about.is_dir())
        {
            changes.insert(path.to_vec(), None);
        }
    }
    Ok(changes)
}

/// True if the index knows the file on the disk as what it shall be, whatever its line ends are.
fn is_known(
    repository: &Repository,
    locked: &Locked,
    path: &[u8],
    side: &Side,
    about: &Metadata,
) -> bool {
    let entry = locked.index.get(path).filter(|entry| entry.id == side.id);
    entry.is_some_and(|entry| worktree::is_as_recorded(repository, entry, about))
}

/// True if the file has the very bytes that would be written: line ends that git stores as others count, too.
fn written_so(repository: &Repository, path: &[u8], side: &Side) -> Result<bool, String> {
    if !side.is_file() {
        return Ok(true);
    }
    let content = worktree::ends(repository, path).to_disk(side.content(repository, path)?);
    Ok(worktree::raw(repository, path)? == content)
}

/// True if the file is marked as one that is not to be on the disk.
fn is_skipped(locked: &Locked, path: &[u8]) -> bool {
    locked.index.get(path).is_some_and(|entry| entry.flags.contains(Flags::SKIP_WORKTREE))
}

/// The changes to make in the index.
fn in_index(
    repository: &Repository,
    locked: &Locked,
    paths: &Paths,
    source: &BTreeMap<Vec<u8>, Side>,
) -> Result<BTreeMap<Vec<u8>, Option<Side>>, String> {
    let index = &locked.index;
    let mut changes: BTreeMap<_, _> = source
        .iter()
        .filter(|(path, side)| index.get(path).map(Side::of_entry).as_ref() != Some(side))
        .map(|(path, side)| (path.clone(), Some(side.clone())))
        .collect();
    for entry in index.entries() {
        let path = index.path(entry);
        if paths.contain(path) && !source.contains_key(path) {
            changes.insert(path.to_vec(), None);
        }
    }
    for side in changes.values().flatten().filter(|side| !side.is_submodule()) {
        if !repository.objects.has(&side.id) {
            return Err(format!("object {} is missing", side.id));
        }
    }
    Ok(changes)
}

fn change_index(locked: &mut Locked, staged: &BTreeMap<Vec<u8>, Option<Side>>) {
    locked.remove(|path| matches!(staged.get(path), Some(None)));
    for (path, side) in staged.iter().filter_map(|(path, side)| Some((path, side.as_ref()?))) {
        locked.set(path, side.mode, side.id, Stat::default());
    }
}
