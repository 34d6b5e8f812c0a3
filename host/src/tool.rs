//! Neutral words for tools, calls and answers, shared by the sandbox below and the protocol above.
//!
//! Nothing here knows how a tool runs (wasmtime) or how an answer is written (JSON-RPC).

use std::fmt;
use std::time::Duration;

use serde_json::value::RawValue;

/// What a plugin says of one of its tools, checked.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct ToolSpec {
    /// The plugin's own name for the tool, without the public prefix.
    pub name: String,
    /// A name for people.
    pub title: Option<String>,
    /// What the tool does, for a model.
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
    /// Whether a client sees no difference between the two.
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

/// What a plugin has to offer, before its manifest is asked.
#[derive(Clone, Debug, Default, serde::Deserialize, serde::Serialize)]
pub struct Listed {
    /// Its tools.
    pub tools: Vec<ToolSpec>,
    /// What it has and cannot offer.
    pub unfit: Vec<UnfitTool>,
}

impl Listed {
    /// A plugin that can offer all it has.
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
    /// Why not, as the end of a sentence that begins with its name.
    pub reason: String,
}

/// MCP's tool annotations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// The tool changes nothing outside itself.
    #[serde(rename = "readOnlyHint", skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// The tool may destroy something.
    #[serde(rename = "destructiveHint", skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Calling it again changes nothing more.
    #[serde(rename = "idempotentHint", skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// The tool talks to an open world.
    #[serde(rename = "openWorldHint", skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

/// One block of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// A picture.
    Image(Media),
    /// A sound.
    Audio(Media),
    /// A pointer to something the client may read elsewhere.
    ResourceLink(ResourceLink),
    /// A resource's text, carried along.
    TextResource {
        /// Where the text is from.
        uri: String,
        /// Its media type.
        mime_type: Option<String>,
        /// The text.
        text: String,
    },
    /// A resource's bytes, carried along.
    BlobResource {
        /// Where the bytes are from.
        uri: String,
        /// Their media type.
        mime_type: Option<String>,
        /// The bytes.
        data: Vec<u8>,
    },
}

/// Bytes with their media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The bytes.
    pub data: Vec<u8>,
    /// Their media type.
    pub mime_type: String,
}

/// A pointer to something the client may read elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceLink {
    /// Where it is.
    pub uri: String,
    /// What it is called.
    pub name: String,
    /// A name for people.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its media type.
    pub mime_type: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// A tool's answer.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Blocks for the model to read.
    pub content: Vec<Content>,
    /// Any JSON, for a program to read.
    pub structured: Option<Box<RawValue>>,
    /// Members for the result's `_meta`.
    pub meta: serde_json::Map<String, serde_json::Value>,
}

/// Why a call gave no answer. A cancelled call has no outcome at all: its future is dropped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The arguments cannot be used: the host's schema check or the tool itself says so.
    #[error("invalid arguments: {0}")]
    InvalidArguments(String),
    /// The tool did its work and it failed: it says how, as it would answer.
    #[error("the tool reported a failure")]
    Failed(Output),
    /// A limit of the plugin was reached and the call was stopped.
    #[error("{0}")]
    Limit(LimitHit),
    /// The guest trapped or left without an answer.
    #[error("the plugin crashed: {reason}{}", said(.last_words))]
    Trapped {
        /// What happened, in the runtime's words.
        reason: String,
        /// The end of what the guest wrote to stderr, escaped.
        last_words: Option<String>,
    },
    /// The guest answered with something its contract or its own schema does not allow.
    #[error("the plugin gave an unusable answer: {0}")]
    Broken(String),
    /// The host itself could not do its part.
    #[error("toolrack failed: {0}")]
    Host(String),
    /// The plugin was not asked, because it keeps crashing.
    #[error(
        "the tool was not called: its plugin crashed {}, and {next} (`crashes` under [limits] \
         in the plugin's manifest); the last time: {reason}",
        in_a_row(*.crashes)
    )]
    Paused {
        /// Crashes in a row.
        crashes: u32,
        /// What comes next, as the end of a sentence.
        next: String,
        /// Why it crashed last, escaped.
        reason: String,
    },
}

/// `once`, `5 times in a row`.
#[must_use]
pub fn in_a_row(times: u32) -> String {
    if times == 1 { "once".into() } else { format!("{times} times in a row") }
}

/// A wait as it is told: in whole seconds, none of them too few.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u128 {
    wait.as_millis().div_ceil(1000).max(1)
}

fn said(last_words: &Option<String>) -> String {
    last_words.as_ref().map(|words| format!("; its last words were: {words}")).unwrap_or_default()
}

/// Which limit stopped a call, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitHit {
    /// The limit.
    pub limit: Limit,
    /// Its value, with its unit.
    pub value: String,
}

/// The limits that can stop a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Work, in wasmtime's fuel.
    Fuel,
    /// Time on a processor.
    Cpu,
    /// Time on the wall.
    Timeout,
    /// Linear memories and tables.
    Memory,
    /// The guest's call stack.
    Stack,
    /// The size of the answer.
    Output,
    /// Bytes written to stdout, stderr and the log.
    Log,
    /// Calls from the guest to the host.
    HostCalls,
    /// Handles held at once.
    Resources,
    /// Calls of the plugin in a time.
    Rate,
    /// Calls of the tool in a time.
    ToolRate,
}

impl Limit {
    /// The manifest key that sets the limit, where there is one.
    #[must_use]
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Fuel => Some("fuel"),
            Self::Cpu => Some("cpu"),
            Self::Timeout => Some("timeout"),
            Self::Memory => Some("memory"),
            Self::Output => Some("output"),
            Self::Rate | Self::ToolRate => Some("rate"),
            Self::Stack | Self::Log | Self::HostCalls | Self::Resources => None,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Fuel => "it used up its fuel, a measure of work, of",
            Self::Cpu => "it computed for longer than its processor-time limit of",
            Self::Timeout => "it took longer than its wall-clock timeout of",
            Self::Memory => "it needed more than its memory limit of",
            Self::Stack => "it recursed beyond the stack limit of",
            Self::Output => "it handed over more at once than its output limit of",
            Self::Log => "it wrote more to its log than the log limit of",
            Self::HostCalls => "it called the host more often than the host-call limit of",
            Self::Rate => "its plugin was called more often than its rate limit of",
            Self::ToolRate => "it was called more often than its rate limit of",
            Self::Resources => "it held more resources at once than the resource limit of",
        }
    }
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = match self.limit {
            Limit::Rate | Limit::ToolRate => "was not called",
            _ => "was stopped",
        };
        let section = if self.limit == Limit::ToolRate { "[[tools]]" } else { "[limits]" };
        write!(f, "the tool {done}: {} {}", self.limit.sentence(), self.value)?;
        match self.limit.key() {
            Some(key) => write!(f, " (`{key}` under {section} in the plugin's manifest)"),
            None => Ok(()),
        }
    }
}

/// What a call really spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Work, in wasmtime's fuel.
    pub fuel: u64,
    /// The most bytes of memories and tables held at once.
    pub peak_memory: u64,
    /// Wall-clock time from the guest's instantiation to its answer.
    pub time: Duration,
}

impl Usage {
    /// The time in milliseconds, to the microsecond.
    #[must_use]
    pub fn milliseconds(&self) -> f64 {
        (self.time.as_secs_f64() * 1e6).round() / 1e3
    }
}

/// What a call spent that never reached its guest: nothing.
impl Default for Usage {
    fn default() -> Self {
        Self { fuel: 0, peak_memory: 0, time: Duration::ZERO }
    }
}

/// How far a running call is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// How far.
    pub value: f64,
    /// Of how much.
    pub total: Option<f64>,
    /// In words.
    pub message: Option<String>,
}
