//! The directories of one plugin: found, checked and opened when it is loaded, and then shared by its
//! calls.
//!
//! What is held is the directory itself and not its path: whatever is put in its place later, a link by
//! another plugin for example, is not what was granted. That nothing leads out of it is wasmtime-wasi's
//! work.

use std::io;
use std::path::{Path, PathBuf};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::{WasiFilesystemCtx, WasiFilesystemView as _};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};

use crate::manifest::{Access, FileGrant};
use crate::protected::{Forbidden, Protected};
use crate::text::escape;

/// Open directories with what a guest may do in them.
#[derive(Clone, Default)]
pub(super) struct Folders(WasiFilesystemCtx);

/// Why a directory is not granted.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the grant of the files in `{path}` cannot be given: {problem}")]
pub struct FolderError {
    /// The directory, as the manifest writes it.
    pub path: String,
    /// What is wrong with it.
    pub problem: FolderProblem,
}

/// What is wrong with a directory.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FolderProblem {
    /// It begins with a variable that is not there.
    #[error("the variable {0} is not set where toolrack runs; set it, or write the whole path")]
    NoVariable(String),
    /// It begins with a variable that holds no absolute path.
    #[error("the variable {0} holds no absolute path; set it to one")]
    Relative(String),
    /// It begins with `~`, and there is no home directory.
    #[error("no home directory is known where toolrack runs; write the whole path")]
    NoHome,
    /// Nothing is there.
    #[error("there is no directory {0}; make it, or change `path`")]
    Missing(String),
    /// Something else is there.
    #[error("{0} is not a directory; change `path`")]
    NotADirectory(String),
    /// The system says no.
    #[error("{0} cannot be opened: {1}")]
    Io(String, String),
    /// It is kept from all plugins.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

impl FolderError {
    /// Whether the same grant may be given another time.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self.problem, FolderProblem::Missing(_) | FolderProblem::Io(..))
    }
}

impl Folders {
    /// Opens what `grants` name, all of it or nothing. Blocks.
    pub(super) fn open(grants: &[FileGrant], protected: &Protected) -> Result<Self, FolderError> {
        let mut wasi = WasiCtx::builder();
        for grant in grants {
            let fails = |problem| FolderError { path: escape(&grant.path), problem };
            let path = find(&grant.path, protected).map_err(fails)?;
            let access = match grant.access {
                Access::Read => FsPerms::ReadOnly,
                Access::Write => FsPerms::ReadWrite,
            };
            let opened = wasi.preopened_dir(&path, &*grant.at, access);
            opened.map_err(|error| fails(FolderProblem::Io(shown(&path), error.to_string())))?;
        }
        let mut view = View { wasi: wasi.build(), table: ResourceTable::new() };
        Ok(Self(view.filesystem().ctx.clone()))
    }

    /// Lets a guest see them, and no others.
    pub(super) fn give_to(&self, guest: &mut impl WasiView) {
        guest.filesystem().ctx.clone_from(&self.0);
    }
}

/// wasmtime-wasi opens directories for a whole context only.
struct View {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for View {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Where the directory is that the manifest writes as `written`, with no link on the way.
fn find(written: &str, protected: &Protected) -> Result<PathBuf, FolderProblem> {
    let path = expanded(written)?;
    let path = path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FolderProblem::Missing(shown(&path)),
        io::ErrorKind::NotADirectory => FolderProblem::NotADirectory(shown(&path)),
        _ => FolderProblem::Io(shown(&path), error.to_string()),
    })?;
    if !path.is_dir() {
        return Err(FolderProblem::NotADirectory(shown(&path)));
    }
    protected.check(&path)?;
    Ok(path)
}

fn expanded(written: &str) -> Result<PathBuf, FolderProblem> {
    let (first, rest) = written.split_once('/').unwrap_or((written, ""));
    let base = if first == "~" {
        std::env::home_dir().filter(|home| home.is_absolute()).ok_or(FolderProblem::NoHome)?
    } else if let Some(name) = first.strip_prefix('$') {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        let value = PathBuf::from(value.ok_or_else(|| FolderProblem::NoVariable(escape(name)))?);
        if !value.is_absolute() {
            return Err(FolderProblem::Relative(escape(name)));
        }
        value
    } else {
        return Ok(written.into());
    };
    // What follows is below, however many slashes it begins with.
    Ok(base.join(rest.trim_start_matches('/')))
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
