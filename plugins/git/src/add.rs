//! `add`: files into the index.

use std::fmt::Write as _;

use gix_object::Kind;

use crate::change::{Change, Side};
use crate::ignore::Ignored;
use crate::index::Locked;
use crate::paths::{Paths, check_writable, native, quoted};
use crate::repository::Repository;
use crate::worktree::{self, Untracked};

/// Paths that are named in an answer.
const MAX_SHOWN: usize = 50;

pub fn add(repository: &Repository, given: &[String]) -> Result<String, String> {
    if given.is_empty() {
        return Err("`paths` is empty; name files or directories, or `.` for everything".into());
    }
    let paths = Paths::parse(repository, given)?;
    let mut locked = Locked::take(repository)?;
    let found = worktree::compare(repository, &locked.index, &paths, Untracked::EachFile)?;
    let conflicts = locked.index.conflicts();
    let resolved = conflicts.iter().map(|(path, _)| path).filter(|path| paths.contain(path));
    check_used(repository, &paths, &locked, &found)?;
    let (mut text, mut count) = (String::new(), 0);
    let mut tell = |letter: char, path: &[u8]| {
        count += 1;
        if count <= MAX_SHOWN {
            let _ = writeln!(text, "{letter}  {}", quoted(path));
        }
    };
    for change in &found.changes {
        stage(repository, &mut locked, change)?;
        tell(change.letter(), &change.path);
    }
    for path in &found.untracked {
        if path.ends_with(b"/") {
            return Err(nested(path));
        }
        stage_file(repository, &mut locked, path, gix_index::entry::Mode::FILE)?;
        tell('A', path);
    }
    for path in resolved {
        match worktree::about(repository, path)? {
            Some(about) if !about.is_dir() => {
                stage_file(repository, &mut locked, path, gix_index::entry::Mode::FILE)?;
            }
            _ => locked.remove(|other| other == path),
        }
        tell('M', path);
    }
    if count == 0 {
        return Ok("nothing has changed there, so nothing was staged\n".into());
    }
    locked.write()?;
    if count > MAX_SHOWN {
        let _ = writeln!(text, "[{} more]", count - MAX_SHOWN);
    }
    for note in &found.notes {
        let _ = writeln!(text, "[{note}]");
    }
    Ok(text)
}

/// Each path has to mean something, as git asks for.
fn check_used(
    repository: &Repository,
    paths: &Paths,
    locked: &Locked,
    found: &worktree::Found,
) -> Result<(), String> {
    let index = &locked.index;
    let known = index.entries().iter().map(|entry| index.path(entry));
    let new = found.untracked.iter().map(|path| &path[..]);
    let all: Vec<_> = known.chain(new).collect();
    let Some(unused) = paths.unused(all.iter().copied()) else { return Ok(()) };
    if Ignored::covers(repository, unused.as_bytes())? {
        return Err(format!(
            "`{unused}` is ignored by .gitignore or .git/info/exclude, so it is not added; nothing was staged"
        ));
    }
    let mut above = unused.match_indices('/').map(|(end, _)| &unused[..end]);
    let submodule = |path: &&str| {
        let entry = index.get(path.as_bytes());
        entry.is_some_and(|entry| entry.mode == gix_index::entry::Mode::COMMIT)
    };
    if let Some(submodule) = above.find(submodule) {
        return Err(format!(
            "`{unused}` lies in the submodule `{submodule}`, which is a repository of its own: add it there"
        ));
    }
    let there = native(unused.as_bytes())
        .is_some_and(|path| repository.work().is_ok_and(|work| work.join(path).exists()));
    if there {
        return Ok(());
    }
    Err(format!(
        "`{unused}` matches no files, or only ones that .gitignore names; paths begin at the root of the repository"
    ))
}

fn nested(path: &[u8]) -> String {
    format!("`{}` is a repository of its own, which is not added here", quoted(path))
}

fn stage(repository: &Repository, locked: &mut Locked, change: &Change) -> Result<(), String> {
    let was_submodule = change.old.as_ref().is_some_and(Side::is_submodule);
    match &change.new {
        None => {
            locked.remove(|path| path == change.path);
            Ok(())
        }
        Some(new) if new.is_submodule() && !was_submodule => Err(nested(&change.path)),
        Some(new) if new.is_submodule() => {
            locked.set(&change.path, new.mode, new.id, gix_index::entry::Stat::default());
            Ok(())
        }
        Some(new) => stage_file(
            repository,
            locked,
            &change.path,
            gix_index::entry::Mode::from_bits_truncate(new.mode),
        ),
    }
}

fn stage_file(
    repository: &Repository,
    locked: &mut Locked,
    path: &[u8],
    before: gix_index::entry::Mode,
) -> Result<(), String> {
    let about = worktree::about(repository, path)?
        .ok_or_else(|| format!("there is no `{}`", quoted(path)))?;
    let mode = worktree::mode(repository, &about, before);
    check_writable(path, mode == 0o120000)?;
    if let Some(attribute) = repository.attributes.of(path).changed_by {
        return Err(format!(
            "`{}` has the attribute `{attribute}`, for which git would change its content; that is not done here: add it with git",
            quoted(path)
        ));
    }
    if !about.is_file() && !about.is_symlink() {
        return Err(format!("`{}` is neither a file nor a link", quoted(path)));
    }
    let content = worktree::content(repository, path, mode)?;
    let id = repository.objects.write(Kind::Blob, &content)?;
    locked.set(path, mode, id, worktree::stat_of(&about));
    Ok(())
}
