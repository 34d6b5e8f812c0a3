//! The functions of `wasi:filesystem` as a guest calls them.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{Descriptor, Dir, OpenMode};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::super::folders::Folders;
use super::changes::{self, Opened, Opening};
use super::directory_reader::DirectoryReader;
use super::held::{Held, OpenFile};
use super::in_place::{Handle, WasiFiles, borrowed, in_place};
use super::quota::{Amount, Quota};
use super::shares::{FileShare, NoPlace};
use super::streams::{FileReader, FileWriter, code_of};
use crate::tool::CallTrace;

/// The files that a call may reach.
pub(crate) struct GrantedFiles {
    /// The directories that its plugin is granted.
    pub(crate) folders: Folders,
    /// A directory of the call's own. `None` where that is not granted.
    pub(crate) scratch: Option<ScratchFiles>,
    /// The call's share of the machine.
    pub(crate) share: FileShare,
}

/// The directory of a call's own.
pub(crate) struct ScratchFiles {
    pub(crate) directory: Arc<File>,
    /// The path at which the guest sees it.
    pub(crate) at: Box<str>,
}

/// The files of one call: those it may reach, and those it has open.
pub(crate) struct CallFiles {
    /// `None` while a guest is only asked what it is.
    share: Option<FileShare>,
    folders: Folders,
    scratch: Option<ScratchDirectory>,
    held: HashMap<u32, Arc<Held>>,
    /// The trace that the call leaves, and what the guest holds open of the granted directories. `None` where nobody observes it.
    traced: Option<TracedRoots>,
    tell: Box<dyn Fn(&str) + Send + Sync>,
}

/// The things that the guest holds open, each with the granted directory that it lies in, as the guest sees that: whatever a
/// guest reaches, it reaches from one of those.
struct TracedRoots {
    trace: Arc<CallTrace>,
    roots: HashMap<u32, Arc<str>>,
}

struct ScratchDirectory {
    directory: Dir,
    at: Box<str>,
    quota: Arc<Quota>,
}

/// The call's files and its table of what is open.
pub(crate) struct FileDoor<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) files: &'a mut CallFiles,
}

/// The functions' data, for the linker.
pub(crate) struct FileDoors;

impl HasData for FileDoors {
    type Data<'a> = FileDoor<'a>;
}

impl CallFiles {
    /// The files of a call that has none open. `quota` is that of its own directory, and `tell` is given in words
    /// what keeps a file from being opened.
    pub(crate) fn new(
        granted: Option<GrantedFiles>,
        quota: Quota,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let mut files = Self {
            share: None,
            folders: Folders::default(),
            scratch: None,
            held: HashMap::new(),
            traced: None,
            tell: Box::new(tell),
        };
        let Some(granted) = granted else { return Ok(files) };
        if let Some(ScratchFiles { directory, at }) = granted.scratch {
            let mode = OpenMode::READ | OpenMode::WRITE;
            let directory = Dir::new(directory.try_clone()?, FsPerms::ReadWrite, mode, true);
            files.scratch = Some(ScratchDirectory { directory, at, quota: Arc::new(quota) });
        }
        files.folders = granted.folders;
        files.share = Some(granted.share);
        Ok(files)
    }

    /// The same, which note in this trace what is used.
    pub(crate) fn traced(self, trace: Option<Arc<CallTrace>>) -> Self {
        let traced = trace.map(|trace| TracedRoots { trace, roots: HashMap::new() });
        Self { traced, ..self }
    }

    /// Notes that the guest was given a granted directory.
    fn give_root(&mut self, directory: &Handle, at: &str) {
        if let Some(traced) = &mut self.traced {
            traced.roots.insert(directory.rep(), at.into());
        }
    }

    /// Notes that something is looked up or changed in a directory.
    fn note_use(&self, directory: &Handle) {
        if let Some(TracedRoots { trace, roots }) = &self.traced
            && let Some(at) = roots.get(&directory.rep())
        {
            trace.note(|uses| uses.directories.note(at));
        }
    }

    /// Notes that the guest was given something that lies in a directory.
    fn give_child(&mut self, child: &Handle, directory: &Handle) {
        if let Some(TracedRoots { roots, .. }) = &mut self.traced
            && let Some(at) = roots.get(&directory.rep()).cloned()
        {
            roots.insert(child.rep(), at);
        }
    }

    /// Notes that something in a directory was refused. Paths are values of calls, and not told.
    fn note_refused(&self, directory: &Handle) {
        if let Some(TracedRoots { trace, roots }) = &self.traced
            && let Some(at) = roots.get(&directory.rep())
        {
            trace.note(|uses| uses.refused.note(&format!("{at}: not permitted")));
        }
    }

    fn share(&self) -> Result<&FileShare, ErrorCode> {
        self.share.as_ref().ok_or(ErrorCode::BadDescriptor)
    }

    fn quota(&self, descriptor: &Handle) -> Option<Arc<Quota>> {
        self.held.get(&descriptor.rep())?.quota.clone()
    }

    /// The quota of both directories. Fails if they have not the same: they are like two file systems.
    fn quota_of_both(&self, one: &Handle, other: &Handle) -> Result<Option<Arc<Quota>>, ErrorCode> {
        match (self.quota(one), self.quota(other)) {
            (None, None) => Ok(None),
            (Some(one), Some(other)) if Arc::ptr_eq(&one, &other) => Ok(Some(one)),
            _ => Err(ErrorCode::CrossDevice),
        }
    }
}

impl FileDoor<'_> {
    /// Does `work` on copies of `descriptors` on a thread of the plugin.
    fn on<T, F, const N: usize>(
        &self,
        descriptors: [&Handle; N],
        work: F,
    ) -> impl Future<Output = FsResult<T>> + Send + use<T, F, N>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut WasiFiles<'_>, [Handle; N]) -> FsResult<T> + Send + 'static,
    {
        let prepared = self.copies(descriptors);
        async move {
            let (copies, share) = prepared?;
            share.on_thread(move || in_place(copies, work)).await?
        }
    }

    /// The same for what looks up a path in each of these directories, or lists it.
    fn within<T, F, const N: usize>(
        &self,
        directories: [&Handle; N],
        work: F,
    ) -> impl Future<Output = FsResult<T>> + Send + use<T, F, N>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut WasiFiles<'_>, [Handle; N]) -> FsResult<T> + Send + 'static,
    {
        for directory in directories {
            self.files.note_use(directory);
        }
        self.on(directories, work)
    }

    fn copies<const N: usize>(
        &self,
        descriptors: [&Handle; N],
    ) -> FsResult<([Descriptor; N], FileShare)> {
        let mut copies = Vec::with_capacity(N);
        for descriptor in descriptors {
            copies.push(self.table.get(descriptor)?.clone());
        }
        let copies = copies.try_into().map_err(|_| ErrorCode::BadDescriptor)?;
        Ok((copies, self.files.share()?.clone()))
    }

    fn file(&self, descriptor: &Handle) -> FsResult<OpenFile> {
        let held = self.files.held.get(&descriptor.rep()).ok_or(ErrorCode::BadDescriptor)?;
        Ok(OpenFile {
            descriptor: self.table.get(descriptor)?.clone(),
            held: held.clone(),
            share: self.files.share()?.clone(),
        })
    }

    /// The file, if it may be written to.
    fn writable(&self, descriptor: &Handle) -> FsResult<OpenFile> {
        let file = self.file(descriptor)?;
        match &file.descriptor {
            Descriptor::Dir(_) => Err(ErrorCode::BadDescriptor.into()),
            Descriptor::File(open) if open.perms.write_not_permitted() => {
                Err(ErrorCode::NotPermitted.into())
            }
            Descriptor::File(_) => Ok(file),
        }
    }

    fn no_place(&self, none: NoPlace) -> ErrorCode {
        (self.files.tell)(&none.to_string());
        ErrorCode::InsufficientMemory
    }
}

impl preopens::Host for FileDoor<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Handle, String)>> {
        let mut found = Vec::new();
        for (directory, at) in self.files.folders.directories() {
            found.push((self.table.push(directory)?, at));
        }
        for (directory, at) in &found {
            self.files.give_root(directory, at);
        }
        if let Some(ScratchDirectory { directory, at, quota }) = &self.files.scratch {
            let descriptor = self.table.push(Descriptor::Dir(directory.clone()))?;
            let held = Held { _place: None, quota: Some(quota.clone()), _mark: None };
            self.files.held.insert(descriptor.rep(), Arc::new(held));
            if let Some(traced) = &mut self.files.traced {
                traced.roots.insert(descriptor.rep(), (**at).into());
            }
            found.push((descriptor, at.to_string()));
        }
        Ok(found)
    }
}

impl types::Host for FileDoor<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(self.table.get(&error)?.downcast_ref::<std::io::Error>().map(code_of))
    }
}

impl types::HostDescriptor for FileDoor<'_> {
    async fn advise(
        &mut self,
        file: Handle,
        offset: u64,
        length: u64,
        advice: Advice,
    ) -> FsResult<()> {
        let advise = async move |files: &mut WasiFiles<'_>, [file]: [Handle; 1]| {
            files.advise(file, offset, length, advice).await
        };
        self.on([&file], advise).await
    }

    async fn sync_data(&mut self, file: Handle) -> FsResult<()> {
        self.on([&file], async |files, [file]| files.sync_data(file).await).await
    }

    async fn sync(&mut self, file: Handle) -> FsResult<()> {
        self.on([&file], async |files, [file]| files.sync(file).await).await
    }

    async fn get_flags(&mut self, file: Handle) -> FsResult<DescriptorFlags> {
        self.on([&file], async |files, [file]| files.get_flags(file).await).await
    }

    async fn get_type(&mut self, file: Handle) -> FsResult<DescriptorType> {
        self.on([&file], async |files, [file]| files.get_type(file).await).await
    }

    async fn stat(&mut self, file: Handle) -> FsResult<DescriptorStat> {
        self.on([&file], async |files, [file]| files.stat(file).await).await
    }

    async fn metadata_hash(&mut self, file: Handle) -> FsResult<MetadataHashValue> {
        self.on([&file], async |files, [file]| files.metadata_hash(file).await).await
    }

    async fn is_same_object(&mut self, one: Handle, other: Handle) -> wasmtime::Result<bool> {
        let compare = async |files: &mut WasiFiles<'_>, [one, other]: [Handle; 2]| {
            files.is_same_object(one, other).await.map_err(FsError::trap)
        };
        match self.on([&one, &other], compare).await.map_err(FsError::downcast) {
            Ok(same) => Ok(same),
            Err(Ok(_)) => Ok(false),
            Err(Err(error)) => Err(error),
        }
    }

    async fn set_size(&mut self, file: Handle, size: u64) -> FsResult<()> {
        let quota = self.files.quota(&file);
        let set = async move |files: &mut WasiFiles<'_>, [file]: [Handle; 1]| {
            changes::set_size(files, &file, size, quota.as_deref()).await
        };
        self.on([&file], set).await
    }

    async fn set_times(
        &mut self,
        file: Handle,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let set = async move |files: &mut WasiFiles<'_>, [file]: [Handle; 1]| {
            files.set_times(file, accessed, modified).await
        };
        self.on([&file], set).await
    }

    async fn read(&mut self, file: Handle, length: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let read = async move |files: &mut WasiFiles<'_>, [file]: [Handle; 1]| {
            files.read(file, length, offset).await
        };
        self.on([&file], read).await
    }

    async fn write(&mut self, file: Handle, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        let quota = self.writable(&file)?.held.quota.clone();
        let write = async move |files: &mut WasiFiles<'_>, [file]: [Handle; 1]| {
            changes::write(files, &file, bytes, offset, quota.as_deref()).await
        };
        self.on([&file], write).await
    }

    async fn read_directory(
        &mut self,
        directory: Handle,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        let place = self.files.share()?.open_place().map_err(|none| self.no_place(none))?;
        self.files.note_use(&directory);
        let copy = self.table.get(&directory)?.clone();
        let reader = DirectoryReader::of(copy, place, self.files.share()?.clone()).await?;
        // The table knows it for what it is; the name of its type is wasmtime-wasi's.
        Ok(Resource::new_own(self.table.push(reader)?.rep()))
    }

    async fn create_directory_at(&mut self, directory: Handle, path: String) -> FsResult<()> {
        let quota = self.files.quota(&directory);
        let make = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            let make = async |files: &mut WasiFiles<'_>| {
                files.create_directory_at(borrowed(&at), path).await
            };
            changes::make(files, &at, quota.as_deref(), Amount::ENTRY, make).await
        };
        self.within([&directory], make).await
    }

    async fn symlink_at(&mut self, directory: Handle, to: String, path: String) -> FsResult<()> {
        let quota = self.files.quota(&directory);
        let make = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            let amount = Amount { bytes: to.len() as u64, entries: 1 };
            let make =
                async |files: &mut WasiFiles<'_>| files.symlink_at(borrowed(&at), to, path).await;
            changes::make(files, &at, quota.as_deref(), amount, make).await
        };
        self.within([&directory], make).await
    }

    async fn link_at(
        &mut self,
        directory: Handle,
        follow: PathFlags,
        path: String,
        to: Handle,
        name: String,
    ) -> FsResult<()> {
        let quota = self.files.quota_of_both(&directory, &to)?;
        let make = async move |files: &mut WasiFiles<'_>, [from, to]: [Handle; 2]| {
            let make = async |files: &mut WasiFiles<'_>| {
                files.link_at(from, follow, path, borrowed(&to), name).await
            };
            changes::make(files, &to, quota.as_deref(), Amount::ENTRY, make).await
        };
        self.within([&directory, &to], make).await
    }

    async fn rename_at(
        &mut self,
        directory: Handle,
        path: String,
        to: Handle,
        name: String,
    ) -> FsResult<()> {
        let quota = self.files.quota_of_both(&directory, &to)?;
        let rename = async move |files: &mut WasiFiles<'_>, [from, to]: [Handle; 2]| {
            changes::rename(files, (&from, path), (&to, name), quota.as_deref()).await
        };
        self.within([&directory, &to], rename).await
    }

    async fn remove_directory_at(&mut self, directory: Handle, path: String) -> FsResult<()> {
        let quota = self.files.quota(&directory);
        let remove = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            let name = path.clone();
            let remove = async |files: &mut WasiFiles<'_>| {
                files.remove_directory_at(borrowed(&at), name).await
            };
            changes::remove(files, &at, &path, quota.as_deref(), remove).await
        };
        self.within([&directory], remove).await
    }

    async fn unlink_file_at(&mut self, directory: Handle, path: String) -> FsResult<()> {
        let quota = self.files.quota(&directory);
        let remove = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            let name = path.clone();
            let remove =
                async |files: &mut WasiFiles<'_>| files.unlink_file_at(borrowed(&at), name).await;
            changes::remove(files, &at, &path, quota.as_deref(), remove).await
        };
        self.within([&directory], remove).await
    }

    async fn open_at(
        &mut self,
        directory: Handle,
        follow: PathFlags,
        path: String,
        how: OpenFlags,
        access: DescriptorFlags,
    ) -> FsResult<Handle> {
        let place = self.files.share()?.open_place().map_err(|none| self.no_place(none))?;
        let quota = self.files.quota(&directory);
        let of = quota.clone();
        let open = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            let opening = Opening { follow, path, how, access };
            changes::open(files, &at, opening, of.as_deref()).await.map(|opened| (opened, place))
        };
        let opened = self.within([&directory], open).await;
        if let Err(error) = &opened
            && matches!(error.downcast_ref(), Some(ErrorCode::NotPermitted))
        {
            self.files.note_refused(&directory);
        }
        let (Opened { descriptor, identity }, place) = opened?;
        let mark = quota.as_ref().zip(identity).map(|(quota, identity)| quota.opened(identity));
        let descriptor = self.table.push(descriptor)?;
        let held = Held { _place: Some(place), quota, _mark: mark };
        self.files.held.insert(descriptor.rep(), Arc::new(held));
        self.files.give_child(&descriptor, &directory);
        Ok(descriptor)
    }

    fn drop(&mut self, file: Handle) -> wasmtime::Result<()> {
        self.files.held.remove(&file.rep());
        if let Some(traced) = &mut self.files.traced {
            traced.roots.remove(&file.rep());
        }
        self.table.delete(file)?;
        Ok(())
    }

    async fn stat_at(
        &mut self,
        directory: Handle,
        follow: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        let stat = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            files.stat_at(at, follow, path).await
        };
        self.within([&directory], stat).await
    }

    async fn set_times_at(
        &mut self,
        directory: Handle,
        follow: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let set = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            files.set_times_at(at, follow, path, accessed, modified).await
        };
        self.within([&directory], set).await
    }

    async fn readlink_at(&mut self, directory: Handle, path: String) -> FsResult<String> {
        let read = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            files.readlink_at(at, path).await
        };
        self.within([&directory], read).await
    }

    async fn metadata_hash_at(
        &mut self,
        directory: Handle,
        follow: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        let hash = async move |files: &mut WasiFiles<'_>, [at]: [Handle; 1]| {
            files.metadata_hash_at(at, follow, path).await
        };
        self.within([&directory], hash).await
    }

    fn read_via_stream(&mut self, file: Handle, offset: u64) -> FsResult<Resource<DynInputStream>> {
        if let Descriptor::Dir(_) = self.table.get(&file)? {
            return Err(ErrorCode::IsDirectory.into());
        }
        let reader: DynInputStream = Box::new(FileReader::new(self.file(&file)?, offset));
        Ok(self.table.push(reader)?)
    }

    fn write_via_stream(
        &mut self,
        file: Handle,
        offset: u64,
    ) -> FsResult<Resource<DynOutputStream>> {
        let writer: DynOutputStream =
            Box::new(FileWriter::new(self.writable(&file)?, Some(offset)));
        Ok(self.table.push(writer)?)
    }

    fn append_via_stream(&mut self, file: Handle) -> FsResult<Resource<DynOutputStream>> {
        let writer: DynOutputStream = Box::new(FileWriter::new(self.writable(&file)?, None));
        Ok(self.table.push(writer)?)
    }
}

impl types::HostDirectoryEntryStream for FileDoor<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let reader = Resource::<DirectoryReader>::new_borrow(stream.rep());
        self.table.get_mut(&reader)?.next().await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<DirectoryReader>::new_own(stream.rep()))?;
        Ok(())
    }
}
