//! `config_keys` under `[plugin]`: the keys of its configuration that the plugin reads, and the values that it knows.

use std::collections::BTreeMap;
use std::fmt;

use toml::de::DeValue;

use super::super::raw::RawConfigKey;
use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section;
use super::super::syntax::nearest::nearest;
use super::super::syntax::table::{SpannedText, SpannedValue, wrong};
use super::config;

/// The most keys that a manifest says its plugin reads.
const MAX_CONFIG_KEYS: usize = 64;
/// The most values that it says of one of them.
const MAX_CONFIG_VALUES: usize = 64;
/// The word for a key that takes whatever it is given.
const ANY: &str = "any";

/// The values that a key of the configuration may have, as far as the manifest tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigValues {
    /// Any: only the plugin knows which are right.
    Any,
    /// These alone.
    OneOf(Vec<String>),
}

/// A value of the configuration that the plugin does not know, by its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownValue {
    /// The key.
    pub key: String,
    /// The value.
    pub(crate) value: String,
    /// The values that the plugin knows.
    pub known: Vec<String>,
}

impl UnknownValue {
    /// The value that was probably meant.
    #[must_use]
    pub fn near(&self) -> Option<&str> {
        nearest(&self.value, self.known.iter().map(String::as_str))
    }
}

pub(crate) fn read(raw: &[RawConfigKey<'_>]) -> Result<BTreeMap<String, ConfigValues>, Diagnostic> {
    if let Some(one_more) = raw.get(MAX_CONFIG_KEYS) {
        let place = Section::Plugin.place("config_keys");
        let message = format!("{place}: expected at most {MAX_CONFIG_KEYS} keys");
        return Err(
            Diagnostic::new(one_more.key.span(), message).help("name those that a person decides")
        );
    }
    raw.iter().map(|raw| Ok((config::name(&raw.key)?, values(&raw.key, raw.values)?))).collect()
}

fn values(
    key: &SpannedText<'_>,
    raw: Option<SpannedValue<'_>>,
) -> Result<ConfigValues, Diagnostic> {
    let Some(raw) = raw else { return Ok(ConfigValues::Any) };
    let place = format!("{} in `config_keys`", quote(key.get_ref()));
    let expected = || format!("`\"{ANY}\"`, or a list of the values that it may have");
    match raw.get_ref() {
        DeValue::String(text) if text == ANY => Ok(ConfigValues::Any),
        DeValue::Array(list) if list.len() > MAX_CONFIG_VALUES => {
            let message = format!("{place}: expected at most {MAX_CONFIG_VALUES} values");
            Err(Diagnostic::new(raw.span(), message).help(format!("write `\"{ANY}\"`")))
        }
        DeValue::Array(list) if !list.is_empty() => {
            let texts = list.iter().map(|item| config::text(&place, item));
            Ok(ConfigValues::OneOf(texts.collect::<Result<_, _>>()?))
        }
        DeValue::Array(_) => {
            let message = format!("{place}: expected at least one value");
            Err(Diagnostic::new(raw.span(), message).help(format!("`\"{ANY}\"` takes any value")))
        }
        _ => Err(wrong(&place, &expected(), raw)),
    }
}

/// In a sentence of its own.
impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, known } = self;
        write!(f, "the plugin knows no {} as {} under [grants.config]", quote(value), quote(key))?;
        match self.near() {
            Some(near) => write!(f, "; did you mean {}?", quote(near)),
            None => {
                let known: Vec<_> = known.iter().map(|known| quote(known)).collect();
                write!(f, "; it may be {}", known.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Manifest;

    #[track_caller]
    fn unknown(keys: &str, manifest: &str, local: &str) -> Vec<String> {
        let manifest =
            format!("[plugin]\nconfig_keys = {keys}\n[grants]\nconfig = {{ {manifest} }}");
        let local = format!("[grants]\nconfig = {{ {local} }}");
        let read = Manifest::parse_with("a.toml", &manifest, Some(&local)).expect("a manifest");
        read.unknown_values().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_value_that_the_plugin_does_not_know_is_told() {
        const KEYS: &str = "{ units = [\"metric\", \"imperial\"], on = [true, false], n = [1, 2], city = \"any\" }";
        for right in ["units = \"metric\"", "on = \"true\"", "n = 2", "city = \"x\"", "other = 1"] {
            assert_eq!(unknown(KEYS, "", right), [""; 0], "{right}");
            assert_eq!(unknown(KEYS, right, ""), [""; 0], "{right}");
        }
        assert_eq!(unknown("[\"units\"]", "", "units = \"x\""), [""; 0]);
        for (wrong, expected) in [
            (
                "units = \"imperal\"",
                "`imperal` as `units` under [grants.config]; did you mean `imperial`?",
            ),
            (
                "units = \"SI\"",
                "`SI` as `units` under [grants.config]; it may be `metric`, `imperial`",
            ),
            ("on = \"yes\"", "`yes` as `on` under [grants.config]; it may be `true`, `false`"),
            ("n = 3", "`3` as `n` under [grants.config]; it may be `1`, `2`"),
        ] {
            let expected = [format!("the plugin knows no {expected}")];
            assert_eq!(unknown(KEYS, "", wrong), expected);
            assert_eq!(unknown(KEYS, wrong, ""), expected);
        }
        // What the local file says in place of the manifest counts.
        assert_eq!(unknown(KEYS, "units = \"SI\"", "units = \"metric\""), [""; 0]);
    }
}
