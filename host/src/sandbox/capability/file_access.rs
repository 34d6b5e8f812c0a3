//! The opening and replacing of files by a guest, where that is more than wasmtime-wasi's work:
//!
//! - Only files and directories are opened. To open a pipe waits for its other end, and that wait holds a thread.
//! - A file that a guest renames over another takes that one's mode and owner. WASI has neither, so a guest could not
//!   give them back: a script would no longer run, and a private file would be open to all users.
//! - An error that WASI's host does not know is told, where the file system can be asked: that it is read-only, or that
//!   two directories lie on different file systems.

use std::fs::File;
use std::io;
use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::filesystem::{
    Descriptor, WasiFilesystem, WasiFilesystemCtxView, WasiFilesystemView as _,
};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, DescriptorFlags, DescriptorType, ErrorCode, HostDescriptor as _, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::super::run::store::StoreState;

/// The interface, in the version that wasmtime-wasi has. A version that it has not cannot be linked with.
const TYPES: &str = "wasi:filesystem/types@0.2.12";

/// The end of the name of a file that is written beside another to take its place. Until then only its owner can open
/// the file, and it takes the place only if it can have the mode and owner of the file that was there. The SDK knows
/// this ending, too.
const BESIDE: &str = ".toolrack-new";

type DirectoryHandle = Resource<Descriptor>;
type Opening = (DirectoryHandle, PathFlags, String, OpenFlags, DescriptorFlags);
type NamedFile = (DirectoryHandle, String);
type Renaming = (DirectoryHandle, String, DirectoryHandle, String);
type FileAnswer<T> = wasmtime::Result<(Result<T, ErrorCode>,)>;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    types::add_to_linker::<StoreState, WasiFilesystem>(linker, StoreState::filesystem)?;
    linker.allow_shadowing(true);
    let mut interface = linker.instance(TYPES)?;
    interface.func_wrap_async(
        "[method]descriptor.open-at",
        |mut store: StoreContextMut<'_, StoreState>, opening: Opening| {
            Box::new(async move { answer(open(store.data_mut(), opening).await) })
        },
    )?;
    interface.func_wrap_async(
        "[method]descriptor.rename-at",
        |mut store: StoreContextMut<'_, StoreState>, renaming: Renaming| {
            Box::new(async move { answer(rename(store.data_mut(), renaming).await) })
        },
    )?;
    interface.func_wrap_async(
        "[method]descriptor.create-directory-at",
        |mut store: StoreContextMut<'_, StoreState>, named: NamedFile| {
            Box::new(async move { answer(change(store.data_mut(), named, NameChange::Make).await) })
        },
    )?;
    interface.func_wrap_async(
        "[method]descriptor.unlink-file-at",
        |mut store: StoreContextMut<'_, StoreState>, named: NamedFile| {
            Box::new(
                async move { answer(change(store.data_mut(), named, NameChange::Unlink).await) },
            )
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The change that is made to one name in a directory.
enum NameChange {
    Make,
    Unlink,
}

async fn change(state: &mut StoreState, named: NamedFile, change: NameChange) -> FsResult<()> {
    let (directory, path) = named;
    let mut files = state.filesystem();
    let at = Resource::new_borrow(directory.rep());
    let done = match change {
        NameChange::Make => files.create_directory_at(at, path).await,
        NameChange::Unlink => files.unlink_file_at(at, path).await,
    };
    match done.map_err(|error| error.downcast()) {
        Ok(()) => Ok(()),
        Err(Ok(code)) => Err(told(files.table.get(&directory)?, code).into()),
        Err(Err(error)) => Err(FsError::trap(error)),
    }
}

fn answer<T>(result: FsResult<T>) -> FileAnswer<T> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

async fn open(state: &mut StoreState, opening: Opening) -> FsResult<DirectoryHandle> {
    let (directory, follow, path, how, access) = opening;
    let mut files = state.filesystem();
    let borrowed = || Resource::new_borrow(directory.rep());
    // A path that is not there yet, or cannot be looked at, is opened all the same: the error says why not.
    let found = files.stat_at(borrowed(), follow, path.clone()).await;
    if let Ok(found) = found {
        check_kind(found.type_)?;
    }
    let is_beside = how.contains(OpenFlags::EXCLUSIVE) && path.ends_with(BESIDE);
    let opened = files.open_at(borrowed(), follow, path, how, access).await;
    let opened = match opened.map_err(|error| error.downcast()) {
        Ok(opened) => opened,
        Err(Ok(code)) => return Err(told(files.table.get(&directory)?, code).into()),
        Err(Err(error)) => return Err(FsError::trap(error)),
    };
    if is_beside && let Descriptor::File(file) = files.table.get(&opened)? {
        let file = Arc::clone(&file.file);
        blocking(move || system::keep_private(&file)).await?;
    }
    Ok(opened)
}

/// Checks that opening a file of this kind waits for no other process.
fn check_kind(kind: DescriptorType) -> Result<(), ErrorCode> {
    match kind {
        DescriptorType::RegularFile | DescriptorType::Directory | DescriptorType::SymbolicLink => {
            Ok(())
        }
        DescriptorType::BlockDevice | DescriptorType::CharacterDevice => Err(ErrorCode::NoDevice),
        // WASI has no word for pipes.
        DescriptorType::Fifo | DescriptorType::Socket | DescriptorType::Unknown => {
            Err(ErrorCode::Pipe)
        }
    }
}

/// Returns the error that `code` stands for in this directory: WASI's host takes all errors that it does not know for
/// one, [`ErrorCode::Io`].
fn told(directory: &Descriptor, code: ErrorCode) -> ErrorCode {
    match (code, directory) {
        (ErrorCode::Io, Descriptor::Dir(directory)) if system::is_read_only(&directory.dir) => {
            ErrorCode::ReadOnly
        }
        _ => code,
    }
}

/// Returns the error that `code` stands for in two directories, which may lie on different file systems.
fn told_of_two(from: &Descriptor, to: &Descriptor, code: ErrorCode) -> ErrorCode {
    match (told(from, told(to, code)), from, to) {
        (ErrorCode::Io, Descriptor::Dir(from), Descriptor::Dir(to))
            if system::are_apart(&from.dir, &to.dir) =>
        {
            ErrorCode::CrossDevice
        }
        (code, ..) => code,
    }
}

async fn rename(state: &mut StoreState, renaming: Renaming) -> FsResult<()> {
    let (from, old, to, new) = renaming;
    let mut files = state.filesystem();
    let (from_file, to_file) = (Resource::new_borrow(from.rep()), Resource::new_borrow(to.rep()));
    let replaced = regular(&mut files, to_file, &new).await?;
    if let Some(replaced) = replaced
        && let Some(file) = regular(&mut files, from_file, &old).await?
    {
        let kept = blocking(move || system::take_over(&file, &replaced)).await;
        if kept.is_err() && old.ends_with(BESIDE) {
            return Err(ErrorCode::NotPermitted.into());
        }
    }
    let (at, to_at) = (Resource::new_borrow(from.rep()), Resource::new_borrow(to.rep()));
    match files.rename_at(at, old, to_at, new).await.map_err(|error| error.downcast()) {
        Ok(()) => Ok(()),
        Err(Ok(code)) => {
            let (from, to) = (files.table.get(&from)?, files.table.get(&to)?);
            Err(told_of_two(from, to, code).into())
        }
        Err(Err(error)) => Err(FsError::trap(error)),
    }
}

/// Opens the regular file that stands at `path`. `None` if there is none, or if it cannot be read.
async fn regular(
    files: &mut WasiFilesystemCtxView<'_>,
    directory: DirectoryHandle,
    path: &str,
) -> FsResult<Option<Arc<File>>> {
    let at = Resource::new_borrow(directory.rep());
    let found = files.stat_at(at, PathFlags::empty(), path.to_owned()).await;
    if !found.is_ok_and(|found| found.type_ == DescriptorType::RegularFile) {
        return Ok(None);
    }
    let (how, access) = (OpenFlags::empty(), DescriptorFlags::READ);
    let opened = files.open_at(directory, PathFlags::empty(), path.to_owned(), how, access).await;
    let Ok(opened) = opened else { return Ok(None) };
    Ok(match files.table.delete(opened)? {
        Descriptor::File(file) => Some(file.file),
        Descriptor::Dir(_) => None,
    })
}

/// Does `work` on a thread that the file system may block.
async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), ErrorCode> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ErrorCode::Io)?.map_err(|_| ErrorCode::NotPermitted)
}

#[cfg(unix)]
mod system {
    use std::fs::{File, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use rustix::fs::{Gid, StatVfsMountFlags, Uid, fchown, fstatvfs};

    /// The bits of a mode that may be kept: a file that a guest wrote runs as no other user.
    const MODE: u32 = 0o777;

    pub(crate) fn keep_private(file: &File) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(0o600))
    }

    /// Gives `file` the mode and the owner of `replaced`.
    pub(crate) fn take_over(file: &File, replaced: &File) -> io::Result<()> {
        let (own, other) = (file.metadata()?, replaced.metadata()?);
        let (user, group) = (other.uid(), other.gid());
        if (own.uid(), own.gid()) != (user, group) {
            fchown(file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
        }
        file.set_permissions(Permissions::from_mode(other.mode() & MODE))
    }

    pub(crate) fn is_read_only(directory: &File) -> bool {
        fstatvfs(directory).is_ok_and(|about| about.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// True if the directories lie on different file systems.
    pub(crate) fn are_apart(one: &File, other: &File) -> bool {
        let device = |file: &File| file.metadata().map(|about| about.dev()).ok();
        device(one) != device(other)
    }
}

/// Nothing is done on Windows, which keeps the rights to files with their directory.
#[cfg(not(unix))]
mod system {
    use std::fs::File;
    use std::io;

    pub(crate) fn keep_private(_: &File) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn take_over(_: &File, _: &File) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn is_read_only(_: &File) -> bool {
        false
    }

    pub(crate) fn are_apart(_: &File, _: &File) -> bool {
        false
    }
}
