//! One changed file: what it was and what it is, stored or on the disk.

use gix_hash::ObjectId;

use crate::repository::Repository;
use crate::worktree;

#[derive(Clone, Debug)]
pub struct Side {
    pub mode: u32,
    pub id: ObjectId,
    /// True if the content lies on the disk alone.
    pub on_disk: bool,
}

impl PartialEq for Side {
    fn eq(&self, other: &Self) -> bool {
        self.mode == other.mode && self.id == other.id
    }
}

#[derive(Clone, Debug)]
pub struct Change {
    pub path: Vec<u8>,
    pub old: Option<Side>,
    pub new: Option<Side>,
    /// The path of the file before it was renamed, and how much of it is the same, in percent.
    pub from: Option<(Vec<u8>, u32)>,
    /// True if both sides of a merge changed it, and nobody has decided yet.
    pub conflict: bool,
}

impl Side {
    pub fn stored(mode: u32, id: ObjectId) -> Self {
        Self { mode, id, on_disk: false }
    }

    pub fn is_submodule(&self) -> bool {
        self.mode == 0o160000
    }

    pub fn is_file(&self) -> bool {
        self.mode & 0o170000 == 0o100000
    }

    /// The content as git stores it.
    pub fn content(&self, repository: &Repository, path: &[u8]) -> Result<Vec<u8>, String> {
        if self.is_submodule() {
            return Ok(format!("Subproject commit {}\n", self.id).into_bytes());
        }
        if self.on_disk {
            return worktree::content(repository, path, self.mode);
        }
        Ok(repository.objects.of_kind(&self.id, gix_object::Kind::Blob)?.to_vec())
    }

    /// The length of the content in bytes.
    pub fn size(&self, repository: &Repository, path: &[u8]) -> Result<u64, String> {
        if self.on_disk {
            Ok(worktree::size(repository, path))
        } else if self.is_submodule() {
            Ok(0)
        } else {
            repository.objects.size(&self.id)
        }
    }
}

impl Change {
    pub fn new(path: Vec<u8>, old: Option<Side>, new: Option<Side>) -> Self {
        Self { path, old, new, from: None, conflict: false }
    }

    /// The letter of `--name-status`.
    pub fn letter(&self) -> char {
        match (&self.old, &self.new) {
            _ if self.conflict => 'U',
            _ if self.from.is_some() => 'R',
            (None, _) => 'A',
            (_, None) => 'D',
            (Some(old), Some(new)) if old.mode & 0o170000 != new.mode & 0o170000 => 'T',
            _ => 'M',
        }
    }

    pub fn old_path(&self) -> &[u8] {
        self.from.as_ref().map_or(&self.path, |(path, _)| path)
    }
}
