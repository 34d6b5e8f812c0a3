//! A decision checked by the manifest that it would make.

use toml_edit::Value;

use super::document::LocalDocument;
use super::error::DecisionError;
use super::key::DecisionKey;
use super::new_grant::NewGrant;
use crate::manifest::{Grants, Manifest};

impl DecisionKey {
    /// `value` as the local file writes it, if it is one of this key.
    pub(super) fn checked(&self, value: &str) -> Result<Value, DecisionError> {
        let written = self.written(value);
        let text = match self {
            Self::Plugin(key) => format!("[plugin]\n{key} = {written}\n"),
            Self::Limit(key) => format!("[limits]\n{key} = {written}\n"),
            Self::Tool { name, key, others: _ } => {
                format!("[[tools]]\nname = \"{name}\"\n{key} = {written}\n")
            }
            Self::Grant(_) => String::new(),
        };
        let read = Manifest::parse("a.toml", &text);
        read.map(|_| written)
            .map_err(|error| DecisionError::of_arguments(&error, |_| self.to_string()))
    }
}

impl NewGrant {
    /// Returns the grants that it stands for, if they can be granted.
    pub(super) fn checked(&self) -> Result<Grants, DecisionError> {
        let mut document = LocalDocument::default();
        document.grant(self);
        let read = Manifest::parse("a.toml", &document.text());
        read.map(|manifest| manifest.grants)
            .map_err(|error| DecisionError::of_arguments(&error, |key| self.argument(key)))
    }
}
