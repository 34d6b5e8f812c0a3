//! A title or a description in a manifest: text that people and models read.

use super::super::limits::units::Bytes;
use super::error::{Diagnostic, quote};
use super::keys::Section::{self, Tool};
use super::source::SourceTexts;
use super::table::SpannedText;
use crate::text::{MAX_TEXT, TextError, check_text};

/// A text for people and models. Line ends of Windows are those of the file, not of the text.
pub(crate) fn readable(
    source: SourceTexts<'_>,
    section: Section,
    key: &str,
    text: Option<&SpannedText<'_>>,
) -> Result<Option<String>, Diagnostic> {
    let Some(text) = text else { return Ok(None) };
    let (place, span) = (section.place(key), text.span());
    let lines = text.get_ref().replace("\r\n", "\n");
    let lines = lines.trim();
    if lines.is_empty() {
        let message = format!("{place}: expected a text, found an empty one");
        let help = match section {
            Tool => "remove the key to keep the plugin's own text",
            _ => "remove the key, or say something",
        };
        return Err(Diagnostic::new(span, message).help(help));
    }
    if key == "title" && lines.contains(['\n', '\t']) {
        return Err(Diagnostic::new(
            span,
            format!("{place}: expected one line, found {}", quote(lines)),
        ));
    }
    match check_text(lines) {
        Ok(()) => Ok(Some(lines.into())),
        Err(error @ TextError::TooLong(_)) => {
            let most = Bytes::new(MAX_TEXT as u64);
            Err(Diagnostic::new(span, format!("{place}: {error}"))
                .help(format!("shorten it to {most}")))
        }
        Err(error @ TextError::Forbidden(found)) => {
            // Written as itself the character has a place of its own; written as an escape not.
            let at = source.get(span.clone()).and_then(|written| written.find(found));
            let at = at.map(|at| span.start + at..span.start + at + found.len_utf8());
            let fault = Diagnostic::new(at.unwrap_or(span), format!("{place}: {error}"));
            Err(fault.help("remove it: what people read must be what the model reads"))
        }
    }
}
