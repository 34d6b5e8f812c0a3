//! The directories in which clients keep their files, on each system.
//!
//! Which file of which client lies there is not known here.

use std::env;
use std::path::{Path, PathBuf};

/// The directories in which programs keep the files of one user.
#[derive(Clone, Debug)]
pub struct UserDirectories {
    /// The home directory.
    pub home: PathBuf,
    /// Where desktop programs keep their settings: `~/.config`, `~/Library/Application Support` or `%APPDATA%`.
    pub settings: PathBuf,
    /// Where programs keep their settings that follow the XDG rules on a Mac, too.
    pub xdg_config: PathBuf,
}

impl UserDirectories {
    /// Reads them from the environment. `None` where it names no home directory.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let home = env::home_dir().filter(|home| home.is_absolute())?;
        let xdg_config =
            absolute_variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        Some(Self { settings: settings(&home, &xdg_config), home, xdg_config })
    }

    /// The directory that `variable` names, else the home directory.
    pub(super) fn home_or(&self, variable: &str) -> PathBuf {
        absolute_variable(variable).unwrap_or_else(|| self.home.clone())
    }

    /// The directory that `variable` names, else `default` in the home directory.
    pub(super) fn named_or(&self, variable: &str, default: &str) -> PathBuf {
        absolute_variable(variable).unwrap_or_else(|| self.home.join(default))
    }
}

#[cfg(target_os = "macos")]
fn settings(home: &Path, _: &Path) -> PathBuf {
    home.join("Library/Application Support")
}

#[cfg(windows)]
fn settings(home: &Path, _: &Path) -> PathBuf {
    absolute_variable("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming"))
}

#[cfg(not(any(target_os = "macos", windows)))]
fn settings(_: &Path, xdg_config: &Path) -> PathBuf {
    xdg_config.to_owned()
}

/// A relative directory would be another one for each program that reads the variable.
fn absolute_variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The program `name` in the first directory of PATH that holds it.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .flat_map(|directory| {
            endings.iter().map(move |ending| directory.join(format!("{name}{ending}")))
        })
        .find(|program| program.is_file())
}
