//! A Unix socket in the file system: private from its first moment, never in the place of one that is served, and removed
//! with its server.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, fchmod};
use tokio::net::{UnixListener, UnixSocket};

/// The connections that the system keeps until they are accepted.
const BACKLOG: u32 = 1024;
/// The longest wait for other servers that make or remove a socket in the same directory.
const TURN_TIME: Duration = Duration::from_secs(2);
const TURN_INTERVAL: Duration = Duration::from_millis(10);

/// A socket, and its file, which goes with it.
pub(super) struct UnixSocketFile {
    pub(super) listener: UnixListener,
    path: PathBuf,
    identity: FileIdentity,
}

/// The device and the number of a file: another file in its place has another.
type FileIdentity = (u64, u64);

impl UnixSocketFile {
    /// Listens at `path`. Blocks for as long as another server does the same in this directory.
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        let _turn = turn(path)?;
        match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(found) if found.file_type().is_socket() && is_left_behind(path) => {
                std::fs::remove_file(path)?;
            }
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
        }
        let socket = UnixSocket::new_stream()?;
        // This user alone, as with all that is toolrack's; others are let in by the directory's owner. On Linux, the
        // file gets the mode that the socket has; elsewhere, a socket has none before it is bound.
        let _ = fchmod(&socket, Mode::RUSR | Mode::WUSR);
        socket.bind(path)?;
        let bound = std::fs::symlink_metadata(path)?;
        #[cfg(not(target_os = "linux"))]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Nobody can connect yet: it does not listen.
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        }
        let listener = socket.listen(BACKLOG)?;
        Ok(Self { listener, path: path.to_owned(), identity: (bound.dev(), bound.ino()) })
    }
}

impl Drop for UnixSocketFile {
    fn drop(&mut self) {
        let Ok(_turn) = turn(&self.path) else { return };
        let found = std::fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// True if a server that was killed left the socket behind: nobody listens on it.
fn is_left_behind(path: &Path) -> bool {
    let connected = UnixStream::connect(path);
    connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Takes the turn of those who make and remove sockets in this directory.
fn turn(path: &Path) -> io::Result<File> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = File::open(parent.unwrap_or(Path::new(".")))?;
    let started = Instant::now();
    loop {
        match directory.try_lock() {
            // Where directories cannot be locked, nothing keeps others away.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(directory),
            Err(TryLockError::WouldBlock) if started.elapsed() < TURN_TIME => sleep(TURN_INTERVAL),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_socket_is_private_and_never_takes_the_place_of_one_that_is_served() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("t.sock");
        let first = UnixSocketFile::bind(&path).expect("free");
        let mode = std::fs::symlink_metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let refused = UnixSocketFile::bind(&path).err().expect("it is served");
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        // Another has its place by now: it stays when the first ends.
        std::fs::remove_file(&path).expect("removed");
        let second = UnixSocketFile::bind(&path).expect("free");
        drop(first);
        UnixStream::connect(&path).expect("the second one listens");
        drop(second);
        assert!(!path.exists());
        // One that was left behind is replaced, and a file that is no socket is not.
        drop(std::os::unix::net::UnixListener::bind(&path).expect("free"));
        drop(UnixSocketFile::bind(&path).expect("left behind"));
        std::fs::write(&path, "mine").expect("written");
        assert!(UnixSocketFile::bind(&path).is_err());
        assert!(path.exists());
    }
}
