//! `branches`: their names and where they are; and new ones.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::commits;
use crate::file;
use crate::identity::Identity;
use crate::refs::{self, LogLine};
use crate::repository::Repository;
use crate::revision;
use crate::status;

/// The names that are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    Local,
    Remote,
    All,
    Tags,
}

/// Bytes of a new name.
const MAX_NAME: usize = 240;
/// Names that are told at once.
const MAX_SHOWN: usize = 500;
/// Worktrees that are looked at.
const MAX_WORKTREES: usize = 10_000;

pub fn list(repository: &Repository, which: Which) -> Result<String, String> {
    let head = repository.refs.head()?;
    let mut text = String::new();
    if let (None, Some(id), Which::Local | Which::All) = (&head.branch, head.commit, which) {
        let _ = writeln!(text, "* (HEAD detached at {})", repository.short(&id));
    }
    let prefixes: &[&str] = match which {
        Which::Local => &["refs/heads/"],
        Which::Remote => &["refs/remotes/"],
        Which::All => &["refs/heads/", "refs/remotes/"],
        Which::Tags => &["refs/tags/"],
    };
    let mut shown = 0;
    for prefix in prefixes {
        for (name, id) in repository.refs.below(prefix)? {
            shown += 1;
            if shown <= MAX_SHOWN {
                let mark = if head.branch.as_ref() == Some(&name) { '*' } else { ' ' };
                let _ = writeln!(text, "{mark} {}", line(repository, &name, &id)?);
            }
        }
    }
    if shown > MAX_SHOWN {
        let _ = writeln!(text, "[{} more are not shown]", shown - MAX_SHOWN);
    }
    match (&head.branch, head.commit) {
        (Some(branch), None) if which != Which::Tags => {
            let _ = writeln!(text, "* {} (no commits yet)", refs::short(branch));
        }
        _ if shown == 0 && text.is_empty() => text += "none\n",
        _ => {}
    }
    Ok(text)
}

/// `main abc1234 [origin/main: ahead 1] subject`.
fn line(repository: &Repository, name: &str, id: &gix_hash::ObjectId) -> Result<String, String> {
    let short = refs::short(name);
    let Ok(id) = revision::commit(repository, &id.to_string()) else {
        return Ok(format!("{short} {}", repository.short(id)));
    };
    let subject = commits::read(repository, &id)?.subject();
    let upstream =
        revision::upstream_of(repository, short).filter(|_| name.starts_with("refs/heads/"));
    let upstream = match upstream {
        Some(upstream) => {
            let distance = status::distance(repository, id, &upstream)?;
            let distance = distance.trim_start_matches(" [").trim_end_matches(']');
            let colon = if distance.is_empty() { "" } else { ": " };
            format!(" [{}{colon}{distance}]", refs::short(&upstream))
        }
        None => String::new(),
    };
    Ok(format!("{short} {}{upstream} {subject}", repository.short(&id)))
}

/// Makes a branch at a revision.
pub fn create(repository: &Repository, name: &str, start: &str) -> Result<String, String> {
    let full = new_name(repository, name)?;
    let id = revision::commit(repository, start)?;
    repository.refs.set(&full, None, id)?;
    let what = format!("branch: Created from {start}");
    let who = Identity::of(repository, None).unwrap_or_else(|_| Identity::unknown()).line();
    repository.refs.log(&full, &LogLine { before: None, after: id, who: &who, what: &what })?;
    Ok(format!("branch {name} is at {}\n", repository.short(&id)))
}

/// Fails if another worktree is on the branch: a commit in one would make the files of the other old.
pub fn check_free(repository: &Repository, name: &str) -> Result<(), String> {
    let linked = repository.common.join("worktrees");
    let linked = fs::read_dir(linked).into_iter().flatten().flatten().take(MAX_WORKTREES);
    let mut others: Vec<_> = linked.map(|entry| entry.path()).collect();
    if !repository.config.is("core.bare", false) {
        others.push(repository.common.clone());
    }
    others.retain(|other| *other != repository.own);
    match others.into_iter().find(|other| holds(other, name)) {
        Some(other) => Err(format!(
            "branch `{}` is already used by worktree at `{}`; work there, make another branch, or look at its commit with `detach`",
            refs::short(name),
            files_of(&other)
        )),
        None => Ok(()),
    }
}

/// True if the worktree that keeps its `HEAD` here is on the branch, or rebases it.
fn holds(own: &Path, name: &str) -> bool {
    let text = |file: &str| {
        let bytes = file::small(&own.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    };
    let on = text("HEAD").strip_prefix("ref:").is_some_and(|on| on.trim() == name);
    on || ["rebase-merge/head-name", "rebase-apply/head-name"].iter().any(|file| text(file) == name)
}

/// The directory with the files of the worktree that keeps its `HEAD` here.
fn files_of(own: &Path) -> String {
    let linked = file::small(&own.join("gitdir")).ok();
    let inner = match linked {
        Some(text) => String::from_utf8_lossy(&text).trim().to_owned(),
        None => own.display().to_string(),
    };
    inner.strip_suffix("/.git").unwrap_or(&inner).to_owned()
}

/// `refs/heads/NAME` of a branch that is not there yet.
pub fn new_name(repository: &Repository, name: &str) -> Result<String, String> {
    let full = full_name(name)?;
    if repository.refs.resolve(&full)?.is_some() {
        return Err(format!("there is a branch `{name}` already"));
    }
    Ok(full)
}

/// `refs/heads/NAME`, if git would take that.
pub fn full_name(name: &str) -> Result<String, String> {
    let full = format!("refs/heads/{name}");
    let valid = gix_validate::reference::branch_name(full.as_str().into()).is_ok();
    if !valid || name.len() > MAX_NAME || name.starts_with('-') || name == "HEAD" || name == "@" {
        let name = &name[..name.floor_char_boundary(MAX_NAME)];
        return Err(format!("`{name}` is no name for a branch; write one such as `fix/login`"));
    }
    Ok(full)
}
