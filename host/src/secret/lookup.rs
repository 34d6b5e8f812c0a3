//! The places where the value of a secret is looked for: the server's environment, `.env` files, files of
//! their own, the system's keyring.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::files::{self, FileValue, others_read};
use super::{
    KeyringError, MIN_REDACTED, MissingSecret, PatientKeyring, ResolvedSecrets, Secret, dotenv,
};
use crate::fs::bounded_read::{self, ReadError};
use crate::home::{Home, mounted_secrets};
use crate::manifest::SecretName;
use crate::sync::lock;
use crate::text::escape;
use crate::typed_path;

/// The largest `.env` file.
const MAX_DOTENV: usize = 64 * 1024;

/// The places in which one plugin's secrets are looked for, in their order.
pub struct Secrets {
    environment: Environment,
    places: Vec<ValueFiles>,
    keyring: Option<PatientKeyring>,
    // A lock, because calls run at once and each warning is given once.
    warned: Mutex<BTreeSet<String>>,
}

/// Files that hold values.
enum ValueFiles {
    /// A `.env` file.
    DotEnv(PathBuf),
    /// A directory in which each secret has a file of its own, named like it.
    Directory { path: PathBuf, owner: Owner },
}

/// The party that decides who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The user.
    User,
    /// The system that has mounted it.
    System,
}

/// The suffix of variables that name the file of a secret.
const FILE_SUFFIX: &str = "_FILE";

enum Environment {
    Process,
    Given(BTreeMap<String, String>),
}

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// In the environment of this process.
    Environment,
    /// In this file: a `.env`, or one of its own.
    File(PathBuf),
    /// In the system's keyring.
    Keyring,
}

/// The value that was found for each name, with its source, and the error of the keyring.
type FoundValues = (BTreeMap<SecretName, Option<(SecretSource, Secret)>>, Option<KeyringError>);

impl Secrets {
    /// The server's environment, where `NAME_FILE` names the file of the secret `NAME`; then `.env` in `beside`, the
    /// directory of the plugin's manifest; then `.env` in `home`; then mounted directories; then the files in `home`.
    #[must_use]
    pub fn of(beside: Option<&Path>, home: Option<&Home>) -> Self {
        let dot_env = [beside.map(|directory| directory.join(".env")), home.map(Home::secrets)];
        let dot_env = dot_env.into_iter().flatten().map(ValueFiles::DotEnv);
        let own = home.map(Home::secret_files);
        let own = own.map(|path| ValueFiles::Directory { path, owner: Owner::User });
        let mounted =
            mounted_secrets().map(|(_, path)| ValueFiles::Directory { path, owner: Owner::System });
        let places = dot_env.chain(mounted).chain(own).collect();
        Self { environment: Environment::Process, places, keyring: None, warned: Mutex::default() }
    }

    /// Adds `keyring` as the last place.
    #[must_use]
    pub fn with_keyring(self, keyring: PatientKeyring) -> Self {
        Self { keyring: Some(keyring), ..self }
    }

    /// Replaces the server's environment by `variables`.
    #[must_use]
    pub fn with_environment(self, variables: BTreeMap<String, String>) -> Self {
        Self { environment: Environment::Given(variables), ..self }
    }

    /// The values of `names` as they are now. Reads files and may ask the keyring, so it blocks.
    #[must_use]
    pub fn look_up<'a>(&self, names: impl IntoIterator<Item = &'a SecretName>) -> ResolvedSecrets {
        let (found, keyring) = self.find(names);
        for (name, found) in &found {
            if found.as_ref().is_some_and(|(_, secret)| secret.expose().len() < MIN_REDACTED) {
                self.warn(format!(
                    "the secret `{name}` is shorter than {MIN_REDACTED} bytes, so it is not kept out of logs and answers; use a longer one"
                ));
            }
        }
        let value = |(name, found): (_, Option<(_, _)>)| (name, found.map(|(_, secret)| secret));
        ResolvedSecrets::new(found.into_iter().map(value).collect(), keyring)
    }

    /// Returns the places where the values of `names` are now, without the values; `None` where a name has no value.
    /// Blocks like [`Self::look_up`].
    #[must_use]
    pub fn sources<'a>(
        &self,
        names: impl IntoIterator<Item = &'a SecretName>,
    ) -> BTreeMap<SecretName, Option<SecretSource>> {
        let (found, _) = self.find(names);
        found.into_iter().map(|(name, found)| (name, found.map(|(source, _)| source))).collect()
    }

    /// Returns those of `names` that surely have no value: a keyring that does not answer may have one. Blocks like
    /// [`Self::look_up`].
    #[must_use]
    pub fn absent<'a>(
        &self,
        names: impl IntoIterator<Item = &'a SecretName>,
    ) -> Vec<MissingSecret> {
        let (found, keyring) = self.find(names);
        let missing = found.into_iter().filter(|(_, found)| found.is_none());
        let missing = missing.map(|(name, _)| MissingSecret { name, keyring: keyring.clone() });
        missing.filter(MissingSecret::is_certain).collect()
    }

    /// Looks for `names` in each place; a later place is asked only for the names that the earlier ones do not have.
    fn find<'a>(&self, names: impl IntoIterator<Item = &'a SecretName>) -> FoundValues {
        let mut found: BTreeMap<_, _> = names
            .into_iter()
            .map(|name| (name.clone(), self.variable(name).or_else(|| self.named_file(name))))
            .collect();
        for place in &self.places {
            if found.values().all(Option::is_some) {
                break;
            }
            match place {
                ValueFiles::DotEnv(path) => {
                    let Some(mut values) = self.read(path) else { continue };
                    for (name, found) in found.iter_mut().filter(|(_, found)| found.is_none()) {
                        self.warn_of_letters(path, name, &values);
                        let value =
                            values.remove(name).filter(|secret| !secret.expose().is_empty());
                        *found = value.map(|secret| (SecretSource::File(path.clone()), secret));
                    }
                }
                ValueFiles::Directory { path, owner } => {
                    for (name, found) in found.iter_mut().filter(|(_, found)| found.is_none()) {
                        *found = self.own_file(name, &path.join(name.as_str()), *owner);
                    }
                }
            }
        }
        let missing: Vec<_> = found
            .iter()
            .filter(|(_, found)| found.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        let Some(keyring) = self.keyring.as_ref().filter(|_| !missing.is_empty()) else {
            return (found, None);
        };
        match keyring.get(missing) {
            Ok(values) => {
                let values = values.into_iter().filter(|(_, secret)| !secret.expose().is_empty());
                found.extend(
                    values.map(|(name, secret)| (name, Some((SecretSource::Keyring, secret)))),
                );
                (found, None)
            }
            Err(error) => (found, Some(error)),
        }
    }

    /// Warns of a name in a `.env` file that is `name` but for capitals.
    fn warn_of_letters(
        &self,
        path: &Path,
        name: &SecretName,
        values: &BTreeMap<SecretName, Secret>,
    ) {
        let is_near = |other: &&SecretName| other.as_str().eq_ignore_ascii_case(name.as_str());
        let near = values.keys().find(is_near).filter(|_| !values.contains_key(name));
        if let Some(near) = near {
            self.warn(format!(
                "{}: `{near}` is not `{name}`, which a plugin is granted; write it in the same letters",
                escape(&path.display().to_string())
            ));
        }
    }

    fn variable(&self, name: &SecretName) -> Option<(SecretSource, Secret)> {
        self.in_environment(name.as_str())
            .map(|value| (SecretSource::Environment, Secret::new(value)))
    }

    fn in_environment(&self, variable: &str) -> Option<String> {
        let value = match &self.environment {
            Environment::Process => std::env::var(variable).ok(),
            Environment::Given(variables) => variables.get(variable).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// The value in the file that the variable `NAME_FILE` names.
    fn named_file(&self, name: &SecretName) -> Option<(SecretSource, Secret)> {
        let variable = format!("{name}{FILE_SUFFIX}");
        let named = self.in_environment(&variable)?;
        // What starts a server need not be a shell, which would put the home directory in.
        let path = typed_path::expanded(&named).unwrap_or_else(|_| named.into());
        let found = self.own_file(name, &path, Owner::System);
        if found.is_none() && !path.exists() {
            // The path is not shown: the secret itself may stand in its place.
            self.warn(format!(
                "{variable}: there is no file at the path that it holds; it takes the path of a file, and `{name}` the secret itself"
            ));
        }
        found
    }

    /// The value of the secret `name` in a file that holds nothing else.
    fn own_file(
        &self,
        name: &SecretName,
        path: &Path,
        owner: Owner,
    ) -> Option<(SecretSource, Secret)> {
        let shown = || escape(&path.display().to_string());
        let FileValue { secret, others_read, is_open } = match files::read_value(path) {
            Ok(value) => value?,
            Err(problem) => {
                self.warn(format!("{}: {problem}; no secret is taken from it", shown()));
                return None;
            }
        };
        let is_told = match owner {
            Owner::User => others_read,
            // A group may be the system's way to give it to this process.
            Owner::System => is_open,
        };
        if is_told {
            self.warn(format!(
                "{}: other users can read this secret; make it yours alone (chmod 600)",
                shown()
            ));
        }
        let text = secret.expose();
        let assigned = text.strip_prefix("export ").unwrap_or(text).strip_prefix(name.as_str());
        if assigned.is_some_and(|rest| rest.starts_with('=')) {
            self.warn(format!(
                "{}: it begins with `{name}=`, which is part of the secret then; leave the value alone in it",
                shown()
            ));
        }
        let is_value = !secret.expose().is_empty();
        is_value.then(|| (SecretSource::File(path.to_owned()), secret))
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
            self.warn(format!("{shown}: line {line} is not `NAME=value`, so it counts for nothing; mend it, or begin it with `#`"));
        }
        Some(values)
    }

    /// Returns what was warned of so far: the faults of files that secrets are looked for in.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        lock(&self.warned).iter().cloned().collect()
    }

    fn warn(&self, text: String) {
        let mut warned = lock(&self.warned);
        if !warned.contains(&text) {
            tracing::warn!("{text}");
            warned.insert(text);
        }
    }
}

struct FileText {
    text: String,
    others_read: bool,
}

/// Returns the file's text; `None` where there is no file.
fn read(path: &Path) -> Result<Option<FileText>, String> {
    let (bytes, about) = match bounded_read::read(path, MAX_DOTENV) {
        Err(ReadError::Missing) => return Ok(None),
        read => read.map_err(|error| format!("it {error}"))?,
    };
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text")?;
    Ok(Some(FileText { text, others_read: others_read(&about) }))
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
            .with_environment(
                [("A", "given-a"), ("B", "")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            );
        let names = ["A", "B", "C", "D", "E"].map(name);
        let known = secrets.look_up(&names);
        let found: Vec<_> = names.iter().map(|name| known.get(name).map(Secret::expose)).collect();
        assert_eq!(found, [Some("given-a"), Some("beside-b"), Some("home-c"), None, None]);
    }

    #[test]
    fn the_path_in_a_variable_is_read_as_a_person_types_it() {
        // Cargo sets it for tests.
        let path = "$CARGO_MANIFEST_DIR/src/secret/mod.rs".to_owned();
        let secrets = Secrets::of(None, None);
        let secrets = secrets.with_environment([("A_FILE".to_owned(), path)].into());
        assert!(secrets.look_up(&[name("A")]).get(&name("A")).is_some());
    }

    #[test]
    fn a_name_that_is_written_otherwise_or_twice_is_warned_of() {
        let root = tempfile::tempdir().expect("a directory");
        let home = Home::at(root.path().into());
        fs::create_dir_all(home.secret_files()).expect("made");
        fs::write(home.secrets(), "a_token=hunter2\nB_TOKEN=hunter2\nb_token=hunter2")
            .expect("written");
        for (name, text) in [("C_TOKEN", "C_TOKEN=hunter2"), ("D_TOKEN", "C_TOKEN=hunter2")] {
            fs::write(home.secret_files().join(name), text).expect("written");
        }
        let secrets = Secrets::of(None, Some(&home)).with_environment(BTreeMap::new());
        let names = ["A_TOKEN", "B_TOKEN", "C_TOKEN", "D_TOKEN"].map(name);
        assert!(secrets.look_up(&names).get(&names[0]).is_none());
        let warned = secrets.warnings().into_iter();
        let warned: Vec<_> = warned.filter(|text| !text.contains("other users")).collect();
        assert_eq!(warned.len(), 2, "{warned:?}");
        for expected in ["`a_token` is not `A_TOKEN`", "it begins with `C_TOKEN=`"] {
            assert!(warned.iter().any(|text| text.contains(expected)), "{warned:?}");
        }
        assert!(!warned.concat().contains("hunter2"), "{warned:?}");
    }

    #[test]
    fn a_file_of_its_own_gives_a_value_in_its_turn() {
        let root = tempfile::tempdir().expect("a directory");
        let home = Home::at(root.path().join("home"));
        fs::create_dir_all(home.secret_files()).expect("made");
        for (name, value) in [("A", "own-a\n"), ("B", "own-b"), ("C", ""), ("D", "own-d")] {
            fs::write(home.secret_files().join(name), value).expect("written");
        }
        fs::write(home.secrets(), "B=home-b").expect("written");
        fs::write(root.path().join("named"), "named-d\r\n").expect("written");
        let named = |file: &str| root.path().join(file).to_string_lossy().into_owned();
        let variables = [
            ("D_FILE", named("named")),
            ("A_FILE", named("missing")),
            ("E_FILE", named("home")),
            ("F", "given-f".into()),
            ("F_FILE", named("named")),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let secrets = Secrets::of(None, Some(&home)).with_environment(variables.into());
        let names = ["A", "B", "C", "D", "E", "F"].map(name);
        let known = secrets.look_up(&names);
        let found: Vec<_> = names.iter().map(|name| known.get(name).map(Secret::expose)).collect();
        let expected =
            [Some("own-a"), Some("home-b"), None, Some("named-d"), None, Some("given-f")];
        assert_eq!(found, expected);
        let warned = secrets.warned.into_inner().expect("not poisoned");
        for expected in
            ["A_FILE: there is no file at the path that it holds", "home: it is a directory"]
        {
            assert!(warned.iter().any(|text| text.contains(expected)), "{warned:?}");
        }
        assert!(!warned.iter().any(|text| text.contains("missing")), "{warned:?}");
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

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt as _;
        let beside = tempfile::tempdir().expect("a directory");
        let path = beside.path().join(".env");
        fs::write(&path, "A=value-of-a").expect("written");
        for (mode, is_warned) in [(0o600, false), (0o640, true), (0o604, true), (0o711, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let secrets = Secrets::of(Some(beside.path()), None).with_environment(BTreeMap::new());
            let _ = secrets.look_up(&[name("A")]);
            let warned = secrets.warned.into_inner().expect("not poisoned");
            let told = warned.iter().any(|text| text.contains("other users can read"));
            assert_eq!(told, is_warned, "{mode:o}");
        }
    }
}
