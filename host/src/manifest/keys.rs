//! The sections of a manifest and their keys: the one list that reading and messages come from.
//!
//! What the values mean is not known here.

use super::command::{COMMAND_KEYS, PARAMETER_KEYS};
use super::limits::{LIMIT_RULES, RATE};
use super::nearest::nearest;

/// A table of the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// What stands before the first section; its keys are the sections.
    Top,
    /// `[plugin]`
    Plugin,
    /// `[limits]`
    Limits,
    /// `[grants]`
    Grants,
    /// One table of `network` under `[grants]`
    Network,
    /// One table of `files` under `[grants]`
    Files,
    /// One `[[tools]]`
    Tool,
    /// One table of `parameters` in `[[tools]]`
    Parameter,
}

/// What can be said of a tool of any kind.
const TOOL_KEYS: [&str; 6] =
    ["name", "title", "description", "hidden", "err_is_error", "strict_arguments"];
/// What can be claimed of it.
const CLAIMS: [&str; 4] = ["read_only", "destructive", "idempotent", "open_world"];

/// Sections of cargo's manifest, which lies where a plugin's is sought.
const CARGO: [&str; 4] = ["package", "workspace", "lib", "dependencies"];

const NAMED: [Section; 4] = [Section::Plugin, Section::Limits, Section::Grants, Section::Tool];

impl Section {
    /// How the section is written.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Top => "the manifest",
            Self::Plugin => "[plugin]",
            Self::Limits => "[limits]",
            Self::Grants => "[grants]",
            Self::Network => "a table of `network`",
            Self::Files => "a table of `files`",
            Self::Tool => "[[tools]]",
            Self::Parameter => "a parameter",
        }
    }

    /// The key that the section is under at the top.
    pub(super) fn key(self) -> &'static str {
        self.label().trim_matches(['[', ']'])
    }

    /// The section's keys.
    pub(super) fn keys(self) -> Vec<&'static str> {
        match self {
            Self::Top => NAMED.map(Self::key).to_vec(),
            Self::Plugin => vec!["name", "wasm", "sha256", "kind", "prefix"],
            Self::Limits => [&LIMIT_RULES.map(|rule| rule.key)[..], &[RATE.key]].concat(),
            Self::Grants => vec!["network", "files", "scratch", "env", "secrets", "config"],
            Self::Network => vec!["url", "secret", "header", "before", "query"],
            Self::Files => vec!["path", "at", "access"],
            Self::Tool => [&TOOL_KEYS[..], &[RATE.key], &CLAIMS, &COMMAND_KEYS].concat(),
            Self::Parameter => PARAMETER_KEYS.to_vec(),
        }
    }

    /// One of the section's keys, as messages name it.
    pub(super) fn place(self, key: &str) -> String {
        match self {
            Self::Top => format!("`{key}`"),
            _ => format!("`{key}` in {}", self.label()),
        }
    }

    /// What to do about a key that the section does not have.
    pub(super) fn advice(self, key: &str) -> String {
        let elsewhere = || NAMED.into_iter().find(|section| section.keys().contains(&key));
        if let Some(near) = nearest(key, self.keys()) {
            return format!("did you mean {}?", self.written(near));
        }
        if let Some(section) = elsewhere() {
            return format!("`{key}` belongs under {}", section.label());
        }
        if self == Self::Top && CARGO.contains(&key) {
            return "this is cargo's manifest; build the crate and name its `.wasm`, or use `toolrack dev`".into();
        }
        let keys = self.keys().into_iter().map(|key| self.written(key));
        format!("{} takes {}", self.label(), keys.collect::<Vec<_>>().join(", "))
    }

    /// One of the section's keys as it is written: a section in its brackets.
    fn written(self, key: &str) -> String {
        let section = NAMED.into_iter().find(|section| self == Self::Top && section.key() == key);
        format!("`{}`", section.map_or(key, |section| section.label()))
    }
}
