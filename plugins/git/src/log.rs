//! `log`: which commits there are.

use std::fmt::Write as _;

use gix_hash::ObjectId;

use crate::commits::{self, Commit, Walk};
use crate::patch::{self, Form};
use crate::paths::Paths;
use crate::refs;
use crate::rename;
use crate::repository::Repository;
use crate::revision::{self, Range};
use crate::tree;

/// Bytes of a date that is given.
const MAX_DATE: usize = 100;
/// Seconds.
const DAY: i64 = 86_400;

/// The commits that are wanted, and how they are shown.
pub struct Wanted<'a> {
    pub revision: &'a str,
    pub paths: Paths,
    pub author: Option<String>,
    pub grep: Option<String>,
    pub since: Option<String>,
    pub until: Option<String>,
    pub first_parent: bool,
    pub skip: usize,
    pub limit: usize,
    pub full: bool,
    pub stat: bool,
}

pub fn log(repository: &Repository, wanted: &Wanted<'_>) -> Result<String, String> {
    let (from, hidden) = ends(repository, wanted.revision)?;
    let filter = Filter::new(wanted)?;
    let names = Names::read(repository)?;
    let mut walk = Walk::new(repository, &from, &hidden)?;
    walk.first_parent = wanted.first_parent;
    let (mut text, mut left, mut shown) = (String::new(), wanted.skip, 0);
    while let Some(commit) = walk.next() {
        let is_meant =
            meant(repository, &mut walk, &commit, &wanted.paths)? && filter.passes(&commit);
        if !is_meant {
            continue;
        }
        if left > 0 {
            left -= 1;
            continue;
        }
        if shown == wanted.limit {
            let _ = writeln!(text, "[more commits; go on with skip {}]", wanted.skip + shown);
            break;
        }
        shown += 1;
        write(repository, &commit, wanted, &names, &mut text)?;
    }
    if shown == 0 {
        text += "no commits\n";
    }
    Ok(text)
}

/// The commits where the walk begins, and those that it leaves out.
fn ends(repository: &Repository, text: &str) -> Result<(Vec<ObjectId>, Vec<ObjectId>), String> {
    if text == "--all" {
        let mut all: Vec<_> = repository.refs.below("refs/")?.into_values().collect();
        all.extend(repository.refs.head()?.commit);
        let commits =
            all.iter().filter_map(|id| revision::commit(repository, &id.to_string()).ok());
        return Ok((commits.collect(), Vec::new()));
    }
    Ok(match revision::range(repository, text)? {
        Range::One(id) => (vec![id], Vec::new()),
        Range::Between(from, to) => (vec![to], vec![from]),
        Range::Symmetric(one, other) => {
            (vec![one, other], vec![commits::merge_base(repository, one, other)?])
        }
    })
}

/// True if the commit changed the paths. Follows its parents: only one that has the same, where there is one.
fn meant(
    repository: &Repository,
    walk: &mut Walk<'_>,
    commit: &Commit,
    paths: &Paths,
) -> Result<bool, String> {
    let parents = walk.parents(commit).to_vec();
    if paths.is_all() {
        walk.follow(&parents)?;
        return Ok(true);
    }
    for parent in &parents {
        let tree = commits::read(repository, parent)?.tree;
        if tree::diff(repository, Some(tree), Some(commit.tree), paths)?.is_empty() {
            walk.follow(&[*parent])?;
            return Ok(false);
        }
    }
    walk.follow(&parents)?;
    Ok(!parents.is_empty() || !tree::diff(repository, None, Some(commit.tree), paths)?.is_empty())
}

struct Filter {
    author: Option<String>,
    grep: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
}

impl Filter {
    fn new(wanted: &Wanted<'_>) -> Result<Self, String> {
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        Ok(Self {
            author: lower(&wanted.author),
            grep: lower(&wanted.grep),
            since: wanted.since.as_deref().map(|text| moment(text, "since", 0)).transpose()?,
            until: wanted
                .until
                .as_deref()
                .map(|text| moment(text, "until", DAY - 1))
                .transpose()?,
        })
    }

    fn passes(&self, commit: &Commit) -> bool {
        let holds = |part: &Option<String>, text: &str| {
            part.as_ref().is_none_or(|part| text.to_lowercase().contains(part))
        };
        let time = commit.committer.time.seconds;
        holds(&self.author, &commit.author.shown())
            && holds(&self.grep, &commit.message)
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time <= until)
    }
}

/// `2026-11-29`, `2026-11-29 12:00:00 +0000`, `2 weeks ago`, `today`. A day alone is meant whole: `within` is the second of it.
fn moment(text: &str, key: &str, within: i64) -> Result<i64, String> {
    let text = text.trim();
    if text.len() > MAX_DATE {
        return Err(format!(
            "`{key}` has {} bytes; write a date such as `2026-11-29` or `2 weeks ago`",
            text.len()
        ));
    }
    let now = gix_date::Time::now_utc();
    if let Some(days) = days_ago(text) {
        let day = now.seconds - days * DAY;
        return Ok(day - day.rem_euclid(DAY) + within);
    }
    let now = now.to_zoned().map_err(|error| error.to_string())?;
    match gix_date::parse(text, Some(now)) {
        Ok(time) if is_day(text) => Ok(time.seconds - time.seconds.rem_euclid(DAY) + within),
        Ok(time) => Ok(time.seconds),
        Err(_) => {
            Err(format!("`{key}` is `{text}`; write a date such as `2026-11-29` or `2 weeks ago`"))
        }
    }
}

/// The number of days before today, of a word for a day.
fn days_ago(text: &str) -> Option<i64> {
    match &*text.to_ascii_lowercase() {
        "today" | "midnight" => Some(0),
        "yesterday" => Some(1),
        _ => None,
    }
}

/// True for `2026-11-29`.
fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Branches and tags by their commits.
pub struct Names(std::collections::HashMap<ObjectId, Vec<String>>);

impl Names {
    pub fn read(repository: &Repository) -> Result<Self, String> {
        let mut names = std::collections::HashMap::<_, Vec<_>>::new();
        let head = repository.refs.head()?;
        if let Some(commit) = head.commit {
            let shown = head.short().map_or("HEAD".into(), |branch| format!("HEAD -> {branch}"));
            names.entry(commit).or_default().push(shown);
        }
        for (prefix, before) in
            [("refs/tags/", "tag: "), ("refs/heads/", ""), ("refs/remotes/", "")]
        {
            for (name, id) in repository.refs.below(prefix)? {
                let is_head = Some(&name) == head.branch.as_ref();
                if let (false, Ok(commit)) =
                    (is_head, revision::commit(repository, &id.to_string()))
                {
                    names
                        .entry(commit)
                        .or_default()
                        .push(format!("{before}{}", refs::short(&name)));
                }
            }
        }
        Ok(Self(names))
    }

    /// ` (HEAD -> main, tag: v1)`, or nothing.
    fn of(&self, id: &ObjectId) -> String {
        self.0.get(id).map_or(String::new(), |names| format!(" ({})", names.join(", ")))
    }
}

fn write(
    repository: &Repository,
    commit: &Commit,
    wanted: &Wanted<'_>,
    names: &Names,
    text: &mut String,
) -> Result<(), String> {
    let decoration = names.of(&commit.id);
    if wanted.full {
        if !text.is_empty() {
            text.push('\n');
        }
        header(repository, commit, &decoration, text);
    } else {
        let (id, day) = (repository.short(&commit.id), commits::day(&commit.author.time));
        let _ =
            writeln!(text, "{id} {day} {}{decoration} {}", commit.author.name, commit.subject());
    }
    if wanted.stat {
        let changes = rename::find(repository, against_parent(repository, commit, &wanted.paths)?)?;
        if wanted.full {
            text.push('\n');
        }
        *text += &patch::written(repository, &changes, Form::Counts)?;
    }
    Ok(())
}

/// The changes of a commit against its first parent.
pub fn against_parent(
    repository: &Repository,
    commit: &Commit,
    paths: &Paths,
) -> Result<Vec<crate::change::Change>, String> {
    let parent = commit.parents.first().map(|id| commits::read(repository, id)).transpose()?;
    tree::diff(repository, parent.map(|parent| parent.tree), Some(commit.tree), paths)
}

/// A commit as `git log` writes it.
pub fn header(repository: &Repository, commit: &Commit, decoration: &str, text: &mut String) {
    let _ = writeln!(text, "commit {}{decoration}", commit.id);
    if commit.parents.len() > 1 {
        let parents: Vec<_> = commit.parents.iter().map(|id| repository.short(id)).collect();
        let _ = writeln!(text, "Merge: {}", parents.join(" "));
    }
    let _ = writeln!(
        text,
        "Author: {}\nDate:   {}\n",
        commit.author.shown(),
        commits::date(&commit.author.time)
    );
    for line in commit.message.trim_matches('\n').lines() {
        let _ = writeln!(text, "    {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_alone_is_the_whole_day() {
        for (text, since, until) in [
            ("2026-01-02", 1_767_312_000, 1_767_398_399),
            (" 2026-01-02 ", 1_767_312_000, 1_767_398_399),
            ("2026-01-02 10:00:00 +0000", 1_767_348_000, 1_767_348_000),
        ] {
            assert_eq!(moment(text, "since", 0).unwrap(), since, "{text}");
            assert_eq!(moment(text, "until", DAY - 1).unwrap(), until, "{text}");
        }
        let today = gix_date::Time::now_utc().seconds.div_euclid(DAY);
        for (text, ago) in [("today", 0), ("Today ", 0), ("yesterday", 1)] {
            for (key, within) in [("since", 0), ("until", DAY - 1)] {
                let found = moment(text, key, within).unwrap();
                assert_eq!(found.rem_euclid(DAY), within, "{text}");
                // Midnight may pass meanwhile.
                assert!((0..=1).contains(&(found.div_euclid(DAY) + ago - today)), "{text}");
            }
        }
        for text in ["yesterweek", "2026-13-45", ""] {
            assert!(moment(text, "until", 0).unwrap_err().contains("write a date"), "{text}");
        }
    }
}
