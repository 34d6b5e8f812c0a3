//! A file read in pages, which are kept: packs are read at many places, and WASI maps no files.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

const PAGE: u64 = 32 * 1024;
/// Pages that are kept of one file: 16 MiB.
const MAX_PAGES: usize = 512;

/// A file that does not change while it is read.
pub struct Pages {
    file: RefCell<File>,
    len: u64,
    pages: RefCell<HashMap<u64, Rc<[u8]>>>,
}

impl Pages {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { file: RefCell::new(file), len, pages: RefCell::default() })
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Reads from `at` on.
    pub fn reader(&self, at: u64) -> Reader<'_> {
        Reader { pages: self, at }
    }

    /// Exactly `len` bytes from `at` on.
    pub fn bytes(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        if at.checked_add(len as u64).is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; len];
        self.reader(at).read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn page(&self, number: u64) -> io::Result<Rc<[u8]>> {
        if let Some(page) = self.pages.borrow().get(&number) {
            return Ok(page.clone());
        }
        let mut page = Vec::new();
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(number * PAGE))?;
        Read::by_ref(&mut *file).take(PAGE).read_to_end(&mut page)?;
        let page: Rc<[u8]> = page.into();
        let mut pages = self.pages.borrow_mut();
        if pages.len() >= MAX_PAGES {
            pages.clear();
        }
        pages.insert(number, page.clone());
        Ok(page)
    }
}

pub struct Reader<'a> {
    pages: &'a Pages,
    at: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.pages.len {
            return Ok(0);
        }
        let page = self.pages.page(self.at / PAGE)?;
        let rest = page.get((self.at % PAGE) as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}
