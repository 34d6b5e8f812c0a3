//! Trees: their entries, what differs between two, and those made of the index.

use std::collections::BTreeMap;

use gix_hash::ObjectId;
use gix_object::tree::EntryKind;
use gix_object::{Kind, TreeRef, WriteTo as _};

use crate::change::{Change, Side};
use crate::paths::Paths;
use crate::repository::Repository;

const MAX_DEPTH: usize = 128;
/// Files that are compared at once, at most.
const MAX_FILES: usize = 1_000_000;

#[derive(Clone, Debug)]
pub struct Entry {
    pub mode: u32,
    pub name: Vec<u8>,
    pub id: ObjectId,
}

impl Entry {
    pub fn is_tree(&self) -> bool {
        self.mode == 0o40000
    }

    fn side(&self) -> Side {
        Side::stored(self.mode, self.id)
    }
}

pub fn entries(repository: &Repository, id: &ObjectId) -> Result<Vec<Entry>, String> {
    if id.is_empty_tree() {
        return Ok(Vec::new());
    }
    let data = repository.objects.of_kind(id, Kind::Tree)?;
    let tree = TreeRef::from_bytes(&data, gix_hash::Kind::Sha1)
        .map_err(|error| format!("tree {id}: {error}"))?;
    let entry = |entry: &gix_object::tree::EntryRef<'_>| Entry {
        mode: u32::from(entry.mode.kind() as u16),
        name: entry.filename.to_vec(),
        id: entry.oid.to_owned(),
    };
    Ok(tree.entries.iter().map(entry).collect())
}

/// The entry at `path`; at the empty path, the tree itself.
pub fn entry(
    repository: &Repository,
    root: ObjectId,
    path: &[u8],
) -> Result<Option<Entry>, String> {
    let mut at = Entry { mode: 0o40000, name: Vec::new(), id: root };
    for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).take(MAX_DEPTH) {
        if !at.is_tree() {
            return Ok(None);
        }
        match entries(repository, &at.id)?.into_iter().find(|entry| entry.name == part) {
            Some(entry) => at = entry,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// All files of a tree by their paths.
pub fn files(
    repository: &Repository,
    root: Option<ObjectId>,
    paths: &Paths,
) -> Result<BTreeMap<Vec<u8>, Side>, String> {
    let changes = diff(repository, None, root, paths)?;
    Ok(changes.into_iter().filter_map(|change| Some((change.path, change.new?))).collect())
}

/// The differences between two trees, file by file, in order.
pub fn diff(
    repository: &Repository,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    paths: &Paths,
) -> Result<Vec<Change>, String> {
    let mut diff = Diff { repository, paths, changes: Vec::new() };
    diff.trees(old, new, &mut Vec::new(), 0)?;
    diff.changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(diff.changes)
}

struct Diff<'a> {
    repository: &'a Repository,
    paths: &'a Paths,
    changes: Vec<Change>,
}

impl Diff<'_> {
    fn trees(
        &mut self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), String> {
        if old == new {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(format!(
                "`{}` lies deeper than {MAX_DEPTH} directories",
                String::from_utf8_lossy(path)
            ));
        }
        let read =
            |id: Option<ObjectId>| id.map_or(Ok(Vec::new()), |id| entries(self.repository, &id));
        let mut pairs: BTreeMap<Vec<u8>, [Option<Entry>; 2]> = BTreeMap::new();
        for (side, id) in [old, new].into_iter().enumerate() {
            for entry in read(id)? {
                let name = entry.name.clone();
                pairs.entry(name).or_default()[side] = Some(entry);
            }
        }
        for (name, [old, new]) in pairs {
            let len = path.len();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&name);
            self.entry(old, new, path, depth)?;
            path.truncate(len);
        }
        Ok(())
    }

    fn entry(
        &mut self,
        old: Option<Entry>,
        new: Option<Entry>,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), String> {
        let tree = |entry: &Option<Entry>| {
            entry.as_ref().filter(|entry| entry.is_tree()).map(|entry| entry.id)
        };
        let file =
            |entry: Option<Entry>| entry.filter(|entry| !entry.is_tree()).map(|entry| entry.side());
        let (old_tree, new_tree) = (tree(&old), tree(&new));
        if (old_tree.is_some() || new_tree.is_some()) && self.paths.reach_into(path) {
            self.trees(old_tree, new_tree, path, depth + 1)?;
        }
        let (old, new) = (file(old), file(new));
        if old != new && self.paths.contain(path) {
            if self.changes.len() == MAX_FILES {
                return Err(format!(
                    "there are more than {MAX_FILES} files; narrow it with `paths`"
                ));
            }
            self.changes.push(Change::new(path.clone(), old, new));
        }
        Ok(())
    }
}

/// Writes the trees of these files, which are in order, and gives the root.
pub fn write(
    repository: &Repository,
    files: &[(&[u8], u32, ObjectId)],
) -> Result<ObjectId, String> {
    write_below(repository, files, 0, 0)
}

fn write_below(
    repository: &Repository,
    files: &[(&[u8], u32, ObjectId)],
    skip: usize,
    depth: usize,
) -> Result<ObjectId, String> {
    if depth > MAX_DEPTH {
        return Err(format!("a path has more than {MAX_DEPTH} directories"));
    }
    let (mut tree, mut at) = (gix_object::Tree::empty(), 0);
    while let Some((path, mode, id)) = files.get(at) {
        let name = &path[skip..];
        let (name, kind, id) = match name.iter().position(|byte| *byte == b'/') {
            None => {
                at += 1;
                (name, kind(*mode), *id)
            }
            Some(end) => {
                let directory = &path[..=skip + end];
                let count = files[at..].partition_point(|(path, ..)| path.starts_with(directory));
                let id = write_below(
                    repository,
                    &files[at..at + count.max(1)],
                    directory.len(),
                    depth + 1,
                )?;
                at += count.max(1);
                (&name[..end], EntryKind::Tree, id)
            }
        };
        tree.entries.push(gix_object::tree::Entry {
            mode: kind.into(),
            filename: name.into(),
            oid: id,
        });
    }
    tree.entries.sort();
    let mut data = Vec::new();
    tree.write_to(&mut data).map_err(|error| error.to_string())?;
    repository.objects.write(Kind::Tree, &data)
}

fn kind(mode: u32) -> EntryKind {
    match mode {
        0o100755 => EntryKind::BlobExecutable,
        0o120000 => EntryKind::Link,
        0o160000 => EntryKind::Commit,
        _ => EntryKind::Blob,
    }
}
