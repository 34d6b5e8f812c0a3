//! A call's outcome without the secrets that the call was told, or that the host sent for it.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::secret::Redactor;
use crate::tool::{CallError, Content, Media, Output, ResourceLink};

/// The outcome with each secret replaced by its name.
pub(super) fn redacted(
    outcome: Result<Output, CallError>,
    secrets: &Redactor,
) -> Result<Output, CallError> {
    if secrets.is_empty() {
        return outcome;
    }
    outcome.map(|answer| output(answer, secrets)).map_err(|failure| error(failure, secrets))
}

fn output(output: Output, secrets: &Redactor) -> Output {
    let Output { content, structured, meta } = output;
    let structured = structured.map(|raw| match secrets.json(raw.get()) {
        // Valid JSON stays valid: strings become strings, and so do numbers.
        Some(text) => RawValue::from_string(text).unwrap_or_default(),
        None => raw,
    });
    let meta = match secrets.json(&Value::from(meta.clone()).to_string()) {
        Some(text) => serde_json::from_str(&text).unwrap_or_default(),
        None => meta,
    };
    Output { content: blocks(content, secrets), structured, meta }
}

fn error(error: CallError, secrets: &Redactor) -> CallError {
    match error {
        CallError::InvalidArguments(text) => CallError::InvalidArguments(secrets.text(text)),
        CallError::Failed(answer) => CallError::Failed(output(answer, secrets)),
        CallError::Trapped { reason, last_words } => CallError::Trapped {
            reason: secrets.text(reason),
            last_words: last_words.map(|words| secrets.text(words)),
        },
        CallError::Broken(text) => CallError::Broken(secrets.text(text)),
        CallError::Host(text) => CallError::Host(secrets.text(text)),
        // A limit is the host's own words, and a plugin that is left alone was not called.
        error @ (CallError::Limit(_) | CallError::Paused { .. }) => error,
    }
}

fn blocks(content: Vec<Content>, secrets: &Redactor) -> Vec<Content> {
    let text = |text| secrets.text(text);
    let optional = |text: Option<String>| text.map(|text| secrets.text(text));
    let bytes = |data: Vec<u8>| secrets.bytes(&data).unwrap_or(data);
    let media = |media: Media| Media { data: bytes(media.data), mime_type: text(media.mime_type) };
    content
        .into_iter()
        .map(|block| match block {
            Content::Text(words) => Content::Text(text(words)),
            Content::Image(picture) => Content::Image(media(picture)),
            Content::Audio(sound) => Content::Audio(media(sound)),
            Content::ResourceLink(link) => Content::ResourceLink(ResourceLink {
                uri: text(link.uri),
                name: text(link.name),
                title: optional(link.title),
                description: optional(link.description),
                mime_type: optional(link.mime_type),
                size: link.size,
            }),
            Content::TextResource { uri, mime_type, text: words } => Content::TextResource {
                uri: text(uri),
                mime_type: optional(mime_type),
                text: text(words),
            },
            Content::BlobResource { uri, mime_type, data } => Content::BlobResource {
                uri: text(uri),
                mime_type: optional(mime_type),
                data: bytes(data),
            },
        })
        .collect()
}
