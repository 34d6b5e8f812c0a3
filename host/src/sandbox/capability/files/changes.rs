//! The opening, making, renaming and removing of files by a guest, where that is more than wasmtime-wasi's work. All of it
//! blocks.
//!
//! - Only files and directories are opened. To open a pipe waits for its other end, and that wait holds a thread.
//! - A file that a guest renames over another takes that one's mode and owner. WASI has neither, so a guest could not
//!   give them back: a script would no longer run, and a private file would be open to all users.
//! - An error that WASI's host does not know is told, where the file system can be asked: that it is read-only, or that
//!   two directories lie on different file systems.

use std::fs::File;
use std::sync::Arc;

use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, HostDescriptor as _, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::in_place::{Handle, WasiFiles, borrowed};
use super::quota::{Amount, Quota};
use super::system;

/// The end of the name of a file that is written beside another to take its place. Until then only its owner can open
/// the file, and it takes the place only if it can have the mode and owner of the file that was there. The SDK knows
/// this ending, too.
const BESIDE: &str = ".toolrack-new";

/// A file or directory that a guest wants to have open.
pub(crate) struct Opening {
    pub(crate) follow: PathFlags,
    pub(crate) path: String,
    pub(crate) how: OpenFlags,
    pub(crate) access: DescriptorFlags,
}

/// A file or directory that was opened.
pub(crate) struct Opened {
    pub(crate) descriptor: Descriptor,
    /// The number that identifies it, where a quota wants to know.
    pub(crate) identity: Option<u64>,
}

/// Opens a file or directory, which may be made in the directory of `quota`.
pub(crate) async fn open(
    files: &mut WasiFiles<'_>,
    directory: &Handle,
    opening: Opening,
    quota: Option<&Quota>,
) -> FsResult<Opened> {
    let Opening { follow, path, how, access } = opening;
    // A path that is not there yet, or cannot be looked at, is opened all the same: the error says why not.
    let found = files.stat_at(borrowed(directory), follow, path.clone()).await.ok();
    if let Some(found) = &found {
        check_kind(found.type_)?;
    }
    let made = quota.filter(|_| found.is_none() && how.contains(OpenFlags::CREATE));
    let is_beside = how.contains(OpenFlags::EXCLUSIVE) && path.ends_with(BESIDE);
    let open = async |files: &mut WasiFiles<'_>| {
        let opened = files.open_at(borrowed(directory), follow, path, how, access).await;
        told(files, &[directory], opened)
    };
    let opened = match made {
        Some(quota) => within(quota, Amount::ENTRY, files, open).await?,
        None => open(files).await?,
    };
    if let (Some(quota), Some(found)) = (quota, found)
        && how.contains(OpenFlags::TRUNCATE)
    {
        quota.give_back(Amount::bytes(found.size));
    }
    let identity = match quota {
        Some(_) => Some(files.metadata_hash(borrowed(&opened)).await?.lower),
        None => None,
    };
    let descriptor = files.table.delete(opened)?;
    if is_beside && let Descriptor::File(file) = &descriptor {
        system::keep_private(&file.file).map_err(|_| ErrorCode::NotPermitted)?;
    }
    Ok(Opened { descriptor, identity })
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

/// Does `make`, which makes as much as `amount` in the directory of `quota`, or nothing if it fails.
pub(crate) async fn within<T>(
    quota: &Quota,
    amount: Amount,
    files: &mut WasiFiles<'_>,
    make: impl AsyncFnOnce(&mut WasiFiles<'_>) -> FsResult<T>,
) -> FsResult<T> {
    quota.take(amount).map_err(|_| ErrorCode::InsufficientSpace)?;
    let made = make(files).await;
    if made.is_err() {
        quota.give_back(amount);
    }
    made
}

/// Makes something of the size of `amount`.
pub(crate) async fn make(
    files: &mut WasiFiles<'_>,
    directory: &Handle,
    quota: Option<&Quota>,
    amount: Amount,
    make: impl AsyncFnOnce(&mut WasiFiles<'_>) -> FsResult<()>,
) -> FsResult<()> {
    let make = async |files: &mut WasiFiles<'_>| {
        let made = make(files).await;
        told(files, &[directory], made)
    };
    match quota {
        Some(quota) => within(quota, amount, files, make).await,
        None => make(files).await,
    }
}

/// Removes what `remove` removes at `path`.
pub(crate) async fn remove(
    files: &mut WasiFiles<'_>,
    directory: &Handle,
    path: &str,
    quota: Option<&Quota>,
    remove: impl AsyncFnOnce(&mut WasiFiles<'_>) -> FsResult<()>,
) -> FsResult<()> {
    let freed = match quota {
        Some(quota) => freed_by(files, directory, path, quota, None).await,
        None => Amount::default(),
    };
    let removed = remove(files).await;
    told(files, &[directory], removed)?;
    if let Some(quota) = quota {
        quota.give_back(freed);
    }
    Ok(())
}

/// Returns what is free when `path` is gone: nothing where it is not there, or is `taker` itself under another name.
async fn freed_by(
    files: &mut WasiFiles<'_>,
    directory: &Handle,
    path: &str,
    quota: &Quota,
    taker: Option<u64>,
) -> Amount {
    let (none, path) = (PathFlags::empty(), path.to_owned());
    let Ok(found) = files.stat_at(borrowed(directory), none, path.clone()).await else {
        return Amount::default();
    };
    let Ok(identity) = files.metadata_hash_at(borrowed(directory), none, path).await else {
        return Amount::default();
    };
    if taker == Some(identity.lower) {
        return Amount::default();
    }
    let DescriptorStat { type_, link_count, size, .. } = found;
    let has_bytes = type_ != DescriptorType::Directory;
    let is_last = link_count <= 1 && !quota.has_open(identity.lower);
    Amount { entries: 1, bytes: if has_bytes && is_last { size } else { 0 } }
}

/// Gives `old` the place of `new`, in the directory of `quota`.
pub(crate) async fn rename(
    files: &mut WasiFiles<'_>,
    (from, old): (&Handle, String),
    (to, new): (&Handle, String),
    quota: Option<&Quota>,
) -> FsResult<()> {
    let replaced = regular(files, to, &new).await?;
    if let Some(replaced) = replaced
        && let Some(file) = regular(files, from, &old).await?
    {
        let kept = system::take_over(&file, &replaced);
        if kept.is_err() && old.ends_with(BESIDE) {
            return Err(ErrorCode::NotPermitted.into());
        }
    }
    let freed = match quota {
        Some(quota) => {
            let none = PathFlags::empty();
            let taker = files.metadata_hash_at(borrowed(from), none, old.clone()).await;
            freed_by(files, to, &new, quota, taker.ok().map(|taker| taker.lower)).await
        }
        None => Amount::default(),
    };
    let renamed = files.rename_at(borrowed(from), old, borrowed(to), new).await;
    told(files, &[from, to], renamed)?;
    if let Some(quota) = quota {
        quota.give_back(freed);
    }
    Ok(())
}

/// Opens the regular file that stands at `path`. `None` if there is none, or if it cannot be read.
async fn regular(
    files: &mut WasiFiles<'_>,
    directory: &Handle,
    path: &str,
) -> FsResult<Option<Arc<File>>> {
    let none = PathFlags::empty();
    let found = files.stat_at(borrowed(directory), none, path.to_owned()).await;
    if !found.is_ok_and(|found| found.type_ == DescriptorType::RegularFile) {
        return Ok(None);
    }
    let (how, access) = (OpenFlags::empty(), DescriptorFlags::READ);
    let opened = files.open_at(borrowed(directory), none, path.to_owned(), how, access).await;
    let Ok(opened) = opened else { return Ok(None) };
    Ok(match files.table.delete(opened)? {
        Descriptor::File(file) => Some(file.file),
        Descriptor::Dir(_) => None,
    })
}

/// Writes `bytes` to `file`, which lies in the directory of `quota`, and returns how many of them it took.
pub(crate) async fn write(
    files: &mut WasiFiles<'_>,
    file: &Handle,
    bytes: Vec<u8>,
    offset: u64,
    quota: Option<&Quota>,
) -> FsResult<u64> {
    let Some(quota) = quota else { return files.write(borrowed(file), bytes, offset).await };
    let before = files.stat(borrowed(file)).await?.size;
    let grown = |length: u64| offset.saturating_add(length).saturating_sub(before);
    let wanted = grown(bytes.len() as u64);
    let write = async |files: &mut WasiFiles<'_>| files.write(borrowed(file), bytes, offset).await;
    let written = within(quota, Amount::bytes(wanted), files, write).await?;
    quota.give_back(Amount::bytes(wanted.saturating_sub(grown(written))));
    Ok(written)
}

/// Sets the length of `file`, which lies in the directory of `quota`.
pub(crate) async fn set_size(
    files: &mut WasiFiles<'_>,
    file: &Handle,
    size: u64,
    quota: Option<&Quota>,
) -> FsResult<()> {
    let set = async |files: &mut WasiFiles<'_>| files.set_size(borrowed(file), size).await;
    let Some(quota) = quota else { return set(files).await };
    let before = files.stat(borrowed(file)).await?.size;
    within(quota, Amount::bytes(size.saturating_sub(before)), files, set).await?;
    quota.give_back(Amount::bytes(before.saturating_sub(size)));
    Ok(())
}

/// Returns the error that `result` stands for in these directories: WASI's host takes all errors that it does not know
/// for one, [`ErrorCode::Io`].
fn told<T>(files: &WasiFiles<'_>, directories: &[&Handle], result: FsResult<T>) -> FsResult<T> {
    let code = match result.map_err(FsError::downcast) {
        Ok(done) => return Ok(done),
        Err(Ok(code)) => code,
        Err(Err(error)) => return Err(FsError::trap(error)),
    };
    let mut opened = Vec::new();
    for directory in directories {
        if let Descriptor::Dir(directory) = files.table.get(directory)? {
            opened.push(&*directory.dir);
        }
    }
    Err(match (code, &*opened) {
        (ErrorCode::Io, opened) if opened.iter().any(|one| system::is_read_only(one)) => {
            ErrorCode::ReadOnly
        }
        (ErrorCode::Io, [from, to]) if system::are_apart(from, to) => ErrorCode::CrossDevice,
        (code, _) => code,
    }
    .into())
}
