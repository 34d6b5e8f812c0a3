//! The files that say how a server is run and who may use it: which others of this machine can change, or read what is
//! secret in them.

use std::path::{Path, PathBuf};

use super::setup::Setup;
use crate::configuration;
use crate::fs::others_rights::{everybody_reads, everybody_replaces, everybody_writes};
use crate::text::{escape_path, shell_word};
use crate::tokens::TokenFile;
use crate::typed_path;

/// A file that others can change or read, and what a person does about it.
pub(super) struct LooseConfiguration {
    pub(super) problem: String,
    pub(super) advice: String,
}

/// The files that count with this setup. Those that there are not are among them.
pub(super) struct ConfiguredFiles {
    files: Vec<PathBuf>,
    secrets: Vec<PathBuf>,
}

impl ConfiguredFiles {
    pub(super) fn of(setup: &Setup) -> Self {
        let home = setup.home.as_ref();
        let own = setup.config.clone().or_else(|| home.map(|home| home.config()));
        let tokens = home.map(|home| TokenFile::of(home).path().to_owned());
        let named = setup.configuration.secret_files();
        // A path whose variable is not set is told where it is used.
        let named = named.filter_map(|file| typed_path::expanded(file).ok());
        Self {
            files: own.into_iter().chain(configuration::administrators_file()).collect(),
            secrets: tokens.into_iter().chain(named).collect(),
        }
    }

    /// Those that others can change, or read although they are secret.
    pub(super) fn loose(&self) -> Vec<LooseConfiguration> {
        let secrets = self.secrets.iter();
        let all = self.files.iter().map(|file| (file, false));
        all.chain(secrets.map(|file| (file, true)))
            .filter(|(file, _)| file.exists())
            .filter_map(|(file, is_secret)| loose(file, is_secret))
            .collect()
    }
}

fn loose(file: &Path, is_secret: bool) -> Option<LooseConfiguration> {
    let directory = file.parent().filter(|directory| everybody_replaces(directory));
    let (path, what, right) = match directory {
        Some(directory) => (directory, "write into", "w"),
        None if everybody_writes(file) => (file, "write", "w"),
        None if is_secret && everybody_reads(file) => (file, "read", "r"),
        None => return None,
    };
    let word = shell_word(&path.to_string_lossy());
    Some(LooseConfiguration {
        problem: format!("everybody on this machine can {what} {}", escape_path(path)),
        advice: format!("`chmod go-{right} {word}` takes that away"),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_others_can_change_or_read_is_told_with_the_command_that_ends_it() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let file = directory.path().join("key");
        write(&file, "x").expect("written");
        for (of_directory, of_file, is_secret, told) in [
            (0o755, 0o644, false, None),
            (0o755, 0o640, true, None),
            (0o755, 0o644, true, Some(("can read ", "go-r "))),
            (0o755, 0o646, false, Some(("can write ", "go-w "))),
            (0o777, 0o600, false, Some(("can write into ", "go-w "))),
            // Others can add files there, and neither replace nor remove this one.
            (0o1777, 0o600, true, None),
        ] {
            set_permissions(directory.path(), Permissions::from_mode(of_directory)).expect("set");
            set_permissions(&file, Permissions::from_mode(of_file)).expect("set");
            let files = match is_secret {
                true => ConfiguredFiles { files: Vec::new(), secrets: vec![file.clone()] },
                false => ConfiguredFiles { files: vec![file.clone()], secrets: Vec::new() },
            };
            let loose = files.loose();
            assert_eq!(loose.len(), usize::from(told.is_some()), "{of_directory:o} {of_file:o}");
            if let (Some(loose), Some((problem, advice))) = (loose.first(), told) {
                assert!(loose.problem.contains(problem), "{}", loose.problem);
                assert!(loose.advice.contains(advice), "{}", loose.advice);
            }
        }
    }
}
