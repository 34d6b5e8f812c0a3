//! The secrets of one call: their values as they were when it began.

use std::collections::BTreeMap;

use super::{KeyringError, Redactor, Secret};
use crate::manifest::SecretName;

/// The values of a plugin's secrets for one call, and what keeps them out of what is shown.
#[derive(Default)]
pub struct Known {
    /// A name without a value was granted and found nowhere.
    values: BTreeMap<SecretName, Option<Secret>>,
    /// Why the keyring gave nothing.
    keyring: Option<KeyringError>,
    redactor: Redactor,
}

/// A secret that was granted and has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret `{name}` has no value: it is neither in the environment of the server, nor in the file `.env` beside the plugin's manifest, nor in `.env` in toolrack's home (~/.toolrack), nor in the system's keyring{}; run `toolrack secret set {name}`, or write it into one of the files",
    why(.keyring.as_ref())
)]
pub struct MissingSecret {
    /// The secret.
    pub name: SecretName,
    /// Why the keyring could not tell.
    pub keyring: Option<KeyringError>,
}

fn why(keyring: Option<&KeyringError>) -> String {
    keyring.map(|error| format!(" ({error})")).unwrap_or_default()
}

impl Known {
    pub(super) fn new(
        values: BTreeMap<SecretName, Option<Secret>>,
        keyring: Option<KeyringError>,
    ) -> Self {
        let there = values.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let redactor = Redactor::new(there);
        Self { values, keyring, redactor }
    }

    /// The value of a secret that was looked up and found.
    #[must_use]
    pub fn get(&self, name: &SecretName) -> Option<&Secret> {
        self.values.get(name)?.as_ref()
    }

    /// The value, or words for its absence.
    pub fn value(&self, name: &SecretName) -> Result<&Secret, MissingSecret> {
        let missing = || MissingSecret { name: name.clone(), keyring: self.keyring.clone() };
        self.get(name).ok_or_else(missing)
    }

    /// Takes the values out of a text.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_says_what_the_keyring_said() {
        let name = SecretName::new("A").expect("a name");
        for (keyring, expected) in [
            (None, "nor in the system's keyring; run"),
            (
                Some(KeyringError::Absent("no bus".into())),
                "(the system's keyring cannot be reached: no bus)",
            ),
        ] {
            let known = Known::new(BTreeMap::from([(name.clone(), None)]), keyring);
            let missing = known.value(&name).expect_err("no value").to_string();
            assert!(missing.contains(expected), "{missing}");
        }
    }
}
