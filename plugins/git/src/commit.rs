//! `commit`: what is staged becomes a commit, and the branch moves to it.

use std::fmt::Write as _;
use std::fs;

use gix_hash::ObjectId;
use gix_index::entry::{Flags, Stage};
use gix_object::Kind;

use crate::commits::{self, Commit};
use crate::identity::Identity;
use crate::index::{Index, Locked};
use crate::patch::{self, Form};
use crate::paths::{Paths, quoted};
use crate::refs::{Head, LogLine};
use crate::rename;
use crate::repository::Repository;
use crate::tree;

/// The files of states that wait to be committed in another way than by a plain commit, and are over after it.
const STATES: [&str; 5] =
    ["MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "CHERRY_PICK_HEAD", "REVERT_HEAD"];
const MAX_MESSAGE: usize = 1024 * 1024;

pub struct Wanted<'a> {
    pub message: Option<&'a str>,
    pub author: Option<&'a str>,
    pub amend: bool,
    pub allow_empty: bool,
}

pub fn commit(repository: &Repository, wanted: &Wanted<'_>) -> Result<String, String> {
    repository.work()?;
    // Held until the end, so that nobody changes what is staged.
    let locked = Locked::take(repository)?;
    let head = repository.refs.head()?;
    let last = head.commit.map(|id| commits::read(repository, &id)).transpose()?;
    check(repository, &locked.index, wanted, last.as_ref())?;
    let tree = written(repository, &locked.index)?;
    let parents = parents(repository, wanted, last.as_ref())?;
    let before = last.as_ref().filter(|_| !wanted.amend).map(|last| last.tree);
    if parents.len() < 2
        && !wanted.amend
        && !wanted.allow_empty
        && before.is_some_and(|before| before == tree)
    {
        return Err(
            "nothing is staged: there would be no change in the commit; `add` stages files".into(),
        );
    }
    if last.is_none() && tree.is_empty_tree() && !wanted.allow_empty {
        return Err(
            "nothing is staged: there would be no file in the commit; `add` stages files".into()
        );
    }
    let committer = Identity::of(repository, wanted.author)?;
    let author = author(repository, wanted, last.as_ref())?.unwrap_or_else(|| committer.clone());
    let message = message(repository, wanted, last.as_ref())?;
    let data = encoded(tree, &parents, &author, &committer, &message);
    let id = repository.objects.write(Kind::Commit, data.as_bytes())?;
    moved(repository, &head, id, &committer, &what(wanted, &parents, &message))?;
    for state in STATES {
        let _ = fs::remove_file(repository.own.join(state));
    }
    told(repository, &head, &commits::read(repository, &id)?)
}

fn check(
    repository: &Repository,
    index: &Index,
    wanted: &Wanted<'_>,
    last: Option<&Commit>,
) -> Result<(), String> {
    if let Some((path, _)) = index.conflicts().first() {
        return Err(format!("`{}` has conflicts; edit it, then `add` it", quoted(path)));
    }
    if wanted.amend && last.is_none() {
        return Err("there is no commit yet that could be amended".into());
    }
    for (state, what) in [("MERGE_HEAD", "merge"), ("CHERRY_PICK_HEAD", "cherry-pick")] {
        if wanted.amend && repository.note(state).is_some() {
            return Err(format!(
                "a {what} is in progress; `amend` would mix it into the last commit"
            ));
        }
    }
    if repository.own.join("rebase-merge").exists() || repository.own.join("rebase-apply").exists()
    {
        return Err("a rebase is in progress; finish it with git".into());
    }
    Ok(())
}

/// The author of a commit that is amended or picked, unless the call names one.
fn author(
    repository: &Repository,
    wanted: &Wanted<'_>,
    last: Option<&Commit>,
) -> Result<Option<Identity>, String> {
    if wanted.author.is_some() {
        return Ok(None);
    }
    if wanted.amend {
        return Ok(last.map(|last| Identity::of_person(&last.author)));
    }
    let Some(picked) = repository.note("CHERRY_PICK_HEAD") else { return Ok(None) };
    let picked = picked.trim();
    let id = ObjectId::from_hex(picked.as_bytes())
        .map_err(|_| format!("CHERRY_PICK_HEAD holds `{picked}`, which is no commit"))?;
    Ok(Some(Identity::of_person(&commits::read(repository, &id)?.author)))
}

/// The tree of what is staged.
fn written(repository: &Repository, index: &Index) -> Result<ObjectId, String> {
    let staged = |entry: &&gix_index::Entry| {
        entry.stage() == Stage::Unconflicted && !entry.flags.contains(Flags::INTENT_TO_ADD)
    };
    let entries = index.entries().iter().filter(staged);
    let files: Vec<_> =
        entries.map(|entry| (index.path(entry), entry.mode.bits(), entry.id)).collect();
    for (path, mode, id) in &files {
        crate::paths::check_writable(path, *mode == 0o120000)?;
        if *mode != 0o160000 && !repository.objects.has(id) {
            return Err(format!("`{}` is staged, but its object {id} is missing", quoted(path)));
        }
    }
    tree::write(repository, &files)
}

fn parents(
    repository: &Repository,
    wanted: &Wanted<'_>,
    last: Option<&Commit>,
) -> Result<Vec<ObjectId>, String> {
    let Some(last) = last else { return Ok(Vec::new()) };
    if wanted.amend {
        return Ok(last.parents.clone());
    }
    let mut parents = vec![last.id];
    for line in repository.note("MERGE_HEAD").unwrap_or_default().lines() {
        let id = ObjectId::from_hex(line.trim().as_bytes())
            .map_err(|_| format!("MERGE_HEAD holds `{line}`, which is no commit"))?;
        parents.push(commits::read(repository, &id)?.id);
    }
    Ok(parents)
}

/// The message without comments of git's own, blank lines around it and spaces at the ends of lines.
fn message(
    repository: &Repository,
    wanted: &Wanted<'_>,
    last: Option<&Commit>,
) -> Result<String, String> {
    let given = match wanted.message {
        Some(message) => message.to_owned(),
        None if wanted.amend => last.map(|last| last.message.clone()).unwrap_or_default(),
        None => {
            let prepared = repository.note("MERGE_MSG").unwrap_or_default();
            prepared.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
        }
    };
    if given.contains('\0') || given.len() > MAX_MESSAGE {
        return Err("`message` has a zero byte or is longer than 1 MiB".into());
    }
    let mut message = String::new();
    for line in given.lines().map(str::trim_end) {
        if !line.is_empty() || !(message.is_empty() || message.ends_with("\n\n")) {
            message += line;
            message.push('\n');
        }
    }
    let message = message.trim_end().to_owned();
    if message.is_empty() {
        return Err("`message` is empty; say what changes and why".into());
    }
    Ok(message + "\n")
}

fn encoded(
    tree: ObjectId,
    parents: &[ObjectId],
    author: &Identity,
    committer: &Identity,
    message: &str,
) -> String {
    let mut data = format!("tree {tree}\n");
    for parent in parents {
        let _ = writeln!(data, "parent {parent}");
    }
    let _ = write!(data, "author {}\ncommitter {}\n\n{message}", author.line(), committer.line());
    data
}

fn what(wanted: &Wanted<'_>, parents: &[ObjectId], message: &str) -> String {
    let kind = match parents.len() {
        _ if wanted.amend => " (amend)",
        0 => " (initial)",
        1 => "",
        _ => " (merge)",
    };
    format!("commit{kind}: {}", message.lines().next().unwrap_or_default())
}

/// Moves the branch, or the detached head, from where it was.
pub fn moved(
    repository: &Repository,
    head: &Head,
    id: ObjectId,
    who: &Identity,
    what: &str,
) -> Result<(), String> {
    repository.refs.set(head.branch.as_deref().unwrap_or("HEAD"), head.commit, id)?;
    let who = who.line();
    let line = LogLine { before: head.commit, after: id, who: &who, what };
    // The commit is made: a log that cannot be written does not undo it.
    let _ = repository.refs.log("HEAD", &line);
    if let Some(branch) = &head.branch {
        let _ = repository.refs.log(branch, &line);
    }
    Ok(())
}

/// `[main abc1234] subject` with counts, and what git would have done besides.
fn told(repository: &Repository, head: &Head, commit: &Commit) -> Result<String, String> {
    let branch = head.short().unwrap_or("detached HEAD");
    let root = if commit.parents.is_empty() { " (root-commit)" } else { "" };
    let mut text =
        format!("[{branch}{root} {}] {}\n", repository.short(&commit.id), commit.subject());
    let parent = commit.parents.first().map(|id| commits::read(repository, id)).transpose()?;
    let changes =
        tree::diff(repository, parent.map(|parent| parent.tree), Some(commit.tree), &Paths::all())?;
    let changes = rename::find(repository, changes)?;
    let counts = patch::written(repository, &changes, Form::Counts)?;
    let lines: Vec<_> = counts.lines().collect();
    // Many files are told by their sum alone.
    let from = if lines.len() > 50 { lines.len() - 1 } else { 0 };
    for line in &lines[from..] {
        let _ = writeln!(text, "{line}");
    }
    let hooks = ["pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"];
    let hooks: Vec<_> = hooks
        .into_iter()
        .filter(|name| repository.common.join("hooks").join(name).exists())
        .collect();
    if !hooks.is_empty() {
        let _ = writeln!(text, "[hooks that git would run were not run: {}]", hooks.join(", "));
    }
    if repository.own.join("sequencer").exists() {
        text += "[several commits are picked or reverted: go on with git, such as `git cherry-pick --continue`]\n";
    }
    if repository.config.is("commit.gpgSign", false) {
        text += "[the commit is not signed, though `commit.gpgSign` asks for it]\n";
    }
    Ok(text)
}
