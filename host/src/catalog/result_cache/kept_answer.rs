//! An answer as it is kept: what a client is told of it, and the bytes that it takes.

use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::json;
use crate::tool::{Content, Output};

/// The most bytes of an answer that is kept.
pub(crate) const MAX_KEPT_ANSWER: usize = 256 * 1024;

/// An answer that is kept.
#[derive(Debug)]
pub(crate) struct KeptAnswer {
    content: Vec<Content>,
    structured: Option<Box<RawValue>>,
    /// The members of `_meta` as JSON, which takes less than they do. `None` if there are none.
    meta: Option<Box<str>>,
    bytes: usize,
}

/// An answer that was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundAnswer {
    pub(crate) answer: Arc<KeptAnswer>,
    /// The time for which it has been kept.
    pub(crate) age: Duration,
    /// The time for which it is kept on.
    pub(crate) left: Duration,
}

impl KeptAnswer {
    /// A copy of `output`. `None` if it is too large to be kept.
    pub(crate) fn of(output: &Output) -> Option<Self> {
        let meta = match output.meta.is_empty() {
            true => None,
            false => Some(serde_json::to_string(&output.meta).ok()?.into_boxed_str()),
        };
        let structured = output.structured.as_ref().map_or(0, |raw| raw.get().len());
        let content: usize = output.content.iter().map(bytes_of).sum();
        let bytes =
            size_of::<Self>() + content + structured + meta.as_ref().map_or(0, |meta| meta.len());
        if bytes > MAX_KEPT_ANSWER {
            return None;
        }
        let (content, structured) = (output.content.clone(), output.structured.clone());
        Some(Self { content, structured, meta, bytes })
    }

    /// The bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The answer once more.
    pub(crate) fn output(&self) -> Output {
        let meta = self.meta.as_ref().and_then(|meta| json::value(meta).ok());
        let meta = match meta {
            Some(Value::Object(meta)) => meta,
            _ => serde_json::Map::new(),
        };
        Output { content: self.content.clone(), structured: self.structured.clone(), meta }
    }
}

fn bytes_of(block: &Content) -> usize {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let texts = match block {
        Content::Text(text) => text.len(),
        Content::Image(media) | Content::Audio(media) => media.data.len() + media.mime_type.len(),
        Content::ResourceLink(link) => {
            link.uri.len()
                + link.name.len()
                + optional(&link.title)
                + optional(&link.description)
                + optional(&link.mime_type)
        }
        Content::TextResource { uri, mime_type, text } => {
            uri.len() + optional(mime_type) + text.len()
        }
        Content::BlobResource { uri, mime_type, data } => {
            uri.len() + optional(mime_type) + data.len()
        }
    };
    size_of::<Content>() + texts
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An answer with a text of so many bytes.
    pub(crate) fn answer(length: usize) -> Output {
        Output { content: vec![Content::Text("x".repeat(length))], ..Output::default() }
    }

    #[test]
    fn an_answer_comes_back_as_it_was_kept() {
        let structured = RawValue::from_string(r#"{"a": 1.50}"#.into()).expect("JSON");
        let meta = serde_json::json!({ "a/b": [1], "c": "x" });
        let output = Output {
            content: vec![
                Content::Text("one".into()),
                Content::Image(crate::tool::Media {
                    data: vec![1, 2],
                    mime_type: "image/png".into(),
                }),
            ],
            structured: Some(structured),
            meta: meta.as_object().expect("an object").clone(),
        };
        let again = KeptAnswer::of(&output).expect("kept").output();
        assert_eq!(again.content, output.content);
        assert_eq!(again.meta, output.meta);
        assert_eq!(again.structured.expect("some").get(), r#"{"a": 1.50}"#);
    }

    #[test]
    fn an_answer_that_is_too_large_is_not_kept() {
        let overhead = KeptAnswer::of(&answer(0)).expect("kept").bytes();
        assert!(KeptAnswer::of(&answer(MAX_KEPT_ANSWER - overhead)).is_some());
        assert!(KeptAnswer::of(&answer(MAX_KEPT_ANSWER - overhead + 1)).is_none());
        let many =
            Output { content: vec![Content::Text(String::new()); 10_000], ..Output::default() };
        assert!(KeptAnswer::of(&many).is_none(), "empty blocks take room, too");
    }
}
