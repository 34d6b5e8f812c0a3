//! Revisions as people write them: `HEAD~2`, `v1.0`, `main@{upstream}`, `abc1234`, `a..b`, `HEAD:src/lib.rs`.

use gix_hash::ObjectId;
use gix_object::{Kind, TagRef};

use crate::commits;
use crate::repository::Repository;
use crate::tree;

const MAX_TAGS: usize = 16;
const MAX_STEPS: usize = 500_000;
/// Bytes of a revision that is given.
const MAX_REVISION: usize = 4_096;

/// The places in which a short name is looked for.
const PLACES: [&str; 5] = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];

/// A range, or one revision.
pub enum Range {
    One(ObjectId),
    /// `a..b`
    Between(ObjectId, ObjectId),
    /// `a...b`
    Symmetric(ObjectId, ObjectId),
}

/// The commits that a text means.
pub fn range(repository: &Repository, text: &str) -> Result<Range, String> {
    let end = |text: &str| commit(repository, if text.is_empty() { "HEAD" } else { text });
    if let Some((one, other)) = text.split_once("...") {
        return Ok(Range::Symmetric(end(one)?, end(other)?));
    }
    match text.split_once("..") {
        Some((one, other)) => Ok(Range::Between(end(one)?, end(other)?)),
        None => commit(repository, text).map(Range::One),
    }
}

/// The commit that a text means.
pub fn commit(repository: &Repository, text: &str) -> Result<ObjectId, String> {
    peeled(repository, object(repository, text)?, Some(Kind::Commit))
        .map_err(|error| format!("`{text}`: {error}"))
}

/// The tree of a revision.
pub fn tree_of(repository: &Repository, text: &str) -> Result<ObjectId, String> {
    peeled(repository, object(repository, text)?, Some(Kind::Tree))
        .map_err(|error| format!("`{text}`: {error}"))
}

/// The object that a text means.
pub fn object(repository: &Repository, text: &str) -> Result<ObjectId, String> {
    let text = text.trim();
    if text.len() > MAX_REVISION {
        return Err(format!("a revision has {} bytes; {MAX_REVISION} are the most", text.len()));
    }
    if text.is_empty() || text.contains(char::is_control) {
        return Err(format!(
            "`{text}` is no revision; write one such as `HEAD~1`, `main` or `abc1234`"
        ));
    }
    if text.starts_with('-') {
        return Err(format!(
            "`{text}` is an option of git's, not a revision; what can be chosen here has arguments of its own, such as `stat`, `staged` or `paths`"
        ));
    }
    if let Some(pattern) = text.strip_prefix(":/") {
        return Err(format!("`:/{pattern}` is not supported; find the commit with log"));
    }
    if let Some((revision, path)) = text.split_once(':') {
        return in_tree(repository, revision, path);
    }
    if let Some((one, other)) = text.split_once(char::is_whitespace).filter(|_| !text.contains('{'))
    {
        let other = other.trim_start();
        return Err(format!(
            "`{text}` is no revision: write two as a range such as `{one}..{other}`, files in `paths`, and options as arguments of their own, such as `stat`"
        ));
    }
    let end = text.find(['^', '~']).unwrap_or(text.len());
    let mut id = named(repository, &text[..end])?;
    let mut rest = &text[end..];
    while !rest.is_empty() {
        (id, rest) = step(repository, id, rest).map_err(|error| format!("`{text}`: {error}"))?;
    }
    Ok(id)
}

fn in_tree(repository: &Repository, revision: &str, path: &str) -> Result<ObjectId, String> {
    if revision.is_empty() {
        let index = crate::index::read(repository)?;
        return index.id(path.as_bytes()).ok_or_else(|| format!("`{path}` is not in the index"));
    }
    let root = tree_of(repository, revision)?;
    let found = tree::entry(repository, root, path.trim_matches('/').as_bytes())?;
    found.map(|entry| entry.id).ok_or_else(|| format!("there is no `{path}` in `{revision}`"))
}

/// The first step of `^2~3^{commit}`, and what is left.
fn step<'a>(
    repository: &Repository,
    id: ObjectId,
    rest: &'a str,
) -> Result<(ObjectId, &'a str), String> {
    if !rest.starts_with(['^', '~']) {
        let shown = if rest.starts_with("@{") {
            "; `@{...}` stands directly behind a name, as in `main@{1}~2`"
        } else {
            ""
        };
        return Err(format!("`{rest}` cannot follow `^` or `~`{shown}"));
    }
    let (sign, rest) = rest.split_at(1);
    if let Some(inner) = rest.strip_prefix('{').filter(|_| sign == "^") {
        let (kind, rest) = inner.split_once('}').ok_or("a `}` is missing")?;
        let kind = match kind {
            "" => None,
            "commit" => Some(Kind::Commit),
            "tree" => Some(Kind::Tree),
            other => return Err(format!("`^{{{other}}}` is not supported")),
        };
        return Ok((peeled(repository, id, kind)?, rest));
    }
    let end = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    let count =
        if digits.is_empty() { 1 } else { digits.parse().map_err(|_| "a number is too large")? };
    let commit = peeled(repository, id, Some(Kind::Commit))?;
    let id = if sign == "^" {
        parent(repository, commit, count)?
    } else {
        ancestor(repository, commit, count)?
    };
    Ok((id, rest))
}

fn parent(repository: &Repository, id: ObjectId, number: usize) -> Result<ObjectId, String> {
    let Some(index) = number.checked_sub(1) else { return Ok(id) };
    let parents = commits::read(repository, &id)?.parents;
    let short = repository.short(&id);
    parents.get(index).copied().ok_or_else(|| match parents.len() {
        0 => format!("commit {short} is the first one, it has no parent"),
        count => format!("commit {short} has {count} parents, not {number}"),
    })
}

fn ancestor(repository: &Repository, mut id: ObjectId, count: usize) -> Result<ObjectId, String> {
    for _ in 0..count.min(MAX_STEPS) {
        id = parent(repository, id, 1)?;
    }
    Ok(id)
}

/// The object that tags lead to, down to one of this kind.
fn peeled(
    repository: &Repository,
    mut id: ObjectId,
    kind: Option<Kind>,
) -> Result<ObjectId, String> {
    for _ in 0..MAX_TAGS {
        let object = repository.objects.find(&id)?;
        id = match object.kind {
            found if Some(found) == kind => return Ok(id),
            Kind::Tag => tag_target(&object.data)?,
            Kind::Commit if kind == Some(Kind::Tree) => {
                return Ok(commits::read(repository, &id)?.tree);
            }
            _ if kind.is_none() => return Ok(id),
            found => {
                return Err(format!(
                    "{} is a {found}, not a {}",
                    repository.short(&id),
                    kind.unwrap_or(found)
                ));
            }
        };
    }
    Err("tags lead to further tags without an end".into())
}

fn tag_target(data: &[u8]) -> Result<ObjectId, String> {
    let tag = TagRef::from_bytes(data, gix_hash::Kind::Sha1).map_err(|error| error.to_string())?;
    Ok(tag.target())
}

/// The object that a name or an id means.
fn named(repository: &Repository, name: &str) -> Result<ObjectId, String> {
    if let Some((branch, inner)) = name.split_once("@{") {
        let Some(inner) = inner.strip_suffix('}') else {
            return Err(format!("`{name}`: a `}}` is missing"));
        };
        if let Some(back) = inner.strip_prefix('-').filter(|_| branch.is_empty()) {
            return left(repository, back);
        }
        return match inner.parse() {
            Ok(back) => logged(repository, branch, back),
            Err(_) => upstream(repository, branch, inner),
        };
    }
    let name = if name == "@" { "HEAD" } else { name };
    if name.len() == 40
        && let Ok(id) = ObjectId::from_hex(name.as_bytes())
    {
        return Ok(id);
    }
    for place in PLACES {
        if place.is_empty() && !is_special(name) {
            continue;
        }
        if let Some(id) = repository.refs.resolve(&format!("{place}{name}"))? {
            return Ok(id);
        }
    }
    if let Some(id) = repository.refs.resolve(&format!("refs/remotes/{name}/HEAD"))? {
        return Ok(id);
    }
    abbreviated(repository, name)
}

/// True if a name is looked for in `.git` itself: `HEAD`, `MERGE_HEAD`, `refs/heads/main`.
fn is_special(name: &str) -> bool {
    name.starts_with("refs/") || name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn abbreviated(repository: &Repository, name: &str) -> Result<ObjectId, String> {
    if name == "HEAD" {
        return Err("there is no commit yet on this branch".into());
    }
    let digits = name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !digits || !(4..40).contains(&name.len()) {
        return Err(format!(
            "there is no branch, tag or commit `{name}`; `branches` and `log` show those there are"
        ));
    }
    let found = repository.objects.starting(&name.to_ascii_lowercase())?;
    let commits = found
        .iter()
        .filter(|id| repository.objects.find(id).is_ok_and(|object| object.kind == Kind::Commit));
    let commits: Vec<_> = commits.copied().collect();
    match (&found[..], &commits[..]) {
        ([one], _) | (_, [one]) => Ok(*one),
        ([], _) => Err(format!(
            "there is no branch, tag or commit `{name}`; `branches` and `log` show those there are"
        )),
        (several, _) => {
            let shown: Vec<_> = several.iter().take(5).map(|id| format!("`{id}`")).collect();
            Err(format!("`{name}` is ambiguous: {}", shown.join(", ")))
        }
    }
}

/// `main@{1}`: where a name was so many steps ago, by its log.
fn logged(repository: &Repository, name: &str, back: usize) -> Result<ObjectId, String> {
    let head = repository.refs.head()?;
    let name = match name {
        "" => head.branch.as_deref().unwrap_or("HEAD"),
        "@" => "HEAD",
        name => name,
    };
    let mut log = None;
    for place in PLACES {
        if log.is_none() && (!place.is_empty() || is_special(name)) {
            log = repository.refs.logged(&format!("{place}{name}"))?;
        }
    }
    let log = log.ok_or_else(|| format!("`{name}` has no log of where it was"))?;
    let first = log.first().map(|line| line.before).filter(|id| !id.is_null());
    match log.len().checked_sub(back) {
        Some(0) => first,
        Some(at) => Some(log[at - 1].after),
        None => None,
    }
    .ok_or_else(|| format!("the log of `{name}` has only {} entries", log.len()))
}

/// `@{-1}`: what `HEAD` was on before so many switches.
fn left(repository: &Repository, back: &str) -> Result<ObjectId, String> {
    let log = repository.refs.logged("HEAD")?.unwrap_or_default();
    let mut left = log
        .iter()
        .rev()
        .filter_map(|line| line.what.strip_prefix("checkout: moving from ")?.split(' ').next());
    let back = back.parse::<usize>().ok().and_then(|back| back.checked_sub(1));
    let name = back.and_then(|back| left.nth(back));
    let name = name.filter(|name| !name.contains("@{"));
    named(repository, name.ok_or("`HEAD` was not switched that often")?)
}

fn upstream(repository: &Repository, branch: &str, inner: &str) -> Result<ObjectId, String> {
    if !matches!(inner, "u" | "upstream" | "U" | "UPSTREAM") {
        return Err(format!(
            "`{branch}@{{{inner}}}` is not supported: of `@{{...}}` only numbers and `@{{upstream}}` are; `log` with `until` shows \
             which commit was the last at a time"
        ));
    }
    let head = repository.refs.head()?;
    let branch = match branch {
        "" | "@" | "HEAD" => head.short().ok_or("the head is detached, so it has no upstream")?,
        branch => branch,
    };
    let name =
        upstream_of(repository, branch).ok_or_else(|| format!("`{branch}` has no upstream"))?;
    repository
        .refs
        .resolve(&name)?
        .ok_or_else(|| format!("`{}` is not there", crate::refs::short(&name)))
}

/// The ref that a branch follows, such as `refs/remotes/origin/main`, by the configuration.
pub fn upstream_of(repository: &Repository, branch: &str) -> Option<String> {
    let remote = repository.config.text(&format!("branch.{branch}.remote"))?;
    let merge = repository.config.text(&format!("branch.{branch}.merge"))?;
    if remote == "." {
        return Some(merge);
    }
    Some(format!("refs/remotes/{remote}/{}", merge.strip_prefix("refs/heads/")?))
}

impl Repository {
    /// The id as short as git writes it.
    pub fn short(&self, id: &ObjectId) -> String {
        let text = id.to_string();
        let bits = 64 - self.objects.count().leading_zeros();
        let mut len = (bits.div_ceil(2) as usize).max(7);
        while len < 40 && self.objects.starting(&text[..len]).is_ok_and(|found| found.len() > 1) {
            len += 1;
        }
        text[..len].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_revision_says_what_to_write() {
        let (_directory, repository) = crate::repository::empty();
        for (text, part) in [
            ("--stat", "has arguments of its own, such as `stat`"),
            ("-p", "has arguments of its own"),
            ("HEAD~1 HEAD", "a range such as `HEAD~1..HEAD`"),
            ("HEAD --stat", "options as arguments of their own"),
            ("HEAD@{yesterday}", "`log` with `until`"),
            ("HEAD@{1 day ago}", "`log` with `until`"),
            ("", "is no revision"),
        ] {
            let refused = object(&repository, text).unwrap_err();
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }

    #[test]
    fn what_follows_a_step_is_a_step() {
        let (_directory, repository) = crate::repository::empty();
        let id = ObjectId::null(gix_hash::Kind::Sha1);
        for rest in ["@{1}", "x", "é", "@", "{commit}"] {
            let refused = step(&repository, id, rest).unwrap_err();
            assert!(refused.contains("cannot follow `^` or `~`"), "{refused}");
        }
        let refused = step(&repository, id, "@{1}").unwrap_err();
        assert!(refused.contains("behind a name"), "{refused}");
    }
}
