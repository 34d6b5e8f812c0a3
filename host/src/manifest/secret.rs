//! `secrets` under `[grants]`, and the names of secrets wherever a manifest writes one.
//!
//! The values of secrets are not known here.

use super::SecretName;
use super::error::{Fault, quote};
use super::keys::Section::Grants;
use super::table::{Text, Value};

/// The most secrets of one plugin.
const MAX_SECRETS: usize = 32;

/// Checks the list.
pub(super) fn read(raw: &[Text<'_>]) -> Result<Vec<SecretName>, Fault> {
    let mut names: Vec<SecretName> = Vec::new();
    for text in raw {
        let name = name(&Grants.place("secrets"), text)?;
        if names.contains(&name) {
            let message = format!("the secret `{name}` is listed twice");
            return Err(Fault::new(text.span(), message).help("keep one of the two"));
        }
        if names.len() == MAX_SECRETS {
            let message = format!("{}: expected at most {MAX_SECRETS}", Grants.place("secrets"));
            return Err(Fault::new(text.span(), message).help("split the plugin, or list fewer"));
        }
        names.push(name);
    }
    Ok(names)
}

/// Checks one name at `place`. A text that is none may be the secret itself, so it is not repeated.
pub(super) fn name(place: &str, text: &Text<'_>) -> Result<SecretName, Fault> {
    SecretName::new(text.get_ref()).map_err(|error| {
        Fault::new(text.span(), format!("{place}: {error}"))
            .help("write the secret's name, such as \"WEATHER_API_KEY\", and never its value")
            .secret()
    })
}

/// Refuses a key of the configuration that a secret answers already.
pub(super) fn check_apart(
    config: &[(Text<'_>, Value<'_>)],
    secrets: &[SecretName],
) -> Result<(), Fault> {
    let twice = |(key, _): &&(Text<'_>, Value<'_>)| {
        secrets.iter().any(|secret| secret.as_str() == *key.get_ref())
    };
    let Some((key, _)) = config.iter().find(twice) else { return Ok(()) };
    let message = format!("{} is a secret and configuration at once", quote(key.get_ref()));
    Err(Fault::new(key.span(), message).help("remove it from `config`, or from `secrets`"))
}
