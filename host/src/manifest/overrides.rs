//! `[[tools]]`: the keys of single tools that the manifest sets in place of the plugin.
//!
//! The existence of these tools is checked when the plugin is loaded.

use std::collections::HashMap;
use std::time::Duration;

use super::command;
use super::grants::requires;
use super::limits::amount;
use super::limits::rate::RATE;
use super::limits::rules::CACHE_RULE;
use super::meta;
use super::raw::RawTool;
use super::syntax::error::{Diagnostic, quote};
use super::syntax::keys::Section::Tool;
use super::syntax::readable::readable;
use super::syntax::source::SourceTexts;
use super::syntax::table::{SpannedText, SpannedValue};
use super::tool_override::{CacheLifetime, CacheScope, ToolOverride};
use crate::name::check_own;

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
            rate: amount::rate(Tool, RATE.key, tool.rate)?,
            cache: tool.cache.map(|value| lifetime(source, value)).transpose()?,
            cache_scope: tool.cache_scope.as_ref().map(scope).transpose()?,
            requires: requires::read(&tool.requires)?,
            place,
        });
    }
    Ok(read)
}

fn lifetime(source: SourceTexts<'_>, value: SpannedValue<'_>) -> Result<CacheLifetime, Diagnostic> {
    let milliseconds = amount::read(Tool, &CACHE_RULE, value)?;
    let place = source.place(value.span());
    Ok(CacheLifetime { time: Duration::from_millis(milliseconds), place })
}

fn scope(text: &SpannedText<'_>) -> Result<CacheScope, Diagnostic> {
    let found = *text.get_ref();
    CacheScope::ALL.into_iter().find(|scope| scope.name() == found).ok_or_else(|| {
        let place = Tool.place("cache_scope");
        let message = format!("{place}: expected \"caller\" or \"public\", found {}", quote(found));
        Diagnostic::new(text.span(), message).help(
            "\"public\" gives one answer to all callers; without the key each caller has its own",
        )
    })
}
