//! The directory that toolrack keeps its own files in: `~/.toolrack`, or the one that `TOOLRACK_HOME` names.
//!
//! Nothing is created here before it is needed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory and the places in it.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

/// The reason why a directory cannot be trusted with private files.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// It cannot be made or looked at.
    #[error("it cannot be used: {0}")]
    Io(io::Error),
    /// Something else is in its place.
    #[error("it is not a directory; move what is there away")]
    NotADirectory,
    /// It belongs to another user.
    #[error(
        "it belongs to another user; remove it, or set TOOLRACK_HOME to a directory of your own"
    )]
    OtherOwner,
    /// Other users may have put anything into it.
    #[error(
        "others can write into it; look at what is in it, then take that right from them (chmod go-w)"
    )]
    OthersWrite,
}

// Not as its source: the sentence holds it already.
impl From<io::Error> for PrivateError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Home {
    /// Returns the home that the environment names. `None` if it names no home directory either.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let named = std::env::var_os("TOOLRACK_HOME").filter(|value| !value.is_empty());
        named.map(|value| Self(value.into())).or_else(Self::of_user)
    }

    /// Returns the home that counts without `TOOLRACK_HOME`. `None` if no home directory is known.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        home.map(|home| Self(home.join(".toolrack")))
    }

    /// A home at `path`.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The plugin directory that counts when none is named.
    #[must_use]
    pub fn plugins(&self) -> PathBuf {
        self.0.join("plugins")
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// The directory of compiled code.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// The file with secrets of plugins.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.0.join(".env")
    }

    /// Files that each hold one secret of plugins.
    #[must_use]
    pub fn secret_files(&self) -> PathBuf {
        self.0.join("secrets")
    }

    /// The directory in which plugins keep files for one call.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.0.join("scratch")
    }

    /// The records that are needed to undo entries in clients' files.
    #[must_use]
    pub fn clients(&self) -> PathBuf {
        self.0.join("clients")
    }

    /// The key of sessions and the tokens of servers that are reached over HTTP.
    #[must_use]
    pub fn http(&self) -> PathBuf {
        self.0.join("http")
    }

    /// The instructions that clients were given last about the plugins.
    #[must_use]
    pub fn instructions(&self) -> PathBuf {
        self.0.join("instructions")
    }

    /// The locks that commands take before they change the same files.
    #[must_use]
    pub fn locks(&self) -> PathBuf {
        self.0.join("locks")
    }

    /// The log of all servers.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// The status that running servers tell of themselves.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }
}

/// Variables that name a directory in which each file holds one secret: toolrack's own, and the one of systemd's
/// `LoadCredential=`.
const MOUNTED_SECRETS: [&str; 2] = ["TOOLRACK_SECRETS", "CREDENTIALS_DIRECTORY"];

/// The directories of secrets that a container or a service manager has mounted, each with the variable that names it.
pub fn mounted_secrets() -> impl Iterator<Item = (&'static str, PathBuf)> {
    let named =
        MOUNTED_SECRETS.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    named.filter(|(_, path)| !path.is_empty()).map(|(name, path)| (name, path.into()))
}

/// Makes sure that `path` is a directory that only this user can read and write, and makes it where it
/// is missing.
///
/// A directory that others could write into is refused and never mended: what lies in it may be theirs.
pub fn private_directory(path: &Path) -> Result<(), PrivateError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match create_private(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Err(PrivateError::NotADirectory);
    }
    keep_private(path, &found)
}

/// Checks that `path` is such a directory, and changes nothing.
pub fn check_private(path: &Path) -> Result<(), PrivateError> {
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Err(PrivateError::NotADirectory);
    }
    check_owner(&found)
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(unix)]
fn check_owner(found: &fs::Metadata) -> Result<(), PrivateError> {
    use std::os::unix::fs::MetadataExt as _;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(PrivateError::OtherOwner);
    }
    if found.mode() & 0o022 != 0 {
        return Err(PrivateError::OthersWrite);
    }
    Ok(())
}

#[cfg(unix)]
fn keep_private(path: &Path, found: &fs::Metadata) -> Result<(), PrivateError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    check_owner(found)?;
    if found.mode() & 0o055 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// A user's home is private already where permissions are not Unix's.
#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

#[cfg(not(unix))]
fn check_owner(_: &fs::Metadata) -> Result<(), PrivateError> {
    Ok(())
}

#[cfg(not(unix))]
fn keep_private(_: &Path, _: &fs::Metadata) -> Result<(), PrivateError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn a_private_directory_is_made_and_tightened_and_never_trusted_when_it_was_open() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("a/b");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        private_directory(&path).expect("made");
        assert_eq!(mode(&path), 0o700);
        for open in [0o755, 0o750, 0o705, 0o710, 0o701, 0o744] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).expect("set");
            private_directory(&path).expect("tightened");
            assert_eq!(mode(&path), 0o700, "{open:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("set");
        assert!(matches!(private_directory(&path), Err(PrivateError::OthersWrite)));
        let file = root.path().join("file");
        fs::write(&file, "").expect("written");
        assert!(matches!(private_directory(&file), Err(PrivateError::NotADirectory)));
        let link = root.path().join("link");
        std::os::unix::fs::symlink(root.path(), &link).expect("linked");
        assert!(matches!(private_directory(&link), Err(PrivateError::NotADirectory)));
        // Only some users can give a directory away.
        let given = root.path().join("given");
        fs::DirBuilder::new().mode(0o700).create(&given).expect("made");
        if std::os::unix::fs::chown(&given, Some(65_534), None).is_ok() {
            assert!(matches!(private_directory(&given), Err(PrivateError::OtherOwner)));
        }
    }
}
