//! Paths as people type them where no shell reads them: in manifests, and in the files of MCP clients.
//!
//! `~` at the beginning is the home directory, `$NAME` an environment variable. Nothing else is expanded.

use std::path::{Path, PathBuf};

use crate::fs::stated::Stated;
use crate::text::{escape, escape_path};

/// The reason why a path leads nowhere.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TypedPathError {
    /// It begins with a variable that is not there.
    #[error("the variable {0} is not set where toolrack runs; set it, or write the whole path")]
    NoVariable(String),
    /// It begins with a variable that holds no absolute path.
    #[error("the variable {0} holds no absolute path; set it to one")]
    Relative(String),
    /// It begins with `~`, and there is no home directory.
    #[error("no home directory is known where toolrack runs; write the whole path")]
    NoHome,
}

/// The path that `written` means.
///
/// # Errors
///
/// If what it begins with is not known.
pub fn expanded(written: &str) -> Result<PathBuf, TypedPathError> {
    let (first, rest) = written.split_once('/').unwrap_or((written, ""));
    let base = if first == "~" {
        std::env::home_dir().filter(|home| home.is_absolute()).ok_or(TypedPathError::NoHome)?
    } else if let Some(name) = first.strip_prefix('$').filter(|name| !name.is_empty()) {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        let value = PathBuf::from(value.ok_or_else(|| TypedPathError::NoVariable(escape(name)))?);
        if !value.is_absolute() {
            return Err(TypedPathError::Relative(escape(name)));
        }
        value
    } else {
        return Ok(written.into());
    };
    // The rest lies below the base, however many slashes it begins with.
    Ok(base.join(rest.trim_start_matches('/')))
}

/// The one who wrote a path into a file of the configuration: what `~` and `$NAME` stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PathAuthor {
    /// A person, for whom the environment counts.
    Person,
    /// The administrator of the machine. What they say holds in every environment: that is the caller's own.
    Administrator {
        /// Gives the home directory of the user as the system knows it.
        home: fn() -> Option<PathBuf>,
    },
}

/// The reason why a path cannot stand in a file of the configuration.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum UnanchoredPath {
    #[error("expected an absolute path, or one that begins with `~` or `$NAME`")]
    Relative,
    #[error(
        "a variable counts for nothing in the administrator's file, since each caller sets their own; write the whole path, or begin it with `~`"
    )]
    Variable,
    #[error(
        "the system's user database names no home directory for this user; write the whole path"
    )]
    NoHome,
}

impl PathAuthor {
    /// The path `written`, as one that does not depend on the directory in which a program was started.
    pub(crate) fn anchored(self, written: &str) -> Result<Box<str>, UnanchoredPath> {
        if !is_anchored(written) {
            return Err(UnanchoredPath::Relative);
        }
        let home = match self {
            Self::Person => return Ok(written.into()),
            Self::Administrator { home } => home,
        };
        if written.starts_with('$') {
            return Err(UnanchoredPath::Variable);
        }
        let Some(rest) = written.strip_prefix('~') else { return Ok(written.into()) };
        // `~ada` is no home directory here, wherever it stands.
        if !(rest.is_empty() || rest.starts_with('/')) {
            return Err(UnanchoredPath::Relative);
        }
        let home = home().filter(|home| home.is_absolute()).ok_or(UnanchoredPath::NoHome)?;
        let path = home.join(rest.trim_start_matches('/')).into_os_string();
        path.into_string().map(Into::into).map_err(|_| UnanchoredPath::NoHome)
    }
}

/// The home directory of the user that toolrack runs as, as the system's user database says. The environment counts for
/// nothing.
#[cfg(unix)]
pub(crate) fn home_in_user_database() -> Option<PathBuf> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok()??;
    Some(user.dir)
}

/// The same. There is none that can be asked.
#[cfg(not(unix))]
pub(crate) fn home_in_user_database() -> Option<PathBuf> {
    None
}

/// The path of a file as messages write it, behind the option or the key that names it.
pub(crate) fn shown(file: &Stated<PathBuf>) -> String {
    format!("{}: {}", file.place, escape_path(&file.value))
}

/// True if `written` means the same wherever a program was started: it is absolute, or begins with `~` or a variable.
pub(crate) fn is_anchored(written: &str) -> bool {
    written.starts_with(['~', '$']) || Path::new(written).is_absolute()
}

/// True if `written` names a user of another machine, who may have a password: a URL without its scheme, or an address as
/// other programs take it, such as `ada@host:notes`.
pub(crate) fn names_user(written: &str) -> bool {
    let Some((user, host)) = written.split_once('@') else { return false };
    let is_path = written.starts_with(['/', '\\', '~', '$', '.']);
    let is_share = written.starts_with("//") || written.starts_with(r"\\");
    is_share || (!is_path && (user.contains(':') || host.contains(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_of_another_machine_is_no_directory() {
        for written in ["//u:pw@h/x", "//u@h/x", r"\\u:pw@h\x", "u:pw@h/x", "u@h:pw", "u:a/b@h"] {
            assert!(names_user(written), "{written}");
        }
        for written in ["/a:b@c", "~/a:b@c", "./a:b@c", "a@b", "a:b", "//h/x", "a/b@2.0", ""] {
            assert!(!names_user(written), "{written}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_environment_changes_a_path_of_the_administrator() {
        let of = |home| PathAuthor::Administrator { home };
        let ada = of(|| Some("/home/ada".into()));
        for (written, expected) in [
            ("~/.ssh", Ok("/home/ada/.ssh")),
            ("~", Ok("/home/ada/")),
            ("~//.ssh", Ok("/home/ada/.ssh")),
            ("/srv/~/x", Ok("/srv/~/x")),
            ("$HOME/.ssh", Err(UnanchoredPath::Variable)),
            ("$", Err(UnanchoredPath::Variable)),
            ("~bob/.ssh", Err(UnanchoredPath::Relative)),
            ("x/y", Err(UnanchoredPath::Relative)),
            ("", Err(UnanchoredPath::Relative)),
        ] {
            assert_eq!(ada.anchored(written).as_deref(), expected.as_deref(), "{written}");
        }
        for home in [|| None, || Some("home/ada".into())] as [fn() -> Option<PathBuf>; 2] {
            assert_eq!(of(home).anchored("~/x"), Err(UnanchoredPath::NoHome));
            assert!(of(home).anchored("/x").is_ok());
        }
        for written in ["~/.ssh", "$HOME/.ssh", "/x"] {
            assert_eq!(PathAuthor::Person.anchored(written).as_deref(), Ok(written));
        }
        assert!(home_in_user_database().is_some_and(|home| home.is_absolute()));
    }

    #[cfg(unix)]
    #[test]
    fn what_follows_the_home_directory_or_a_variable_lies_below_it() {
        let home = std::env::home_dir().expect("a home directory");
        for written in ["~/etc", "~//etc", "~///etc"] {
            assert_eq!(expanded(written), Ok(home.join("etc")), "{written}");
        }
        let (name, value) = ("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"));
        for slashes in ["/", "//"] {
            let found = expanded(&format!("${name}{slashes}etc"));
            assert_eq!(found, Ok(Path::new(value).join("etc")), "{slashes}");
        }
        for plain in ["/a/~/b", "a", "a/$HOME", "~other/a", "$", "$/a", ""] {
            assert_eq!(expanded(plain), Ok(plain.into()), "{plain}");
        }
        let missing = TypedPathError::NoVariable("NO_SUCH_VARIABLE".into());
        assert_eq!(expanded("$NO_SUCH_VARIABLE/a"), Err(missing));
    }
}
