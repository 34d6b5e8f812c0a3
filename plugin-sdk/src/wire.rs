//! The border: the SDK's types as the generated bindings want them. Decides nothing.

use crate::bindings::exports::toolrack::plugin::tools as wit;
use crate::error::Kind;
use crate::table::{self, Tool};
use crate::{Content, Output, ToolError};

/// The key in a tool's `_meta` that the host looks for.
const REQUIRES: &str = "toolrack/requires";

/// The answer to `list-tools`.
pub fn list(tools: &[Tool]) -> Vec<wit::Tool> {
    tools
        .iter()
        .map(|tool| wit::Tool {
            name: tool.name.into(),
            title: tool.title.map(Into::into),
            description: tool.description.into(),
            input_schema: tool.input_schema.text().unwrap_or_default(),
            output_schema: tool.output_schema.text(),
            annotations: wit::Annotations {
                read_only: tool.annotations.read_only,
                destructive: tool.annotations.destructive,
                idempotent: tool.annotations.idempotent,
                open_world: tool.annotations.open_world,
            },
            meta: meta(tool),
        })
        .collect()
}

/// The author's object, and what the tool requires, which the host takes out of it.
fn meta(tool: &Tool) -> Option<String> {
    if tool.requires.is_empty() {
        return tool.meta.map(Into::into);
    }
    let mut meta: serde_json::Map<_, _> =
        tool.meta.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    meta.insert(REQUIRES.into(), tool.requires.into());
    Some(serde_json::Value::Object(meta).to_string())
}

/// The answer to `call-tool`.
///
/// # Errors
///
/// Runs a tool and returns its report.
pub fn answer(tools: &[Tool], name: &str, arguments: &str) -> Result<wit::Output, wit::Failure> {
    table::call(tools, name, arguments).map(output).map_err(failure)
}

fn output(output: Output) -> wit::Output {
    let (blocks, structured, meta) = output.into_parts();
    let meta = (!meta.is_empty()).then(|| serde_json::Value::Object(meta).to_string());
    wit::Output { content: content(blocks), structured, meta }
}

fn failure(error: ToolError) -> wit::Failure {
    match error.into_kind() {
        Kind::InvalidArguments(reason) => wit::Failure::InvalidArguments(reason),
        Kind::Failed(blocks) => wit::Failure::Failed(content(blocks)),
    }
}

fn content(blocks: Vec<Content>) -> Vec<wit::Content> {
    blocks
        .into_iter()
        .map(|block| match block {
            Content::Text(text) => wit::Content::Text(text),
            Content::Image { mime_type, data } => {
                wit::Content::Image(wit::Media { data, mime_type })
            }
            Content::Audio { mime_type, data } => {
                wit::Content::Audio(wit::Media { data, mime_type })
            }
            Content::ResourceLink(link) => wit::Content::ResourceLink(wit::ResourceLink {
                uri: link.uri,
                name: link.name,
                title: link.title,
                description: link.description,
                mime_type: link.mime_type,
                size: link.size,
            }),
            Content::TextResource { uri, mime_type, text } => {
                wit::Content::TextResource(wit::TextResource { uri, mime_type, text })
            }
            Content::BlobResource { uri, mime_type, data } => {
                wit::Content::BlobResource(wit::BlobResource { uri, mime_type, data })
            }
        })
        .collect()
}
