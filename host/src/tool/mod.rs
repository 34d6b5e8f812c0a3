//! Neutral words for what plugins offer, for calls and answers, shared by the sandbox below and the protocol above: what a tool is.
//!
//! Nothing here knows how a tool runs (wasmtime) or how an answer is written (JSON-RPC).

mod feature_kind;
mod output;
mod outcome;
mod sent_request;
mod trace_context;
mod call_trace;
mod error_kind;

use serde_json::value::RawValue;

pub use call_trace::{CallTrace, GrantUses, NotedNames, RequestNote};
pub use error_kind::ErrorKind;
pub use feature_kind::FeatureKind;
pub use outcome::{
    CallError, Limit, LimitHit, Progress, ReasonReader, Usage, WHO_KNOWS, in_a_row, milliseconds,
    whole_seconds,
};
pub use output::{Content, Media, Output, ResourceLink};
pub use sent_request::{NotedRequests, RequestEnd, SentRequest};
pub use trace_context::TraceParent;

/// The description of a tool by its plugin, checked.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct ToolSpec {
    /// The plugin's own name for the tool, without the public prefix.
    pub name: String,
    /// A name for people.
    pub title: Option<String>,
    /// The description of what the tool does, for a model.
    pub description: String,
    /// JSON Schema of the arguments: the plugin's bytes, unchanged.
    pub input_schema: Box<RawValue>,
    /// JSON Schema of the structured result: the plugin's bytes, unchanged.
    pub output_schema: Option<Box<RawValue>>,
    /// Claims about the tool, corrected by what the sandbox can prove.
    pub annotations: Annotations,
    /// A JSON object for the tool's `_meta`.
    pub meta: Option<Box<RawValue>>,
}

impl ToolSpec {
    /// True if a client sees no difference between the two.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        let raw = |text: &Option<Box<RawValue>>| text.as_ref().map(|raw| raw.get().to_owned());
        self.title == other.title
            && self.description == other.description
            && self.input_schema.get() == other.input_schema.get()
            && raw(&self.output_schema) == raw(&other.output_schema)
            && self.annotations == other.annotations
            && raw(&self.meta) == raw(&other.meta)
    }
}

/// The list of what a plugin has, before its manifest is applied.
#[derive(Clone, Debug, Default, serde::Deserialize, serde::Serialize)]
pub struct Listed {
    /// Its tools.
    pub tools: Vec<ToolSpec>,
    /// The functions that it has and cannot offer.
    pub unfit: Vec<UnfitTool>,
}

impl Listed {
    /// Returns the list of a plugin that can offer all it has.
    #[must_use]
    pub fn all(tools: Vec<ToolSpec>) -> Self {
        Self { tools, unfit: Vec::new() }
    }
}

/// Something that cannot be a tool while others of the same plugin are.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct UnfitTool {
    /// The name that it would have, escaped.
    pub name: String,
    /// The reason why it cannot be a tool, as the end of a sentence that begins with its name.
    pub reason: String,
}

/// MCP's tool annotations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Annotations {
    /// True if the tool changes nothing outside itself. `None` if nothing is claimed.
    #[serde(rename = "readOnlyHint", skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// True if the tool may destroy something. `None` if nothing is claimed.
    #[serde(rename = "destructiveHint", skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// True if calling it again changes nothing more. `None` if nothing is claimed.
    #[serde(rename = "idempotentHint", skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// True if the tool talks to an open world. `None` if nothing is claimed.
    #[serde(rename = "openWorldHint", skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}
