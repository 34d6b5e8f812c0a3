//! One pack with its index, read where it is needed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::read::ZlibDecoder;
use gix_hash::{ObjectId, oid};
use gix_object::Kind;

use super::pages::{Pages, Reader};
use super::{MAX_OBJECT, Object, delta};

const ID: usize = 20;
const FANOUT: u64 = 8;
const NAMES: u64 = FANOUT + 256 * 4;
/// Deltas on deltas; git makes 50 (4,095 at most).
const MAX_CHAIN: usize = 4_096;
/// Bytes of bases that are kept for further deltas.
const MAX_BASES: usize = 16 * 1024 * 1024;

pub struct Pack {
    index: Pages,
    data: Pages,
    /// The numbers of objects whose first byte is at most this.
    fanout: Vec<u32>,
    bases: RefCell<Bases>,
}

#[derive(Default)]
struct Bases {
    objects: HashMap<u64, Object>,
    bytes: usize,
}

/// The name of a delta's base.
enum Base {
    None(Kind),
    At(u64),
    Id(ObjectId),
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the pack is broken: {what}"))
}

impl Pack {
    /// The pack of this index, `pack-....idx`.
    pub fn open(index: &Path) -> io::Result<Self> {
        let (data, index) = (Pages::open(&index.with_extension("pack"))?, Pages::open(index)?);
        let head = index.bytes(0, NAMES as usize)?;
        if head[..8] != *b"\xfftOc\0\0\0\x02" {
            return Err(broken("its index is not of version 2"));
        }
        let fanout: Vec<_> = head[8..].chunks_exact(4).map(number).collect();
        let count = u64::from(fanout.last().copied().unwrap_or_default());
        if !fanout.is_sorted() || index.len() < NAMES + count * (ID as u64 + 8) {
            return Err(broken("its index is too short"));
        }
        Ok(Self { index, data, fanout, bases: RefCell::default() })
    }

    pub fn count(&self) -> u32 {
        self.fanout.last().copied().unwrap_or_default()
    }

    /// The ids that begin with these bytes, of which the last half may be open.
    pub fn starting(&self, prefix: &gix_hash::Prefix, found: &mut Vec<ObjectId>) -> io::Result<()> {
        let first = prefix.as_oid().first_byte();
        let (from, to) = self.bucket(first);
        let mut at = self.lower_bound(from, to, prefix.as_oid())?;
        while at < to && found.len() < super::MAX_CANDIDATES {
            let id = self.id(at)?;
            if prefix.cmp_oid(&id).is_ne() {
                break;
            }
            found.push(id);
            at += 1;
        }
        Ok(())
    }

    /// The place where the object begins, if it is here.
    pub fn find(&self, id: &oid) -> io::Result<Option<u64>> {
        let (from, to) = self.bucket(id.first_byte());
        let at = self.lower_bound(from, to, id)?;
        if at == to || self.id(at)? != id { Ok(None) } else { self.offset(at).map(Some) }
    }

    fn bucket(&self, first: u8) -> (u32, u32) {
        let first = usize::from(first);
        (if first == 0 { 0 } else { self.fanout[first - 1] }, self.fanout[first])
    }

    fn lower_bound(&self, mut from: u32, mut to: u32, id: &oid) -> io::Result<u32> {
        while from < to {
            let middle = from + (to - from) / 2;
            if self.id(middle)?.as_slice() < id.as_bytes() {
                from = middle + 1
            } else {
                to = middle
            }
        }
        Ok(from)
    }

    fn id(&self, at: u32) -> io::Result<ObjectId> {
        let bytes = self.index.bytes(NAMES + u64::from(at) * ID as u64, ID)?;
        ObjectId::try_from(&bytes[..]).map_err(|_| broken("an id"))
    }

    fn offset(&self, at: u32) -> io::Result<u64> {
        let count = u64::from(self.count());
        let offsets = NAMES + count * (ID as u64 + 4);
        let small = number(&self.index.bytes(offsets + u64::from(at) * 4, 4)?);
        if small >> 31 == 0 {
            return Ok(u64::from(small));
        }
        let large = offsets + count * 4 + u64::from(small & 0x7fff_ffff) * 8;
        let bytes = self.index.bytes(large, 8)?;
        Ok(u64::from(number(&bytes[..4])) << 32 | u64::from(number(&bytes[4..])))
    }

    /// The object that begins at `at`.
    pub fn object(&self, at: u64) -> io::Result<Object> {
        let (mut deltas, mut at, mut held) = (Vec::new(), at, 0);
        let mut object = loop {
            if let Some(object) = self.bases.borrow().objects.get(&at) {
                break object.clone();
            }
            let (base, size, data) = self.entry(at)?;
            let data = inflated(data, size)?;
            held += data.len();
            if deltas.len() == MAX_CHAIN || held > 2 * MAX_OBJECT {
                return Err(broken("a chain of deltas is too long"));
            }
            let next = match base {
                Base::None(kind) => break Object { kind, data: data.into() },
                Base::At(next) => next,
                Base::Id(id) => {
                    self.find(&id)?.ok_or_else(|| broken("a delta's base is not in it"))?
                }
            };
            deltas.push((at, data));
            at = next;
        };
        self.keep(at, &object);
        while let Some((at, delta)) = deltas.pop() {
            let data = delta::apply(&object.data, &delta, MAX_OBJECT);
            let data = data.ok_or_else(|| broken("a delta does not fit its base"))?;
            object = Object { kind: object.kind, data: data.into() };
            if !deltas.is_empty() {
                self.keep(at, &object);
            }
        }
        Ok(object)
    }

    fn keep(&self, at: u64, object: &Object) {
        let mut bases = self.bases.borrow_mut();
        if bases.bytes + object.data.len() > MAX_BASES {
            *bases = Bases::default();
        }
        if object.data.len() <= MAX_BASES && bases.objects.insert(at, object.clone()).is_none() {
            bases.bytes += object.data.len();
        }
    }

    /// The kind of the object at `at`, the size of what is packed of it, and that.
    fn entry(&self, at: u64) -> io::Result<(Base, u64, Reader<'_>)> {
        let mut data = self.data.reader(at);
        let mut byte = one(&mut data)?;
        let kind = byte >> 4 & 7;
        let (mut size, mut shift) = (u64::from(byte & 15), 4);
        while byte & 0x80 != 0 {
            byte = one(&mut data)?;
            size |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if shift > 50 {
                return Err(broken("a size"));
            }
        }
        let base = match kind {
            1 => Base::None(Kind::Commit),
            2 => Base::None(Kind::Tree),
            3 => Base::None(Kind::Blob),
            4 => Base::None(Kind::Tag),
            6 => Base::At(before(&mut data, at)?),
            7 => {
                let mut id = [0; ID];
                data.read_exact(&mut id)?;
                Base::Id(ObjectId::Sha1(id))
            }
            _ => return Err(broken("a kind of object that there is not")),
        };
        Ok((base, size, data))
    }

    /// The kind and size of the object at `at`, without reading it.
    pub fn size(&self, at: u64) -> io::Result<u64> {
        let (base, size, data) = self.entry(at)?;
        let Base::None(_) = base else {
            let mut head = Vec::new();
            ZlibDecoder::new(data).take(32).read_to_end(&mut head)?;
            return delta_size(&head).ok_or_else(|| broken("a delta"));
        };
        Ok(size)
    }
}

/// The size that a delta's head says its object has.
fn delta_size(head: &[u8]) -> Option<u64> {
    let end = head.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let (mut size, mut shift) = (0, 0);
    for byte in head[end..].iter().take(7) {
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(size);
        }
        shift += 7;
    }
    None
}

/// The place of a delta's base, which is said as a distance back.
fn before(data: &mut Reader<'_>, at: u64) -> io::Result<u64> {
    let mut byte = one(data)?;
    let mut distance = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = one(data)?;
        if distance >> 50 != 0 {
            return Err(broken("a delta's base"));
        }
        distance = (distance + 1) << 7 | u64::from(byte & 0x7f);
    }
    at.checked_sub(distance).filter(|_| distance > 0).ok_or_else(|| broken("a delta's base"))
}

fn one(data: &mut Reader<'_>) -> io::Result<u8> {
    let mut byte = [0];
    data.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// `size` bytes that were compressed.
fn inflated(data: impl Read, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_OBJECT as u64 {
        return Err(super::too_large(size));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    ZlibDecoder::new(data).take(size + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(broken("an object's size")) }
}

impl Object {
    pub fn new(kind: Kind, data: Vec<u8>) -> Self {
        Self { kind, data: Rc::from(data) }
    }
}
