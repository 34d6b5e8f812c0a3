//! The directories of one plugin: found, checked and opened when it is loaded, and then shared by its
//! calls.
//!
//! A plugin holds the directory itself and not its path: if something is put in its place later, a link by another
//! plugin for example, that is not what was granted. wasmtime-wasi sees to it that nothing leads out of the directory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::preopens::Host as _;
use wasmtime_wasi::{FsPerms, WasiCtx};

use super::files::in_place::WasiContext;

use crate::manifest::{Access, FileGrant};
use crate::protected::{Forbidden, Protected};
use crate::text::{escape, escape_path};
use crate::typed_path::{TypedPathError, expanded};

/// Open directories with what a guest may do in them.
#[derive(Clone, Default)]
pub(crate) struct Folders {
    directories: Arc<[(Dir, Box<str>)]>,
    host_paths: Option<Arc<str>>,
}

/// The reason why a directory is not granted.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the grant of the files in `{path}` cannot be given: {problem}")]
pub struct FolderError {
    /// The directory, as the manifest writes it.
    pub path: String,
    /// The path at which the guest would see it.
    pub at: Box<str>,
    /// The problem with the directory.
    pub problem: FolderProblem,
}

/// The problem that keeps a directory from being granted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FolderProblem {
    /// Its path begins with something that is not known.
    #[error(transparent)]
    Unknown(#[from] TypedPathError),
    /// Nothing is there.
    #[error("there is no directory {0}; make it, or change `path`")]
    Missing(String),
    /// Something else is there.
    #[error("{0} is not a directory; change `path`")]
    NotADirectory(String),
    /// The system cannot open it.
    #[error("{0} cannot be opened: {1}")]
    Io(String, String),
    /// It is kept from all plugins.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// A person withheld it from the plugin in the local file.
    #[error("{0} is kept from it by `without_paths` in the local file")]
    Withheld(String),
}

impl FolderError {
    /// True if the same grant may be given another time.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.problem, FolderProblem::Missing(_) | FolderProblem::Io(..))
    }
}

impl Folders {
    /// Opens the directories that `grants` name. Returns an error for each that is not given: it is missing or withheld, or
    /// files of plugins are linked from it. Blocks.
    pub(crate) fn open(
        grants: &[FileGrant],
        withheld: &[Box<str>],
        protected: &Protected,
    ) -> Result<(Self, Vec<FolderError>), FolderError> {
        let withheld: Vec<_> = withheld.iter().filter_map(|path| real(path)).collect();
        let (mut found, mut directories, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for grant in grants {
            let path = match find(&grant.path) {
                Ok(path) => path,
                Err(problem @ FolderProblem::Missing(_)) => {
                    missing.push(fails(grant, problem));
                    continue;
                }
                Err(problem) => return Err(fails(grant, problem)),
            };
            if let Some(own) =
                withheld.iter().find(|own| path.starts_with(own) || own.starts_with(&path))
            {
                missing.push(fails(grant, FolderProblem::Withheld(escape_path(own))));
                continue;
            }
            let directory = open(&path, grant.access);
            let directory = directory.map_err(|error| fails(grant, io_problem(&path, error)))?;
            let judged = judge(&directory.dir, &path, protected);
            judged.map_err(|problem| fails(grant, problem))?;
            if let Err(forbidden) = may_be_written(grant, &path, protected) {
                missing.push(fails(grant, forbidden.into()));
                continue;
            }
            directories.push((directory, grant.at.clone()));
            found.push((grant, path));
        }
        let host_paths = (!found.is_empty()).then(|| host_paths(&found, &homes()).into());
        Ok((Self { directories: directories.into(), host_paths }, missing))
    }

    /// The directories, each with the path at which a guest sees it.
    pub(crate) fn directories(&self) -> impl Iterator<Item = (Descriptor, String)> {
        let own = |(directory, at): &(Dir, Box<str>)| {
            (Descriptor::Dir(directory.clone()), at.to_string())
        };
        self.directories.iter().map(own)
    }

    /// Returns the names of the directories on this machine, for a guest that may know them: a JSON object of lists by
    /// guest path. `None` if no directory is given.
    pub(crate) fn host_paths(&self) -> Option<&str> {
        self.host_paths.as_deref()
    }
}

/// Returns the names of each directory: the path that the operator writes, the real one where links lead elsewhere, and
/// `~/...` where one of both lies in a path of the home directory of `homes`.
fn host_paths(found: &[(&FileGrant, PathBuf)], homes: &[PathBuf]) -> String {
    let paths = |(grant, path): &(&FileGrant, PathBuf)| {
        let written = expanded(&grant.path).unwrap_or_else(|_| path.clone());
        let mut paths = vec![written];
        if paths[0] != *path {
            paths.push(path.clone());
        }
        for tilde in paths.clone().iter().filter_map(|path| tilde_path(path, homes)) {
            if !paths.contains(&tilde) {
                paths.push(tilde);
            }
        }
        let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        (grant.at.to_string(), serde_json::Value::from(paths))
    };
    serde_json::Value::Object(found.iter().map(paths).collect()).to_string()
}

/// Returns the paths of the home directory of the user who runs toolrack: as the system names it, and the real one.
fn homes() -> Vec<PathBuf> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let real = home.as_ref().and_then(|home| home.canonicalize().ok());
    home.into_iter().chain(real).collect()
}

/// Returns `path` as a shell of that user shortens it. `None` if it lies in no path of `homes`.
fn tilde_path(path: &Path, homes: &[PathBuf]) -> Option<PathBuf> {
    let below = homes.iter().find_map(|home| path.strip_prefix(home).ok())?;
    Some(Path::new("~").join(below))
}

/// True if the directory is not given now, and may be another time: it is not there, or files of plugins are linked from
/// it. Looks at the disk.
pub(crate) fn is_absent(grant: &FileGrant, protected: &Protected) -> bool {
    match find(&grant.path) {
        Ok(path) => may_be_written(grant, &path, protected).is_err(),
        Err(problem) => matches!(problem, FolderProblem::Missing(_)),
    }
}

fn may_be_written(grant: &FileGrant, path: &Path, protected: &Protected) -> Result<(), Forbidden> {
    match grant.access {
        Access::Read => Ok(()),
        Access::Write => protected.check_write(path),
    }
}

fn fails(grant: &FileGrant, problem: FolderProblem) -> FolderError {
    FolderError { path: escape(&grant.path), at: grant.at.clone(), problem }
}

/// Opens a directory, to be worked on in place. wasmtime-wasi opens one for a context only, so it gets one.
fn open(path: &Path, access: Access) -> wasmtime::Result<Dir> {
    let perms = match access {
        Access::Read => FsPerms::ReadOnly,
        Access::Write => FsPerms::ReadWrite,
    };
    let mut wasi = WasiCtx::builder();
    wasi.allow_blocking_current_thread(true).preopened_dir(path, ".", perms)?;
    let mut context = WasiContext { wasi: wasi.build(), table: ResourceTable::new() };
    for (opened, _) in context.filesystem().get_directories()? {
        if let Descriptor::Dir(directory) = context.table.delete(opened)? {
            return Ok(directory);
        }
    }
    wasmtime::bail!("no directory was opened")
}

/// Returns the real path of a directory that a person withheld. `None` if it cannot be found: what is not there is not
/// seen either.
fn real(written: &str) -> Option<PathBuf> {
    expanded(written).ok()?.canonicalize().ok()
}

/// Returns the path, with no link on the way, of the directory that the manifest writes as `written`.
fn find(written: &str) -> Result<PathBuf, FolderProblem> {
    let path = expanded(written)?;
    let path = path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FolderProblem::Missing(escape_path(&path)),
        io::ErrorKind::NotADirectory => FolderProblem::NotADirectory(escape_path(&path)),
        _ => io_problem(&path, error),
    })?;
    if path.is_dir() { Ok(path) } else { Err(FolderProblem::NotADirectory(escape_path(&path))) }
}

/// Checks that the directory that was opened as `path` may be granted. Another plugin may have put a link in its way
/// since it was found, so the open directory is judged, and it has to be the one that was found.
fn judge(opened: &File, path: &Path, protected: &Protected) -> Result<(), FolderProblem> {
    let place = place(opened, path).map_err(|error| io_problem(path, error))?;
    protected.check(&place)?;
    if place == path { Ok(()) } else { Err(io_problem(path, CHANGED)) }
}

const CHANGED: &str = "something else was put in its place just now";

/// Returns the path of an open directory. Linux knows it, if /proc is there; otherwise it is where `path` leads now, if
/// the same directory is there.
#[cfg(unix)]
fn place(opened: &File, path: &Path) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::MetadataExt as _;
    if cfg!(target_os = "linux")
        && let Ok(place) = std::fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd()))
    {
        return Ok(place);
    }
    let place = path.canonicalize()?;
    let (opened, there) = (opened.metadata()?, place.metadata()?);
    let is_same = (opened.dev(), opened.ino()) == (there.dev(), there.ino());
    is_same.then_some(place).ok_or_else(|| io::Error::other(CHANGED))
}

/// Returns the path of an open directory: it is `path`, if no link was put in its way just before it was opened. No
/// portable call tells.
#[cfg(not(unix))]
fn place(_opened: &File, path: &Path) -> io::Result<PathBuf> {
    Ok(path.to_owned())
}

fn io_problem(path: &Path, error: impl std::fmt::Display) -> FolderProblem {
    FolderProblem::Io(escape_path(path), escape(&error.to_string()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tilde_is_the_home_of_the_user_alone_wherever_that_is() {
        let grant =
            |path: &str| FileGrant { path: path.into(), at: "/at".into(), access: Access::Read };
        let check = |written: &str, real: &str, homes: &[&str], names: &[&str]| {
            let (grant, homes): (_, Vec<_>) =
                (grant(written), homes.iter().map(PathBuf::from).collect());
            let told = host_paths(&[(&grant, real.into())], &homes);
            assert_eq!(told, json!({ "/at": names }).to_string(), "{written} {homes:?}");
        };
        let plain = "/home/ada/docs";
        check(plain, plain, &["/home/ada"], &[plain, "~/docs"]);
        for other in [&["/home/shared"][..], &["/home/ad"], &["/home/ada/docs/deep"], &[]] {
            check(plain, plain, other, &[plain]);
        }
        for home in ["/var/home/ada", "/export/home/ada", "/tmp/r", "/root"] {
            let path = format!("{home}/a/b");
            check(&path, &path, &[home], &[&path, "~/a/b"]);
        }
        // The home or the directory may be named through a link.
        let (link, real) = ("/home/ada/docs", "/var/home/ada/docs");
        check(link, real, &["/home/ada", "/var/home/ada"], &[link, real, "~/docs"]);
        check(real, real, &["/home/ada", "/var/home/ada"], &[real, "~/docs"]);
        check("/home/ada/d", "/srv/d", &["/home/ada"], &["/home/ada/d", "/srv/d", "~/d"]);
        check("/srv/d", "/home/ada/d", &["/home/ada"], &["/srv/d", "/home/ada/d", "~/d"]);
        check(
            "/home/ada/d",
            "/home/ada/e",
            &["/home/ada"],
            &["/home/ada/d", "/home/ada/e", "~/d", "~/e"],
        );
    }

    #[test]
    fn what_is_open_is_judged_and_not_what_it_was_found_as() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().canonicalize().expect("canonical");
        let (granted, plugins) = (root.join("granted"), root.join("plugins"));
        std::fs::create_dir(&granted).expect("made");
        std::fs::create_dir(&plugins).expect("made");
        let protected = Protected::new(std::slice::from_ref(&plugins), None);
        let found = find(&granted.to_string_lossy()).expect("found");
        let judged = |opened: &File| judge(opened, &found, &protected);
        judged(&File::open(&found).expect("open")).expect("granted");
        std::fs::remove_dir(&granted).expect("removed");
        std::os::unix::fs::symlink(&plugins, &granted).expect("a link");
        let problem = judged(&File::open(&found).expect("open")).expect_err("refused");
        assert!(matches!(problem, FolderProblem::Forbidden(Forbidden::Plugins(..))), "{problem}");
        // A directory elsewhere that a link leads to is refused as well, protected or not.
        let elsewhere = root.join("elsewhere");
        std::fs::create_dir(&elsewhere).expect("made");
        std::fs::remove_file(&granted).expect("removed");
        std::os::unix::fs::symlink(&elsewhere, &granted).expect("a link");
        let problem = judged(&File::open(&found).expect("open")).expect_err("refused");
        assert!(matches!(&problem, FolderProblem::Io(_, why) if why == CHANGED), "{problem}");
    }
}
