//! `diff`: between the files, the index and revisions.

use crate::change::{Change, Side};
use crate::commits;
use crate::index::{self, Index};
use crate::patch::{self, Form};
use crate::paths::Paths;
use crate::rename;
use crate::repository::Repository;
use crate::revision::{self, Range};
use crate::status;
use crate::tree;
use crate::worktree::{self, Untracked};

/// The two sides that are compared.
pub enum Wanted {
    /// The files with the index.
    Unstaged,
    /// The index with `HEAD`, or with a revision.
    Staged(Option<String>),
    /// The files with a revision.
    Since(String),
    /// Two revisions.
    Between(String, String),
}

impl Wanted {
    pub fn of(staged: bool, from: Option<String>, to: Option<String>) -> Result<Self, String> {
        let from = from.filter(|text| !text.trim().is_empty());
        let to = to.filter(|text| !text.trim().is_empty());
        Ok(match (staged, from, to) {
            (true, _, Some(_)) => {
                return Err("`staged` compares what is staged with `from`; leave out `to`".into());
            }
            (true, from, None) => Self::Staged(from),
            (false, None, None) => Self::Unstaged,
            (false, Some(from), None) => match from.split_once("..") {
                Some((one, other)) if !other.starts_with('.') => {
                    Self::Between(one.into(), other.into())
                }
                _ => Self::Since(from),
            },
            (false, Some(from), Some(to)) => Self::Between(from, to),
            (false, None, Some(to)) => {
                return Err(format!(
                    "`to` is the newer side, and `from` is missing; to compare the files with `{to}`, give it as `from` alone, \
                     and to compare two revisions give both, as in from `HEAD`, to `{to}`"
                ));
            }
        })
    }
}

pub fn diff(
    repository: &Repository,
    wanted: &Wanted,
    paths: &Paths,
    form: Form,
) -> Result<String, String> {
    let changes = rename::find(repository, changes(repository, wanted, paths)?)?;
    let text = patch::written(repository, &changes, form)?;
    Ok(if changes.is_empty() { nothing(wanted).into() } else { text })
}

fn nothing(wanted: &Wanted) -> &'static str {
    match wanted {
        Wanted::Unstaged => {
            "no changes that are not staged (`staged` shows those that are; status shows untracked files)\n"
        }
        Wanted::Staged(_) => "nothing is staged\n",
        Wanted::Since(_) | Wanted::Between(..) => "no differences\n",
    }
}

fn changes(repository: &Repository, wanted: &Wanted, paths: &Paths) -> Result<Vec<Change>, String> {
    match wanted {
        Wanted::Unstaged => unstaged(repository, &index::read(repository)?, paths),
        Wanted::Staged(None) => {
            status::staged(repository, &repository.refs.head()?, &index::read(repository)?, paths)
        }
        Wanted::Staged(Some(from)) => {
            let tree = revision::tree_of(repository, from)?;
            status::against_tree(repository, Some(tree), &index::read(repository)?, paths)
        }
        Wanted::Since(from) => match from.split_once("...") {
            Some(_) => symmetric(repository, from, paths),
            None => since(repository, from, paths),
        },
        Wanted::Between(from, to) => {
            let end = |text: &str| {
                revision::tree_of(repository, if text.is_empty() { "HEAD" } else { text })
            };
            tree::diff(repository, Some(end(from)?), Some(end(to)?), paths)
        }
    }
}

fn unstaged(repository: &Repository, index: &Index, paths: &Paths) -> Result<Vec<Change>, String> {
    let mut changes = worktree::compare(repository, index, paths, Untracked::No)?.changes;
    for (path, _) in index.conflicts().into_iter().filter(|(path, _)| paths.contain(path)) {
        changes.push(Change { conflict: true, ..Change::new(path, None, None) });
    }
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}

/// `a...b`: what `b` did since they parted.
fn symmetric(repository: &Repository, text: &str, paths: &Paths) -> Result<Vec<Change>, String> {
    let Range::Symmetric(one, other) = revision::range(repository, text)? else {
        return Ok(Vec::new());
    };
    let base = commits::merge_base(repository, one, other)?;
    let tree =
        |id: gix_hash::ObjectId| commits::read(repository, &id).map(|commit| Some(commit.tree));
    tree::diff(repository, tree(base)?, tree(other)?, paths)
}

/// The files on the disk against a revision: the index against it, with what changed on the disk since.
fn since(repository: &Repository, from: &str, paths: &Paths) -> Result<Vec<Change>, String> {
    let tree = revision::tree_of(repository, from)?;
    let index = index::read(repository)?;
    let mut before = tree::files(repository, Some(tree), paths)?;
    let on_disk = worktree::compare(repository, &index, paths, Untracked::No)?.changes;
    let mut now: std::collections::BTreeMap<Vec<u8>, Side> = index
        .entries()
        .iter()
        .filter(|entry| {
            entry.stage() == gix_index::entry::Stage::Unconflicted
                && paths.contain(index.path(entry))
        })
        .map(|entry| (index.path(entry).to_vec(), Side::of_entry(entry)))
        .collect();
    for change in on_disk {
        match change.new {
            Some(new) => drop(now.insert(change.path, new)),
            None => drop(now.remove(&change.path)),
        }
    }
    let mut changes = Vec::new();
    for (path, _) in index.conflicts().into_iter().filter(|(path, _)| paths.contain(path)) {
        before.remove(&path);
        changes.push(Change { conflict: true, ..Change::new(path, None, None) });
    }
    for (path, new) in now {
        let old = before.remove(&path);
        if old.as_ref() != Some(&new) {
            changes.push(Change::new(path, old, Some(new)));
        }
    }
    changes.extend(before.into_iter().map(|(path, old)| Change::new(path, Some(old), None)));
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_that_is_missing_is_asked_for() {
        let of = |staged, from: Option<&str>, to: Option<&str>| {
            Wanted::of(staged, from.map(str::to_owned), to.map(str::to_owned))
        };
        for to in ["HEAD", "v1.0"] {
            let error = of(false, None, Some(to)).err().expect("an error");
            assert!(error.contains("give it as `from` alone"), "{error}");
            assert!(error.contains(&format!("from `HEAD`, to `{to}`")), "{error}");
            assert!(of(false, Some(to), None).is_ok() && of(false, Some("HEAD"), Some(to)).is_ok());
        }
        assert!(matches!(of(false, Some(" "), Some(" ")), Ok(Wanted::Unstaged)));
    }
}
