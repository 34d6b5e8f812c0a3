//! `secrets` under `[grants]`, and the names of secrets wherever a manifest writes one.
//!
//! The values of secrets are not known here.

use std::fmt;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section::Grants;
use super::super::syntax::table::{SpannedText, SpannedValue};
use crate::name::is_word;
use crate::token_shape::looks_like_token;

/// The name of a secret: `[A-Za-z_][A-Za-z0-9_]*`, at most 64 characters, as an environment variable is
/// named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(Box<str>);

/// The reason why a text cannot name a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretNameError {
    /// It is no word.
    #[error("expected a letter or `_`, then letters, digits or `_`, at most 64 characters")]
    NoName,
    /// It is a word, but such as tokens are.
    #[error("this looks like a secret itself, not like its name")]
    Value,
}

/// True if `text` is a token and no name, as its form says: names are words in capitals.
fn is_value(text: &str) -> bool {
    /// The beginnings of long tokens, whatever follows.
    const OPEN_TOKENS: [&str; 2] = ["hf_", "npm_"];
    /// The length from which a word with digits in it is no name, where nothing divides it.
    const LONG_WORD: usize = 20;
    let has = |is_it: fn(&u8) -> bool| text.bytes().any(|byte| is_it(&byte));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    (has(u8::is_ascii_lowercase) && looks_like_token(text))
        || (text.len() >= 30 && OPEN_TOKENS.iter().any(|one| text.starts_with(one)))
        || (text.len() >= LONG_WORD
            && has(u8::is_ascii_digit)
            && (!text.contains('_') || (is_mixed && text.len() >= 30)))
}

impl SecretName {
    /// Checks `text`.
    pub fn new(text: &str) -> Result<Self, SecretNameError> {
        match is_word(text) && text.len() <= 64 {
            true if is_value(text) => Err(SecretNameError::Value),
            true => Ok(Self(text.into())),
            false => Err(SecretNameError::NoName),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The most secrets of one plugin.
const MAX_SECRETS: usize = 32;

/// Checks the list.
pub(crate) fn read(raw: &[SpannedText<'_>]) -> Result<Vec<SecretName>, Diagnostic> {
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
pub(crate) fn name(place: &str, text: &SpannedText<'_>) -> Result<SecretName, Diagnostic> {
    SecretName::new(text.get_ref()).map_err(|error| {
        Diagnostic::new(text.span(), format!("{place}: {error}"))
            .help("write the secret's name, such as \"WEATHER_API_KEY\", and never its value")
            .secret()
    })
}

/// Refuses a key of the configuration that a secret answers already.
pub(crate) fn check_apart(
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
