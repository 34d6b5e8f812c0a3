//! A block of content as MCP has it, where a revision lacks a kind of it in words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use super::super::version::Version;
use crate::tool::{Content, Media, ResourceLink};

/// A block, ready to be written.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum Block {
    Text {
        text: String,
    },
    Image {
        data: String,
        mime_type: String,
    },
    Audio {
        data: String,
        mime_type: String,
    },
    ResourceLink {
        uri: String,
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    Resource {
        resource: Resource,
    },
}

/// A resource that is carried along.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Body {
    Text(String),
    Blob(String),
}

impl Block {
    /// `content` as a client of this revision can read it.
    pub(crate) fn of(version: Version, content: Content) -> Self {
        match content {
            Content::Text(text) => Self::Text { text },
            Content::Image(Media { data, mime_type }) => {
                Self::Image { data: BASE64.encode(data), mime_type }
            }
            Content::Audio(Media { data, mime_type }) if version.has_audio() => {
                Self::Audio { data: BASE64.encode(data), mime_type }
            }
            Content::Audio(Media { data, mime_type }) => {
                Self::Text { text: format!("[{} bytes of {mime_type}]", data.len()) }
            }
            Content::ResourceLink(link) if version.has_structured_content() => {
                let ResourceLink { uri, name, title, description, mime_type, size } = link;
                Self::ResourceLink { uri, name, title, description, mime_type, size }
            }
            Content::ResourceLink(link) => {
                Self::Text { text: format!("{}: {}", link.name, link.uri) }
            }
            Content::TextResource { uri, mime_type, text } => {
                Self::Resource { resource: Resource { uri, mime_type, body: Body::Text(text) } }
            }
            Content::BlobResource { uri, mime_type, data } => {
                let body = Body::Blob(BASE64.encode(data));
                Self::Resource { resource: Resource { uri, mime_type, body } }
            }
        }
    }
}
