//! The secrets of one call: their values as they were when it began.

use std::collections::BTreeMap;

use super::{Redactor, Secret};
use crate::manifest::SecretName;

/// The values of a plugin's secrets for one call, and what keeps them out of what is shown.
#[derive(Default)]
pub struct Known {
    /// A name without a value was granted and found nowhere.
    values: BTreeMap<SecretName, Option<Secret>>,
    redactor: Redactor,
}

/// A secret that was granted and has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret `{0}` has no value: it is neither in the environment of the server, nor in the file `.env` beside the plugin's manifest, nor in `.env` in toolrack's home (~/.toolrack); set it in one of them"
)]
pub struct MissingSecret(pub SecretName);

impl Known {
    pub(super) fn new(values: BTreeMap<SecretName, Option<Secret>>) -> Self {
        let there = values.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let redactor = Redactor::new(there);
        Self { values, redactor }
    }

    /// The value of a secret that was looked up and found.
    #[must_use]
    pub fn get(&self, name: &SecretName) -> Option<&Secret> {
        self.values.get(name)?.as_ref()
    }

    /// The value, or words for its absence.
    pub fn value(&self, name: &SecretName) -> Result<&Secret, MissingSecret> {
        self.get(name).ok_or_else(|| MissingSecret(name.clone()))
    }

    /// Takes the values out of a text.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }
}
