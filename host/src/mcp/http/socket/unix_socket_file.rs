//! A Unix socket in the file system: private from its first moment, never in the place of one that is served, and removed
//! with its server.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, fchmod};
use tokio::net::{UnixListener, UnixSocket};

use super::socket_locks::SocketLocks;
use crate::suggestion::CommandName;
use crate::text::{escape_path, shell_word};

/// The connections that the system keeps until they are accepted.
const BACKLOG: u32 = 1024;
/// The longest path of a socket that the system takes, in bytes.
const MAX_SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// The longest wait for other servers of this user that make or remove a socket.
const TURN_TIME: Duration = Duration::from_secs(2);

/// A socket, and its file, which goes with it.
pub(super) struct UnixSocketFile {
    pub(super) listener: UnixListener,
    path: PathBuf,
    identity: FileIdentity,
    locks: SocketLocks,
}

/// The device and the number of a file: another file in its place has another.
type FileIdentity = (u64, u64);

impl UnixSocketFile {
    /// Listens at `path`. Blocks while another server of this user makes or removes a socket.
    pub(super) fn bind(path: &Path, locks: &SocketLocks) -> io::Result<Self> {
        check_path(path)?;
        let _turn = locks.take(TURN_TIME)?;
        match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(found) if !found.file_type().is_socket() => {
                return Err(taken(
                    "something is there that is no socket; move it away, or name another path",
                ));
            }
            Ok(found) if is_left_behind(path) => remove(path, identity(&found))?,
            Ok(_) => {
                let status = CommandName::Status.alone();
                return Err(taken(&format!(
                    "another server listens there; `{status}` shows toolrack's own: end it, or name another path"
                )));
            }
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
        let identity = identity(&bound);
        Ok(Self { listener, path: path.to_owned(), identity, locks: locks.clone() })
    }
}

impl Drop for UnixSocketFile {
    fn drop(&mut self) {
        let Ok(_turn) = self.locks.take(TURN_TIME) else { return };
        // A file that cannot be removed is taken for left behind by the next server.
        let _ = remove(&self.path, self.identity);
    }
}

/// True if a server that was killed left the socket behind: nobody listens on it.
fn is_left_behind(path: &Path) -> bool {
    let connected = UnixStream::connect(path);
    connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Removes the file at `path`, if it is still the one of this identity.
fn remove(path: &Path, of: FileIdentity) -> io::Result<()> {
    match std::fs::symlink_metadata(path)? {
        found if identity(&found) == of => std::fs::remove_file(path),
        _ => Ok(()),
    }
}

fn identity(file: &Metadata) -> FileIdentity {
    (file.dev(), file.ino())
}

/// Refuses a path at which no socket can be made.
fn check_path(path: &Path) -> io::Result<()> {
    let length = path.as_os_str().len();
    if length > MAX_SOCKET_PATH {
        let why = format!(
            "its path has {length} bytes, and that of a socket {MAX_SOCKET_PATH} at most; name a shorter one"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let Some(directory) = path.parent().filter(|directory| *directory != Path::new("")) else {
        return Ok(());
    };
    if directory.metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        let (shown, word) = (escape_path(directory), shell_word(&directory.to_string_lossy()));
        let why = format!("there is no directory {shown}; `mkdir -p {word}` makes it");
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    Ok(())
}

fn taken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, why)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::home::Home;

    #[tokio::test]
    async fn a_socket_is_private_and_never_takes_the_place_of_one_that_is_served() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("t.sock");
        let home = Home::at(directory.path().join("home"));
        let locks = SocketLocks::of(Some(&home));
        let first = UnixSocketFile::bind(&path, &locks).expect("free");
        let mode = std::fs::symlink_metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let refused = UnixSocketFile::bind(&path, &locks).err().expect("it is served");
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        // Another has its place by now: it stays when the first ends.
        std::fs::remove_file(&path).expect("removed");
        let second = UnixSocketFile::bind(&path, &locks).expect("free");
        drop(first);
        UnixStream::connect(&path).expect("the second one listens");
        drop(second);
        assert!(!path.exists());
        // One that was left behind is replaced, and a file that is no socket is not.
        drop(std::os::unix::net::UnixListener::bind(&path).expect("free"));
        drop(UnixSocketFile::bind(&path, &locks).expect("left behind"));
        std::fs::write(&path, "mine").expect("written");
        let refused = UnixSocketFile::bind(&path, &locks).err().expect("no socket");
        assert!(refused.to_string().contains("that is no socket; move it away"), "{refused}");
        assert!(path.exists());
    }

    #[test]
    fn a_path_at_which_no_socket_can_be_made_is_told_with_what_to_do() {
        let directory = tempfile::tempdir().expect("a directory");
        let locks = SocketLocks::default();
        let bind = |name: &str| UnixSocketFile::bind(&directory.path().join(name), &locks);
        let refused = |name: &str| bind(name).err().expect("refused").to_string();
        let long = refused(&"a".repeat(MAX_SOCKET_PATH));
        assert!(long.contains(&format!("that of a socket {MAX_SOCKET_PATH} at most")), "{long}");
        let missing = refused("no where/x.sock");
        let made = format!("`mkdir -p '{}/no where'`", directory.path().display());
        assert!(missing.contains(&made), "{missing}");
    }

    #[tokio::test]
    async fn the_longest_path_that_is_allowed_is_that_of_the_system() {
        let directory = tempfile::tempdir().expect("a directory");
        let locks = SocketLocks::default();
        let left = MAX_SOCKET_PATH - directory.path().as_os_str().len() - 1;
        let path = directory.path().join("a".repeat(left));
        drop(UnixSocketFile::bind(&path, &locks).expect("it fits"));
        assert!(
            UnixSocket::new_stream()
                .expect("a socket")
                .bind(directory.path().join("a".repeat(left + 1)))
                .is_err()
        );
    }

    #[tokio::test]
    async fn nobody_who_locks_the_directory_keeps_a_server_from_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("t.sock");
        let held = std::fs::File::open(directory.path()).expect("opened");
        held.try_lock().expect("free");
        let home = Home::at(directory.path().join("home"));
        for locks in [SocketLocks::of(Some(&home)), SocketLocks::default()] {
            drop(UnixSocketFile::bind(&path, &locks).expect("no lock of others counts"));
            assert!(!path.exists(), "it is removed, too");
        }
    }
}
