//! `secrets` under `[grants]`, and the names of secrets wherever a manifest writes one.
//!
//! The values of secrets are not known here.

use super::SecretName;
use super::error::{Diagnostic, quote};
use super::keys::Section::Grants;
use super::table::{SpannedText, SpannedValue};

/// The most secrets of one plugin.
const MAX_SECRETS: usize = 32;

/// Checks the list.
pub(super) fn read(raw: &[SpannedText<'_>]) -> Result<Vec<SecretName>, Diagnostic> {
    let mut names: Vec<SecretName> = Vec::new();
    for text in raw {
        let name = name(&Grants.place("secrets"), text)?;
        if names.contains(&name) {
            let message = format!("the secret `{name}` is listed twice");
            return Err(Diagnostic::new(text.span(), message).help("keep one of the two"));
        }
        if names.len() == MAX_SECRETS {
            let message = format!("{}: expected at most {MAX_SECRETS}", Grants.place("secrets"));
            return Err(
                Diagnostic::new(text.span(), message).help("split the plugin, or list fewer")
            );
        }
        names.push(name);
    }
    Ok(names)
}

/// Checks one name at `place`. A text that is none may be the secret itself, so it is not repeated.
pub(super) fn name(place: &str, text: &SpannedText<'_>) -> Result<SecretName, Diagnostic> {
    SecretName::new(text.get_ref()).map_err(|error| {
        Diagnostic::new(text.span(), format!("{place}: {error}"))
            .help("write the secret's name, such as \"WEATHER_API_KEY\", and never its value")
            .secret()
    })
}

/// Refuses a key of the configuration that a secret answers already.
pub(super) fn check_apart(
    config: &[(SpannedText<'_>, SpannedValue<'_>)],
    secrets: &[SecretName],
) -> Result<(), Diagnostic> {
    let twice = |(key, _): &&(SpannedText<'_>, SpannedValue<'_>)| {
        secrets.iter().any(|secret| secret.as_str() == *key.get_ref())
    };
    let Some((key, _)) = config.iter().find(twice) else { return Ok(()) };
    let message = format!("{} is a secret and configuration at once", quote(key.get_ref()));
    Err(Diagnostic::new(key.span(), message).help("remove it from `config`, or from `secrets`"))
}
