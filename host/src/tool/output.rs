//! The answer of a tool.

use serde_json::value::RawValue;

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
        /// The URI that the text is from.
        uri: String,
        /// Its media type.
        mime_type: Option<String>,
        /// The text.
        text: String,
    },
    /// A resource's bytes, carried along.
    BlobResource {
        /// The URI that the bytes are from.
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
    /// The URI of the target.
    pub uri: String,
    /// The name of the target.
    pub name: String,
    /// A name for people.
    pub title: Option<String>,
    /// The description of the target.
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
