//! The servers that run, by the files in the run directory. Files that dead servers left are removed.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{ServerFiles, Status};
use crate::home::{PrivateError, private_directory};

/// The largest status that is read, in bytes: more than a full catalog with long reasons needs.
const MAX_STATUS: u64 = 8 * 1024 * 1024;

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    /// Its files.
    pub place: ServerFiles,
    /// The status that it writes.
    pub told: Told,
}

/// The status of a server, as far as it can be read.
#[derive(Debug)]
pub enum Told {
    /// The status.
    Status(Box<Status>),
    /// Nothing so far: it has only just started.
    Nothing,
    /// Something that this version does not understand.
    Unreadable(String),
}

/// The reason why it is not known which servers run.
#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    /// The directory is not trusted: its files may come from others.
    #[error("{directory}: {error}")]
    Private {
        /// The run directory.
        directory: PathBuf,
        /// The reason why the directory is not trusted.
        error: PrivateError,
    },
    /// It cannot be listed.
    #[error("{directory}: it cannot be read: {error}")]
    Io {
        /// The run directory.
        directory: PathBuf,
        /// The error.
        error: io::Error,
    },
}

impl Server {
    /// Returns the status. `None` where it cannot be read.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        match &self.told {
            Told::Status(status) => Some(status),
            Told::Nothing | Told::Unreadable(_) => None,
        }
    }
}

/// All servers that run, by process id.
pub fn servers(run: &Path) -> Result<Vec<Server>, ServersError> {
    if matches!(run.try_exists(), Ok(false)) {
        return Ok(Vec::new());
    }
    let directory = || run.to_owned();
    private_directory(run)
        .map_err(|error| ServersError::Private { directory: directory(), error })?;
    let mut pids = pids(run).map_err(|error| ServersError::Io { directory: directory(), error })?;
    pids.sort_unstable();
    let places = pids.into_iter().map(|pid| ServerFiles::new(directory(), pid));
    Ok(places.filter(lives).map(|place| Server { told: told(&place), place }).collect())
}

/// Removes the files that dead servers left.
pub(super) fn sweep(run: &Path) -> io::Result<()> {
    for pid in pids(run)? {
        lives(&ServerFiles::new(run.to_owned(), pid));
    }
    Ok(())
}

fn pids(run: &Path) -> io::Result<Vec<u32>> {
    let mut pids = Vec::new();
    for entry in fs::read_dir(run)? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.strip_suffix(".lock"));
        pids.extend(pid.and_then(|pid| pid.parse::<u32>().ok()));
    }
    Ok(pids)
}

/// True if the lock is held. If not, the files that its owner left are removed.
fn lives(place: &ServerFiles) -> bool {
    match place.take_over() {
        Ok(Some(held)) => {
            place.remove(held);
            false
        }
        Ok(None) => true,
        // The server ended while we looked, or its lock cannot be asked: then nothing is known of it.
        Err(_) => false,
    }
}

fn told(place: &ServerFiles) -> Told {
    match read(place) {
        Ok(status) => Told::Status(Box::new(status)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Told::Nothing,
        Err(error) => Told::Unreadable(error.to_string()),
    }
}

fn read(place: &ServerFiles) -> io::Result<Status> {
    let mut text = Vec::new();
    File::open(place.status())?.take(MAX_STATUS + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_STATUS {
        return Err(io::Error::other(format!("its status is larger than {MAX_STATUS} bytes")));
    }
    let status: Status = serde_json::from_slice(&text)?;
    // The file's name says which process it belongs to.
    Ok(Status { pid: place.pid(), ..status })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_lies_in_the_directory_ends_in_an_answer() {
        let root = tempfile::tempdir().expect("a directory");
        let run = root.path().join("run");
        assert!(servers(&run).expect("none").is_empty());
        let place = |pid| ServerFiles::new(run.clone(), pid);
        let held: Vec<_> = (1..=3).map(|pid| place(pid).take().expect("free")).collect();
        drop(place(4).take().expect("free"));
        place(2).write(b"{\"pid\": 2, \"version\": 7}").expect("written");
        place(3).write(&vec![b' '; 9 * 1024 * 1024]).expect("written");
        place(4).write(b"{}").expect("written");
        fs::write(run.join("stray.lock"), "").expect("written");
        let found = servers(&run).expect("listed");
        assert!(matches!(found[0].told, Told::Nothing));
        assert!(matches!(&found[1].told, Told::Unreadable(why) if why.contains("invalid type")));
        assert!(matches!(&found[2].told, Told::Unreadable(why) if why.contains("larger")));
        assert_eq!((found.len(), place(4).status().exists()), (3, false), "the dead are removed");
        drop(held);
        assert!(servers(&run).expect("none").is_empty());
    }
}
