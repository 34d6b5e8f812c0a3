//! Names of commits: `HEAD`, branches, tags. Read from files and `packed-refs`, written under git's locks.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;

use crate::file::{self, Lock};

/// Names that lead to names.
const MAX_DEPTH: usize = 5;
const MAX_REFS: usize = 100_000;

pub struct Refs {
    own: PathBuf,
    common: PathBuf,
}

/// The thing that a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Id(ObjectId),
    Name(String),
}

impl Target {
    /// As a file of a name holds it.
    pub fn line(&self) -> String {
        match self {
            Self::Id(id) => format!("{id}\n"),
            Self::Name(name) => format!("ref: {name}\n"),
        }
    }
}

/// The place that `HEAD` is at.
pub struct Head {
    /// The branch, `refs/heads/...`; none if the head is detached.
    pub branch: Option<String>,
    /// None before the first commit.
    pub commit: Option<ObjectId>,
}

impl Head {
    /// The branch as people write it.
    pub fn short(&self) -> Option<&str> {
        self.branch.as_deref().map(short)
    }
}

/// The name without what all branches or tags have in front.
pub fn short(name: &str) -> &str {
    let prefixes = ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/"];
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

impl Refs {
    pub fn new(own: &Path, common: &Path) -> Self {
        Self { own: own.to_owned(), common: common.to_owned() }
    }

    /// The thing that the name stands for, if it is there.
    pub fn read(&self, name: &str) -> Result<Option<Target>, String> {
        if gix_validate::reference::name_partial(name.into()).is_err() {
            return Ok(None);
        }
        let path = self.path(name);
        let text = match file::if_there(&path) {
            _ if path.is_dir() => None,
            // Of `main/x`, where `main` is a branch.
            Err(_) if path.ancestors().skip(1).any(Path::is_file) => None,
            text => text?,
        };
        if let Some(text) = text {
            let text = String::from_utf8_lossy(&text).into_owned();
            return target(&text)
                .map(Some)
                .ok_or_else(|| format!("`{}` holds neither an id nor a name", path.display()));
        }
        Ok(self.packed()?.get(name).map(|id| Target::Id(*id)))
    }

    /// The object at the end of the name.
    pub fn resolve(&self, name: &str) -> Result<Option<ObjectId>, String> {
        let mut name = name.to_owned();
        for _ in 0..MAX_DEPTH {
            match self.read(&name)? {
                None => return Ok(None),
                Some(Target::Id(id)) => return Ok(Some(id)),
                Some(Target::Name(next)) => name = next,
            }
        }
        Err(format!("`{name}` leads to further names without an end"))
    }

    pub fn head(&self) -> Result<Head, String> {
        match self.read("HEAD")? {
            None => Err(format!("`{}` has no `HEAD`", self.own.display())),
            Some(Target::Id(id)) => Ok(Head { branch: None, commit: Some(id) }),
            Some(Target::Name(branch)) => {
                Ok(Head { commit: self.resolve(&branch)?, branch: Some(branch) })
            }
        }
    }

    /// All names below `prefix`, such as `refs/heads/`, in order, with their objects.
    pub fn below(&self, prefix: &str) -> Result<BTreeMap<String, ObjectId>, String> {
        let mut found = self.packed()?;
        found.retain(|name, _| name.starts_with(prefix));
        let mut left = vec![prefix.trim_end_matches('/').to_owned()];
        while let Some(directory) = left.pop() {
            let Ok(entries) = fs::read_dir(self.common.join(&directory)) else { continue };
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let name = format!("{directory}/{name}");
                if found.len() + left.len() > MAX_REFS {
                    return Err(format!("there are more than {MAX_REFS} names below `{prefix}`"));
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    left.push(name);
                } else if let Ok(Some(id)) = self.resolve(&name) {
                    found.insert(name, id);
                }
            }
        }
        Ok(found)
    }

    fn packed(&self) -> Result<BTreeMap<String, ObjectId>, String> {
        let text = file::if_there(&self.common.join("packed-refs"))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let named = text.lines().filter_map(|line| {
            let (id, name) = line.split_once(' ')?;
            Some((name.trim_end().to_owned(), ObjectId::from_hex(id.as_bytes()).ok()?))
        });
        Ok(named.take(MAX_REFS).collect())
    }

    /// The file where the name is kept: shared by all worktrees, or this one's.
    fn path(&self, name: &str) -> PathBuf {
        let shared = name.starts_with("refs/")
            && !name.starts_with("refs/worktree/")
            && !name.starts_with("refs/bisect/");
        if shared { self.common.join(name) } else { self.own.join(name) }
    }

    /// Sets a name that holds `before` to `after`.
    pub fn set(&self, name: &str, before: Option<ObjectId>, after: ObjectId) -> Result<(), String> {
        self.check_room(name, before)?;
        let lock = Lock::take(&self.path(name))?;
        let now = self.resolve(name)?;
        if now != before {
            return Err(format!(
                "`{}` was changed by somebody else meanwhile; look at it and try again",
                short(name)
            ));
        }
        lock.commit(format!("{after}\n").as_bytes())
    }

    /// A new name must neither be a directory of others nor lie below another.
    fn check_room(&self, name: &str, before: Option<ObjectId>) -> Result<(), String> {
        if before.is_some() {
            return Ok(());
        }
        let packed = self.packed()?;
        let taken = |other: &str| packed.contains_key(other) || self.path(other).is_file();
        let mut above = Path::new(name).ancestors().skip(1).filter_map(Path::to_str);
        if let Some(other) = above.find(|other| other.starts_with("refs/") && taken(other)) {
            return Err(format!("`{}` cannot be made: there is `{}`", short(name), short(other)));
        }
        let inside = format!("{name}/");
        match self.below(&inside)?.keys().next() {
            Some(other) => {
                Err(format!("`{}` cannot be made: there is `{}`", short(name), short(other)))
            }
            None => {
                // Empty directories that deleted branches left.
                let _ = fs::remove_dir(self.path(name));
                Ok(())
            }
        }
    }

    /// The lock of `HEAD`, to point it at another branch or commit.
    pub fn lock_head(&self) -> Result<Lock, String> {
        Lock::take(&self.own.join("HEAD"))
    }

    /// A line in the name's log, where git would write one.
    pub fn log(&self, name: &str, line: &LogLine<'_>) -> Result<(), String> {
        let base = if name == "HEAD" { &self.own } else { &self.common };
        let path = base.join("logs").join(name);
        file::check_no_link(&path)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| file::explain(&error, parent))?;
        }
        let null = ObjectId::null(gix_hash::Kind::Sha1);
        let LogLine { before, after, who, what } = line;
        let text =
            format!("{} {after} {who}\t{}\n", before.unwrap_or(null), what.replace('\n', " "));
        let opened = fs::OpenOptions::new().append(true).create(true).open(&path);
        opened
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| file::explain(&error, &path))
    }
}

impl Refs {
    /// Returns the entries of the name's log, the oldest first. `None` if it has no log.
    pub fn logged(&self, name: &str) -> Result<Option<Vec<Logged>>, String> {
        let base = if name == "HEAD" { &self.own } else { &self.common };
        let path = base.join("logs").join(name);
        if gix_validate::reference::name_partial(name.into()).is_err() || path.is_dir() {
            return Ok(None);
        }
        let Some(text) = file::if_there(&path)? else { return Ok(None) };
        Ok(Some(String::from_utf8_lossy(&text).lines().filter_map(Logged::parse).collect()))
    }
}

/// A line of a log.
pub struct Logged {
    pub before: ObjectId,
    pub after: ObjectId,
    pub what: String,
}

impl Logged {
    fn parse(line: &str) -> Option<Self> {
        let (ids, what) = line.split_once('\t').unwrap_or((line, ""));
        let mut ids =
            ids.split(' ').map_while(|word| ObjectId::from_hex(word.as_bytes()).ok()).take(2);
        Some(Self { before: ids.next()?, after: ids.next()?, what: what.to_owned() })
    }
}

pub struct LogLine<'a> {
    pub before: Option<ObjectId>,
    pub after: ObjectId,
    /// Name, address and time.
    pub who: &'a str,
    pub what: &'a str,
}

fn target(text: &str) -> Option<Target> {
    match text.strip_prefix("ref:") {
        Some(name) => {
            let name = name.trim();
            gix_validate::reference::name_partial(name.into()).ok()?;
            Some(Target::Name(name.to_owned()))
        }
        None => ObjectId::from_hex(text.split_whitespace().next()?.as_bytes()).ok().map(Target::Id),
    }
}
