//! The secrets of one call: their values as they were when it began.

use std::collections::BTreeMap;

use super::{KeyringError, Redactor, Secret};
use crate::manifest::SecretName;
use crate::suggestion::{CommandName, SuggestedCommand};

/// The values of a plugin's secrets for one call, and what keeps them out of what is shown.
#[derive(Default)]
pub struct ResolvedSecrets {
    /// A name without a value was granted and found nowhere.
    values: BTreeMap<SecretName, Option<Secret>>,
    /// The error of the keyring. `None` if it answered or was not asked.
    keyring: Option<KeyringError>,
    redactor: Redactor,
}

/// A secret that was granted and has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret `{name}` has no value; {}",
    self.remedy()
)]
pub struct MissingSecret {
    /// The secret.
    pub name: SecretName,
    /// The error of the keyring. `None` if it answered or was not asked.
    pub keyring: Option<KeyringError>,
}

impl MissingSecret {
    /// True if there is no value; false if a keyring may hold one and did not say.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        match &self.keyring {
            None | Some(KeyringError::Absent(_)) => true,
            Some(KeyringError::Failed(_) | KeyringError::Silent(_)) => false,
        }
    }

    /// Returns the command that gives it a value on this machine, as a person types it.
    pub fn command(&self) -> SuggestedCommand {
        let command = CommandName::SecretSet.with([self.name.as_str()]);
        if self.keyring.is_some() { command.flag("--file") } else { command }
    }

    fn remedy(&self) -> String {
        let command = self.command();
        match &self.keyring {
            None => format!("give it one with `{command}`"),
            Some(KeyringError::Absent(_)) => {
                format!("this machine has no keyring: give it one with `{command}`")
            }
            Some(error) => {
                format!("{error}; or give it one without the keyring, with `{command}`")
            }
        }
    }
}

impl ResolvedSecrets {
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

    /// Returns the redactor that takes the values out of texts.
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
            (None, "give it one with `toolrack secret set A`"),
            (
                Some(KeyringError::Absent("no bus".into())),
                "this machine has no keyring: give it one with `toolrack secret set A --file`",
            ),
            (Some(KeyringError::Failed("it is locked".into())), "fails: it is locked; or give it"),
        ] {
            let known = ResolvedSecrets::new(BTreeMap::from([(name.clone(), None)]), keyring);
            let missing = known.value(&name).expect_err("no value");
            assert_eq!(missing.is_certain(), !expected.contains("locked"));
            assert!(missing.to_string().contains(expected), "{missing}");
        }
    }
}
