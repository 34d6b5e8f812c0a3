//! `toolrack secret`: the values of secrets in the system's keyring, and where each is found.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use serde_json::json;

use super::print::{eprintln, println};
use super::{DIM, NAME, paint, print_json};
use crate::home::Home;
use crate::install::Shelf;
use crate::manifest::SecretName;
use crate::secret::{Keyring, MIN_REDACTED, PatientKeyring, Secret, Secrets, Source};
use crate::text::escape;

/// The largest value that is taken, in bytes: what fits into a header, and any key in PEM.
const MAX_VALUE: usize = 16 * 1024;

#[derive(Subcommand)]
pub(super) enum Action {
    /// Keep a secret in the system's keyring; its value is asked for, or read from stdin
    Set {
        /// Its name, as manifests write it
        name: String,
    },
    /// List secrets: where each has its value, and which plugins are granted it
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a secret from the system's keyring
    Remove {
        /// Its name
        name: String,
    },
}

pub(super) fn run(
    action: &Action,
    directories: &[PathBuf],
    home: Option<&Home>,
) -> anyhow::Result<ExitCode> {
    match action {
        Action::Set { name } => set(&checked(name)?, directories, home),
        Action::List { json } => list(directories, home, *json),
        Action::Remove { name } => remove(&checked(name)?),
    }
}

fn checked(name: &str) -> anyhow::Result<SecretName> {
    SecretName::new(name).with_context(|| format!("`{}`", escape(name)))
}

fn set(
    name: &SecretName,
    directories: &[PathBuf],
    home: Option<&Home>,
) -> anyhow::Result<ExitCode> {
    let keyring = Keyring::open().context(ELSEWHERE)?;
    let value = value(name)?;
    keyring.set(name, &value).context(ELSEWHERE)?;
    println!("{} is kept in the system's keyring", paint(NAME, name));
    if value.expose().len() < MIN_REDACTED {
        eprintln!(
            "it is shorter than {MIN_REDACTED} bytes, so it is not kept out of logs and answers"
        );
    }
    let rows = rows(directories, home, BTreeSet::new())?;
    let mut found = rows.iter().filter(|row| row.name == *name);
    if let Some(place) = found.clone().find_map(|row| earlier(row.source.as_ref()?)) {
        eprintln!("{place} has a value for it as well, and that one counts");
    }
    if found.all(|row| row.plugins.is_empty()) {
        eprintln!("no installed plugin is granted it; see `secrets` and `network` under [grants]");
    }
    Ok(ExitCode::SUCCESS)
}

/// What to do without a keyring.
const ELSEWHERE: &str = "the secret is not kept; without a keyring, write NAME=value into `.env` beside \
                         the plugin's manifest or in ~/.toolrack, or set it in the server's environment";

/// A place that is asked before the keyring.
fn earlier(source: &Source) -> Option<String> {
    match source {
        Source::Environment => Some("the environment".into()),
        Source::File(path) => Some(escape(&path.to_string_lossy())),
        Source::Keyring => None,
    }
}

/// The value: typed unseen on a terminal, else all of stdin but its last line break.
fn value(name: &SecretName) -> anyhow::Result<Secret> {
    let stdin = std::io::stdin();
    let value = if stdin.is_terminal() {
        Secret::new(rpassword::prompt_password(format!("value of {name} (it is not shown): "))?)
    } else {
        Secret::read(stdin, MAX_VALUE).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => too_large(),
            ErrorKind::InvalidData => anyhow!("the value on stdin is not UTF-8 text"),
            _ => anyhow!(error).context("the value cannot be read from stdin"),
        })?
    };
    match value.expose().len() {
        0 => bail!("the value is empty; `toolrack secret remove {name}` removes a secret"),
        1..=MAX_VALUE => Ok(value),
        _ => Err(too_large()),
    }
}

fn too_large() -> anyhow::Error {
    anyhow!("the value is larger than {MAX_VALUE} bytes")
}

fn remove(name: &SecretName) -> anyhow::Result<ExitCode> {
    if Keyring::open()?.remove(name)? {
        println!("{} is gone from the system's keyring", paint(NAME, name));
        Ok(ExitCode::SUCCESS)
    } else {
        bail!(
            "the system's keyring has no secret `{name}`; `toolrack secret list` shows what it has"
        )
    }
}

fn list(directories: &[PathBuf], home: Option<&Home>, as_json: bool) -> anyhow::Result<ExitCode> {
    let (kept, problem) = match Keyring::open().and_then(|keyring| keyring.names()) {
        Ok(names) => (names, None),
        Err(error) => (BTreeSet::new(), Some(error)),
    };
    let rows = rows(directories, home, kept)?;
    if as_json {
        print_json(&rows.iter().map(Row::describe).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    if rows.is_empty() {
        let kept = if problem.is_none() { ", and the keyring has none" } else { "" };
        println!("no secrets: no installed plugin is granted one{kept}");
    }
    let width = rows.iter().map(|row| row.name.as_str().len()).max().unwrap_or(0);
    for row in &rows {
        let padding = " ".repeat(width - row.name.as_str().len());
        let source = match &row.source {
            Some(source) => format!("in {}", source_words(source)),
            None => "no value; `toolrack secret set` gives it one".into(),
        };
        println!("{}{padding}  {source}", paint(NAME, &row.name));
        println!("{}  {}", " ".repeat(width), paint(DIM, granted(&row.plugins)));
    }
    if let Some(error) = problem {
        eprintln!("{error}");
    }
    Ok(ExitCode::SUCCESS)
}

fn source_words(source: &Source) -> String {
    earlier(source).unwrap_or_else(|| "the system's keyring".into())
}

fn granted(plugins: &BTreeSet<String>) -> String {
    if plugins.is_empty() {
        return "granted to no installed plugin".into();
    }
    let names: Vec<_> = plugins.iter().map(|name| escape(name)).collect();
    format!("granted to {}", names.join(", "))
}

/// A secret with a place where it is found, or with none.
struct Row {
    name: SecretName,
    source: Option<Source>,
    plugins: BTreeSet<String>,
}

impl Row {
    fn describe(&self) -> serde_json::Value {
        let (source, file) = match &self.source {
            Some(Source::Environment) => (Some("environment"), None),
            Some(Source::File(path)) => (Some("file"), Some(path.to_string_lossy())),
            Some(Source::Keyring) => (Some("keyring"), None),
            None => (None, None),
        };
        json!({ "name": self.name.as_str(), "source": source, "file": file, "plugins": self.plugins })
    }
}

/// The secrets of the installed plugins, and what else is `kept` in the keyring. One that plugins of two
/// directories find in two places has two rows.
fn rows(
    directories: &[PathBuf],
    home: Option<&Home>,
    kept: BTreeSet<SecretName>,
) -> anyhow::Result<Vec<Row>> {
    let mut rows: BTreeMap<(SecretName, Option<Source>), BTreeSet<String>> = BTreeMap::new();
    for directory in directories {
        let shelf = Shelf::look(directory).with_context(|| escape(&directory.to_string_lossy()))?;
        let names: BTreeSet<_> = shelf.entries().iter().flat_map(|entry| &entry.secrets).collect();
        if names.is_empty() {
            continue;
        }
        let secrets = Secrets::of(Some(directory), home);
        let sources = secrets.with_keyring(PatientKeyring::of_system()).sources(names);
        for (name, source) in sources {
            let granted = shelf.entries().iter().filter(|entry| entry.secrets.contains(&name));
            let granted: Vec<_> = granted.map(|entry| entry.name.clone()).collect();
            rows.entry((name, source)).or_default().extend(granted);
        }
    }
    for name in kept {
        if !rows.keys().any(|(known, _)| *known == name) {
            rows.insert((name, Some(Source::Keyring)), BTreeSet::new());
        }
    }
    let row = |((name, source), plugins)| Row { name, source, plugins };
    Ok(rows.into_iter().map(row).collect())
}
