//! `[[tools]]`: the keys of single tools that the manifest sets in place of the plugin.
//!
//! The existence of these tools is checked when the plugin is loaded.

use std::collections::HashMap;

use super::command;
use super::error::{Diagnostic, quote};
use super::keys::Section::{self, Tool};
use super::raw::RawTool;
use super::source::SourceTexts;
use super::table::SpannedText;
use super::units::Bytes;
use super::{ToolOverride, meta, rate, requires};
use crate::name::check_own;
use crate::text::{MAX_TEXT, TextError, check_text};
use crate::tool::Annotations;

/// Checks the overrides; `source` is what their places point into.
pub(super) fn read(
    source: SourceTexts<'_>,
    raw: &[RawTool<'_>],
) -> Result<Vec<ToolOverride>, Diagnostic> {
    let mut places = HashMap::new();
    let mut read = Vec::with_capacity(raw.len());
    for tool in raw {
        let name = *tool.name.get_ref();
        check_own(name).map_err(|error| {
            Diagnostic::new(tool.name.span(), format!("{}: {error}", Tool.place("name")))
        })?;
        let place = source.place(tool.name.span());
        if let Some(line) = places.insert((place.source_file(), name), place.line()) {
            let message =
                format!("the tool `{name}` has a second [[tools]]; the first is on line {line}");
            return Err(Diagnostic::new(tool.name.span(), message).help("merge the two"));
        }
        read.push(ToolOverride {
            name: name.into(),
            title: readable(source, Tool, "title", tool.title.as_ref())?,
            description: readable(source, Tool, "description", tool.description.as_ref())?,
            hidden: tool.hidden,
            annotations: tool.annotations,
            command: command::read(source, &tool.command)?,
            err_is_error: tool.err_is_error,
            strict_arguments: tool.strict_arguments,
            meta: meta::read(&tool.meta)?,
            rate: rate::read(Tool, tool.rate)?,
            requires: requires::read(&tool.requires)?,
            place,
        });
    }
    Ok(read)
}

impl ToolOverride {
    /// Returns the overrides of both files for one tool: key by key, those of `local` count before
    /// its own.
    #[must_use]
    pub fn with_local(mut self, local: &Self) -> Self {
        let (claims, own) = (local.annotations, self.annotations);
        self.meta.extend(local.meta.clone());
        Self {
            title: local.title.clone().or(self.title),
            description: local.description.clone().or(self.description),
            hidden: local.hidden.or(self.hidden),
            annotations: Annotations {
                read_only: claims.read_only.or(own.read_only),
                destructive: claims.destructive.or(own.destructive),
                idempotent: claims.idempotent.or(own.idempotent),
                open_world: claims.open_world.or(own.open_world),
            },
            strict_arguments: local.strict_arguments.or(self.strict_arguments),
            rate: local.rate.or(self.rate),
            ..self
        }
    }
}

/// A text for people and models. Line ends of Windows are those of the file, not of the text.
pub(super) fn readable(
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

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[test]
    fn of_one_tool_the_local_file_counts_key_by_key() {
        let read = |keys: &str| {
            let text = format!("[[tools]]\nname = \"one\"\n{keys}");
            Manifest::parse("a.toml", &text).expect("a manifest").tools.remove(0)
        };
        let own =
            read("title = \"One\"\nread_only = true\nhidden = true\nmeta = { a = 1, b = 2 }\n");
        let local = read(
            "hidden = false\ndestructive = false\nstrict_arguments = true\nmeta = { b = 3 }\n",
        );
        let both = own.with_local(&local);
        let expected = read(
            "title = \"One\"\nread_only = true\nhidden = false\ndestructive = false\nstrict_arguments = true\n\
             meta = { a = 1, b = 3 }\n",
        );
        assert_eq!(both, expected);
    }
}
