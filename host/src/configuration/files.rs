//! The files of the configuration: where they lie, and how they are read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::content::Configuration;
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::home::Home;
use crate::manifest::ManifestError;
use crate::text::escape_path;
use crate::typed_path::{PathAuthor, home_in_user_database};

/// The largest file of the configuration, in bytes.
const MAX_CONFIGURATION: usize = 64 * 1024;

/// The reason why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A file cannot be read.
    #[error("the configuration {file} {error}")]
    Unreadable {
        /// The file.
        file: String,
        /// The reason.
        error: String,
    },
    /// A link on the way to a file leads nowhere: the file of a share that is not mounted, say.
    #[error(
        "the configuration {file} cannot be read: {link} is a link to {target}, which is missing; make that, or remove the link"
    )]
    Dangling {
        /// The file.
        file: String,
        /// The link.
        link: String,
        /// The place that it names.
        target: String,
    },
    /// A file is no text.
    #[error("the configuration {0} is not UTF-8; save it as UTF-8")]
    NoText(String),
    /// One key lets everybody in, and another wants a token from everybody.
    #[error(
        "{open}: `allow_unauthenticated` lets everybody in, and {auth}: [auth] wants a token from everybody; leave one of them out"
    )]
    OpenAndClosed {
        /// The place of `allow_unauthenticated`.
        open: Arc<str>,
        /// The place of `[auth]`.
        auth: Arc<str>,
    },
    /// A file says something that cannot be.
    #[error("the configuration is wrong\n{0}")]
    Wrong(ManifestError),
}

/// Reads the configuration: the file `given`, or that in `home` where there is one, and the administrator's, which counts
/// whatever is given.
pub fn load(
    given: Option<&Path>,
    home: Option<&Home>,
) -> Result<Configuration, ConfigurationError> {
    let own = match given {
        Some(path) => Some(
            read(PathAuthor::Person, path)?.ok_or_else(|| unreadable(path, &ReadError::Missing))?,
        ),
        None => match home {
            Some(home) => read(PathAuthor::Person, &home.config())?,
            None => None,
        },
    };
    let administrators = match administrators_file() {
        Some(path) => read(PathAuthor::Administrator { home: home_in_user_database }, &path)?,
        None => None,
    };
    let both = own.unwrap_or_default().over(administrators.unwrap_or_default());
    both.check_who_is_let_in()?;
    Ok(both)
}

impl Configuration {
    /// Refuses to let in everybody where `[auth]` wants a token from everybody, in whichever of the files either stands.
    fn check_who_is_let_in(&self) -> Result<(), ConfigurationError> {
        let open = self.http.allow_unauthenticated.as_ref().filter(|stated| stated.value);
        match open.zip(self.auth.as_ref()) {
            Some((open, auth)) => Err(ConfigurationError::OpenAndClosed {
                open: open.place.clone(),
                auth: auth.place.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// Reads a file. `None` if nothing is there.
fn read(author: PathAuthor, path: &Path) -> Result<Option<Configuration>, ConfigurationError> {
    let shown = escape_path(path);
    let bytes = match read_at_most(path, MAX_CONFIGURATION) {
        Ok(bytes) => bytes,
        Err(ReadError::Missing) => {
            // A person who has no home directory has no configuration in it.
            let is_lost = matches!(author, PathAuthor::Administrator { .. });
            let found = dangling(path).or_else(|| no_directory(path).filter(|_| is_lost));
            return found.map_or(Ok(None), Err);
        }
        Err(error) => return Err(unreadable(path, &error)),
    };
    let text =
        std::str::from_utf8(&bytes).map_err(|_| ConfigurationError::NoText(shown.clone()))?;
    // Editors of Windows put a mark before the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Configuration::parse_of(author, &path.to_string_lossy(), text)
        .map(Some)
        .map_err(ConfigurationError::Wrong)
}

/// Finds the link that leads nowhere, because of which nothing is at `path`. `None` if there is none.
fn dangling(path: &Path) -> Option<ConfigurationError> {
    let is_missing = |link: &Path| {
        link.metadata().is_err_and(|error| matches!(error.into(), ReadError::Missing))
    };
    let (link, target) = path.ancestors().find_map(|link| {
        let target = link.read_link().ok()?;
        is_missing(link).then_some((link, target))
    })?;
    Some(ConfigurationError::Dangling {
        file: escape_path(path),
        link: escape_path(link),
        target: escape_path(&target),
    })
}

/// Finds the file that stands where a directory on the way to `path` should. `None` if there is none.
fn no_directory(path: &Path) -> Option<ConfigurationError> {
    let found = path.ancestors().skip(1).find_map(|above| Some((above, above.metadata().ok()?)));
    let (above, _) = found.filter(|(_, metadata)| !metadata.is_dir())?;
    Some(ConfigurationError::Unreadable {
        file: escape_path(path),
        error: format!("`{}` is no directory; move what it holds to this file", escape_path(above)),
    })
}

fn unreadable(path: &Path, error: &ReadError) -> ConfigurationError {
    ConfigurationError::Unreadable { file: escape_path(path), error: error.to_string() }
}

/// The file of the machine's administrator, which users cannot write. `None` where systems have no place for one.
#[cfg(not(feature = "failpoints"))]
pub fn administrators_file() -> Option<PathBuf> {
    usual_administrators_file()
}

/// The same. Tests name another in its place, which no released build lets anybody do.
#[cfg(feature = "failpoints")]
pub fn administrators_file() -> Option<PathBuf> {
    let named = std::env::var_os("TOOLRACK_TEST_ADMINISTRATORS_FILE");
    named.map(PathBuf::from).or_else(usual_administrators_file)
}

#[cfg(not(any(windows, target_os = "macos")))]
fn usual_administrators_file() -> Option<PathBuf> {
    Some("/etc/toolrack/config.toml".into())
}

#[cfg(target_os = "macos")]
fn usual_administrators_file() -> Option<PathBuf> {
    Some("/Library/Application Support/toolrack/config.toml".into())
}

/// The usual place, and none that a variable names: each user sets their own.
#[cfg(windows)]
fn usual_administrators_file() -> Option<PathBuf> {
    Some(r"C:\ProgramData\toolrack\config.toml".into())
}
