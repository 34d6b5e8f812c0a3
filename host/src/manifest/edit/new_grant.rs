//! A grant as a person asks for it on the command line.

use toml_edit::{InlineTable, Value};

use super::error::DecisionError;
use crate::manifest::Grants;

/// A grant as a person asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewGrant {
    /// A directory.
    Files {
        /// The directory's path on this machine.
        path: String,
        /// The path at which the plugin sees it.
        at: String,
        /// True if a person named that place. If not, it is made of the directory's name, and does not take the place
        /// of another directory.
        is_at_named: bool,
        /// True if it may be changed.
        is_writable: bool,
    },
    /// Requests to an origin.
    Network(String),
    /// Requests to an origin, with a secret that the plugin never sees.
    Bound {
        /// The origin.
        url: String,
        /// The secret's name.
        secret: String,
        /// The header that the secret goes into, if it goes into one.
        header: Option<String>,
        /// The text before the secret in the header, if any.
        before: Option<String>,
        /// The parameter of the query that the secret goes into, if it goes into one.
        query: Option<String>,
    },
    /// A secret that the plugin is told.
    Secret(String),
    /// A variable and its value.
    Env(String, String),
    /// A key of the configuration and its value.
    Config(String, String),
    /// A directory of its own for each call.
    Scratch(String),
}

impl NewGrant {
    /// The item of a list, for those that are one.
    pub(super) fn item(&self) -> Value {
        let table = |entries: &[(&str, &str)]| {
            let mut table = InlineTable::new();
            entries.iter().for_each(|(key, value)| _ = table.insert(*key, Value::from(*value)));
            Value::InlineTable(table)
        };
        match self {
            Self::Files { path, at, is_writable: false, .. } => {
                table(&[("path", path), ("at", at)])
            }
            Self::Files { path, at, is_writable: true, .. } => {
                table(&[("path", path), ("at", at), ("access", "write")])
            }
            Self::Bound { url, secret, header, before, query } => {
                let rest = [("header", header), ("before", before), ("query", query)];
                let rest = rest.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
                let entries = [("url", &**url), ("secret", &**secret)].into_iter().chain(rest);
                table(&entries.collect::<Vec<_>>())
            }
            Self::Network(text) | Self::Secret(text) | Self::Scratch(text) => text.as_str().into(),
            Self::Env(_, value) | Self::Config(_, value) => value.as_str().into(),
        }
    }

    /// Refuses a directory that would take the place of another one without a person's word.
    pub(super) fn check_place(&self, asked: &Grants, before: &Grants) -> Result<(), DecisionError> {
        if !matches!(self, Self::Files { is_at_named: false, .. }) {
            return Ok(());
        }
        for asked in &asked.files {
            let other = before.files.iter().find(|other| other.at == asked.at);
            if let Some(other) = other.filter(|other| other.path != asked.path) {
                let (at, path) = (other.at.to_string(), other.path.to_string());
                return Err(DecisionError::PlaceTaken { at, path });
            }
        }
        Ok(())
    }

    /// The argument that the value of `key` was given by.
    pub(super) fn argument(&self, key: Option<&str>) -> &'static str {
        match (self, key) {
            (Self::Files { .. }, Some("at")) => "--at",
            (Self::Files { .. }, _) => "PATH",
            (Self::Network(_), _) => "URL",
            (Self::Bound { .. }, Some("header")) => "--header",
            (Self::Bound { .. }, Some("before")) => "--before",
            (Self::Bound { .. }, Some("query")) => "--query",
            (Self::Bound { .. }, Some("network" | "url")) => "--for",
            (Self::Bound { .. } | Self::Secret(_), _) => "SECRET",
            (Self::Env(..) | Self::Config(..), _) => "KEY=VALUE",
            (Self::Scratch(_), _) => "AT",
        }
    }
}
