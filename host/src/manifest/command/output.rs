//! `output` and `success` of a tool: the form of stdout, and the exit codes that mean that it
//! worked.

use toml::Spanned;
use toml::de::DeValue;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section::Tool;
use super::super::syntax::nearest::nearest;
use super::super::syntax::table::{SpannedText, wrong};
use super::spec::StdoutForm;

const STDOUT_HELP: &str = "write \"text\", \"json\", or what stdout is, such as \"image/png\"";

/// Reads the form of stdout.
pub(super) fn form(text: &SpannedText<'_>) -> Result<StdoutForm, Diagnostic> {
    match *text.get_ref() {
        "text" => Ok(StdoutForm::Text),
        "json" => Ok(StdoutForm::Json),
        media if is_media_type(media) => Ok(StdoutForm::Media(media.into())),
        other => {
            let place = Tool.place("output");
            let expected = "expected \"text\", \"json\" or a media type";
            let message = format!("{place}: {expected}, found {}", quote(other));
            let help = match nearest(other, ["text", "json"]) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => STDOUT_HELP.into(),
            };
            Err(Diagnostic::new(text.span(), message).help(help))
        }
    }
}

fn is_media_type(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte)
            })
    };
    text.len() <= 127
        && text.split_once('/').is_some_and(|(kind, name)| is_part(kind) && is_part(name))
}

/// The exit codes of success, in order. Nothing stands for 0 alone.
pub(super) fn success(raw: &[Spanned<DeValue<'_>>]) -> Result<Vec<u8>, Diagnostic> {
    let mut codes = Vec::new();
    for item in raw {
        let number = item.get_ref().as_integer();
        let code = number.and_then(|n| u8::from_str_radix(n.as_str(), n.radix()).ok());
        let code = code.ok_or_else(|| {
            wrong(&Tool.place("success"), "exit codes, numbers from 0 to 255", item)
                .help("the codes with which the program says that it worked: `success = [0, 1]`")
        })?;
        codes.push(code);
    }
    codes.sort_unstable();
    codes.dedup();
    Ok(codes)
}
