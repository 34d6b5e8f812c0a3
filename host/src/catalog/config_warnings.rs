//! Warnings about a plugin's configuration: keys that it does not read, and values that it does not know.

use super::bounds::MAX_TOLD;
use super::refusal::Refusal;
use crate::manifest::{GrantKind, Manifest, UnknownValue, local_of};
use crate::secret_places::is_secret_value;
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::joined;

/// Returns the warnings about the plugin of the manifest `file`.
pub(super) fn config_warnings(file: &str, manifest: &Manifest) -> Vec<Refusal> {
    let decisions = manifest.decisions.iter();
    let keys = decisions.flat_map(|decisions| &decisions.unknown_config).take(MAX_TOLD);
    let keys = keys.map(|unknown| {
        let meant = unknown.known.first().filter(|_| unknown.is_slip);
        let meant = meant.and_then(|meant| renamed(manifest, &unknown.key, meant));
        let advice = meant.into_iter().chain([taken_out(manifest, &unknown.key)]);
        Refusal::warning(local_of(file), joined([unknown.to_string()].into_iter().chain(advice)))
    });
    let values = manifest.unknown_values().into_iter().take(MAX_TOLD);
    let values = values.map(|unknown| {
        let is_local = is_decided(manifest, &unknown.key);
        let place = if is_local { local_of(file) } else { file.to_owned() };
        let advice = match unknown.near() {
            None if is_local => taken_out(manifest, &unknown.key),
            near => set_to(manifest, &unknown, near),
        };
        Refusal::warning(place, joined([unknown.to_string(), advice]))
    });
    keys.chain(values).collect()
}

/// True if the local file sets `key` of the configuration.
fn is_decided(manifest: &Manifest, key: &str) -> bool {
    let name = named(key);
    manifest.decisions.iter().any(|decisions| decisions.set.contains(&name))
}

fn taken_out(manifest: &Manifest, key: &str) -> String {
    let unset = CommandName::Unset.with([manifest.name.as_str(), &named(key)]);
    format!("`{unset}` takes it out")
}

/// Advises to give the value of `key` to the key that was meant. `None` where the value may be a secret.
fn renamed(manifest: &Manifest, key: &str, meant: &str) -> Option<String> {
    let value = manifest.grants.config.get(key).filter(|value| !is_secret_value(meant, value))?;
    Some(format!("`{}` sets that", granted(manifest, meant, value)))
}

/// Advises the value `near`, or else the first of those that the plugin knows.
fn set_to(manifest: &Manifest, unknown: &UnknownValue, near: Option<&str>) -> String {
    let value = near.or(unknown.known.first().map(String::as_str)).unwrap_or_default();
    format!("`{}` sets it", granted(manifest, &unknown.key, value))
}

/// The command that gives `key` its `value`.
fn granted(manifest: &Manifest, key: &str, value: &str) -> SuggestedCommand {
    let entry = format!("{key}={value}");
    CommandName::Grant.with([manifest.name.as_str(), GrantKind::Config.name(), &entry])
}

/// The grant of a key, as `unset` takes it.
fn named(key: &str) -> String {
    format!("config:{key}")
}
