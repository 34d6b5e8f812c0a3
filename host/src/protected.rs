//! Directories that no plugin is granted, whatever its manifest says.
//!
//! A plugin that could change a plugin, its manifest, compiled code or a key could give itself any grant; a plugin that
//! sees the whole home directory sees every secret in it.

use std::path::{Path, PathBuf};

use crate::home::{Home, mounted_secrets};
use crate::text::escape;

/// The directories that are kept from plugins. The default keeps those of every machine: the root, the home directory
/// as a whole, and what the system invents.
#[derive(Clone, Debug, Default)]
pub struct Protected {
    plugins: Vec<PathBuf>,
    own: Vec<PathBuf>,
    secrets: Vec<PathBuf>,
}

/// The reason why a directory is not granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// `/`, or a drive.
    #[error("the whole file system is never granted; name a directory in it")]
    Root,
    /// The home directory, or one that holds it.
    #[error("the whole home directory is never granted; name a directory in it")]
    Home,
    /// A directory that shows processes and devices.
    #[error("it shows this machine's processes and devices; name another directory")]
    System,
    /// A directory that is, lies in or holds the one where plugins lie.
    #[error("{relation} the plugin directory {0}; a plugin could change what it is granted", relation = .1)]
    Plugins(String, Relation),
    /// A directory that is, lies in or holds the one where compiled code and keys lie.
    #[error("{relation} toolrack's own directory {0}; a plugin could change what runs", relation = .1)]
    Own(String, Relation),
    /// A directory that is, lies in or holds one where secrets lie.
    #[error("{relation} the directory of secrets {0}; a plugin is granted secrets by name", relation = .1)]
    Secrets(String, Relation),
}

/// The relation of a directory to a protected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is the protected one.
    Is,
    /// It lies in the protected one.
    Inside,
    /// It holds the protected one.
    Around,
}

impl std::fmt::Display for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Is => "it is",
            Self::Inside => "it lies in",
            Self::Around => "it holds",
        })
    }
}

impl Protected {
    /// Keeps the directories `plugins` and all of `home` from plugins too.
    #[must_use]
    pub fn new(plugins: &[PathBuf], home: Option<&Home>) -> Self {
        let usual = std::env::home_dir().map(|home| home.join(".toolrack"));
        let own = home.map(|home| home.path().to_owned()).into_iter().chain(usual).collect();
        Self { plugins: plugins.to_vec(), own, secrets: mounted_secrets().collect() }
    }

    /// Checks that the directory at `path`, which is canonical, may be granted. Looks at the disk.
    pub fn check(&self, path: &Path) -> Result<(), Forbidden> {
        if path.parent().is_none() {
            return Err(Forbidden::Root);
        }
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        if home.is_some_and(|home| settled(&home).starts_with(path)) {
            return Err(Forbidden::Home);
        }
        // /dev/shm holds files like any others; what else lies below /dev are other people's terminals, and devices.
        let is_device = path.starts_with("/dev") && !path.starts_with("/dev/shm");
        if is_device || ["/proc", "/sys"].iter().any(|system| path.starts_with(system)) {
            return Err(Forbidden::System);
        }
        let near = |directories: &[PathBuf]| {
            directories.iter().find_map(|directory| {
                Some((escape(&directory.to_string_lossy()), relation(path, &settled(directory))?))
            })
        };
        if let Some((directory, relation)) = near(&self.plugins) {
            return Err(Forbidden::Plugins(directory, relation));
        }
        if let Some((directory, relation)) = near(&self.own) {
            return Err(Forbidden::Own(directory, relation));
        }
        match near(&self.secrets) {
            Some((directory, relation)) => Err(Forbidden::Secrets(directory, relation)),
            None => Ok(()),
        }
    }
}

fn relation(path: &Path, other: &Path) -> Option<Relation> {
    match (path.starts_with(other), other.starts_with(path)) {
        (true, true) => Some(Relation::Is),
        (true, false) => Some(Relation::Inside),
        (false, true) => Some(Relation::Around),
        (false, false) => None,
    }
}

/// Returns the place where `path` is, or will be once it is made: links are followed as far as it is there.
fn settled(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = |path: &&Path| path.canonicalize().is_ok();
    let Some(there) = absolute.ancestors().find(there) else { return absolute };
    let missing = absolute.strip_prefix(there).unwrap_or(Path::new(""));
    let canonical = there.canonicalize().unwrap_or_else(|_| there.to_owned());
    // Joining nothing would add a slash, and nothing else would be equal to that.
    if missing.as_os_str().is_empty() { canonical } else { canonical.join(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_around_or_equal_is_kept_and_the_rest_is_not() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().canonicalize().expect("canonical");
        let at = |name: &str| root.join(name);
        for name in ["plugins/inner", "own/cache", "free", "plugins-too"] {
            std::fs::create_dir_all(at(name)).expect("made");
        }
        let later = at("later/plugins");
        let protected = Protected::new(&[at("plugins"), later], Some(&Home::at(at("own"))));
        let check = |name: &str| protected.check(&at(name));
        let relation = |name: &str| match check(name) {
            Err(Forbidden::Plugins(_, relation) | Forbidden::Own(_, relation)) => Some(relation),
            _ => None,
        };
        assert_eq!(relation("plugins"), Some(Relation::Is));
        assert_eq!(relation("plugins/inner"), Some(Relation::Inside));
        assert_eq!(relation("own/cache"), Some(Relation::Inside));
        assert_eq!(relation("later"), Some(Relation::Around));
        assert!(matches!(protected.check(&root), Err(Forbidden::Plugins(_, Relation::Around))));
        assert_eq!((check("free"), check("plugins-too")), (Ok(()), Ok(())));
    }

    #[test]
    #[cfg(unix)]
    fn the_root_the_home_directory_and_the_system_are_kept() {
        let protected = Protected::default();
        assert_eq!(protected.check(Path::new("/")), Err(Forbidden::Root));
        for system in
            ["/proc", "/proc/self", "/sys/kernel", "/dev", "/dev/pts", "/dev/input", "/dev/shmx"]
        {
            assert_eq!(protected.check(Path::new(system)), Err(Forbidden::System), "{system}");
        }
        assert_eq!(protected.check(Path::new("/dev/shm/mine")), Ok(()));
        let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
        for kept in home.iter().flat_map(|home| home.ancestors()) {
            assert!(protected.check(kept).is_err(), "{}", kept.display());
        }
    }
}
