//! The files that say how a server is run and who may use it: which others of this machine can change, or read what is
//! secret in them.

use std::path::{Path, PathBuf};

use crate::configuration::{self, Configuration, FileSecrecy, NamedFile};
use crate::fs::links::link_chain;
use crate::fs::others_rights::{everybody_reads, everybody_replaces_in, everybody_writes};
use crate::home::Home;
use crate::text::{escape_path, shell_word};
use crate::tokens::TokenFile;
use crate::typed_path;

/// A file that others can change or read, and what a person does about it.
pub(super) struct LooseConfiguration {
    pub(super) problem: String,
    pub(super) advice: String,
}

/// The files that say how a server is run and who may use it. Those that are not there are among them.
#[derive(Clone, Default)]
pub(super) struct ConfiguredFiles(Vec<ConfiguredFile>);

#[derive(Clone)]
struct ConfiguredFile {
    path: PathBuf,
    secrecy: FileSecrecy,
}

impl ConfiguredFiles {
    /// The files of the configuration, of which `given` stands in the place of the person's, those that it names, and that of
    /// the tokens.
    pub(super) fn new(
        given: Option<&Path>,
        home: Option<&Home>,
        configuration: &Configuration,
    ) -> Self {
        let own = given.map(Path::to_owned).or_else(|| home.map(Home::config));
        let own = own.into_iter().chain(configuration::administrators_file());
        let tokens = home.map(|home| TokenFile::of(home).path().to_owned());
        let named = configuration.named_files().into_iter();
        // A path whose variable is not set is told where it is used.
        let named = named.filter_map(|NamedFile { written, secrecy }| {
            Some((typed_path::expanded(written).ok()?, secrecy))
        });
        let mut files = Self::default();
        files.add(own.map(|path| (path, FileSecrecy::Public)));
        files.add(tokens.map(|path| (path, FileSecrecy::Secret)));
        files.add(named);
        files
    }

    /// These files, and `others`.
    pub(super) fn and(mut self, others: impl IntoIterator<Item = (PathBuf, FileSecrecy)>) -> Self {
        self.add(others);
        self
    }

    fn add(&mut self, files: impl IntoIterator<Item = (PathBuf, FileSecrecy)>) {
        self.0.extend(files.into_iter().map(|(path, secrecy)| ConfiguredFile { path, secrecy }));
    }

    /// The paths of all of them, which no plugin is granted.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.0.iter().map(|file| file.path.clone())
    }

    /// Those that others can change, or read although they are secret.
    pub(super) fn loose(&self) -> Vec<LooseConfiguration> {
        self.0.iter().filter(|file| file.path.exists()).filter_map(loose).collect()
    }
}

fn loose(ConfiguredFile { path, secrecy }: &ConfiguredFile) -> Option<LooseConfiguration> {
    let (file, is_secret) = (path.as_path(), *secrecy == FileSecrecy::Secret);
    // Whoever can replace a link or a directory on the way can replace the file.
    let chain = link_chain(file);
    let directories = chain.links.iter().map(|(directory, _)| directory.as_path());
    let mut directories = directories.chain(chain.end.as_deref().and_then(Path::parent));
    let directory = directories.find_map(everybody_replaces_in);
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
    fn the_directory_of_each_link_on_the_way_is_looked_at() {
        let root = tempfile::TempDir::new().expect("a directory");
        let at = |name: &str| root.path().join(name);
        for name in ["links", "real"] {
            std::fs::create_dir(at(name)).expect("made");
        }
        write(at("real/key"), "x").expect("written");
        std::os::unix::fs::symlink(at("real/key"), at("links/key")).expect("a link");
        for open in ["links", "real"] {
            let mode = |mode| set_permissions(at(open), Permissions::from_mode(mode)).expect("set");
            let file = ConfiguredFile { path: at("links/key"), secrecy: FileSecrecy::Public };
            assert!(loose(&file).is_none(), "{open}");
            mode(0o777);
            let told = loose(&file).unwrap_or_else(|| panic!("{open}"));
            assert!(told.problem.ends_with(open), "{}", told.problem);
            mode(0o755);
        }
    }

    #[test]
    fn each_directory_above_a_file_or_a_link_is_looked_at() {
        let root = tempfile::TempDir::new().expect("a directory");
        let at = |name: &str| root.path().join(name);
        for name in ["of_links/in", "of_keys/in"] {
            std::fs::create_dir_all(at(name)).expect("made");
        }
        write(at("of_keys/in/key"), "x").expect("written");
        std::os::unix::fs::symlink(at("of_keys/in/key"), at("of_links/in/key")).expect("a link");
        let file = ConfiguredFile { path: at("of_links/in/key"), secrecy: FileSecrecy::Public };
        for open in ["of_links", "of_keys"] {
            let mode = |mode| set_permissions(at(open), Permissions::from_mode(mode)).expect("set");
            mode(0o777);
            let told = loose(&file).unwrap_or_else(|| panic!("{open}"));
            assert!(told.problem.ends_with(&format!("can write into {}", at(open).display())));
            assert!(told.advice.contains(&format!("`chmod go-w {}`", at(open).display())));
            mode(0o1777);
            assert!(loose(&file).is_none(), "{open}");
            mode(0o755);
        }
    }

    #[test]
    fn what_others_can_change_or_read_is_told_with_the_command_that_ends_it() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let file = directory.path().join("key");
        write(&file, "x").expect("written");
        let (public, secret) = (FileSecrecy::Public, FileSecrecy::Secret);
        for (of_directory, of_file, secrecy, told) in [
            (0o755, 0o644, public, None),
            (0o755, 0o640, secret, None),
            (0o755, 0o644, secret, Some(("can read ", "go-r "))),
            (0o755, 0o646, public, Some(("can write ", "go-w "))),
            (0o777, 0o600, public, Some(("can write into ", "go-w "))),
            // Others can add files there, and neither replace nor remove this one.
            (0o1777, 0o600, secret, None),
        ] {
            set_permissions(directory.path(), Permissions::from_mode(of_directory)).expect("set");
            set_permissions(&file, Permissions::from_mode(of_file)).expect("set");
            let files = ConfiguredFiles(vec![ConfiguredFile { path: file.clone(), secrecy }]);
            let loose = files.loose();
            assert_eq!(loose.len(), usize::from(told.is_some()), "{of_directory:o} {of_file:o}");
            if let (Some(loose), Some((problem, advice))) = (loose.first(), told) {
                assert!(loose.problem.contains(problem), "{}", loose.problem);
                assert!(loose.advice.contains(advice), "{}", loose.advice);
            }
        }
    }
}
