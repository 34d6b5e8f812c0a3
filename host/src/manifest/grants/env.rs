//! `env` under `[grants]`: the environment variables of the plugin.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::super::limits::units::Bytes;
use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section::Grants;
use super::super::syntax::table::{SpannedText, SpannedValue, wrong};
use crate::name::is_word;
use crate::suggestion::CommandName;
use crate::token_shape::looks_like_token;

/// The most variables of one plugin.
const MAX_VARIABLES: usize = 64;
/// The longest name of a variable, in bytes.
const MAX_VARIABLE_NAME: usize = 255;
/// The longest value of a variable, in bytes.
const MAX_VARIABLE_VALUE: usize = 4 * 1024;

/// Checks the variables.
pub(crate) fn read(
    raw: &[(SpannedText<'_>, SpannedValue<'_>)],
) -> Result<BTreeMap<String, String>, Diagnostic> {
    if let Some((key, _)) = raw.get(MAX_VARIABLES) {
        let message = format!("{}: expected at most {MAX_VARIABLES}", Grants.place("env"));
        return Err(Diagnostic::new(key.span(), message).help("move some of them into `config`"));
    }
    raw.iter().map(|(key, value)| Ok((name(key)?.into(), text(key.get_ref(), value)?))).collect()
}

/// The name of a variable, here or of one tool.
pub(crate) fn name<'a>(key: &SpannedText<'a>) -> Result<&'a str, Diagnostic> {
    let name = *key.get_ref();
    if looks_like_token(name) {
        let message = "this looks like a token, not like the name of an environment variable";
        let help = format!(
            "write its name, such as \"LANG\"; `{}` keeps a secret",
            CommandName::SecretSet.with(["NAME"])
        );
        return Err(Diagnostic::new(key.span(), message).help(help).secret());
    }
    if is_word(name) && name.len() <= MAX_VARIABLE_NAME {
        return Ok(name);
    }
    // A value may stand behind the name, after `=` or a blank.
    let is_one_word = name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    let shown = if is_one_word { quote(name) } else { "this".into() };
    let message = format!("{shown} is no name of an environment variable");
    Err(Diagnostic::new(key.span(), message)
        .help("use a letter or `_`, then letters, digits or `_`"))
}

fn text(key: &str, value: SpannedValue<'_>) -> Result<String, Diagnostic> {
    let place = format!("{} in [grants.env]", quote(key));
    let DeValue::String(text) = value.get_ref() else {
        let help = match value.get_ref() {
            DeValue::Array(_) | DeValue::Table(_) => "write it as one text; JSON, for example",
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => "put it in quotes",
        };
        return Err(wrong(&place, "text", value).help(help));
    };
    if text.contains('\0') {
        let message = format!("{place}: a variable cannot hold the character NUL");
        return Err(Diagnostic::new(value.span(), message).help("remove it"));
    }
    if text.len() > MAX_VARIABLE_VALUE {
        let most = Bytes::new(MAX_VARIABLE_VALUE as u64);
        let message = format!("{place}: it is {} bytes long, more than {most}", text.len());
        return Err(
            Diagnostic::new(value.span(), message).help("put it into a file, and grant that")
        );
    }
    Ok(text.to_string())
}
