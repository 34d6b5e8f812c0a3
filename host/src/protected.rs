//! Directories that no plugin is granted, whatever its manifest says.
//!
//! A plugin that could change a plugin, its manifest, compiled code or a key could give itself any grant; a plugin that
//! sees the whole home directory sees every secret in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::fs::links::link_chain;
use crate::fs::stated::Stated;
use crate::home::{Home, mounted_secrets};
use crate::sync::lock;
use crate::text::{escape, escape_path};

/// The directories that are kept from plugins. The default keeps those of every machine: the root, the home directory
/// as a whole, and what the system invents.
#[derive(Clone, Debug, Default)]
pub struct Protected {
    plugins: Vec<PathBuf>,
    own: Vec<PathBuf>,
    secrets: Vec<PathBuf>,
    /// The files of the configuration, and those that it and the flags name.
    configuration: Vec<PathBuf>,
    /// Those that the policy names.
    never: Vec<Stated<PathBuf>>,
    /// The links that files in the plugin directories are, those on their way, and the places where they lead. Behind a
    /// lock, since they are found while plugins are loaded.
    linked: Arc<Mutex<BTreeSet<PathBuf>>>,
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
    /// A directory that holds a file of the configuration, or one that it or a flag names.
    #[error(
        "it holds {0}, which is a file of toolrack's configuration or one that it names; a plugin could change what it is granted"
    )]
    Configuration(String),
    /// A directory that is, lies in or holds one that the policy names.
    #[error("{relation} {0}, which stands in `never_directories` in {2}", relation = .1)]
    Never(String, Relation, Arc<str>),
    /// A directory to write in that holds what a file of a plugin directory is linked from, or a link on the way there.
    #[error(
        "it holds {0}, where files of a plugin directory are linked from; a plugin could change what it is granted"
    )]
    Linked(String),
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
        let secrets = mounted_secrets().map(|(_, path)| path).collect();
        let plugins = plugins.to_vec();
        Self { plugins, own, secrets, ..Self::default() }
    }

    /// Keeps these directories from plugins, too: the policy names them.
    #[must_use]
    pub fn and_never(self, never: Vec<Stated<PathBuf>>) -> Self {
        Self { never, ..self }
    }

    /// Keeps these files from plugins, too: they are the configuration, or it or a flag names them.
    #[must_use]
    pub fn and_configuration(mut self, files: impl IntoIterator<Item = PathBuf>) -> Self {
        self.configuration.extend(files);
        self
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
        if let Some((directory, relation)) = near(&self.secrets) {
            return Err(Forbidden::Secrets(directory, relation));
        }
        let holds = |file: &PathBuf| places(file).any(|place| place.starts_with(path));
        if let Some(file) = self.configuration.iter().find(|file| holds(file)) {
            return Err(Forbidden::Configuration(escape_path(file)));
        }
        let never = self.never.iter().find_map(|Stated { value, place }| {
            let relation = relation(path, &settled(value))?;
            Some(Forbidden::Never(escape_path(value), relation, place.clone()))
        });
        never.map_or(Ok(()), Err)
    }
}

impl Protected {
    /// Keeps from writing what `links` lead to now, which are files in plugin directories, and forgets what was kept so
    /// before. True if that was something else. Looks at the disk.
    pub(crate) fn note_links(&self, links: &BTreeSet<PathBuf>) -> bool {
        let places = links.iter().flat_map(|link| places(link)).collect();
        let before = std::mem::replace(&mut *lock(&self.linked), places);
        *lock(&self.linked) != before
    }

    /// Keeps from writing what `links` lead to, too. Looks at the disk.
    pub(crate) fn add_links(&self, links: &BTreeSet<PathBuf>) {
        let places: Vec<_> = links.iter().flat_map(|link| places(link)).collect();
        lock(&self.linked).extend(places);
    }

    /// Checks that a plugin may write in the directory at `path`, which is canonical. Looks at the disk.
    pub(crate) fn check_write(&self, path: &Path) -> Result<(), Forbidden> {
        let holds = |place: &PathBuf| {
            place.starts_with(path).then(|| Forbidden::Linked(escape_path(place)))
        };
        let linked = lock(&self.linked).iter().find_map(holds);
        let forbidden = linked.or_else(|| {
            self.plugins.iter().flat_map(|directory| places(directory)).find_map(|it| holds(&it))
        });
        forbidden.map_or(Ok(()), Err)
    }
}

/// The links on the way to `path`, and the place where it leads.
fn places(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let chain = link_chain(path);
    chain.links.into_iter().map(|(directory, name)| directory.join(name)).chain(chain.end)
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
    #[cfg(unix)]
    fn what_a_link_leads_to_and_each_link_on_the_way_is_kept_from_writing() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().canonicalize().expect("canonical");
        let at = |name: &str| root.join(name);
        for name in ["plugins", "sets/v1", "sets/v1/deep", "links", "free"] {
            std::fs::create_dir_all(at(name)).expect("made");
        }
        std::fs::write(at("sets/v1/a.toml"), "").expect("written");
        symlink(at("sets/v1"), at("links/current")).expect("a link");
        symlink(at("links/current/a.toml"), at("plugins/a.toml")).expect("a link");
        symlink(at("nowhere/b.toml"), at("plugins/b.toml")).expect("a link");
        symlink(at("plugins"), at("free/plugins")).expect("a link");
        let protected = Protected::new(&[at("free/plugins")], None);
        let kept = |name: &str| protected.check_write(&at(name)).is_err();
        assert!(kept("free") && kept("plugins") && !kept("sets") && !kept("links"));
        protected.note_links(&BTreeSet::from([at("plugins/a.toml"), at("plugins/b.toml")]));
        let names = ["sets", "sets/v1", "sets/v1/deep", "links", "nowhere", "sets/v", "plug"];
        assert_eq!(names.map(kept), [true, true, false, true, true, false, false]);
        // One of the links is switched, and leads elsewhere.
        let links = BTreeSet::from([at("plugins/a.toml"), at("plugins/b.toml")]);
        assert!(!protected.note_links(&links), "nothing has changed");
        std::fs::create_dir_all(at("other/v2")).expect("made");
        std::fs::remove_file(at("links/current")).expect("removed");
        symlink(at("other/v2"), at("links/current")).expect("a link");
        assert!(!kept("other") && protected.note_links(&links) && kept("other") && !kept("sets"));
        assert!(protected.note_links(&BTreeSet::new()));
        assert!(kept("free") && !kept("sets") && !kept("nowhere"));
        protected.add_links(&links);
        assert!(kept("nowhere") && kept("other"));
    }

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
    fn files_of_the_configuration_are_kept_from_plugins_past_links() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().canonicalize().expect("canonical");
        let at = |name: &str| root.join(name);
        for name in ["keys/deep", "links", "free"] {
            std::fs::create_dir_all(at(name)).expect("made");
        }
        std::fs::write(at("keys/tls.key"), "").expect("written");
        std::os::unix::fs::symlink(at("keys/tls.key"), at("links/tls.key")).expect("a link");
        let files = [at("links/tls.key"), at("later/session.key")];
        let protected = Protected::default().and_configuration(files);
        let is_kept =
            |name: &str| matches!(protected.check(&at(name)), Err(Forbidden::Configuration(_)));
        assert!(["keys", "links", "later", ""].iter().all(|name| is_kept(name)));
        assert!(["free", "keys/deep"].iter().all(|name| protected.check(&at(name)).is_ok()));
    }

    #[test]
    fn directories_of_the_policy_are_kept_from_plugins() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().canonicalize().expect("canonical");
        std::fs::create_dir_all(root.join("a/secret/deep")).expect("made");
        std::fs::create_dir_all(root.join("a/free")).expect("made");
        let never = Stated { value: root.join("a/secret"), place: "c.toml:3".into() };
        let protected = Protected::default().and_never(vec![never]);
        let relation = |name: &str| match protected.check(&root.join(name)) {
            Err(Forbidden::Never(_, relation, place)) if &*place == "c.toml:3" => Some(relation),
            _ => None,
        };
        assert_eq!(relation("a/secret"), Some(Relation::Is));
        assert_eq!(relation("a/secret/deep"), Some(Relation::Inside));
        assert_eq!(relation("a"), Some(Relation::Around));
        assert_eq!(protected.check(&root.join("a/free")), Ok(()));
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
