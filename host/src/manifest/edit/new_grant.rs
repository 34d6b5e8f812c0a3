//! A grant as a person asks for it on the command line.

use toml_edit::{InlineTable, Value};

use super::super::syntax::error::quote;
use super::error::DecisionError;
use crate::manifest::{BoundSecret, GrantName, Grants, NetworkGrant, SecretPlace};

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
    /// Requests to an origin, with a secret that the plugin never sees. What is not said of it stays as it was
    /// granted there before.
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
        /// True if requests go out without it while it has no value.
        optional: Option<bool>,
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
            Self::Bound { url, secret, header, before, query, optional } => {
                let rest = [("header", header), ("before", before), ("query", query)];
                let rest = rest.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
                let entries = [("url", &**url), ("secret", &**secret)].into_iter().chain(rest);
                let mut item = table(&entries.collect::<Vec<_>>());
                if let (Some(true), Value::InlineTable(item)) = (optional, &mut item) {
                    item.insert("optional", true.into());
                }
                item
            }
            Self::Network(text) | Self::Secret(text) | Self::Scratch(text) => text.as_str().into(),
            Self::Env(_, value) | Self::Config(_, value) => value.as_str().into(),
        }
    }

    /// Returns the grant with what was not said of a bound secret: as the first of `known` says that binds one to
    /// the same origin, else as most APIs want it.
    pub(super) fn completed(self, known: &[&Grants]) -> Self {
        let Self::Bound { url, secret, header, before, query, optional } = self else {
            return self;
        };
        let bound = GrantName::of_url(&url).and_then(|name| {
            let mut grants = known.iter().flat_map(|grants| &grants.network);
            grants.find(|grant| grant.secret.is_some() && name == origin(grant))?.secret.as_ref()
        });
        let optional = optional.or(bound.map(|bound| bound.is_optional));
        let (header, before, query) = match (header, before, query) {
            (header, before, Some(query)) => (header, before, Some(query)),
            (Some(header), Some(before), None) => (Some(header), Some(before), None),
            (Some(header), None, None) => {
                let same = |(own, ..): &WrittenPlace| {
                    own.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&header))
                };
                let known = [bound.map(placed), Some(authorization())].into_iter().flatten();
                let before = known.into_iter().find(same).and_then(|(_, before, _)| before);
                (Some(header), before, None)
            }
            (None, None, None) => bound.map_or_else(authorization, placed),
            (None, Some(before), None) => {
                let (header, ..) = bound.map_or_else(authorization, placed);
                (header.or(authorization().0), Some(before), None)
            }
        };
        Self::Bound { url, secret, header, before, query, optional }
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
    pub(super) fn argument(&self, key: Option<&str>) -> String {
        let name = match (self, key) {
            (Self::Files { .. }, Some("at")) => "--at",
            (Self::Files { .. }, _) => "PATH",
            (Self::Network(_), _) => "URL",
            (Self::Bound { .. }, Some("header")) => "--header",
            (Self::Bound { .. }, Some("before")) => "--before",
            (Self::Bound { .. }, Some("query")) => "--query",
            (Self::Bound { .. }, Some("optional")) => "--optional",
            (Self::Bound { .. }, Some("network" | "url")) => "--for",
            (Self::Bound { .. } | Self::Secret(_), _) => "SECRET",
            // Their keys are arguments themselves.
            (Self::Env(..) | Self::Config(..), Some(key)) => return quote(key),
            (Self::Env(..) | Self::Config(..), None) => "KEY=VALUE",
            (Self::Scratch(_), _) => "AT",
        };
        name.to_owned()
    }
}

/// The header, the text before the secret in it, and the parameter of the query.
type WrittenPlace = (Option<String>, Option<String>, Option<String>);

/// Returns the place of a secret in the requests of most APIs.
fn authorization() -> WrittenPlace {
    (Some("Authorization".into()), Some("Bearer ".into()), None)
}

/// Returns the place of a secret that is bound already.
fn placed(bound: &BoundSecret) -> WrittenPlace {
    match &bound.place {
        SecretPlace::Header { name, before } => {
            let usual = authorization().0.filter(|usual| usual.eq_ignore_ascii_case(name));
            let before = Some(before.to_string()).filter(|before| !before.is_empty());
            (usual.or_else(|| Some(name.to_string())), before, None)
        }
        SecretPlace::Query { name } => (None, None, Some(name.to_string())),
    }
}

fn origin(grant: &NetworkGrant) -> GrantName {
    GrantName::Network(grant.scheme, grant.host.clone(), grant.port)
}
