//! Files of a repository: small ones read whole, written beside and renamed.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// The largest file of settings, names or patterns, in bytes.
const MAX_SMALL: u64 = 16 * 1024 * 1024;
const MAX_NAMES: usize = 100_000;
/// The time between two looks at a lock, which is waited for two seconds.
const WAIT: Duration = Duration::from_millis(50);
const WAITS: u32 = 40;

/// All bytes of a file that is not large.
pub fn small(path: &Path) -> io::Result<Vec<u8>> {
    whole(path, MAX_SMALL)
}

/// All bytes of a file, of which there may be `max`.
pub fn whole(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {max} bytes"),
        ));
    }
    Ok(bytes)
}

/// The bytes of a file, if it is there.
pub fn if_there(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match small(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(explain(&error, path)),
    }
}

/// The names in a directory that have this extension, or none, in order; none if it is not there.
pub fn names(directory: &Path, extension: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let named =
        entries.flatten().take(MAX_NAMES).filter_map(|entry| entry.file_name().into_string().ok());
    let fits = |name: &String| Path::new(name).extension().unwrap_or_default() == extension;
    let mut names: Vec<_> = named.filter(fits).collect();
    names.sort();
    names
}

/// The path that `text` means in a file of `directory`, without `..`; it may be the host's.
pub fn joined(directory: &Path, text: &str) -> PathBuf {
    clean(&crate::host_paths::seen(text).unwrap_or_else(|| directory.join(text)))
}

/// The path without `.` and `..`.
pub fn clean(whole: &Path) -> PathBuf {
    let mut path = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

/// Puts a file in place whole: beside first, then renamed. Gives what is known of it as it was written.
pub fn place(path: &Path, bytes: &[u8]) -> io::Result<Metadata> {
    let (file, beside) = beside(path)?;
    let written = filled(file, bytes);
    let placed = written.and_then(|about| fs::rename(&beside, path).map(|()| about));
    if placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    placed
}

/// Writes a file that is there anew, so that its permissions stay.
pub fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<Metadata> {
    filled(OpenOptions::new().write(true).truncate(true).open(path)?, bytes)
}

fn filled(mut file: File, bytes: &[u8]) -> io::Result<Metadata> {
    file.write_all(bytes)?;
    file.sync_all()?;
    file.metadata()
}

/// A new file in the directory of `path`.
fn beside(path: &Path) -> io::Result<(File, PathBuf)> {
    for number in 0..1_000 {
        let beside = path.with_file_name(format!("tmp_obj_toolrack{number}"));
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((file, beside)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

pub fn explain(error: &io::Error, path: &Path) -> String {
    toolrack_sdk::files::explain(error, path)
}

/// A lock as git takes it: the file `NAME.lock`, which becomes the file or goes.
pub struct Lock {
    path: PathBuf,
    lock: PathBuf,
    file: Option<File>,
}

/// Fails where a link would lead what is written to another file of the repository, such as its configuration.
pub fn check_no_link(path: &Path) -> Result<(), String> {
    for path in path.ancestors().take(2) {
        if path.symlink_metadata().is_ok_and(|about| about.is_symlink()) {
            return Err(format!("`{}` is a link, so it is not written through", path.display()));
        }
    }
    Ok(())
}

/// A file that is new; another git that is about to finish is waited for.
fn created(lock: &Path) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).open(lock);
    for _ in 0..WAITS {
        match create() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => std::thread::sleep(WAIT),
            other => return other,
        }
    }
    create()
}

/// Names all locks that one killed call can have left, so that the next call does not fail at the second one.
fn taken(lock: &Path) -> String {
    let mut there = vec![lock.to_owned()];
    let others = ["index.lock", "HEAD.lock"].map(|name| lock.with_file_name(name));
    there.extend(others.into_iter().filter(|other| other != lock && other.exists()));
    let shown: Vec<_> = there.iter().map(|path| format!("`{}`", path.display())).collect();
    let (are, them) = if shown.len() == 1 { ("is", "it") } else { ("are", "them") };
    format!(
        "{} {are} there: another git or server works in this repository, or one was killed; try again in a minute, and \
         delete {them} only if no git and no other call works in this repository then; `status` shows what a killed \
         one left undone",
        shown.join(" and ")
    )
}

impl Lock {
    /// Takes it within two seconds, or fails.
    pub fn take(path: &Path) -> Result<Self, String> {
        check_no_link(path)?;
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| explain(&error, parent))?;
        }
        match created(&lock) {
            Ok(file) => Ok(Self { path: path.to_owned(), lock, file: Some(file) }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken(&lock)),
            Err(error) => Err(explain(&error, &lock)),
        }
    }

    /// Writes the file and gives the lock back.
    pub fn commit(mut self, bytes: &[u8]) -> Result<(), String> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        drop(file);
        written
            .and_then(|()| fs::rename(&self.lock, &self.path))
            .inspect_err(|_| drop(fs::remove_file(&self.lock)))
            .map_err(|error| explain(&error, &self.path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_given_back_soon_is_waited_for() {
        let directory = tempfile::TempDir::new().unwrap();
        let index = directory.path().join("index");
        let held = Lock::take(&index).unwrap();
        let waiting = std::thread::spawn({
            let index = index.clone();
            move || Lock::take(&index).map(drop)
        });
        std::thread::sleep(2 * WAIT);
        drop(held);
        waiting.join().unwrap().unwrap();
        assert!(!directory.path().join("index.lock").exists());
    }

    #[test]
    fn a_lock_that_stays_is_told() {
        let directory = tempfile::TempDir::new().unwrap();
        let index = directory.path().join("index");
        fs::write(directory.path().join("index.lock"), "").unwrap();
        let refused = Lock::take(&index).map(drop).unwrap_err();
        assert!(refused.contains("index.lock` is there"), "{refused}");
        assert!(!refused.contains("HEAD.lock"), "{refused}");
        fs::write(directory.path().join("HEAD.lock"), "").unwrap();
        for path in ["index", "HEAD"] {
            let refused = Lock::take(&directory.path().join(path)).map(drop).unwrap_err();
            for named in ["index.lock`", "HEAD.lock`", "are there", "delete them only if no git"] {
                assert!(refused.contains(named), "{refused}");
            }
        }
        assert!(directory.path().join("index.lock").exists());
    }
}
