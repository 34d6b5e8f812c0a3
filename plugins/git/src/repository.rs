//! The place of a repository: its directories, found from a path in it.

use std::fs;
use std::path::{Path, PathBuf};

use toolrack_sdk::files;

use crate::attributes::Attributes;
use crate::config::Config;
use crate::file;
use crate::host_paths;
use crate::objects::Objects;
use crate::refs::Refs;

pub struct Repository {
    /// Of this worktree: `HEAD` and the index.
    pub own: PathBuf,
    /// Of all worktrees: objects, branches, the configuration.
    pub common: PathBuf,
    work: Option<PathBuf>,
    pub config: Config,
    pub objects: Objects,
    pub refs: Refs,
    pub attributes: Attributes,
}

impl Repository {
    /// The repository that `path` lies in; without one, the only one that is granted.
    pub fn find(path: Option<&str>) -> Result<Self, String> {
        let roots = files::roots();
        let start = match (path.map(str::trim).filter(|path| !path.is_empty()), &roots[..]) {
            (_, []) => return Err(NOT_GRANTED.into()),
            (Some(path), roots) if roots.iter().any(|root| Path::new(path).starts_with(root)) => {
                path.into()
            }
            (Some(path), _) if let Some(seen) = host_paths::seen(path) => seen,
            (Some(path), _) if Path::new(path).has_root() => path.into(),
            (Some(path), [root]) => root.join(path),
            (None, [root]) => root.clone(),
            (None, several) => return Self::only(several),
            (Some(path), several) => {
                return Err(format!(
                    "`{path}` does not say in which directory; it begins with one of {}",
                    shown(several)
                ));
            }
        };
        let start = file::clean(&start);
        if !start.exists() {
            return Err(files::explain(&std::io::ErrorKind::NotFound.into(), &start));
        }
        Self::above(&start, &roots)?.ok_or_else(|| {
            format!("`{}` is in no git repository; `repository` is a directory with `.git` in it, or below one", start.display())
        })
    }

    fn only(roots: &[PathBuf]) -> Result<Self, String> {
        let mut found = Vec::new();
        for root in roots {
            found.extend(Self::above(root, roots)?);
        }
        match found.pop() {
            Some(one) if found.is_empty() => Ok(one),
            Some(_) => Err(format!("`repository` has to say which: one of {}", shown(roots))),
            None => Err(format!(
                "there is no git repository at {}; say where in `repository`",
                shown(roots)
            )),
        }
    }

    fn above(start: &Path, roots: &[PathBuf]) -> Result<Option<Self>, String> {
        for directory in
            start.ancestors().take_while(|path| roots.iter().any(|root| path.starts_with(root)))
        {
            if let Some(found) = Self::at(directory)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The repository of this directory itself.
    pub fn at(directory: &Path) -> Result<Option<Self>, String> {
        let inner = directory.join(".git");
        match fs::metadata(&inner) {
            Ok(about) if about.is_dir() && is_repository(&inner) => {
                Self::open(inner, Some(directory)).map(Some)
            }
            Ok(about) if about.is_file() => Self::open(linked(&inner)?, Some(directory)).map(Some),
            _ if is_repository(directory) => {
                // The directory `.git` itself, or a bare repository.
                let inside = directory.file_name().is_some_and(|name| name == ".git");
                let work = directory.parent().filter(|_| inside);
                Self::open(directory.to_owned(), work).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn open(own: PathBuf, work: Option<&Path>) -> Result<Self, String> {
        let common = match file::if_there(&own.join("commondir"))? {
            Some(text) => file::joined(&own, String::from_utf8_lossy(&text).trim()),
            None => own.clone(),
        };
        if !common.join("objects").is_dir() {
            return Err(format!(
                "`{}` holds no objects, or cannot be reached here; grant its directory, too",
                common.display()
            ));
        }
        let config = Config::read(&common, &own)?;
        let work = match (config.text("core.worktree"), work) {
            (_, None) => None,
            (Some(other), Some(work)) if file::joined(&own, &other) != work => {
                return Err(format!(
                    "the repository's `core.worktree` is `{other}`, not the directory of `.git`; that is not supported"
                ));
            }
            (_, Some(work)) => Some(work.to_owned()).filter(|_| !config.is("core.bare", false)),
        };
        let partial = config.text("extensions.partialClone").is_some();
        Ok(Self {
            objects: Objects::open(&common.join("objects"), partial)?,
            refs: Refs::new(&own, &common),
            attributes: Attributes::new(work.as_deref(), &common.join("info/attributes")),
            config,
            work,
            own,
            common,
        })
    }

    /// The directory of its files.
    pub fn work(&self) -> Result<&Path, String> {
        self.work.as_deref().ok_or_else(|| {
            format!("`{}` is a bare repository: it has commits, but no files to work on; use log, show or diff between revisions", self.own.display())
        })
    }

    /// Text of a small file in `.git`, such as `MERGE_HEAD`.
    pub fn note(&self, name: &str) -> Option<String> {
        let bytes = file::small(&self.own.join(name)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

const NOT_GRANTED: &str = "no directory is granted: `toolrack grant git files DIRECTORY --at /NAME` grants one (--write to commit)";

fn shown(roots: &[PathBuf]) -> String {
    let shown: Vec<_> = roots.iter().map(|root| format!("`{}`", root.display())).collect();
    shown.join(", ")
}

fn is_repository(directory: &Path) -> bool {
    let head = fs::symlink_metadata(directory.join("HEAD")).is_ok();
    head && (directory.join("commondir").is_file()
        || directory.join("objects").is_dir() && directory.join("refs").is_dir())
}

/// The directory that a file `.git` names, of a submodule or a further worktree.
fn linked(file: &Path) -> Result<PathBuf, String> {
    let text = file::small(file).map_err(|error| file::explain(&error, file))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let Some(target) = text.trim_end().strip_prefix("gitdir: ") else {
        return Err(format!("`{}` is a file, but does not begin with `gitdir: `", file.display()));
    };
    let parent = file.parent().unwrap_or(file);
    let target_path = file::joined(parent, target);
    if is_repository(&target_path) {
        return Ok(target_path);
    }
    Err(format!(
        "`{}` says that the repository is in `{target}`, which cannot be reached here; grant that directory at the \
         same path, or use the repository it belongs to",
        file.display()
    ))
}

/// A repository without a commit, and the directory that goes with its end.
#[cfg(test)]
pub fn empty() -> (tempfile::TempDir, Repository) {
    let directory = tempfile::TempDir::new().unwrap();
    let own = directory.path().join(".git");
    for inner in ["objects", "refs/heads"] {
        fs::create_dir_all(own.join(inner)).unwrap();
    }
    fs::write(own.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let repository = Repository::at(directory.path()).unwrap().unwrap();
    (directory, repository)
}
