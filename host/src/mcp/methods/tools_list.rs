//! `tools/list`: a page of tools as each revision writes it.

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::version::Version;
use super::meta::Common;
use super::page::Page;
use crate::catalog::Tool;
use crate::tool::Annotations;

/// The time for which a client may keep a list, in milliseconds. It can change meanwhile, and only a listening client
/// is told so.
const LIST_TTL: u64 = 10_000;

/// The result of `tools/list`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolList<'a> {
    tools: Vec<ToolOnPage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_scope: Option<&'static str>,
    #[serde(flatten)]
    common: Common,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolOnPage<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    description: &'a str,
    input_schema: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<&'a RawValue>,
}

/// A page of tools, with the cursor of the next.
pub(crate) fn tool_list(version: Version, page: Page<'_, Tool>) -> ToolList<'_> {
    let modern = version.is_modern();
    let Page { features, next } = page;
    ToolList {
        tools: features.into_iter().map(|tool| listed(version, tool)).collect(),
        next_cursor: next,
        ttl_ms: modern.then_some(LIST_TTL),
        cache_scope: modern.then_some("private"),
        common: Common::new(version),
    }
}

fn listed(version: Version, tool: &Tool) -> ToolOnPage<'_> {
    let spec = &tool.spec;
    let structured = version.has_structured_content();
    ToolOnPage {
        name: tool.name.as_str(),
        title: spec.title.as_deref().filter(|_| structured),
        description: &spec.description,
        input_schema: &spec.input_schema,
        output_schema: spec
            .output_schema
            .as_deref()
            .filter(|raw| structured && (version.is_modern() || describes_object(raw))),
        annotations: version.has_annotations().then_some(spec.annotations),
        meta: spec.meta.as_deref().filter(|_| structured),
    }
}

fn describes_object(schema: &RawValue) -> bool {
    let value = crate::json::value(schema.get()).ok();
    value.is_some_and(|value| value["type"] == "object")
}
