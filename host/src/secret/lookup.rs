//! Where the value of a secret is looked for: the server's environment, then `.env` files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Known, MIN_REDACTED, Secret, dotenv};
use crate::home::Home;
use crate::manifest::SecretName;
use crate::text::escape;

/// The largest `.env` file.
const MAX_FILE: u64 = 64 * 1024;

/// The places in which one plugin's secrets are looked for, in their order.
pub struct Secrets {
    environment: Environment,
    files: Vec<PathBuf>,
    // A lock, because calls run at once and each warning is given once.
    warned: Mutex<BTreeSet<String>>,
}

enum Environment {
    Process,
    Given(BTreeMap<String, String>),
}

impl Secrets {
    /// The server's environment, then `.env` in `beside`, the directory of the plugin's manifest, then
    /// `.env` in `home`.
    #[must_use]
    pub fn of(beside: Option<&Path>, home: Option<&Home>) -> Self {
        let beside = beside.map(|directory| directory.join(".env"));
        let files = beside.into_iter().chain(home.map(Home::secrets)).collect();
        Self { environment: Environment::Process, files, warned: Mutex::default() }
    }

    /// The same files, with `variables` in place of the server's environment.
    #[must_use]
    pub fn with_environment(self, variables: BTreeMap<String, String>) -> Self {
        Self { environment: Environment::Given(variables), ..self }
    }

    /// The values of `names` as they are now. Reads files, so it blocks.
    #[must_use]
    pub fn look_up<'a>(&self, names: impl IntoIterator<Item = &'a SecretName>) -> Known {
        // Read at the first name that the environment does not have.
        let mut files: Option<Vec<BTreeMap<SecretName, Secret>>> = None;
        let mut values = BTreeMap::new();
        for name in names {
            let value = self.variable(name).or_else(|| {
                let files = files.get_or_insert_with(|| {
                    self.files.iter().filter_map(|path| self.read(path)).collect()
                });
                let found = files.iter().find_map(|file| file.get(name));
                found.filter(|secret| !secret.expose().is_empty()).cloned()
            });
            if value.as_ref().is_some_and(|secret| secret.expose().len() < MIN_REDACTED) {
                self.warn(format!(
                    "the secret `{name}` is shorter than {MIN_REDACTED} bytes, so it is not kept out of logs and answers; use a longer one"
                ));
            }
            values.insert(name.clone(), value);
        }
        Known::new(values)
    }

    fn variable(&self, name: &SecretName) -> Option<Secret> {
        let value = match &self.environment {
            Environment::Process => std::env::var(name.as_str()).ok(),
            Environment::Given(variables) => variables.get(name.as_str()).cloned(),
        };
        value.filter(|value| !value.is_empty()).map(Secret::new)
    }

    fn read(&self, path: &Path) -> Option<BTreeMap<SecretName, Secret>> {
        let shown = escape(&path.display().to_string());
        let text = match read(path) {
            Ok(text) => text?,
            Err(problem) => {
                self.warn(format!("{shown}: {problem}; no secret is taken from it"));
                return None;
            }
        };
        if text.others_read {
            self.warn(format!(
                "{shown}: other users can read the secrets in it; make it yours alone (chmod 600)"
            ));
        }
        let (values, odd) = dotenv::parse(&text.text);
        if let Some(line) = odd.first() {
            self.warn(format!("{shown}: line {line} is not `NAME=value`; it is passed over"));
        }
        Some(values)
    }

    fn warn(&self, text: String) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if !warned.contains(&text) {
            tracing::warn!("{text}");
            warned.insert(text);
        }
    }
}

struct Text {
    text: String,
    others_read: bool,
}

/// The file's text; absent where there is no file.
fn read(path: &Path) -> Result<Option<Text>, String> {
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("it cannot be read: {error}")),
    };
    let about = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
    if !about.is_file() {
        return Err("it is not a regular file".into());
    }
    let mut text = String::new();
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
    read.map_err(|error| format!("it cannot be read: {error}"))?;
    if text.len() as u64 > MAX_FILE {
        return Err("it is larger than 64 KiB".into());
    }
    Ok(Some(Text { text, others_read: others_read(&about) }))
}

/// Opens without waiting: a pipe in the file's place has no end.
#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn others_read(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o044 != 0
}

#[cfg(not(unix))]
fn others_read(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn name(text: &str) -> SecretName {
        SecretName::new(text).expect("a name")
    }

    #[test]
    fn the_environment_comes_first_then_the_manifests_directory_then_the_home() {
        let (beside, home) = (tempfile::tempdir().expect("a"), tempfile::tempdir().expect("b"));
        fs::write(beside.path().join(".env"), "A=beside-a\nB=beside-b\nD=\n").expect("written");
        fs::write(home.path().join(".env"), "A=home-a\nB=home-b\nC=home-c\n").expect("written");
        let secrets = Secrets::of(Some(beside.path()), Some(&Home::at(home.path().into())))
            .with_environment(BTreeMap::from([("A".into(), "given-a".into())]));
        let names = ["A", "B", "C", "D", "E"].map(name);
        let known = secrets.look_up(&names);
        let found: Vec<_> = names.iter().map(|name| known.get(name).map(Secret::expose)).collect();
        assert_eq!(found, [Some("given-a"), Some("beside-b"), Some("home-c"), None, None]);
    }

    #[test]
    fn what_is_no_small_regular_file_gives_nothing() {
        let beside = tempfile::tempdir().expect("a directory");
        let path = beside.path().join(".env");
        let secrets = Secrets::of(Some(beside.path()), None).with_environment(BTreeMap::new());
        let found = || secrets.look_up(&[name("A")]).get(&name("A")).is_some();
        assert!(!found());
        fs::write(&path, format!("A=value\n#{}", "x".repeat(64 * 1024))).expect("written");
        assert!(!found());
        fs::remove_file(&path).expect("removed");
        fs::create_dir(&path).expect("made");
        assert!(!found());
        fs::remove_dir(&path).expect("removed");
        fs::write(&path, "A=value").expect("written");
        assert!(found());
    }
}
