//! `status`: as `git status --porcelain --branch` writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::change::Change;
use crate::commits;
use crate::index::{self, Index};
use crate::paths::{Paths, listed};
use crate::refs::{self, Head};
use crate::rename;
use crate::repository::Repository;
use crate::revision;
use crate::tree;
use crate::worktree::{self, Untracked};

pub fn status(
    repository: &Repository,
    paths: &Paths,
    untracked: Untracked,
) -> Result<String, String> {
    let head = repository.refs.head()?;
    let index = index::read(repository)?;
    let staged = rename::find(repository, staged(repository, &head, &index, paths)?)?;
    let found = worktree::compare(repository, &index, paths, untracked)?;
    let mut text = branch(repository, &head)?;
    let entries = entries(&index, paths, &staged, &found.changes);
    let clean = entries.is_empty() && found.untracked.is_empty();
    for (path, entry) in &entries {
        let _ = writeln!(text, "{}", line(path, entry));
    }
    for path in &found.untracked {
        let _ = writeln!(text, "?? {}", listed(path));
    }
    if clean {
        text += "nothing to commit, working tree clean\n";
    }
    let doing = operation(repository);
    for note in doing.iter().chain(&found.notes) {
        let _ = writeln!(text, "[{note}]");
    }
    Ok(text)
}

/// The changes of the index against `HEAD`.
pub fn staged(
    repository: &Repository,
    head: &Head,
    index: &Index,
    paths: &Paths,
) -> Result<Vec<Change>, String> {
    let tree =
        head.commit.map(|id| commits::read(repository, &id)).transpose()?.map(|commit| commit.tree);
    against_tree(repository, tree, index, paths)
}

/// The changes of the index against a tree.
pub fn against_tree(
    repository: &Repository,
    tree: Option<gix_hash::ObjectId>,
    index: &Index,
    paths: &Paths,
) -> Result<Vec<Change>, String> {
    use gix_index::entry::{Flags, Stage};
    let mut before = tree::files(repository, tree, paths)?;
    let mut changes = Vec::new();
    for entry in index.entries() {
        let path = index.path(entry);
        if !paths.contain(path) || entry.flags.contains(Flags::INTENT_TO_ADD) {
            continue;
        }
        let old = before.remove(path);
        if entry.stage() != Stage::Unconflicted {
            if changes.last().is_none_or(|last: &Change| last.path != path) {
                changes.push(Change { conflict: true, ..Change::new(path.to_vec(), old, None) });
            }
            continue;
        }
        let new = crate::change::Side::of_entry(entry);
        if old.as_ref() != Some(&new) {
            changes.push(Change::new(path.to_vec(), old, Some(new)));
        }
    }
    changes.extend(before.into_iter().map(|(path, old)| Change::new(path, Some(old), None)));
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}

/// `## main...origin/main [ahead 1]`.
fn branch(repository: &Repository, head: &Head) -> Result<String, String> {
    let Some(name) = head.short() else {
        let at = head.commit.map(|id| repository.short(&id)).unwrap_or_default();
        return Ok(format!("## HEAD (no branch) at {at}\n"));
    };
    let Some(ours) = head.commit else { return Ok(format!("## No commits yet on {name}\n")) };
    let upstream = match revision::upstream_of(repository, name) {
        Some(upstream) => {
            format!("...{}{}", refs::short(&upstream), distance(repository, ours, &upstream)?)
        }
        None => String::new(),
    };
    Ok(format!("## {name}{upstream}\n"))
}

/// ` [ahead 1, behind 2]`, ` [gone]` or nothing.
pub fn distance(
    repository: &Repository,
    ours: gix_hash::ObjectId,
    upstream: &str,
) -> Result<String, String> {
    let Some(theirs) = repository.refs.resolve(upstream)? else { return Ok(" [gone]".into()) };
    Ok(match commits::ahead_behind(repository, ours, theirs)? {
        (0, 0) => String::new(),
        (ahead, 0) => format!(" [ahead {ahead}]"),
        (0, behind) => format!(" [behind {behind}]"),
        (ahead, behind) => format!(" [ahead {ahead}, behind {behind}]"),
    })
}

#[derive(Clone)]
struct Entry {
    letters: [char; 2],
    from: Option<Vec<u8>>,
}

fn entries(
    index: &Index,
    paths: &Paths,
    staged: &[Change],
    changed: &[Change],
) -> BTreeMap<Vec<u8>, Entry> {
    let mut entries: BTreeMap<Vec<u8>, Entry> = BTreeMap::new();
    let blank = Entry { letters: [' ', ' '], from: None };
    for change in staged.iter().filter(|change| !change.conflict) {
        let entry = entries.entry(change.path.clone()).or_insert_with(|| blank.clone());
        entry.letters[0] = change.letter();
        entry.from = change.from.as_ref().map(|(path, _)| path.clone());
    }
    for change in changed {
        entries.entry(change.path.clone()).or_insert_with(|| blank.clone()).letters[1] =
            change.letter();
    }
    for (path, stages) in index.conflicts().into_iter().filter(|(path, _)| paths.contain(path)) {
        let letters = match stages {
            0b001 => ['D', 'D'],
            0b010 => ['A', 'U'],
            0b011 => ['U', 'D'],
            0b100 => ['U', 'A'],
            0b101 => ['D', 'U'],
            0b110 => ['A', 'A'],
            _ => ['U', 'U'],
        };
        entries.insert(path, Entry { letters, from: None });
    }
    entries
}

fn line(path: &[u8], entry: &Entry) -> String {
    let [staged, changed] = entry.letters;
    let from = entry.from.as_ref().map(|from| format!("{} -> ", listed(from))).unwrap_or_default();
    format!("{staged}{changed} {from}{}", listed(path))
}

/// A merge or the like that waits to be finished.
fn operation(repository: &Repository) -> Option<String> {
    let there = |name: &str| repository.own.join(name).exists();
    let (name, how) = match () {
        () if there("rebase-merge") || there("rebase-apply") => {
            return Some("a rebase is in progress; finish it with git".into());
        }
        () if there("MERGE_HEAD") => ("merge", "merges"),
        () if there("CHERRY_PICK_HEAD") => ("cherry-pick", "picks"),
        () if there("REVERT_HEAD") => ("revert", "reverts"),
        () => return None,
    };
    Some(format!(
        "a {name} is in progress: once all conflicts are resolved and added, `commit` {how}"
    ))
}
