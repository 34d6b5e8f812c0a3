//! Secrets: which of those that plugins are granted have no value, and whether the keyring answers.

use super::super::secret::command::{LookedUpSources, command, rows};
use super::examined::Examined;
use super::finding::Finding;
use crate::secret::{KeyringError, PatientKeyring};
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
    let rows = rows(&examined.directories, examined.home.as_ref(), Vec::new(), asking);
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
    match keyring {
        Ok(()) if findings.is_empty() => {
            findings.push(Finding::ok(SECRETS_TOPIC, "the keyring answers"))
        }
        Ok(()) => {}
        Err(error) => {
            let advice = "`toolrack secret set NAME --file` keeps a secret without it";
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
