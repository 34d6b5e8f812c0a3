//! Secrets: which of those that plugins are granted have no value, and whether the keyring answers.

use std::collections::BTreeSet;

use super::super::secret::command::{LookedUpSources, command, kept_in_files, meant_instead, rows};
use super::examined::Examined;
use super::finding::Finding;
use crate::home::mounted_secrets;
use crate::manifest::SecretName;
use crate::secret::{Keyring, KeyringError, PatientKeyring, SecretSource, Secrets};
use crate::suggestion::CommandName;
use crate::text::escape;

const SECRETS_TOPIC: &str = "secrets";

pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    let keyring = PatientKeyring::of_system().check();
    let asking = if keyring.is_ok() {
        LookedUpSources::WithKeyring
    } else {
        LookedUpSources::WithoutKeyring
    };
    // Faults of a directory are found by another check.
    let mut kept = kept_in_files(examined.home.as_ref());
    if keyring.is_ok() {
        let names = Keyring::open().and_then(|keyring| keyring.names()).unwrap_or_default();
        kept.extend(names.into_iter().map(|name| (name, SecretSource::Keyring)));
    }
    let rows = rows(&examined.directories, examined.home.as_ref(), kept, asking);
    let rows = rows.unwrap_or_default();
    let missing = rows.iter().filter(|row| row.source.is_none());
    let mut findings: Vec<_> = missing
        .map(|row| {
            let plugins: Vec<_> = row.plugins.iter().map(|name| escape(name)).collect();
            let text =
                format!("{} has no value, and is granted to {}", row.name, plugins.join(", "));
            let command = command(&row.name, keyring.as_ref().err());
            Finding::note(SECRETS_TOPIC, text, format!("`{command}` gives it one"))
        })
        .collect();
    let slips = rows.iter().filter(|row| row.source.is_some() && row.plugins.is_empty());
    findings.extend(slips.filter_map(|row| {
        let advice = meant_instead(&row.name, &rows)?;
        let text = format!("{} is kept, and no installed plugin is granted it", row.name);
        Some(Finding::note(SECRETS_TOPIC, text, advice))
    }));
    let names: Vec<_> = rows.iter().map(|row| &row.name).collect();
    findings.extend(faults(examined, &names));
    let unmounted = mounted_secrets().filter(|(_, path)| !path.is_dir());
    findings.extend(unmounted.map(|(name, _)| {
        // A value that was put there by mistake may be a secret itself.
        let text = format!("{name} names no directory");
        Finding::note(
            SECRETS_TOPIC,
            text,
            "each file of the directory that it names holds one secret; unset it without one",
        )
    }));
    match keyring {
        Ok(()) if findings.is_empty() => {
            findings.push(Finding::ok(SECRETS_TOPIC, "the keyring answers"))
        }
        Ok(()) => {}
        Err(error) => {
            let in_file = CommandName::SecretSet.with(["NAME"]).flag("--file");
            let advice = format!("`{in_file}` keeps a secret without it");
            let text = match error {
                // Its reason is one of the system's libraries.
                KeyringError::Absent(_) => "the system's keyring cannot be reached".into(),
                KeyringError::Failed(_) | KeyringError::Silent(_) => escape(&error.to_string()),
            };
            findings.push(Finding::note(SECRETS_TOPIC, text, advice));
        }
    }
    findings
}

/// The faults of the files that servers look for the secrets `names` in, whether or not there are any.
fn faults(examined: &Examined, names: &[&SecretName]) -> Vec<Finding> {
    let beside = examined.directories.iter().map(|directory| Some(directory.as_path()));
    let warnings: BTreeSet<_> = beside
        .chain([None])
        .flat_map(|beside| {
            let secrets = Secrets::of(beside, examined.home.as_ref());
            // Any name makes it read them.
            let any = SecretName::new("TOOLRACK_DOCTOR").ok();
            drop(secrets.sources(names.iter().copied().chain(&any)));
            secrets.warnings()
        })
        .collect();
    let note = |warning: String| {
        let (text, advice) = warning.rsplit_once("; ").unwrap_or((&warning, "mend it"));
        Finding::note(SECRETS_TOPIC, text, advice)
    };
    warnings.into_iter().map(note).collect()
}
