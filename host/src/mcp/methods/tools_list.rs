//! `tools/list`: the cursor, one page, and the page as each revision writes it.
//!
//! A cursor is a name, so it holds whatever is published between two pages.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::rpc::message::present;
use super::super::rpc::reply::RpcError;
use super::super::version::Version;
use super::meta::{Common, read, text};
use crate::catalog::{Catalog, Tool};
use crate::name::ToolName;
use crate::tool::Annotations;

/// The time for which a client may keep a list, in milliseconds. It can change meanwhile, and only a listening client
/// is told so.
const LIST_TTL: u64 = 10_000;

/// The cursor of `tools/list`.
pub(crate) fn cursor(params: Option<&RawValue>) -> Result<Option<String>, RpcError> {
    #[derive(Deserialize)]
    struct ListParams<'a> {
        #[serde(borrow, default, deserialize_with = "present")]
        cursor: Option<&'a RawValue>,
    }
    let Some(params) = params else { return Ok(None) };
    read::<ListParams<'_>>(params)?
        .cursor
        .map(|raw| text(raw).map_err(|_| RpcError::invalid_params("`cursor` is not a string")))
        .transpose()
}

const CURSOR: &str = "after:";

/// A page.
pub(crate) struct Page<'a> {
    pub(crate) tools: Vec<&'a Tool>,
    /// The cursor to the next, if there is one.
    pub(crate) next: Option<String>,
}

impl<'a> Page<'a> {
    /// The page of at most `size` tools behind `cursor`.
    pub(crate) fn of(
        catalog: &'a Catalog,
        size: Option<NonZeroUsize>,
        cursor: Option<&str>,
    ) -> Result<Self, RpcError> {
        let size = size.map_or(usize::MAX, NonZeroUsize::get);
        let and_one = size.saturating_add(1);
        let mut tools: Vec<&Tool> = match cursor.map(last_name).transpose()? {
            Some(name) => catalog.tools_after(&name).take(and_one).map(|t| &**t).collect(),
            None => catalog.tools().take(and_one).map(|t| &**t).collect(),
        };
        let mut next = None;
        if tools.len() > size {
            tools.truncate(size);
            next = tools.last().map(|tool| format!("{CURSOR}{}", tool.name));
        }
        Ok(Self { tools, next })
    }
}

fn last_name(cursor: &str) -> Result<ToolName, RpcError> {
    cursor.strip_prefix(CURSOR).and_then(|name| ToolName::new(name).ok()).ok_or_else(|| {
        RpcError::invalid_params(
            "`cursor` is not one that this server gave; list from the beginning",
        )
    })
}

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

/// One page of tools, with the cursor of the next.
pub(crate) fn tool_list<'a>(
    version: Version,
    tools: impl Iterator<Item = &'a Tool>,
    next_cursor: Option<String>,
) -> ToolList<'a> {
    let modern = version.is_modern();
    ToolList {
        tools: tools.map(|tool| listed(version, tool)).collect(),
        next_cursor,
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
