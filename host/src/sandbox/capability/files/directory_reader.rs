//! A directory that a guest reads: a few entries at a time, however many there are.

use std::collections::VecDeque;
use std::sync::Arc;

use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::DirectoryEntry;

use super::shares::{FileShare, OpenPlace};

/// The entries that are read ahead.
const ENTRIES_AHEAD: usize = 128;

/// A directory that is being read.
pub(crate) struct DirectoryReader {
    /// The entries that are not read yet. `None` after the last.
    unread: Option<system::Entries>,
    read: VecDeque<FsResult<DirectoryEntry>>,
    share: FileShare,
    place: Arc<OpenPlace>,
}

impl DirectoryReader {
    /// Begins to read a directory.
    pub(crate) async fn of(
        directory: Descriptor,
        place: OpenPlace,
        share: FileShare,
    ) -> FsResult<Self> {
        let place = Arc::new(place);
        // It is held for as long as the thread has the directory.
        let held = place.clone();
        let unread = share.on_thread(move || (system::Entries::of(directory), held)).await?.0?;
        Ok(Self { unread: Some(unread), read: VecDeque::new(), share, place })
    }

    /// The next entry. `None` after the last.
    pub(crate) async fn next(&mut self) -> FsResult<Option<DirectoryEntry>> {
        if self.read.is_empty()
            && let Some(mut unread) = self.unread.take()
        {
            let held = self.place.clone();
            let ahead = move || {
                let read: VecDeque<_> = unread.by_ref().take(ENTRIES_AHEAD).collect();
                (read, unread, held)
            };
            let (read, unread, _) = self.share.on_thread(ahead).await?;
            self.unread = (read.len() == ENTRIES_AHEAD).then_some(unread);
            self.read = read;
        }
        self.read.pop_front().transpose()
    }
}

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::sync::Arc;

    use rustix::fs::{AtFlags, Dir, DirEntry, FileType, statat};
    use wasmtime_wasi::filesystem::Descriptor;
    use wasmtime_wasi::p2::FsResult;
    use wasmtime_wasi::p2::bindings::filesystem::types::{
        DescriptorType, DirectoryEntry, ErrorCode,
    };

    pub(crate) struct Entries {
        directory: Arc<File>,
        entries: Dir,
    }

    impl Entries {
        pub(crate) fn of(directory: Descriptor) -> FsResult<Self> {
            let Descriptor::Dir(directory) = directory else {
                return Err(ErrorCode::NotDirectory.into());
            };
            let directory = directory.dir;
            let entries = Dir::read_from(&directory).map_err(std::io::Error::from)?;
            Ok(Self { directory, entries })
        }

        fn entry(&self, entry: &DirEntry) -> FsResult<DirectoryEntry> {
            let mut kind = entry.file_type();
            // Not every file system tells it.
            if kind == FileType::Unknown {
                let found = statat(&self.directory, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW);
                let found = found.map_err(std::io::Error::from)?;
                kind = FileType::from_raw_mode(found.st_mode);
            }
            let name = entry.file_name().to_str().map_err(|_| ErrorCode::IllegalByteSequence)?;
            Ok(DirectoryEntry { type_: kind_of(kind), name: name.into() })
        }
    }

    impl Iterator for Entries {
        type Item = FsResult<DirectoryEntry>;

        fn next(&mut self) -> Option<Self::Item> {
            loop {
                let entry = match self.entries.next()? {
                    Ok(entry) => entry,
                    Err(error) => return Some(Err(std::io::Error::from(error).into())),
                };
                if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                    return Some(self.entry(&entry));
                }
            }
        }
    }

    fn kind_of(kind: FileType) -> DescriptorType {
        match kind {
            FileType::RegularFile => DescriptorType::RegularFile,
            FileType::Directory => DescriptorType::Directory,
            FileType::Symlink => DescriptorType::SymbolicLink,
            FileType::CharacterDevice => DescriptorType::CharacterDevice,
            FileType::BlockDevice => DescriptorType::BlockDevice,
            FileType::Fifo | FileType::Socket | FileType::Unknown => DescriptorType::Unknown,
        }
    }
}

/// wasmtime-wasi's own list, which it makes whole.
#[cfg(not(unix))]
mod system {
    use wasmtime_wasi::filesystem::Descriptor;
    use wasmtime_wasi::p2::FsResult;
    use wasmtime_wasi::p2::bindings::filesystem::types::{DirectoryEntry, HostDescriptor as _};

    use super::super::in_place::in_place;

    pub(crate) struct Entries(Box<dyn Iterator<Item = FsResult<DirectoryEntry>> + Send>);

    impl Entries {
        pub(crate) fn of(directory: Descriptor) -> FsResult<Self> {
            let entries = in_place([directory], async |files, [directory]| {
                let entries = files.read_directory(directory).await?;
                Ok(files.table.delete(entries)?)
            })?;
            Ok(Self(entries.into_iter()))
        }
    }

    impl Iterator for Entries {
        type Item = FsResult<DirectoryEntry>;

        fn next(&mut self) -> Option<Self::Item> {
            self.0.next()
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::{self, File};
    use std::os::unix::ffi::OsStrExt as _;

    use wasmtime_wasi::FsPerms;
    use wasmtime_wasi::filesystem::{Dir, OpenMode};
    use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, ErrorCode};

    use super::super::shares::FileShares;
    use super::*;

    async fn listed(path: &std::path::Path) -> Vec<Result<DirectoryEntry, ErrorCode>> {
        let file = File::open(path).expect("a directory");
        let directory = Descriptor::Dir(Dir::new(file, FsPerms::ReadOnly, OpenMode::READ, true));
        let share = FileShares::default().of_call(None);
        let place = share.open_place().expect("a place");
        let mut reader = DirectoryReader::of(directory, place, share).await.expect("a reader");
        let mut entries = Vec::new();
        loop {
            assert!(reader.read.len() <= ENTRIES_AHEAD);
            match reader.next().await {
                Ok(None) => return entries,
                Ok(Some(entry)) => entries.push(Ok(entry)),
                Err(error) => entries.push(Err(error.downcast().expect("a code"))),
            }
        }
    }

    #[tokio::test]
    async fn each_entry_is_read_once_however_many_there_are() {
        for count in [0, 1, ENTRIES_AHEAD - 1, ENTRIES_AHEAD, ENTRIES_AHEAD + 1, 3 * ENTRIES_AHEAD]
        {
            let directory = tempfile::tempdir().expect("a directory");
            let names: Vec<_> = (0..count).map(|number| format!("{number:0200}")).collect();
            for name in &names {
                fs::write(directory.path().join(name), "").expect("written");
            }
            let entries = listed(directory.path()).await;
            let mut found: Vec<_> =
                entries.into_iter().map(|entry| entry.expect("an entry").name).collect();
            found.sort();
            assert_eq!(found, names);
        }
    }

    #[tokio::test]
    async fn an_entry_has_its_kind_and_a_name_that_is_no_text_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("directory")).expect("made");
        fs::write(at("file"), "").expect("written");
        std::os::unix::fs::symlink("nowhere", at("link")).expect("a link");
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
        let mut expected = BTreeMap::from([
            ("directory".to_owned(), DescriptorType::Directory),
            ("file".into(), DescriptorType::RegularFile),
            ("link".into(), DescriptorType::SymbolicLink),
            ("socket".into(), DescriptorType::Unknown),
        ]);
        for entry in listed(directory.path()).await {
            let entry = entry.expect("an entry");
            assert_eq!(expected.remove(&entry.name), Some(entry.type_), "{}", entry.name);
        }
        assert!(expected.is_empty(), "{expected:?}");
        // Not every file system allows such a name.
        if fs::write(directory.path().join(std::ffi::OsStr::from_bytes(b"\xff")), "").is_ok() {
            let entries = listed(directory.path()).await;
            let errors: Vec<_> = entries.into_iter().filter_map(Result::err).collect();
            assert_eq!(errors, [ErrorCode::IllegalByteSequence]);
        }
    }
}
