//! `checkout`: another branch or commit into the files, and `restore`: single files as they were. Nothing that
//! is not committed is lost by the first; the second is there to throw changes away.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use gix_hash::ObjectId;
use gix_index::entry::{Mode, Stat};

use crate::branches;
use crate::change::{Change, Side};
use crate::commits;
use crate::file;
use crate::identity::Identity;
use crate::index::Locked;
use crate::paths::{self, Paths, check_writable, quoted};
use crate::refs::{LogLine, Target};
use crate::repository::Repository;
use crate::revision;
use crate::tree;
use crate::worktree;

/// Paths that are named in an answer.
const MAX_SHOWN: usize = 20;
const MAX_DEPTH: usize = 128;

/// Switches to a branch or, `detach`ed, to any commit.
pub fn checkout(
    repository: &Repository,
    target: &str,
    create: bool,
    detach: bool,
) -> Result<String, String> {
    repository.work()?;
    if repository.note("MERGE_HEAD").is_some() || repository.own.join("rebase-merge").exists() {
        return Err("a merge or rebase is in progress; finish it first".into());
    }
    let mut said = String::new();
    if create {
        said = branches::create(repository, target, "HEAD")?;
    }
    let branch = branches::full_name(target).ok();
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
    let (changed, executables) = switch(repository, &mut locked, head.commit, id)?;
    locked.write()?;
    repository.refs.set_head(&next)?;
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
            "changes that are not committed would be lost in {}{more}; commit or restore them first",
            shown.join(", ")
        ));
    }
    for change in &wanted {
        if let Some(new) = &change.new {
            check_content(repository, &change.path, new)?;
        }
    }
    let executables = executables(
        wanted
            .iter()
            .filter_map(|change| Some((&change.path, change.new.as_ref()?, change.old.as_ref()))),
    );
    let into: BTreeMap<_, _> =
        wanted.iter().map(|change| (change.path.clone(), change.new.clone())).collect();
    apply(repository, locked, &into)?;
    Ok((wanted.len(), executables))
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
    if staged == change.new && staged.is_some() {
        return Ok(Judged::There);
    }
    if staged != change.old {
        return Ok(Judged::Lost);
    }
    match entry {
        Some(_) if change.old.as_ref().is_some_and(Side::is_submodule) => Ok(Judged::Apply),
        Some(entry) => match worktree::changed(repository, index, entry, &change.path)? {
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
                let room = submodule || makes_room(repository, &change.path, leaving, 0)?;
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

/// True if a directory holds only files that leave, so that a file can take its place.
fn makes_room(
    repository: &Repository,
    path: &[u8],
    leaving: &BTreeSet<Vec<u8>>,
    depth: usize,
) -> Result<bool, String> {
    let Some(native) = paths::native(path).filter(|_| depth < MAX_DEPTH) else { return Ok(false) };
    let directory = repository.work()?.join(native);
    for entry in fs::read_dir(&directory).map_err(|error| file::explain(&error, &directory))? {
        let Ok(entry) = entry else { return Ok(false) };
        let Ok(name) = entry.file_name().into_string() else { return Ok(false) };
        let inner = [path, b"/", name.as_bytes()].concat();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !(leaving.contains(&inner)
            || is_directory && makes_room(repository, &inner, leaving, depth + 1)?)
        {
            return Ok(false);
        }
    }
    Ok(true)
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

/// Fails for files whose content git would change on the way to the disk in a way that is not done here.
fn check_content(repository: &Repository, path: &[u8], new: &Side) -> Result<(), String> {
    check_writable(path, new.mode == 0o120000)?;
    if paths::native(path).is_none() {
        return Err(format!("`{}` is not UTF-8, so it cannot be written here", quoted(path)));
    }
    match repository.attributes.of(path).changed_by {
        Some(attribute) if new.is_file() => Err(format!(
            "`{}` has the attribute `{attribute}`, for which git would change its content; that is not done here: use git",
            quoted(path)
        )),
        _ => Ok(()),
    }
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

/// Deletes a file, and the directories that are empty without it.
fn delete(repository: &Repository, path: &[u8]) -> Result<(), String> {
    let work = repository.work()?;
    let (Some(native), Some(about)) = (paths::native(path), worktree::about(repository, path)?)
    else {
        return Ok(());
    };
    let file = work.join(native);
    if about.is_dir() {
        // Of a submodule: goes only if it is empty.
        let _ = fs::remove_dir(&file);
        return Ok(());
    }
    fs::remove_file(&file).map_err(|error| file::explain(&error, &file))?;
    for above in native.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        if fs::remove_dir(work.join(above)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Writes a file as it is stored, and gives what the index keeps of it.
fn write(repository: &Repository, path: &[u8], side: &Side) -> Result<Stat, String> {
    check_content(repository, path, side)?;
    let native = paths::native(path).ok_or("a path is not UTF-8")?;
    let work = repository.work()?;
    let file = work.join(native);
    directories(work, native)?;
    let explain = |error: std::io::Error| file::explain(&error, &file);
    if side.is_submodule() {
        fs::create_dir_all(&file).map_err(explain)?;
        return Ok(Stat::default());
    }
    let content = side.content(repository, path)?;
    let there = file.symlink_metadata().ok();
    if there.is_some_and(|about| about.is_symlink() || side.mode == 0o120000 && about.is_file()) {
        fs::remove_file(&file).map_err(explain)?;
    }
    if side.mode == 0o120000 && repository.config.is("core.symlinks", true) {
        link(&content, &file).map_err(explain)?;
    } else if side.mode == 0o120000 {
        file::place(&file, &content).map_err(explain)?;
    } else {
        let content = worktree::ends(repository, path).to_disk(content);
        // Whether a file may be executed is kept only with the file itself: that cannot be set here.
        let kept =
            side.mode == 0o100755 && file.symlink_metadata().is_ok_and(|about| about.is_file());
        if kept { fs::write(&file, content) } else { file::place(&file, &content) }
            .map_err(explain)?;
    }
    let about = file.symlink_metadata().map_err(explain)?;
    Ok(worktree::stat_of(&about))
}

/// The directories above a file, none of which is a link.
fn directories(work: &Path, native: &Path) -> Result<(), String> {
    let mut above: Vec<_> =
        native.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()).collect();
    above.reverse();
    for directory in above {
        let directory = work.join(directory);
        match directory.symlink_metadata() {
            Ok(about) if about.is_dir() => {}
            Ok(_) => {
                return Err(format!(
                    "`{}` is no directory, so nothing is written below it",
                    directory.display()
                ));
            }
            Err(_) => {
                fs::create_dir(&directory).map_err(|error| file::explain(&error, &directory))?
            }
        }
    }
    Ok(())
}

fn link(target: &[u8], at: &Path) -> std::io::Result<()> {
    let target = std::str::from_utf8(target).map_err(|_| std::io::ErrorKind::InvalidData)?;
    crate::link::make(target, at)
}

/// What `restore` shall do.
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
    for (path, side) in &changes {
        match side {
            Some(side) => check_content(repository, path, side)?,
            None => check_writable(path, false)?,
        }
    }
    change_index(&mut locked, &staged);
    for (path, side) in &changes {
        match side {
            None => delete(repository, path)?,
            Some(side) => {
                let stat = write(repository, path, side)?;
                let is_staged = staged.contains_key(path) || locked.index.id(path) == Some(side.id);
                if is_staged {
                    locked.set(path, side.mode, side.id, stat);
                }
            }
        }
    }
    locked.write()?;
    let mut touched: Vec<_> = changes.keys().chain(staged.keys()).collect();
    touched.sort();
    touched.dedup();
    Ok(listed(&touched))
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

/// What has to change on the disk. Only what git knows is deleted.
fn on_disk(
    repository: &Repository,
    locked: &Locked,
    paths: &Paths,
    source: &BTreeMap<Vec<u8>, Side>,
) -> Result<BTreeMap<Vec<u8>, Option<Side>>, String> {
    let mut changes = BTreeMap::new();
    for (path, side) in source.iter().filter(|(_, side)| !side.is_submodule()) {
        let found = worktree::about(repository, path)?;
        let same = match &found {
            Some(about) if about.is_file() || about.is_symlink() => {
                let mode = worktree::mode(repository, about, Mode::from_bits_truncate(side.mode));
                mode == side.mode && worktree::id(repository, path, mode)? == side.id
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
            && worktree::about(repository, path)?.is_some()
        {
            changes.insert(path.to_vec(), None);
        }
    }
    Ok(changes)
}

/// What has to change in the index.
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
