//! The bodies of results: neutral words in, MCP's shapes out, each as its revision knows it.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::rpc::id::Id;
use super::super::rpc::version::Version;
use super::block::Block;
use crate::catalog::Tool;
use crate::tool::{Annotations, CallError, Content, Output, Usage};

/// The key of a request's protocol version, and its siblings.
pub(crate) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(crate) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(crate) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The key in `_meta` for the fuel, memory and time that a call spent.
const USAGE: &str = "toolrack/usage";

/// The times for which a client may keep an answer, in milliseconds. A list can change meanwhile, and only a listening
/// client is told so.
const DISCOVER_TTL: u64 = 3_600_000;
const LIST_TTL: u64 = 10_000;

/// `Toolrack`'s name and version.
#[derive(Serialize)]
struct ServerInfo {
    name: &'static str,
    title: &'static str,
    version: &'static str,
}

const TOOLRACK: ServerInfo =
    ServerInfo { name: "toolrack", title: "Toolrack", version: env!("CARGO_PKG_VERSION") };

fn capabilities() -> Value {
    json!({ "tools": { "listChanged": true } })
}

/// The members that every modern result has besides its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Common {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(rename = "_meta", skip_serializing_if = "ResultMeta::is_empty")]
    meta: ResultMeta,
}

/// `_meta` of a result.
struct ResultMeta {
    given: Map<String, Value>,
    spent: Option<CallCost>,
    server: Option<ServerInfo>,
}

/// The fuel, memory and time that a call spent, as a client is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallCost {
    fuel: u64,
    peak_memory_bytes: u64,
    time_ms: f64,
}

impl Common {
    fn new(version: Version) -> Self {
        Self::with(version, Map::new(), None)
    }

    fn with(version: Version, mut given: Map<String, Value>, spent: Option<CallCost>) -> Self {
        let server = version.is_modern().then_some(TOOLRACK);
        // These words are the host's.
        given.retain(|key, _| key != USAGE && key != SERVER_INFO);
        let result_type = version.is_modern().then_some("complete");
        Self { result_type, meta: ResultMeta { given, spent, server } }
    }
}

impl ResultMeta {
    fn is_empty(&self) -> bool {
        self.given.is_empty() && self.spent.is_none() && self.server.is_none()
    }
}

impl Serialize for ResultMeta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in &self.given {
            map.serialize_entry(key, value)?;
        }
        if let Some(spent) = &self.spent {
            map.serialize_entry(USAGE, spent)?;
        }
        if let Some(server) = &self.server {
            map.serialize_entry(SERVER_INFO, server)?;
        }
        map.end()
    }
}

/// The result of `initialize`.
pub(crate) fn initialize(version: Version, instructions: &str) -> impl Serialize {
    json!({
        "protocolVersion": version,
        "capabilities": capabilities(),
        "serverInfo": TOOLRACK,
        "instructions": instructions,
    })
}

/// The result of `server/discover`.
pub(crate) fn discover(version: Version, instructions: &str) -> impl Serialize {
    let mut body = empty(version);
    body["supportedVersions"] = json!(Version::ALL);
    body["capabilities"] = capabilities();
    body["instructions"] = instructions.into();
    body["ttlMs"] = DISCOVER_TTL.into();
    body["cacheScope"] = "private".into();
    body
}

/// A result that says only that it is complete: of `ping`, and of a subscription that ends.
pub(crate) fn empty(version: Version) -> Value {
    json!(Common::new(version))
}

/// The result of `subscriptions/listen`, when it ends.
pub(crate) fn listen_ended(version: Version, subscription: &Id) -> Value {
    let meta = Map::from_iter([(SUBSCRIPTION_ID.to_owned(), json!(subscription.as_json()))]);
    json!(Common::with(version, meta, None))
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

/// The result of `tools/call`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallResult {
    content: Vec<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
    #[serde(flatten)]
    common: Common,
}

/// An outcome as a result: the one place where it becomes MCP.
pub(crate) fn call_result(
    version: Version,
    outcome: Result<Output, CallError>,
    usage: Usage,
) -> CallResult {
    let is_error = outcome.is_err();
    let mut output = outcome.unwrap_or_else(|error| match error {
        CallError::Failed(output) if !output.content.is_empty() || output.structured.is_some() => {
            output
        }
        error => Output { content: vec![Content::Text(error.to_string())], ..Output::default() },
    });
    let structured_content = structured(version, &mut output);
    let Usage { fuel, peak_memory, .. } = usage;
    let spent = CallCost { fuel, peak_memory_bytes: peak_memory, time_ms: usage.milliseconds() };
    CallResult {
        content: output.content.into_iter().map(|block| Block::of(version, block)).collect(),
        structured_content,
        is_error,
        common: Common::with(version, output.meta, Some(spent)),
    }
}

/// The structured content as this revision may carry it. Where it cannot, or where there is nothing else, the same JSON
/// stands in a text block, too: a tool that says the same in words of its own does not pay for it three times.
fn structured(version: Version, output: &mut Output) -> Option<Box<RawValue>> {
    let raw = output.structured.take()?;
    let carried = version.is_modern()
        || (version.has_structured_content() && raw.get().trim_start().starts_with('{'));
    if !carried || output.content.is_empty() {
        let is_it = |block: &Content| matches!(block, Content::Text(text) if text == raw.get());
        if !output.content.iter().any(is_it) {
            output.content.push(Content::Text(raw.get().to_owned()));
        }
    }
    carried.then_some(raw)
}
