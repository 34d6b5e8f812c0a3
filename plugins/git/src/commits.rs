//! Commits and their order: read, walked by date, and what two of them have in common.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use gix_hash::{ObjectId, oid};
use gix_object::{CommitRef, Kind};

use crate::repository::Repository;

/// Commits that one call looks at, at most.
const MAX_WALKED: usize = 500_000;

/// A person and the time when they did something.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub time: gix_date::Time,
}

#[derive(Clone, Debug)]
pub struct Commit {
    pub id: ObjectId,
    pub tree: ObjectId,
    pub parents: Vec<ObjectId>,
    pub author: Person,
    pub committer: Person,
    pub message: String,
}

impl Commit {
    /// The first paragraph in one line.
    pub fn subject(&self) -> String {
        let lines = self.message.trim_start().lines().take_while(|line| !line.trim().is_empty());
        lines.map(str::trim_end).collect::<Vec<_>>().join(" ")
    }
}

impl Person {
    fn read(raw: &[u8]) -> Self {
        let text = String::from_utf8_lossy(raw);
        let (name, rest) = text.split_once('<').unwrap_or((&text, ""));
        let (email, time) = rest.rsplit_once('>').unwrap_or((rest, ""));
        let time = gix_date::parse_header(time.trim()).unwrap_or_default();
        Self { name: name.trim().into(), email: email.trim().into(), time }
    }

    pub fn shown(&self) -> String {
        format!("{} <{}>", self.name, self.email)
    }
}

/// As `git log` writes it.
pub fn date(time: &gix_date::Time) -> String {
    time.format_or_unix(gix_date::time::format::DEFAULT)
}

/// `2026-11-29`.
pub fn day(time: &gix_date::Time) -> String {
    time.format_or_unix(gix_date::time::format::SHORT)
}

pub fn read(repository: &Repository, id: &oid) -> Result<Commit, String> {
    let data = repository.objects.of_kind(id, Kind::Commit)?;
    let commit = CommitRef::from_bytes(&data, gix_hash::Kind::Sha1)
        .map_err(|error| format!("commit {id}: {error}"))?;
    let encoding = commit.encoding.map(|name| name.to_string()).unwrap_or_default();
    let latin = ["iso-8859-1", "latin1", "latin-1", "iso8859-1"]
        .contains(&&encoding.to_ascii_lowercase()[..]);
    let text = |bytes: &[u8]| {
        if latin {
            bytes.iter().map(|byte| char::from(*byte)).collect()
        } else {
            String::from_utf8_lossy(bytes).into_owned()
        }
    };
    Ok(Commit {
        id: id.to_owned(),
        tree: commit.tree(),
        parents: repository.parents(id, commit.parents().collect())?,
        author: Person::read(commit.author),
        committer: Person::read(commit.committer),
        message: text(commit.message),
    })
}

impl Repository {
    /// The parents, of which a shallow clone has cut some off.
    fn parents(&self, id: &oid, parents: Vec<ObjectId>) -> Result<Vec<ObjectId>, String> {
        let text = crate::file::small(&self.common.join("shallow")).unwrap_or_default();
        let cut = text.split(|byte| *byte == b'\n').any(|line| line == id.to_string().as_bytes());
        Ok(if cut && !text.is_empty() { Vec::new() } else { parents })
    }
}

/// Commits, the newest first, as git's log orders them.
pub struct Walk<'a> {
    repository: &'a Repository,
    queue: BinaryHeap<(i64, Reverse<usize>, ObjectId)>,
    seen: HashSet<ObjectId>,
    read: HashMap<ObjectId, Commit>,
    /// Follow only the first parent.
    pub first_parent: bool,
}

impl<'a> Walk<'a> {
    /// From these commits, without those that `hidden` reaches.
    pub fn new(
        repository: &'a Repository,
        from: &[ObjectId],
        hidden: &[ObjectId],
    ) -> Result<Self, String> {
        let seen = if hidden.is_empty() { HashSet::new() } else { reached(repository, hidden)? };
        let mut walk = Self {
            repository,
            queue: BinaryHeap::new(),
            seen,
            read: HashMap::new(),
            first_parent: false,
        };
        walk.follow(from)?;
        Ok(walk)
    }

    /// The next commit; its parents are not followed yet.
    pub fn next(&mut self) -> Option<Commit> {
        let (_, _, id) = self.queue.pop()?;
        self.read.remove(&id)
    }

    pub fn follow(&mut self, parents: &[ObjectId]) -> Result<(), String> {
        for parent in parents {
            if !self.seen.insert(*parent) {
                continue;
            }
            if self.seen.len() > MAX_WALKED {
                return Err(format!(
                    "the history is longer than {MAX_WALKED} commits; narrow it with a range such as `v1.0..HEAD`"
                ));
            }
            let commit = read(self.repository, parent)?;
            self.queue.push((commit.committer.time.seconds, Reverse(self.seen.len()), *parent));
            self.read.insert(*parent, commit);
        }
        Ok(())
    }

    pub fn parents<'b>(&self, commit: &'b Commit) -> &'b [ObjectId] {
        if self.first_parent {
            commit.parents.get(..1).unwrap_or_default()
        } else {
            &commit.parents
        }
    }
}

/// All commits that these reach, themselves included.
fn reached(repository: &Repository, from: &[ObjectId]) -> Result<HashSet<ObjectId>, String> {
    let mut walk = Walk::new(repository, from, &[])?;
    while let Some(commit) = walk.next() {
        walk.follow(&commit.parents)?;
    }
    Ok(walk.seen)
}

/// The numbers of commits that each of two has and the other does not reach.
pub fn ahead_behind(
    repository: &Repository,
    ours: ObjectId,
    theirs: ObjectId,
) -> Result<(usize, usize), String> {
    let count = |from: ObjectId, hidden: ObjectId| {
        let mut walk = Walk::new(repository, &[from], &[hidden])?;
        let mut count = 0;
        while let Some(commit) = walk.next() {
            count += 1;
            walk.follow(&commit.parents)?;
        }
        Ok::<_, String>(count)
    };
    if ours == theirs {
        return Ok((0, 0));
    }
    Ok((count(ours, theirs)?, count(theirs, ours)?))
}

/// The best commit that both reach.
pub fn merge_base(
    repository: &Repository,
    one: ObjectId,
    other: ObjectId,
) -> Result<ObjectId, String> {
    let reached = reached(repository, &[one])?;
    let mut walk = Walk::new(repository, &[other], &[])?;
    while let Some(commit) = walk.next() {
        if reached.contains(&commit.id) {
            return Ok(commit.id);
        }
        walk.follow(&commit.parents)?;
    }
    Err("the two revisions have no commit in common".into())
}
