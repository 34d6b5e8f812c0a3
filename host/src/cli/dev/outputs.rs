//! The files that `toolrack dev` and cargo write within a crate: a change of them is no save.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::lockfile::LOCK_FILE;

/// Variables by which cargo is told where to build.
const TARGET_VARIABLES: [&str; 2] = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"];

/// Directories that are written by others than the author, as the watch names what is in them.
#[derive(Clone, Debug)]
pub(super) struct Outputs {
    root: PathBuf,
    directories: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Outputs {
    /// Those of the crate at `root`, which installs into `plugins`.
    pub(super) fn new(root: &Path, plugins: &[PathBuf]) -> Self {
        let targets = TARGET_VARIABLES.iter().filter_map(std::env::var_os);
        let targets = targets.map(|target| root.join(target)).chain([root.join("target")]);
        let absolute = plugins.iter().filter_map(|path| std::path::absolute(path).ok());
        let directories = absolute.chain(targets).map(|path| real(&path)).collect();
        Self { root: root.to_owned(), directories, files: Vec::new() }
    }

    /// Adds a file that a build writes beside the sources.
    pub(super) fn add(&mut self, file: PathBuf) {
        self.files.push(file);
    }

    /// Learns where cargo builds, by the file that it built: `TARGET/TRIPLE/PROFILE/FILE`.
    pub(super) fn learn(&mut self, built: &Path) {
        let target = built.ancestors().nth(3).map(real);
        let target = target.filter(|target| *target != self.root && !self.hold(target));
        self.directories.extend(target.filter(|target| target.starts_with(&self.root)));
    }

    /// True if `path` is such a directory, or lies in one.
    pub(super) fn hold(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file == path) || self.hold_directory_of(path)
    }

    fn hold_directory_of(&self, path: &Path) -> bool {
        self.directories.iter().any(|directory| match self.root.starts_with(directory) {
            // Plugins are installed beside the sources.
            true => path.parent() == Some(directory) && is_installed(path),
            false => path.starts_with(directory) || is_to_be(path, directory),
        })
    }
}

/// True if cargo is making `directory`: under its name with six characters behind it, until it is renamed.
fn is_to_be(path: &Path, directory: &Path) -> bool {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (name, whole) = (name(path), name(directory));
    let rest = name.strip_prefix(&whole).filter(|_| path.parent() == directory.parent());
    rest.is_some_and(|rest| {
        rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// True if a file is written by installing, and by nobody else.
fn is_installed(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("wasm")) || path.file_name() == Some(OsStr::new(LOCK_FILE))
}

/// `path` without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let above = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match above {
        Some((above, real)) => match path.strip_prefix(above) {
            Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
            _ => real,
        },
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_by_others_is_known_before_it_is_there() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().canonicalize().expect("canonical");
        std::fs::create_dir(root.join("src")).expect("made");
        let mut outputs = Outputs::new(&root, &[root.join("src/../plugins"), "/elsewhere".into()]);
        outputs.learn(&root.join("out/wasm32-wasip2/release/a.wasm"));
        outputs.learn(Path::new("/else/wasm32-wasip2/release/a.wasm"));
        for (path, expected) in [
            ("plugins", true),
            ("plugins/a.toml", true),
            ("out", true),
            ("out/x", true),
            ("outuw1hoe", true),
            ("targetuw1hoe", true),
            ("outer", false),
            ("src/outuw1hoe", false),
            ("src/lib.rs", false),
            ("a.wasm", false),
        ] {
            assert_eq!(outputs.hold(&root.join(path)), expected, "{path}");
        }
    }

    #[test]
    fn where_plugins_lie_beside_the_sources_what_is_installed_is_known_by_its_name() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path().canonicalize().expect("canonical");
        let outputs = Outputs::new(&root, slice(&root));
        for (path, expected) in [
            ("roman.wasm", true),
            ("toolrack.lock", true),
            ("roman.toml", false),
            ("src/lib.rs", false),
            ("src/data.wasm", false),
        ] {
            assert_eq!(outputs.hold(&root.join(path)), expected, "{path}");
        }
    }

    fn slice(path: &PathBuf) -> &[PathBuf] {
        std::slice::from_ref(path)
    }
}
