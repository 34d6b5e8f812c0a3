//! The paths that there are: those in a directory that the manifest grants, by the name that the plugin has for it or by
//! the host's. Nothing here changes a file.
//!
//! The sandbox holds the border, not this file: a path that leads out does not open. What is checked here
//! is checked to say what is wrong.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use toolrack_sdk::files;

use crate::alike;
use crate::guard;

/// A directory that may be used.
pub struct Root {
    /// The path by which the plugin sees it.
    pub at: PathBuf,
    /// The names on the host: as granted, where that really is, and `~/...` if it lies in the user's home directory. Empty
    /// if the plugin may not know.
    pub host: Vec<String>,
}

/// A check whether a path may be changed.
type Check = fn(&Path) -> Result<(), String>;

/// The directories that may be used.
pub struct Places {
    pub roots: Vec<Root>,
}

/// A path in one of them.
#[derive(Debug)]
pub struct Place {
    pub path: PathBuf,
    /// The same on the host, if that may be known.
    pub host: Option<String>,
}

impl Places {
    /// Those of the manifest.
    pub fn granted() -> Self {
        let mut host = files::host_paths();
        let root = |at: PathBuf| Root { host: host.remove(&at).unwrap_or_default(), at };
        Self { roots: files::roots().into_iter().map(root).collect() }
    }

    /// The place that `text` means. Where one directory is granted, a path may also begin in it.
    ///
    /// # Errors
    ///
    /// If it lies in no granted directory, or holds what nobody means as a part of a name, such as quotes, and nothing is
    /// called so.
    pub fn find(&self, text: &str) -> Result<Place, String> {
        let roots: Vec<PathBuf> = self.roots.iter().map(|root| root.at.clone()).collect();
        let slip = files::slip(text, &roots, &self.hosts());
        let found = self.as_written(text);
        let is_there = |place: &Place| place.path.symlink_metadata().is_ok();
        match slip {
            Some(sentence) if !found.as_ref().is_ok_and(is_there) => Err(sentence),
            _ => found,
        }
    }

    fn as_written(&self, text: &str) -> Result<Place, String> {
        let given = Path::new(text);
        if text.is_empty() {
            return Err(format!("`path` is empty; write one such as {}", self.shown()));
        }
        if given.components().any(|part| part == Component::ParentDir) {
            return Err(format!(
                "`{text}` has `..` in it; write the path from the root, such as {}",
                self.shown()
            ));
        }
        let path = match &self.roots[..] {
            _ if self.roots.iter().any(|root| is_below(given, root)) => given.to_path_buf(),
            _ if let Some(path) = self.by_host_path(text) => path,
            // Of the home directory, the host has named what is granted.
            _ if is_of_a_home(text) => {
                return Err(format!(
                    "`{text}` is not in a directory that is granted; it begins with one of {}",
                    self.shown()
                ));
            }
            _ if given.has_root() => given.to_path_buf(),
            [root] => match self.beginning_with_a_name(given) {
                // The model's own name for the directory, where nothing in it is called so.
                Some(path) if !has_first(&root.at, given) => path,
                _ => root.at.join(given),
            },
            _ => self.beginning_with_a_name(given).ok_or_else(|| {
                format!(
                    "`{text}` does not say in which directory; it begins with one of {}",
                    self.shown()
                )
            })?,
        };
        Ok(self.place(&path))
    }

    /// The place of a path as the plugin sees it.
    pub fn place(&self, path: &Path) -> Place {
        // Without `.` and doubled slashes.
        let path: PathBuf = path.components().collect();
        Place { host: self.on_host(&path), path }
    }

    /// The place that `text` means, if what it leads to may be written: Git runs what some of its files say.
    pub fn to_write(&self, text: &str) -> Result<Place, String> {
        let place = self.find(text)?;
        let real = files::real(&place.path).map_err(|error| place.explain(&error))?;
        self.guarded(place, &real, guard::check)
    }

    /// The place that `text` means, if what stands there itself, be it a link, may be removed.
    pub fn to_remove(&self, text: &str) -> Result<Place, String> {
        self.itself(text, guard::check)
    }

    /// The same of what may be moved, from there or to there.
    pub fn to_move(&self, text: &str) -> Result<Place, String> {
        self.itself(text, guard::check_move)
    }

    fn itself(&self, text: &str, check: Check) -> Result<Place, String> {
        let place = self.find(text)?;
        let parent = place.path.parent().unwrap_or(&place.path);
        let real = files::real(parent).map_err(|error| place.explain(&error))?;
        let real = real.join(place.path.file_name().unwrap_or_default());
        self.guarded(place, &real, check)
    }

    fn guarded(&self, place: Place, real: &Path, check: Check) -> Result<Place, String> {
        let host = self.on_host(real).unwrap_or_default();
        [&*place.path, real, Path::new(&host)].into_iter().try_for_each(check)?;
        Ok(place)
    }

    /// The host's name of a path that the plugin sees.
    fn on_host(&self, path: &Path) -> Option<String> {
        let root = self.roots.iter().find(|root| path.starts_with(&root.at))?;
        let below = path.strip_prefix(&root.at).ok()?.to_str()?;
        let host = root.host.first()?;
        let (separator, windows) =
            if files::is_of_windows(host) { ("\\", true) } else { ("/", false) };
        let below = if windows { below.replace('/', "\\") } else { below.to_owned() };
        Some(match below.is_empty() {
            true => host.clone(),
            false => format!("{}{separator}{below}", host.trim_end_matches(separator)),
        })
    }

    fn by_host_path(&self, text: &str) -> Option<PathBuf> {
        files::of_host(&self.hosts(), text)
    }

    fn hosts(&self) -> BTreeMap<PathBuf, Vec<String>> {
        self.roots.iter().map(|root| (root.at.clone(), root.host.clone())).collect()
    }

    /// `notes/a.md` where a root is `/notes`.
    fn beginning_with_a_name(&self, given: &Path) -> Option<PathBuf> {
        let path = Path::new("/").join(given);
        self.roots.iter().any(|root| path.starts_with(&root.at)).then_some(path)
    }

    fn shown(&self) -> String {
        let shown: Vec<_> =
            self.roots.iter().map(|root| format!("`{}`", root.at.display())).collect();
        if shown.is_empty() { "nothing: no directory is granted".into() } else { shown.join(", ") }
    }
}

/// True if `path` lies in the root by the plugin's names. One that is seen as `/` holds every path: the host's come first.
fn is_below(path: &Path, root: &Root) -> bool {
    root.at != Path::new("/") && path.starts_with(&root.at)
}

/// True if a directory has what a path begins with, or the path begins with no name.
fn has_first(directory: &Path, path: &Path) -> bool {
    match path.components().next() {
        Some(Component::Normal(first)) => directory.join(first).symlink_metadata().is_ok(),
        _ => true,
    }
}

/// True if a path begins with the home directory of the user. A file called `~` is written `./~`.
fn is_of_a_home(text: &str) -> bool {
    let below = text.strip_prefix('~');
    below.is_some_and(|below| below.is_empty() || below.starts_with(['/', '\\']))
}

impl Place {
    /// The error as a sentence that says what to do, with both names of the place.
    pub fn explain(&self, error: &io::Error) -> String {
        if let Some(file) = self.file_above() {
            return format!(
                "`{}` is no directory, so there can be no {}",
                file.display(),
                self.shown()
            );
        }
        let sentence = files::explain(error, &self.path);
        let is_missing = error.kind() == io::ErrorKind::NotFound;
        let hint = is_missing.then(|| alike::missing(&self.path)).flatten().unwrap_or_default();
        let own = format!("`{}`", self.path.display());
        match &self.host {
            Some(host) => sentence.replacen(&own, &format!("{own} ({host})"), 1) + &hint,
            None => sentence + &hint,
        }
    }

    /// The file that stands where a directory on the way should be.
    fn file_above(&self) -> Option<&Path> {
        let mut above = self.path.ancestors().skip(1);
        above.find(|path| path.metadata().is_ok_and(|about| !about.is_dir()))
    }

    /// Both of its names.
    pub fn shown(&self) -> String {
        match &self.host {
            Some(host) => format!("{} ({host})", self.path.display()),
            None => self.path.display().to_string(),
        }
    }
}

#[cfg(test)]
impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self { path: path.into(), host: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(roots: &[(&str, &[&str])]) -> Places {
        let root = |(at, host): &(&str, &[&str])| Root {
            at: at.into(),
            host: host.iter().map(ToString::to_string).collect(),
        };
        Places { roots: roots.iter().map(root).collect() }
    }

    #[track_caller]
    fn check(roots: &[(&str, &[&str])], text: &str, expected: Result<&str, &str>) {
        match (places(roots).find(text), expected) {
            (Ok(place), Ok(path)) => assert_eq!(place.path, Path::new(path), "{text}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
            (Ok(place), Err(_)) => panic!("{text}: {}", place.path.display()),
            (Err(error), Ok(_)) => panic!("{text}: {error}"),
        }
    }

    #[test]
    fn a_path_is_absolute_or_begins_in_the_one_directory() {
        let notes: &[(&str, &[&str])] = &[("/notes", &[])];
        let both: &[(&str, &[&str])] = &[("/notes", &[]), ("/code", &[])];
        check(notes, "/notes//a/./b.md", Ok("/notes/a/b.md"));
        check(notes, "a.md", Ok("/notes/a.md"));
        check(notes, ".", Ok("/notes"));
        check(notes, "/notes/trail .txt ", Err("write `/notes/trail .txt`"));
        check(notes, " a", Err("write `a`"));
        check(notes, "file:///notes/a", Err("write `/notes/a`"));
        check(notes, "C:\\a", Err("begins with one of `/notes`"));
        check(both, "$HOME/a", Err("begins with one of `/notes`, `/code`"));
        check(notes, "/notes/ a b.md", Ok("/notes/ a b.md"));
        check(both, "/code/a", Ok("/code/a"));
        check(both, "code/a", Ok("/code/a"));
        check(both, "a.md", Err("one of `/notes`, `/code`"));
        check(notes, "notes/a.md", Ok("/notes/a.md"));
        check(notes, "notes", Ok("/notes"));
        check(notes, "./notes/a.md", Ok("/notes/notes/a.md"));
        check(notes, "notesbook/a.md", Ok("/notes/notesbook/a.md"));
        // Where something in the directory is called like it, that is meant.
        let beside = std::env::temp_dir().join(format!("files-place-{}", std::process::id()));
        let inner = beside.join(beside.strip_prefix("/").unwrap());
        std::fs::create_dir_all(&inner).unwrap();
        let at = beside.to_str().unwrap();
        check(&[(at, &[])], &at[1..], Ok(inner.to_str().unwrap()));
        std::fs::remove_dir_all(&beside).unwrap();
        check(notes, "", Err("`path` is empty"));
        check(notes, "/notes/../etc/passwd", Err("has `..` in it"));
        check(&[], "a", Err("no directory is granted"));
    }

    #[test]
    fn a_tilde_is_what_the_host_calls_so_or_refused() {
        let home: &[&str] = &["/home/ada/notes", "~/notes"];
        let roots: &[(&str, &[&str])] = &[("/notes", home), ("/tmp", &["/tmp"])];
        check(roots, "~/notes/a.md", Ok("/notes/a.md"));
        check(roots, "~/notes", Ok("/notes"));
        check(
            roots,
            "~/x.txt",
            Err(
                "`~/x.txt` is not in a directory that is granted; it begins with one of `/notes`, `/tmp`",
            ),
        );
        check(roots, "~/notesbook/x", Err("is not in a directory"));
        check(roots, "~", Err("`~` is not in a directory"));
        check(&[("/d", &[])], "~/x.txt", Err("begins with one of `/d`"));
        // Another's home is not the user's, and the user's may lie anywhere.
        check(&[("/d", &["/home/shared/d"])], "~/d/x", Err("is not in a directory"));
        check(&[("/d", &["/root/d"])], "~/d/x", Err("is not in a directory"));
        check(&[("/d", &["/var/home/ada/d", "~/d"])], "~/d/x", Ok("/d/x"));
        let windows: &[&str] = &["D:\\Ada\\Docs", "~\\Docs"];
        check(&[("/d", windows)], "~\\docs\\x", Ok("/d/x"));
        check(&[("/d", windows)], "~/docs/x", Ok("/d/x"));
        check(&[("/d", windows)], "~\\x", Err("is not in a directory"));
        check(&[("/d", &[])], "./~/x.txt", Ok("/d/~/x.txt"));
        check(&[("/d", &[])], "~x.txt", Ok("/d/~x.txt"));
        check(&[("/d", &[])], "/d/~/x.txt", Ok("/d/~/x.txt"));
    }

    #[test]
    fn a_path_of_the_host_is_one_of_the_plugins() {
        let roots: &[(&str, &[&str])] = &[
            ("/notes", &["/home/ada/notes", "/data/notes"]),
            ("/deep", &["/home/ada/notes/deep"]),
            ("/docs", &["C:\\Users\\Ada\\Docs"]),
        ];
        check(roots, "/home/ada/notes", Ok("/notes"));
        check(roots, "/home/ada/notes/a b.md", Ok("/notes/a b.md"));
        check(roots, "/data/notes/a.md", Ok("/notes/a.md"));
        check(roots, "/home/ada/notes/deep/a", Ok("/deep/a"));
        check(roots, "c:\\users\\ada\\docs\\x\\y.md", Ok("/docs/x/y.md"));
        check(roots, "C:/Users/Ada/Docs/x", Ok("/docs/x"));
        check(roots, "/home/ada/notesbook", Ok("/home/ada/notesbook"));
        check(&[("/", &["/srv"])], "/srv/a", Ok("/a"));
        check(&[("/", &["/srv"])], "/b", Ok("/b"));
        let shown = |text: &str| places(roots).find(text).unwrap().host.unwrap();
        assert_eq!(shown("/notes/a.md"), "/home/ada/notes/a.md");
        assert_eq!(shown("/docs/x/y"), "C:\\Users\\Ada\\Docs\\x\\y");
        assert_eq!(shown("/data/notes"), "/home/ada/notes");
        let place = places(roots).find("/data/notes/a").unwrap();
        let error = place.explain(&io::ErrorKind::NotFound.into());
        assert!(error.starts_with("there is no `/notes/a` (/home/ada/notes/a)"), "{error}");
    }
}
