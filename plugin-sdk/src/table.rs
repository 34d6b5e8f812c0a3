//! The table of tools that the macro writes, and calling a tool in it. Knows no Wasm, so that the
//! whole way from arguments to answer is tested natively.

use serde::de::DeserializeOwned;

use crate::json::{self, Misread};
use crate::{IntoOutput, Output, ToolError};

/// One tool, as the macro describes it.
#[derive(Debug)]
pub struct Tool {
    /// Unique within the plugin.
    pub name: &'static str,
    /// A name for people.
    pub title: Option<&'static str>,
    /// For the model.
    pub description: &'static str,
    /// The tool's claims about itself.
    pub annotations: Annotations,
    /// Of its arguments.
    pub input_schema: Schema,
    /// Of its structured content.
    pub output_schema: Schema,
    /// A JSON object.
    pub meta: Option<&'static str>,
    /// The grants without which it can only fail, in the words of a manifest.
    pub requires: &'static [&'static str],
    /// From the text of the arguments to the answer.
    pub run: fn(&str) -> Result<Output, ToolError>,
}

/// A tool's claims; `None` says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Annotations {
    /// It changes nothing outside itself.
    pub read_only: Option<bool>,
    /// It may destroy something.
    pub destructive: Option<bool>,
    /// Calling it again changes nothing more.
    pub idempotent: Option<bool>,
    /// It talks to an open world, such as the web.
    pub open_world: Option<bool>,
}

/// The source of a schema.
#[derive(Clone, Copy, Debug)]
pub enum Schema {
    /// From the Rust type, when the host asks.
    Derived(fn() -> Option<String>),
    /// From the author.
    Text(&'static str),
}

impl Schema {
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Derived(derive) => derive(),
            Self::Text(text) => Some((*text).into()),
        }
    }
}

/// The arguments of one tool. The macro writes the type and this implementation.
///
/// `Answer` stands here, and not in `run`, so that a type no tool can return is one compile error,
/// at the author's return type.
pub trait Arguments: DeserializeOwned {
    /// The type that the function returns.
    type Answer: IntoOutput;

    /// Calls the function.
    fn call(self) -> Self::Answer;
}

/// The schema of a tool's structured content.
pub fn of_answer<A: Arguments>() -> Option<String> {
    A::Answer::output_schema()
}

/// Parses the arguments, calls the function and turns its result into an answer.
///
/// # Errors
///
/// Invalid arguments, if the text is not what `A` says; otherwise what the tool reports.
pub fn run<A: Arguments>(arguments: &str) -> Result<Output, ToolError> {
    parse::<A>(arguments)?.call().into_output()
}

fn parse<A: DeserializeOwned>(arguments: &str) -> Result<A, ToolError> {
    json::read(serde_json::Deserializer::from_str(arguments)).map_err(
        |Misread { place, reason }| {
            ToolError::invalid_arguments(match place {
                // Of the arguments as a whole, where something is missing.
                None => reason.to_string(),
                Some(place) => format!("`{place}`: {reason}"),
            })
        },
    )
}

/// Calls the tool of that name.
///
/// # Errors
///
/// Invalid arguments, if there is no such tool; otherwise what the tool reports.
pub fn call(tools: &[Tool], name: &str, arguments: &str) -> Result<Output, ToolError> {
    match tools.iter().find(|tool| tool.name == name) {
        Some(tool) => (tool.run)(arguments),
        None => Err(ToolError::invalid_arguments(format_args!(
            "there is no tool `{name}`; there are `{}`",
            tools.iter().map(|tool| tool.name).collect::<Vec<_>>().join("`, `")
        ))),
    }
}
