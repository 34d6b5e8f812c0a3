//! The bodies of results: neutral words in, MCP's shapes out, each as its revision knows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::version::Version;
use crate::catalog::Tool;
use crate::tool::{Annotations, CallError, Content, Output, Usage};

/// The key of a request's protocol version, and its siblings.
pub(super) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(super) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// What a call spent.
const USAGE: &str = "toolrack/usage";

/// How long a client may keep what it was told, in milliseconds. A list can change under it, and only
/// a listening client is told so.
const DISCOVER_TTL: u64 = 3_600_000;
const LIST_TTL: u64 = 10_000;

const INSTRUCTIONS: &str = "Tools run in WebAssembly sandboxes with limits on work, memory, time and \
    output. A call that reaches a limit ends with an error that names it. The list of tools can change \
    while you are connected.";

/// `Toolrack`'s name and version.
fn server_info() -> Value {
    json!({ "name": "toolrack", "title": "Toolrack", "version": env!("CARGO_PKG_VERSION") })
}

fn capabilities() -> Value {
    json!({ "tools": { "listChanged": true } })
}

/// What every modern result carries besides its own members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Common {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    meta: Map<String, Value>,
}

impl Common {
    fn new(version: Version, mut meta: Map<String, Value>) -> Self {
        if version.is_modern() {
            meta.insert(SERVER_INFO.into(), server_info());
        }
        Self { result_type: version.is_modern().then_some("complete"), meta }
    }
}

/// The result of `initialize`.
pub(super) fn initialize(version: Version) -> impl Serialize {
    json!({
        "protocolVersion": version,
        "capabilities": capabilities(),
        "serverInfo": server_info(),
        "instructions": INSTRUCTIONS,
    })
}

/// The result of `server/discover`.
pub(super) fn discover(version: Version) -> impl Serialize {
    let mut body = empty(version);
    body["supportedVersions"] = json!(Version::ALL);
    body["capabilities"] = capabilities();
    body["instructions"] = INSTRUCTIONS.into();
    body["ttlMs"] = DISCOVER_TTL.into();
    body["cacheScope"] = "private".into();
    body
}

/// A result that says only that it is complete: of `ping`, and of a subscription that ends.
pub(super) fn empty(version: Version) -> Value {
    json!(Common::new(version, Map::new()))
}

/// The result of `subscriptions/listen`, when it ends.
pub(super) fn listen_ended(version: Version, subscription: Value) -> Value {
    let meta = Map::from_iter([(SUBSCRIPTION_ID.to_owned(), subscription)]);
    json!(Common::new(version, meta))
}

/// The result of `tools/list`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolList<'a> {
    tools: Vec<ListedTool<'a>>,
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
struct ListedTool<'a> {
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
pub(super) fn tool_list<'a>(
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
        common: Common::new(version, Map::new()),
    }
}

fn listed(version: Version, tool: &Tool) -> ListedTool<'_> {
    let spec = &tool.spec;
    let structured = version.has_structured_content();
    ListedTool {
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
    let value: Option<Value> = serde_json::from_str(schema.get()).ok();
    value.is_some_and(|value| value["type"] == "object")
}

/// The result of `tools/call`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallResult {
    content: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
    #[serde(flatten)]
    common: Common,
}

/// An outcome as a result: the one place where it becomes MCP.
pub(super) fn call_result(
    version: Version,
    tool: &Tool,
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
    let structured_content = structured(version, tool, &mut output);
    let mut meta = output.meta;
    let spent = json!({
        "fuel": usage.fuel,
        "peakMemoryBytes": usage.peak_memory,
        "timeMs": (usage.time.as_secs_f64() * 1e6).round() / 1e3,
    });
    meta.insert(USAGE.into(), without_nulls(spent));
    CallResult {
        content: output.content.into_iter().map(|block| content(version, block)).collect(),
        structured_content,
        is_error,
        common: Common::new(version, meta),
    }
}

/// The structured content as this revision may carry it. Where it cannot, or where the tool promises
/// it by a schema, the same JSON stands in a text block too.
fn structured(version: Version, tool: &Tool, output: &mut Output) -> Option<Box<RawValue>> {
    let raw = output.structured.take()?;
    let carried = version.is_modern()
        || (version.has_structured_content() && raw.get().trim_start().starts_with('{'));
    let promised = tool.spec.output_schema.is_some();
    if !carried || promised || output.content.is_empty() {
        let is_it = |block: &Content| matches!(block, Content::Text(text) if text == raw.get());
        if !output.content.iter().any(is_it) {
            output.content.push(Content::Text(raw.get().to_owned()));
        }
    }
    carried.then_some(raw)
}

fn content(version: Version, block: Content) -> Value {
    match block {
        Content::Text(text) => json!({ "type": "text", "text": text }),
        Content::Image(media) => json!({
            "type": "image", "data": BASE64.encode(media.data), "mimeType": media.mime_type,
        }),
        Content::Audio(media) if version.has_audio() => json!({
            "type": "audio", "data": BASE64.encode(media.data), "mimeType": media.mime_type,
        }),
        Content::Audio(media) => {
            let text = format!("[{} bytes of {}]", media.data.len(), media.mime_type);
            json!({ "type": "text", "text": text })
        }
        Content::ResourceLink(link) if version.has_structured_content() => without_nulls(json!({
            "type": "resource_link", "uri": link.uri, "name": link.name, "title": link.title,
            "description": link.description, "mimeType": link.mime_type, "size": link.size,
        })),
        Content::ResourceLink(link) => {
            json!({ "type": "text", "text": format!("{}: {}", link.name, link.uri) })
        }
        Content::TextResource { uri, mime_type, text } => json!({
            "type": "resource",
            "resource": without_nulls(json!({ "uri": uri, "mimeType": mime_type, "text": text })),
        }),
        Content::BlobResource { uri, mime_type, data } => {
            let blob = BASE64.encode(data);
            json!({
                "type": "resource",
                "resource": without_nulls(json!({ "uri": uri, "mimeType": mime_type, "blob": blob })),
            })
        }
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}
