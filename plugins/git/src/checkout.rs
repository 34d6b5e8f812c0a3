//! `checkout`: another branch or commit into the files. Nothing that is not committed is lost by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use gix_hash::ObjectId;
use gix_index::entry::{Flags, Mode};

use crate::branches;
use crate::change::{Change, Side};
use crate::commits;
use crate::identity::Identity;
use crate::index::{Locked, MARKS};
use crate::paths::{Paths, check_writable, quoted};
use crate::placed::{check_writes, delete, makes_room, write};
use crate::refs::{LogLine, Target};
use crate::repository::Repository;
use crate::revision;
use crate::sparse::Sparse;
use crate::tree;
use crate::worktree;

/// Paths that are named in an answer.
const MAX_SHOWN: usize = 20;

/// Switches to a branch or, `detach`ed, to any commit.
pub fn checkout(
    repository: &Repository,
    target: &str,
    create: bool,
    detach: bool,
) -> Result<String, String> {
    repository.work()?;
    let doing = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"];
    if doing.iter().any(|state| repository.own.join(state).exists()) {
        return Err("a merge, rebase, cherry-pick or revert is in progress; finish it first".into());
    }
    let branch = branches::full_name(target).ok();
    if let Some(name) = branch.as_ref().filter(|_| !detach) {
        branches::check_free(repository, name)?;
    }
    let mut said = String::new();
    if create && !detach && repository.refs.head()?.commit.is_none() {
        return begin(repository, target);
    }
    if create {
        said = branches::create(repository, target, "HEAD")?;
    }
    let on_branch = match &branch {
        Some(name) if !detach => repository.refs.resolve(name)?.map(|id| (name.clone(), id)),
        _ => None,
    };
    let (next, id) = match on_branch {
        Some((name, id)) => (Target::Name(name), id),
        None => {
            let id = revision::commit(repository, target)?;
            if !detach {
                return Err(format!(
                    "`{target}` is no local branch; `create_branch` with start `{target}` makes one, `detach` looks at the commit"
                ));
            }
            (Target::Id(id), id)
        }
    };
    let mut locked = Locked::take(repository)?;
    let head = repository.refs.head()?;
    // Held before files change, so that the files and the branch change together.
    let moving = repository.refs.lock_head()?;
    let (changed, executables) = switch(repository, &mut locked, head.commit, id)?;
    locked.write()?;
    moving.commit(next.line().as_bytes())?;
    let from = head
        .short()
        .map_or_else(|| head.commit.map(|id| id.to_string()).unwrap_or_default(), str::to_owned);
    let who = Identity::of(repository, None).unwrap_or_else(|_| Identity::unknown()).line();
    let what = format!("checkout: moving from {from} to {target}");
    let _ = repository
        .refs
        .log("HEAD", &LogLine { before: head.commit, after: id, who: &who, what: &what });
    said += &executables;
    let place = if matches!(next, Target::Id(_)) { "HEAD is detached at" } else { "on branch" };
    let files = if changed == 1 { "file" } else { "files" };
    let _ =
        writeln!(said, "{place} {target} ({}); {changed} {files} changed", repository.short(&id));
    Ok(said)
}

/// Renames the branch that has no commit yet: only `HEAD` knows of it.
fn begin(repository: &Repository, target: &str) -> Result<String, String> {
    let name = branches::new_name(repository, target)?;
    repository.refs.lock_head()?.commit(Target::Name(name).line().as_bytes())?;
    Ok(format!("on branch {target} (no commits yet)\n"))
}

/// Brings files and index from one commit to another, or changes nothing and says why.
fn switch(
    repository: &Repository,
    locked: &mut Locked,
    from: Option<ObjectId>,
    to: ObjectId,
) -> Result<(usize, String), String> {
    if let Some((path, _)) = locked.index.conflicts().first() {
        return Err(format!("`{}` has conflicts; resolve them first", quoted(path)));
    }
    let tree = |id: ObjectId| commits::read(repository, &id).map(|commit| commit.tree);
    let changes =
        tree::diff(repository, from.map(tree).transpose()?, Some(tree(to)?), &Paths::all())?;
    let mut wanted = Vec::new();
    let mut lost = Vec::new();
    let leaving: BTreeSet<_> = changes
        .iter()
        .filter(|change| change.new.is_none())
        .map(|change| change.path.clone())
        .collect();
    for change in changes {
        match judged(repository, locked, &change, &leaving)? {
            Judged::Apply => wanted.push(change),
            Judged::There => {}
            Judged::Lost => lost.push(change.path),
        }
    }
    if !lost.is_empty() {
        let shown: Vec<_> = lost.iter().take(MAX_SHOWN).map(|path| quoted(path)).collect();
        let more = if lost.len() > MAX_SHOWN {
            format!(" and {} more", lost.len() - MAX_SHOWN)
        } else {
            String::new()
        };
        return Err(format!(
            "changes that are not committed would be lost in {}{more}; commit or restore them first{}",
            shown.join(", "),
            marked(locked, &lost)
        ));
    }
    let skipped = take_skipped(repository, locked, &mut wanted)?;
    let executables = executables(
        wanted
            .iter()
            .filter_map(|change| Some((&change.path, change.new.as_ref()?, change.old.as_ref()))),
    );
    let into: BTreeMap<_, _> =
        wanted.iter().map(|change| (change.path.clone(), change.new.clone())).collect();
    check_writes(repository, &into)?;
    apply(repository, locked, &into)?;
    for (path, side) in skipped {
        locked.set_skipped(&path, side.mode, side.id);
    }
    Ok((wanted.len(), executables))
}

/// Says how to see changes that no status shows.
fn marked(locked: &Locked, lost: &[Vec<u8>]) -> String {
    let is_marked =
        |path: &&Vec<u8>| locked.index.get(path).is_some_and(|entry| entry.flags.intersects(MARKS));
    lost.iter().find(is_marked).map_or(String::new(), |path| {
        format!(
            "; `{}` is marked skip-worktree or assume-unchanged, so status does not show it: unmark it with `git update-index`",
            quoted(path)
        )
    })
}

/// Takes out what changes in the index alone, as it stays off the disk.
fn take_skipped(
    repository: &Repository,
    locked: &Locked,
    wanted: &mut Vec<Change>,
) -> Result<Vec<(Vec<u8>, Side)>, String> {
    let sparse = Sparse::read(repository)?;
    let mut skipped = Vec::new();
    for change in std::mem::take(wanted) {
        let is_skipped = match locked.index.get(&change.path) {
            Some(entry) => {
                entry.flags.contains(Flags::SKIP_WORKTREE)
                    && worktree::about(repository, &change.path)?.is_none()
            }
            None => sparse.leaves_out(&change.path),
        };
        match change.new.clone().filter(|new| is_skipped && !new.is_submodule()) {
            Some(new) => {
                check_writable(&change.path, new.mode == 0o120000)?;
                skipped.push((change.path, new));
            }
            None => wanted.push(change),
        }
    }
    Ok(skipped)
}

/// Says of which files it could not be set that they may be executed.
fn executables<'a>(
    files: impl Iterator<Item = (&'a Vec<u8>, &'a Side, Option<&'a Side>)>,
) -> String {
    let new = |(_, new, old): &(&Vec<u8>, &Side, Option<&Side>)| {
        new.mode == 0o100755 && old.is_none_or(|old| old.mode != new.mode)
    };
    let shown: Vec<_> = files.filter(new).take(MAX_SHOWN).map(|(path, ..)| quoted(path)).collect();
    if shown.is_empty() {
        return String::new();
    }
    format!("[these should be executable, which cannot be set here: {}]\n", shown.join(", "))
}

enum Judged {
    /// It may be changed.
    Apply,
    /// It already is what it shall be.
    There,
    /// Something would be lost.
    Lost,
}

fn judged(
    repository: &Repository,
    locked: &Locked,
    change: &Change,
    leaving: &BTreeSet<Vec<u8>>,
) -> Result<Judged, String> {
    let index = &locked.index;
    let entry = index.get(&change.path);
    let staged = entry.map(Side::of_entry);
    if staged == change.new {
        return Ok(Judged::There);
    }
    if staged != change.old {
        return Ok(Judged::Lost);
    }
    match entry {
        // What lies in a submodule stays; a file in its place is somebody's.
        Some(_) if change.old.as_ref().is_some_and(Side::is_submodule) => {
            let about = worktree::about(repository, &change.path)?;
            Ok(if about.is_none_or(|about| about.is_dir()) { Judged::Apply } else { Judged::Lost })
        }
        Some(entry) => match worktree::changed(repository, entry, &change.path)? {
            // What was deleted only on the disk is no loss.
            Some(found) if found.new.is_some() => Ok(Judged::Lost),
            _ if is_directory(repository, &change.path)? => Ok(Judged::Lost),
            _ => Ok(Judged::Apply),
        },
        None => match worktree::about(repository, &change.path)? {
            None if blocked(repository, locked, &change.path)? => Ok(Judged::Lost),
            None => Ok(Judged::Apply),
            Some(about) if about.is_dir() => {
                let submodule = change.new.as_ref().is_some_and(Side::is_submodule);
                let room = submodule
                    || makes_room(repository, &change.path, &|path| leaving.contains(path), 0)?;
                Ok(if room { Judged::Apply } else { Judged::Lost })
            }
            Some(about) => {
                let same = change.new.as_ref().is_some_and(|new| {
                    let mode =
                        worktree::mode(repository, &about, Mode::from_bits_truncate(new.mode));
                    mode == new.mode
                        && worktree::id(repository, &change.path, mode).is_ok_and(|id| id == new.id)
                });
                Ok(if same { Judged::Apply } else { Judged::Lost })
            }
        },
    }
}

fn is_directory(repository: &Repository, path: &[u8]) -> Result<bool, String> {
    Ok(worktree::about(repository, path)?.is_some_and(|about| about.is_dir()))
}

/// True if something that is not tracked stands where a directory has to be.
fn blocked(repository: &Repository, locked: &Locked, path: &[u8]) -> Result<bool, String> {
    for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let above = &path[..end];
        if let Some(about) = worktree::about(repository, above)?
            && !about.is_dir()
        {
            return Ok(locked.index.get(above).is_none());
        }
    }
    Ok(false)
}

/// Makes files and index hold these: what goes first, then what comes.
fn apply(
    repository: &Repository,
    locked: &mut Locked,
    into: &BTreeMap<Vec<u8>, Option<Side>>,
) -> Result<(), String> {
    for path in into.iter().filter(|(_, side)| side.is_none()).map(|(path, _)| path) {
        delete(repository, path)?;
    }
    locked.remove(|path| matches!(into.get(path), Some(None)));
    for (path, side) in into.iter().filter_map(|(path, side)| Some((path, side.as_ref()?))) {
        let stat = write(repository, path, side)?;
        locked.set(path, side.mode, side.id, stat);
    }
    Ok(())
}
