//! `config` under `[grants]`: what the plugin is told when it asks the host for its configuration.
//!
//! Only the plugin knows the meaning of the keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use toml::de::DeValue;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::nearest::nearest;
use super::super::syntax::table::{SpannedText, SpannedValue, wrong};
use crate::secret_places::holds_secret;
use crate::text::check_text;

/// Keys that the host itself reads: with `true`, it tells a plugin something of this machine.
const HOST_SWITCHES: [&str; 2] = ["host_paths", "host_zone"];

fn is_switch(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// Advises the switch that `text` probably means.
fn switch_of(text: &str) -> Option<String> {
    let meant = match &*text.trim().to_ascii_lowercase() {
        "true" | "yes" | "on" | "1" => "true",
        "false" | "no" | "off" | "0" => "false",
        _ => return None,
    };
    Some(format!("did you mean `{meant}`?"))
}

/// The configuration as text: numbers and switches become what the manifest writes for them.
pub(crate) fn read(
    raw: &[(SpannedText<'_>, SpannedValue<'_>)],
) -> Result<BTreeMap<String, String>, Diagnostic> {
    raw.iter().map(entry).collect()
}

fn entry(
    (key, value): &(SpannedText<'_>, SpannedValue<'_>),
) -> Result<(String, String), Diagnostic> {
    let (name, text) = (name(key)?, text(&place(key.get_ref()), value)?);
    if HOST_SWITCHES.contains(&&*name) && !is_switch(&text) {
        return Err(wrong(&place(&name), "`true` or `false`", value).maybe_help(switch_of(&text)));
    }
    Ok((name, text))
}

/// Checks that a key which is `true` or `false` in the manifest is one of the two in the local file: `no` would leave
/// switched on what a person means to switch off.
pub(crate) fn check_switches(
    manifest: &[(SpannedText<'_>, SpannedValue<'_>)],
    local: &[(SpannedText<'_>, SpannedValue<'_>)],
) -> Result<(), Diagnostic> {
    let is_on_or_off = |(key, value): &(SpannedText<'_>, SpannedValue<'_>)| {
        text(&place(key.get_ref()), value).is_ok_and(|text| is_switch(&text))
    };
    for decided in local.iter().filter(|decided| !is_on_or_off(decided)) {
        let (key, value) = decided;
        let mut same = manifest.iter().filter(|(other, _)| other.get_ref() == key.get_ref());
        if same.any(is_on_or_off) {
            let place = place(key.get_ref());
            let meant = text(&place, value).ok().and_then(|text| switch_of(&text));
            return Err(
                wrong(&place, "`true` or `false`, as in the manifest", value).maybe_help(meant)
            );
        }
    }
    Ok(())
}

/// A key of the configuration that a local file sets and that its plugin does not read, as far as the manifest tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// The key.
    pub key: String,
    /// Keys that the plugin reads: the nearest, if the key may be a slip of it, or else all.
    pub known: Vec<String>,
    /// True if `known` holds the one that was probably meant.
    pub is_slip: bool,
}

/// Returns the keys of `local` that are not `known`. A manifest need not name all keys that its plugin reads: unless it
/// `is_complete`, only a key that is nearly a known one counts.
pub(crate) fn unknown(
    local: &[(SpannedText<'_>, SpannedValue<'_>)],
    known: &BTreeSet<&str>,
    is_complete: bool,
) -> Vec<UnknownKey> {
    let keys = local.iter().map(|(key, _)| *key.get_ref());
    let unknown = keys.filter(|key| !known.contains(key) && !HOST_SWITCHES.contains(key));
    let told = unknown.filter_map(|key| {
        let near = nearest(key, known.iter().copied().chain(HOST_SWITCHES));
        let all = || known.iter().map(|key| (*key).to_owned()).collect();
        (near.is_some() || is_complete).then(|| UnknownKey {
            key: key.into(),
            is_slip: near.is_some(),
            known: near.map_or_else(all, |near| vec![near.into()]),
        })
    });
    told.collect()
}

/// In a sentence of its own.
impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = self.known.iter().map(|key| quote(key)).collect();
        let known = known.join(", ");
        write!(f, "the manifest names no key {} under [grants.config]", quote(&self.key))?;
        if self.is_slip {
            return write!(f, "; did you mean {known}?");
        }
        if self.known.is_empty() {
            return f.write_str("; the plugin reads none");
        }
        write!(f, "; the plugin reads {known}")
    }
}

/// A key, wherever one is named.
pub(crate) fn name(key: &SpannedText<'_>) -> Result<String, Diagnostic> {
    let name = *key.get_ref();
    if name.is_empty() || name.contains(['\n', '\t']) || check_text(name).is_err() {
        let message = "this is no key for the configuration";
        return Err(
            Diagnostic::new(key.span(), message).help("use printable characters on one line")
        );
    }
    // A key is shown by commands, servers and logs, and no command could give a value to one with `=` in it.
    if name.contains('=') || holds_secret(name) {
        let message = "this is no key for the configuration, but a value";
        let help =
            "write the key alone, such as `units`; a secret is kept by its name, under `secrets`";
        return Err(Diagnostic::new(key.span(), message).help(help).secret());
    }
    Ok(name.into())
}

/// Names a key in an error.
fn place(key: &str) -> String {
    format!("{} in [grants.config]", quote(key))
}

/// A value as text; `place` names its place in an error.
pub(crate) fn text(place: &str, value: SpannedValue<'_>) -> Result<String, Diagnostic> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        DeValue::Float(number) => Ok(number.as_str().into()),
        DeValue::Integer(number) => {
            let whole = i128::from_str_radix(number.as_str(), number.radix());
            whole.map(|whole| whole.to_string()).map_err(|_| {
                wrong(place, "a number of at most 64 bits", value).help("put it in quotes")
            })
        }
        DeValue::Datetime(_) => Err(wrong(place, EXPECTED_VALUE, value).help("put it in quotes")),
        DeValue::Array(_) | DeValue::Table(_) => {
            Err(wrong(place, EXPECTED_VALUE, value).help("write it as one text; JSON, for example"))
        }
    }
}

const EXPECTED_VALUE: &str = "text, a number, `true` or `false`";
