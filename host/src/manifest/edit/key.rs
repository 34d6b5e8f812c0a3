//! The name of a decision as a person types it: `prefix`, `limits.memory`, `tools.get_weather.hidden`, `files:/notes`.

use std::fmt;

use toml::Spanned;
use toml_edit::{Array, Value};

use super::super::grants::name::without;
use super::super::limits::rules::LIMIT_RULES;
use super::super::syntax::keys::{DecidedToolKey, Section};
use super::super::syntax::nearest::nearest;
use super::error::{DecisionError, DecisionKeyError, keys};
use crate::manifest::{GrantKind, GrantName};
use crate::name::check_own;

/// The one key of `[plugin]` whose value is a switch.
const CONCURRENT: &str = "concurrent";
/// The one key whose value is a list.
const LINK_SCHEMES: &str = "link_schemes";
/// A rate, as an example.
const EXAMPLE_RATE: &str = "60/min";

/// The name of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionKey {
    /// A key of `[plugin]`.
    Plugin(&'static str),
    /// A limit, by its key.
    Limit(&'static str),
    /// A key of a tool.
    Tool {
        /// The tool.
        name: Box<str>,
        /// Other names that the local file may know it by.
        others: Vec<Box<str>>,
        /// Its key.
        key: &'static str,
    },
    /// The decision about a grant.
    Grant(GrantName),
}

impl DecisionKey {
    /// Reads the key that a value is set for.
    pub fn parse(text: &str) -> Result<Self, DecisionKeyError> {
        let wrong = |near: Option<String>| DecisionKeyError { key: text.to_owned(), near };
        let find = |section, key: &str| keys(section).find(|known| *known == key);
        let of_plugin = text.strip_prefix("plugin.").unwrap_or(text);
        if let Some(key) = find(Section::LocalPlugin, of_plugin) {
            return Ok(Self::Plugin(key));
        }
        if let Some(key) = text.strip_prefix("limits.") {
            let near = || nearest(key, keys(Section::Limits)).map(|near| format!("limits.{near}"));
            return find(Section::Limits, key).map(Self::Limit).ok_or_else(|| wrong(near()));
        }
        if let Some((name, key)) =
            text.strip_prefix("tools.").and_then(|rest| rest.rsplit_once('.'))
            && check_own(name).is_ok()
        {
            let near = || {
                nearest(key, keys(Section::LocalTool)).map(|near| format!("tools.{name}.{near}"))
            };
            let found = find(Section::LocalTool, key).ok_or_else(|| wrong(near()))?;
            return Ok(Self::Tool { name: name.into(), others: Vec::new(), key: found });
        }
        let limits = keys(Section::Limits).map(|key| format!("limits.{key}"));
        let known: Vec<_> = keys(Section::LocalPlugin).map(str::to_owned).chain(limits).collect();
        let section = find(Section::Limits, text).map(|key| format!("limits.{key}"));
        let near = || nearest(text, known.iter().map(String::as_str)).map(str::to_owned);
        Err(wrong(section.or_else(near)))
    }

    /// Reads the key of a decision that is not to stand any more: one that a value is set for, or a
    /// grant.
    pub fn of_decision(text: &str) -> Result<Self, DecisionError> {
        // Written as in the file: `config.units` is the grant `config:units`.
        let kinds = GrantKind::ALL.map(GrantKind::name);
        let as_file = text.strip_prefix("grants.").unwrap_or(text).split_once('.');
        let as_file = as_file.filter(|(kind, _)| kinds.contains(kind));
        let as_grant = as_file.map(|(kind, one)| format!("{kind}:{one}"));
        match GrantName::parse(as_grant.as_deref().unwrap_or(text)) {
            Some(Ok(name)) => Ok(Self::Grant(name)),
            Some(Err(fault)) => Err(DecisionError::of_fault("KEY", fault)),
            None => Ok(Self::parse(text)?),
        }
    }

    /// Returns a value that the key can have, as a person types it. `None` where a table is its value, or where it is a
    /// grant.
    #[must_use]
    pub fn example(&self) -> Option<String> {
        let text = match self {
            Self::Plugin("prefix") => "w".into(),
            Self::Plugin("output_schemas") => "hide".into(),
            Self::Plugin(LINK_SCHEMES) => "note".into(),
            Self::Plugin(CONCURRENT) => "true".into(),
            Self::Plugin(_) => "show".into(),
            Self::Limit(key) => match LIMIT_RULES.iter().find(|rule| rule.key == *key) {
                Some(rule) => rule.show(rule.default).replace(' ', ""),
                None => EXAMPLE_RATE.into(),
            },
            Self::Tool { key, .. } => {
                let known = DecidedToolKey::ALL.into_iter().find(|known| known.name() == *key)?;
                match known {
                    DecidedToolKey::Title | DecidedToolKey::Description => "TEXT".into(),
                    DecidedToolKey::Rate => EXAMPLE_RATE.into(),
                    DecidedToolKey::Cache => "5m".into(),
                    DecidedToolKey::CacheScope => "public".into(),
                    DecidedToolKey::Meta => return None,
                    DecidedToolKey::Hidden
                    | DecidedToolKey::StrictArguments
                    | DecidedToolKey::ReadOnly
                    | DecidedToolKey::Destructive
                    | DecidedToolKey::Idempotent
                    | DecidedToolKey::OpenWorld => "true".into(),
                }
            }
            Self::Grant(_) => return None,
        };
        Some(text)
    }

    pub(super) fn written(&self, value: &str) -> Value {
        if *self == Self::Plugin(LINK_SCHEMES) {
            // Several are told apart by commas.
            return value.split(',').map(str::trim).collect::<Array>().into();
        }
        let is_text = match self {
            Self::Plugin(CONCURRENT) => false,
            Self::Plugin(_) | Self::Grant(_) => true,
            Self::Limit(_) => false,
            Self::Tool { key, .. } => {
                let mut texts = DecidedToolKey::ALL.into_iter().filter(|one| one.is_text());
                texts.any(|one| one.name() == *key)
            }
        };
        // A number or a switch as TOML writes it; all else is text.
        let plain =
            value.parse::<Value>().ok().filter(|plain| plain.is_integer() || plain.is_bool());
        plain.filter(|_| !is_text).unwrap_or_else(|| Value::from(value))
    }
}

impl GrantName {
    /// The name of the grant of `kind` that `text` says, or of all of them, as the argument WHAT of a command.
    pub fn of_argument(kind: GrantKind, text: Option<&str>) -> Result<Self, DecisionError> {
        let Some(text) = text else { return Ok(Self::Every(kind)) };
        let read = Self::one(kind, &Spanned::new(0..0, text), &without());
        read.map_err(|fault| DecisionError::of_fault("WHAT", fault))
    }
}

/// As a person types it.
impl fmt::Display for DecisionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin(key) => f.write_str(key),
            Self::Limit(key) => write!(f, "limits.{key}"),
            Self::Tool { name, key, others: _ } => write!(f, "tools.{name}.{key}"),
            Self::Grant(name) => write!(f, "{name}"),
        }
    }
}
