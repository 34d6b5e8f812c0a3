//! The objects of a repository: found in packs and beside them, and written.

mod delta;
mod pack;
mod pages;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use gix_hash::{ObjectId, oid};
use gix_object::Kind;

use crate::file;
use pack::Pack;

/// The largest object that is read, in bytes.
pub const MAX_OBJECT: usize = 32 * 1024 * 1024;
const MAX_PACKS: usize = 2_000;
/// Directories of objects that lead to further ones.
const MAX_ALTERNATES: usize = 16;
/// Objects that an abbreviated id may mean, of which some are told.
const MAX_CANDIDATES: usize = 64;
/// Small objects that are kept: trees and commits are read again and again.
const MAX_KEPT: usize = 4_096;

/// An object as it is stored.
#[derive(Clone)]
pub struct Object {
    pub kind: Kind,
    pub data: Rc<[u8]>,
}

/// The store, which may be spread over several directories.
pub struct Objects {
    /// The first is the repository's own.
    directories: Vec<PathBuf>,
    packs: Vec<Pack>,
    /// The end of an error about a missing object.
    hint: String,
    kept: RefCell<HashMap<ObjectId, Object>>,
}

fn too_large(size: u64) -> io::Error {
    let text = format!("it has {size} bytes, more than the {MAX_OBJECT} that are read");
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

impl Objects {
    pub fn open(directory: &Path, partial: bool) -> Result<Self, String> {
        let (directories, lost) = directories(directory);
        let mut hint = match &lost[..] {
            [] => String::new(),
            lost => format!(
                "; objects/info/alternates names {}, which cannot be reached here",
                lost.join(", ")
            ),
        };
        if partial {
            hint += "; the repository is a partial clone, and what is missing in it is not fetched here";
        }
        let mut packs = Vec::new();
        for directory in &directories {
            let directory = directory.join("pack");
            for name in file::names(&directory, "idx").into_iter().take(MAX_PACKS) {
                match Pack::open(&directory.join(&name)) {
                    Ok(pack) => packs.push(pack),
                    Err(error) => return Err(format!("`{name}`: {error}")),
                }
            }
        }
        Ok(Self { directories, packs, hint, kept: RefCell::default() })
    }

    /// The number of packed objects.
    pub fn count(&self) -> u64 {
        self.packs.iter().map(|pack| u64::from(pack.count())).sum()
    }

    /// The object, or why there is none.
    pub fn find(&self, id: &oid) -> Result<Object, String> {
        if let Some(object) = self.kept.borrow().get(id) {
            return Ok(object.clone());
        }
        let object = self.read(id).map_err(|error| format!("object {id}: {error}"))?;
        let object = object.ok_or_else(|| format!("object {id} is missing{}", self.hint))?;
        let mut kept = self.kept.borrow_mut();
        if kept.len() == MAX_KEPT {
            kept.clear();
        }
        if object.data.len() < 4_096 {
            kept.insert(id.to_owned(), object.clone());
        }
        Ok(object)
    }

    /// The object, which has to be of this kind.
    pub fn of_kind(&self, id: &oid, kind: Kind) -> Result<Rc<[u8]>, String> {
        let object = self.find(id)?;
        if object.kind == kind {
            return Ok(object.data);
        }
        Err(format!("object {id} is a {}, where a {kind} was expected", object.kind))
    }

    fn read(&self, id: &oid) -> io::Result<Option<Object>> {
        for pack in &self.packs {
            if let Some(at) = pack.find(id)? {
                return pack.object(at).map(Some);
            }
        }
        for directory in &self.directories {
            match File::open(loose(directory, id)) {
                Ok(file) => return unpacked(file).map(Some),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The length of an object in bytes, without reading it.
    pub fn size(&self, id: &oid) -> Result<u64, String> {
        let explain = |error: io::Error| format!("object {id}: {error}");
        for pack in &self.packs {
            if let Some(at) = pack.find(id).map_err(explain)? {
                return pack.size(at).map_err(explain);
            }
        }
        for directory in &self.directories {
            if let Ok(file) = File::open(loose(directory, id)) {
                return head(&mut ZlibDecoder::new(file)).map(|(_, size)| size).map_err(explain);
            }
        }
        Err(format!("object {id} is missing{}", self.hint))
    }

    pub fn has(&self, id: &oid) -> bool {
        let packed = |pack: &Pack| matches!(pack.find(id), Ok(Some(_)));
        self.packs.iter().any(packed)
            || self.directories.iter().any(|directory| loose(directory, id).exists())
    }

    /// The ids that begin with these hexadecimal digits.
    pub fn starting(&self, digits: &str) -> Result<Vec<ObjectId>, String> {
        let Ok(prefix) = gix_hash::Prefix::from_hex(digits) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for pack in &self.packs {
            pack.starting(&prefix, &mut found).map_err(|error| error.to_string())?;
        }
        let (first, rest) = digits.split_at(2);
        for directory in &self.directories {
            for name in file::names(&directory.join(first), "") {
                if name.starts_with(rest) && found.len() < MAX_CANDIDATES {
                    found.extend(ObjectId::from_hex(format!("{first}{name}").as_bytes()).ok());
                }
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Keeps the object, unless it is there already.
    pub fn write(&self, kind: Kind, data: &[u8]) -> Result<ObjectId, String> {
        let id = id_of(kind, data)?;
        if !self.has(&id) {
            self.place(&id, kind, data).map_err(|error| format!("object {id}: {error}"))?;
        }
        Ok(id)
    }

    fn place(&self, id: &oid, kind: Kind, data: &[u8]) -> io::Result<()> {
        let path = loose(&self.directories[0], id);
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&gix_object::encode::loose_header(kind, data.len() as u64))?;
        packed.write_all(data)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        file::place(&path, &packed.finish()?).map(drop)
    }
}

/// The id that an object of these bytes has.
pub fn id_of(kind: Kind, data: &[u8]) -> Result<ObjectId, String> {
    gix_object::compute_hash(gix_hash::Kind::Sha1, kind, data).map_err(|error| error.to_string())
}

fn loose(directory: &Path, id: &oid) -> PathBuf {
    let id = id.to_string();
    directory.join(&id[..2]).join(&id[2..])
}

fn unpacked(file: File) -> io::Result<Object> {
    let mut data = ZlibDecoder::new(file);
    let (kind, size) = head(&mut data)?;
    if size > MAX_OBJECT as u64 {
        return Err(too_large(size));
    }
    let mut bytes = Vec::new();
    data.take(size + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not as long as it says"));
    }
    Ok(Object::new(kind, bytes))
}

/// The first line of an object that is not packed, such as `blob 12`, up to its zero byte.
fn head(data: &mut impl Read) -> io::Result<(Kind, u64)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while head.last() != Some(&0) && head.len() < 32 {
        data.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let read = gix_object::decode::loose_header(&head);
    let (kind, size, _) =
        read.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
    Ok((kind, size))
}

/// The directory with those that `info/alternates` names, and what it names in vain.
fn directories(first: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let (mut found, mut lost) = (vec![first.to_owned()], Vec::new());
    let mut at = 0;
    while let Some(directory) = found.get(at).cloned() {
        at += 1;
        let text = file::small(&directory.join("info/alternates")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let next = file::joined(&directory, line);
            if !next.is_dir() {
                lost.push(format!("`{line}`"));
            } else if !found.contains(&next) && found.len() < MAX_ALTERNATES {
                found.push(next);
            }
        }
    }
    lost.truncate(3);
    (found, lost)
}
