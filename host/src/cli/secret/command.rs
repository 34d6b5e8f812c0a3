//! `toolrack secret`: the values of secrets in the system's keyring or in files, and where each is found.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use serde_json::json;

use super::super::output::print::{eprintln, println};
use super::super::{DIM, ERROR, NAME, paint, print_json};
use super::remarks::remarks;
use crate::home::Home;
use crate::install::PluginDirectory;
use crate::manifest::{SecretName, nearest};
use crate::secret::{
    Keyring, KeyringError, MAX_SECRET_VALUE, MIN_REDACTED, MissingSecret, PatientKeyring, Secret,
    SecretFiles, SecretSource, Secrets,
};
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::escape;

#[derive(Subcommand)]
pub(crate) enum SecretAction {
    /// Keep a secret in the system's keyring, or in a file; its value is asked for, or read from stdin
    Set {
        /// Its name, as manifests write it
        name: String,
        /// Keep it in a file in ~/.toolrack/secrets that only you can read: for machines without a keyring
        #[arg(long)]
        file: bool,
    },
    /// List secrets: where each has its value, and which plugins are granted it
    #[command(alias = "ls")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a secret from the system's keyring, and its file in ~/.toolrack/secrets
    #[command(aliases = ["rm", "delete"])]
    Remove {
        /// Its name
        name: String,
    },
}

pub(crate) fn run(
    action: &SecretAction,
    directories: &[PathBuf],
    home: Option<&Home>,
) -> anyhow::Result<ExitCode> {
    match action {
        SecretAction::Set { name, file } => set(&checked(name)?, *file, directories, home),
        SecretAction::List { json } => list(directories, home, *json),
        SecretAction::Remove { name } => remove(&checked(name)?, directories, home),
    }
}

/// Checks a name. A text that is none may be the secret itself, so it is not repeated.
fn checked(name: &str) -> anyhow::Result<SecretName> {
    SecretName::new(name).map_err(|error| {
        anyhow!(
            "NAME: {error}; say the secret's name, such as WEATHER_API_KEY, and never its value, which is asked for"
        )
    })
}

fn set(
    name: &SecretName,
    in_file: bool,
    directories: &[PathBuf],
    home: Option<&Home>,
) -> anyhow::Result<ExitCode> {
    let (value, kept) = if in_file { set_file(name, home)? } else { set_keyring(name)? };
    println!("{} is kept in {}", paint(NAME, name), source_words(&kept));
    if value.expose().len() < MIN_REDACTED {
        eprintln!(
            "it is shorter than {MIN_REDACTED} bytes, so it is not kept out of logs and answers"
        );
    }
    let odd = remarks(name.as_str(), value.expose());
    for remark in &odd {
        eprintln!("{} {remark}", paint(ERROR, "warning:"));
    }
    if !odd.is_empty() {
        eprintln!("where that is not meant, say it again with the value alone");
    }
    let rows = rows(directories, home, Vec::new(), LookedUpSources::WithKeyring)?;
    let mut found = rows.iter().filter(|row| row.name == *name);
    let other = found.clone().find_map(|row| row.source.as_ref().filter(|source| **source != kept));
    if let Some(place) = other {
        eprintln!("{} has a value for it as well, and that one counts", source_words(place));
    }
    if found.all(|row| row.plugins.is_empty()) {
        eprintln!("no installed plugin is granted it; {}", granted_instead(name, &rows));
    }
    Ok(ExitCode::SUCCESS)
}

/// Names the secret that was probably meant, or the command that grants this one.
fn granted_instead(name: &SecretName, rows: &[Row]) -> String {
    meant_instead(name, rows).unwrap_or_else(|| {
        let grant = CommandName::Grant.with(["PLUGIN", "secret", name.as_str()]);
        let grant = grant.option("--for", "URL");
        format!("`{grant}` puts it into requests to that URL")
    })
}

/// Names the secret of a plugin that was probably meant by `name`. `None` if none is near.
pub(crate) fn meant_instead(name: &SecretName, rows: &[Row]) -> Option<String> {
    let granted = rows.iter().filter(|row| !row.plugins.is_empty());
    let near = nearest(name.as_str(), granted.clone().map(|row| row.name.as_str()));
    let near = near.and_then(|near| granted.clone().find(|row| row.name.as_str() == near));
    let Row { name: near, plugins, .. } = near?;
    let plugins: Vec<_> = plugins.iter().map(|plugin| escape(plugin)).collect();
    Some(format!(
        "did you mean {near}, which is granted to {}? `{}` takes this one out",
        plugins.join(", "),
        CommandName::SecretRemove.with([name.as_str()])
    ))
}

/// Asks for the value only once it can be kept.
fn set_keyring(name: &SecretName) -> anyhow::Result<(Secret, SecretSource)> {
    let elsewhere = || {
        let in_file = CommandName::SecretSet.with([name.as_str()]).flag("--file");
        format!("the secret is not kept; keep it in a file with `{in_file}`")
    };
    let keyring = Keyring::open().with_context(elsewhere)?;
    let value = value(name)?;
    keyring.set(name, &value).with_context(elsewhere)?;
    Ok((value, SecretSource::Keyring))
}

fn set_file(name: &SecretName, home: Option<&Home>) -> anyhow::Result<(Secret, SecretSource)> {
    let files = SecretFiles::of(home.context(NO_HOME)?);
    let (value, path) = (value(name)?, files.path(name));
    let shown = escape(&path.to_string_lossy());
    files.set(name, &value).with_context(|| format!("{shown}: the secret is not kept"))?;
    Ok((value, SecretSource::File(path)))
}

const NO_HOME: &str = "no home directory is known; set TOOLRACK_HOME to a directory";

/// The value: typed unseen on a terminal, else all of stdin but its last line break.
fn value(name: &SecretName) -> anyhow::Result<Secret> {
    let stdin = std::io::stdin();
    let value = if stdin.is_terminal() {
        Secret::new(rpassword::prompt_password(format!("value of {name} (it is not shown): "))?)
    } else {
        Secret::read(stdin, MAX_SECRET_VALUE).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => too_large(),
            ErrorKind::InvalidData => anyhow!("the value on stdin is not UTF-8 text"),
            _ => anyhow!(error).context("the value cannot be read from stdin"),
        })?
    };
    match value.expose().len() {
        _ if value.expose().trim().is_empty() => {
            let remove = CommandName::SecretRemove.with([name.as_str()]);
            bail!("the value is empty or blank; `{remove}` removes a secret")
        }
        ..=MAX_SECRET_VALUE => Ok(value),
        _ => Err(too_large()),
    }
}

fn too_large() -> anyhow::Error {
    anyhow!("the value is larger than {MAX_SECRET_VALUE} bytes")
}

fn remove(
    name: &SecretName,
    directories: &[PathBuf],
    home: Option<&Home>,
) -> anyhow::Result<ExitCode> {
    let files = home.map(SecretFiles::of);
    let from_file = files.as_ref().map_or(Ok(false), |files| files.remove(name));
    let from_file = from_file.context("the secret's file cannot be removed")?;
    if let Some(files) = files.filter(|_| from_file) {
        let path = escape(&files.path(name).to_string_lossy());
        println!("{} is gone: {path} is removed", paint(NAME, name));
    }
    // Many machines have none.
    let (from_keyring, unreached) = match Keyring::open().and_then(|keyring| keyring.remove(name)) {
        Err(KeyringError::Absent(_)) => (false, " (which cannot be reached)"),
        removed => (removed?, ""),
    };
    if from_keyring {
        println!("{} is gone from the system's keyring", paint(NAME, name));
    }
    let left = sources(name, directories, home);
    let left: Vec<_> = left.iter().map(source_words).collect();
    if !from_file && !from_keyring {
        let own = home.map(|home| escape(&home.secret_files().to_string_lossy()));
        let own = own.map(|own| format!(" nor {own}")).unwrap_or_default();
        let advice = match &left[..] {
            [] => {
                let list = CommandName::SecretList.alone();
                format!("`{list}` shows which secrets have a value")
            }
            left => format!("it has its value in {}: remove it there", left.join(" and ")),
        };
        bail!("neither the system's keyring{unreached}{own} has a secret `{name}`; {advice}");
    }
    for place in left {
        eprintln!("{place} still has a value for it, and that one counts");
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the sources in which servers of `directories` find a value of the secret.
fn sources(
    name: &SecretName,
    directories: &[PathBuf],
    home: Option<&Home>,
) -> BTreeSet<SecretSource> {
    let beside = directories.iter().map(|directory| Some(directory.as_path()));
    let found = beside.chain([None]).filter_map(|beside| {
        let secrets = Secrets::of(beside, home).with_keyring(PatientKeyring::of_system());
        secrets.sources([name]).remove(name)?
    });
    found.collect()
}

/// The secrets that are kept in files of toolrack's own.
pub(crate) fn kept_in_files(home: Option<&Home>) -> Vec<(SecretName, SecretSource)> {
    let files = home.map(SecretFiles::of);
    let in_files = files.iter().flat_map(|files| {
        files.names().into_iter().map(|name| {
            let path = files.path(&name);
            (name, SecretSource::File(path))
        })
    });
    in_files.collect()
}

fn list(directories: &[PathBuf], home: Option<&Home>, as_json: bool) -> anyhow::Result<ExitCode> {
    let (in_keyring, problem) = match Keyring::open().and_then(|keyring| keyring.names()) {
        Ok(names) => (names, None),
        Err(error) => (BTreeSet::new(), Some(error)),
    };
    let in_keyring = in_keyring.into_iter().map(|name| (name, SecretSource::Keyring));
    let kept = in_keyring.chain(kept_in_files(home)).collect();
    let rows = rows(directories, home, kept, LookedUpSources::WithKeyring)?;
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
            None => format!("no value; `{}` gives it one", command(&row.name, problem.as_ref())),
        };
        println!("{}{padding}  {source}", paint(NAME, &row.name));
        println!("{}  {}", " ".repeat(width), paint(DIM, granted(&row.plugins)));
    }
    match problem {
        // A user who keeps secrets in files needs no keyring.
        Some(KeyringError::Absent(_)) | None => {}
        Some(error) => eprintln!("{error}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The command that gives a secret a value, where the keyring may have a problem.
pub(crate) fn command(name: &SecretName, problem: Option<&KeyringError>) -> SuggestedCommand {
    MissingSecret { name: name.clone(), keyring: problem.cloned() }.command()
}

fn source_words(source: &SecretSource) -> String {
    match source {
        SecretSource::Environment => "the environment".into(),
        SecretSource::File(path) => escape(&path.to_string_lossy()),
        SecretSource::Keyring => "the system's keyring".into(),
    }
}

fn granted(plugins: &BTreeSet<String>) -> String {
    if plugins.is_empty() {
        return "granted to no installed plugin".into();
    }
    let names: Vec<_> = plugins.iter().map(|name| escape(name)).collect();
    format!("granted to {}", names.join(", "))
}

/// The sources in which values are looked for.
#[derive(Clone, Copy)]
pub(crate) enum LookedUpSources {
    WithKeyring,
    /// It is known not to answer.
    WithoutKeyring,
}

/// A secret with a place where it is found, or with none.
pub(crate) struct Row {
    pub(crate) name: SecretName,
    pub(crate) source: Option<SecretSource>,
    pub(crate) plugins: BTreeSet<String>,
}

impl Row {
    fn describe(&self) -> serde_json::Value {
        let (source, file) = match &self.source {
            Some(SecretSource::Environment) => (Some("environment"), None),
            Some(SecretSource::File(path)) => (Some("file"), Some(path.to_string_lossy())),
            Some(SecretSource::Keyring) => (Some("keyring"), None),
            None => (None, None),
        };
        json!({ "name": self.name.as_str(), "source": source, "file": file, "plugins": self.plugins })
    }
}

/// The secrets of the installed plugins, and what else is `kept`. One that plugins of two directories find in two
/// places has two rows.
pub(crate) fn rows(
    directories: &[PathBuf],
    home: Option<&Home>,
    kept: Vec<(SecretName, SecretSource)>,
    asking: LookedUpSources,
) -> anyhow::Result<Vec<Row>> {
    let mut rows: BTreeMap<(SecretName, Option<SecretSource>), BTreeSet<String>> = BTreeMap::new();
    for directory in directories {
        let shelf = PluginDirectory::look(directory)
            .with_context(|| escape(&directory.to_string_lossy()))?;
        let names: BTreeSet<_> =
            shelf.entries().iter().flat_map(|entry| entry.grants.secret_names()).collect();
        if names.is_empty() {
            continue;
        }
        let secrets = Secrets::of(Some(directory), home);
        let secrets = match asking {
            LookedUpSources::WithKeyring => secrets.with_keyring(PatientKeyring::of_system()),
            LookedUpSources::WithoutKeyring => secrets,
        };
        let sources = secrets.sources(names);
        for (name, source) in sources {
            let granted = shelf
                .entries()
                .iter()
                .filter(|entry| entry.grants.secret_names().any(|own| *own == name));
            let granted: Vec<_> = granted.map(|entry| entry.name.clone()).collect();
            rows.entry((name, source)).or_default().extend(granted);
        }
    }
    for (name, source) in kept {
        if !rows.keys().any(|(known, _)| *known == name) {
            rows.insert((name, Some(source)), BTreeSet::new());
        }
    }
    let row = |((name, source), plugins)| Row { name, source, plugins };
    Ok(rows.into_iter().map(row).collect())
}
