//! The result of a successful call: [`Output`], and [`Json`] for a typed result.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Content, IntoOutput, ToolError};

/// An answer with all that MCP has room for: blocks, structured content and `_meta`.
///
/// Most tools need no `Output`: a `String`, a [`Content`] or a [`Json`] is one already.
///
/// ```
/// use toolrack_sdk::{Content, Output, ToolError};
///
/// fn chart() -> Result<Output, ToolError> {
///     Output::text("2 points")
///         .with(Content::image("image/png", vec![0x89, 0x50]))
///         .meta("example.com/took", 3)
///         .structured(&[[1, 2], [3, 4]])
/// }
///
/// let output = chart().unwrap();
/// assert_eq!(output.content().len(), 2);
/// assert_eq!(output.structured_json(), Some("[[1,2],[3,4]]"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    content: Vec<Content>,
    structured: Option<String>,
    meta: Map<String, Value>,
}

impl Output {
    /// An answer with nothing in it yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer of one text block.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new().with(Content::text(text))
    }

    /// Adds one block.
    #[must_use]
    pub fn with(mut self, block: impl Into<Content>) -> Self {
        self.content.push(block.into());
        self
    }

    /// Sets the structured content. Say what it looks like with `#[tool(output_schema = ...)]`, or
    /// return [`Json`], which does.
    ///
    /// # Errors
    ///
    /// If serde cannot write the value as JSON, such as a map whose keys are not text.
    pub fn structured<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self, ToolError> {
        self.structured = Some(serde_json::to_string(value)?);
        Ok(self)
    }

    /// Sets one member of the result's `_meta`. MCP wants the key to begin with a domain you own, as
    /// in `example.com/took`.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(key.into(), value.into());
        self
    }

    /// The blocks, in order.
    pub fn content(&self) -> &[Content] {
        &self.content
    }

    /// The structured content, as JSON text.
    pub fn structured_json(&self) -> Option<&str> {
        self.structured.as_deref()
    }

    pub(crate) fn into_parts(self) -> (Vec<Content>, Option<String>, Map<String, Value>) {
        (self.content, self.structured, self.meta)
    }
}

impl From<Vec<Content>> for Output {
    fn from(content: Vec<Content>) -> Self {
        Self { content, ..Self::default() }
    }
}

/// A typed result. Its type gives the tool an output schema, its value the structured content, and
/// the same JSON goes into a text block for clients that read only text.
///
/// The type derives `serde::Serialize` and `schemars::JsonSchema`, so the plugin depends on both
/// crates. An object suits best: clients of MCP before 2026-07-28 see any other JSON as text alone.
///
/// ```
/// use toolrack_sdk::{Content, IntoOutput, Json};
///
/// #[derive(serde::Serialize, schemars::JsonSchema)]
/// struct Point { x: i32, y: i32 }
///
/// let output = Json(Point { x: 1, y: 2 }).into_output().unwrap();
/// assert_eq!(output.structured_json(), Some(r#"{"x":1,"y":2}"#));
/// assert_eq!(output.content(), [Content::text(r#"{"x":1,"y":2}"#)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema> IntoOutput for Json<T> {
    fn into_output(self) -> Result<Output, ToolError> {
        let text = serde_json::to_string(&self.0)?;
        Ok(Output { structured: Some(text.clone()), ..Output::text(text) })
    }

    fn output_schema() -> Option<String> {
        Some(crate::schema::of_result::<T>())
    }
}
