//! Secrets in files of their own, named like them: in toolrack's home, and in directories that a container or a service
//! manager mounts.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Secret;
use crate::fs::atomic_write::Unfinished;
use crate::fs::bounded_read::{self, ReadError};
use crate::home::{Home, PrivateError, private_directory};
use crate::manifest::SecretName;

/// The longest value in bytes: what fits into a header, and any key in PEM.
pub const MAX_SECRET_VALUE: usize = 16 * 1024;
/// The most files that are looked at to list the names.
const MAX_SECRET_FILES: usize = 1024;

/// The files in toolrack's home.
pub struct SecretFiles(PathBuf);

/// A value and who may read the file that it comes from.
pub(super) struct FileValue {
    pub(super) secret: Secret,
    /// True if other users can read the file.
    pub(super) others_read: bool,
    /// True if every user can read it, and somebody could change that.
    pub(super) is_open: bool,
}

impl SecretFiles {
    /// Those in `home`.
    #[must_use]
    pub fn of(home: &Home) -> Self {
        Self(home.secret_files())
    }

    /// The file of the secret `name`.
    #[must_use]
    pub fn path(&self, name: &SecretName) -> PathBuf {
        self.0.join(name.as_str())
    }

    /// Keeps `value` under `name`, for this user's eyes alone, in place of what was there.
    pub fn set(&self, name: &SecretName, value: &Secret) -> Result<(), PrivateError> {
        private_directory(&self.0)?;
        let bytes = value.expose().as_bytes();
        Ok(Unfinished::write_private(&self.0, name.as_str(), bytes)?.finish()?)
    }

    /// Removes what is kept under `name`. True if anything was.
    pub fn remove(&self, name: &SecretName) -> io::Result<bool> {
        match fs::remove_file(self.path(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The names that something is kept under.
    #[must_use]
    pub fn names(&self) -> BTreeSet<SecretName> {
        let Ok(entries) = fs::read_dir(&self.0) else { return BTreeSet::new() };
        let names = entries
            .take(MAX_SECRET_FILES)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|name| SecretName::new(&name).ok()).collect()
    }
}

/// The value in the file at `path`, which ends before the line break that the file ends with. `None` where there is no
/// file.
pub(super) fn read_value(path: &Path) -> Result<Option<FileValue>, String> {
    let (bytes, about) = match bounded_read::read(path, MAX_SECRET_VALUE + "\r\n".len()) {
        Err(ReadError::Missing) => return Ok(None),
        read => read.map_err(|error| format!("it {error}"))?,
    };
    let secret =
        Secret::read(&bytes[..], MAX_SECRET_VALUE).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
            _ => format!("it is larger than {MAX_SECRET_VALUE} bytes"),
        })?;
    // The copy that was read is overwritten, too.
    drop(String::from_utf8(bytes).map(Secret::new));
    let others_read = others_read(&about);
    Ok(Some(FileValue { secret, others_read, is_open: others_read && is_open(path, &about) }))
}

/// True if every user can read the file, and it is not mounted for reading only: a container's secrets are, and what is
/// mounted there has no other users.
#[cfg(unix)]
fn is_open(path: &Path, about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let is_mounted = || {
        let system = rustix::fs::statvfs(path);
        system.is_ok_and(|system| system.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
    };
    about.permissions().mode() & 0o004 != 0 && !is_mounted()
}

#[cfg(not(unix))]
fn is_open(_: &Path, _: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
pub(super) fn others_read(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o044 != 0
}

#[cfg(not(unix))]
pub(super) fn others_read(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_there_for_its_owner_alone_until_it_is_removed() {
        let root = tempfile::tempdir().expect("a directory");
        let files = SecretFiles::of(&Home::at(root.path().join("home")));
        let name = SecretName::new("A_KEY").expect("a name");
        assert!(files.names().is_empty() && !files.remove(&name).expect("nothing is there"));
        for value in ["first value", "second\nvalue"] {
            files.set(&name, &Secret::new(value.into())).expect("kept");
            let read = read_value(&files.path(&name)).expect("read").expect("there");
            assert_eq!((read.secret.expose(), read.others_read), (value, false));
        }
        assert_eq!(files.names(), BTreeSet::from([name.clone()]));
        assert!(files.remove(&name).expect("removed"));
        assert!(read_value(&files.path(&name)).expect("read").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_open_where_every_user_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("A");
        fs::write(&path, "value").expect("written");
        for (mode, expected) in [(0o600, [false; 2]), (0o640, [true, false]), (0o644, [true; 2])] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let read = read_value(&path).expect("read").expect("there");
            assert_eq!([read.others_read, read.is_open], expected, "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_holds_no_value_says_why() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("A");
        for (bytes, expected) in [
            (vec![b'x'; MAX_SECRET_VALUE + 3], "it is larger than"),
            (vec![b'x'; MAX_SECRET_VALUE + 1], "it is larger than"),
            (b"\xff".to_vec(), "it is not UTF-8 text"),
        ] {
            fs::write(&path, bytes).expect("written");
            let problem = read_value(&path).err().expect("a problem");
            assert!(problem.starts_with(expected), "{problem}");
        }
        assert!(read_value(root.path()).err().expect("a problem").contains("a directory"));
        fs::write(&path, [&[b'x'; MAX_SECRET_VALUE][..], b"\r\n"].concat()).expect("written");
        assert!(read_value(&path).is_ok());
    }
}
