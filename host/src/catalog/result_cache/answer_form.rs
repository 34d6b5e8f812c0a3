//! An answer as servers hand it to each other: JSON of one version, with the time at which it was made.
//!
//! Pure: it is told the time. Who may write such a text is not known here.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json;
use crate::tool::{Content, Media, Output, ResourceLink};

/// The version of the form. Another form has another, and is not read.
const FORM_VERSION: u32 = 1;
/// The time by which the clock of the server that made an answer may be ahead.
const MAKER_CLOCK_LEEWAY: Duration = Duration::from_secs(60);

/// An answer, and for how long it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerForm {
    version: u32,
    /// The time at which it was made, in milliseconds since 1970.
    made: u64,
    /// The milliseconds for which it is kept from then on.
    lifetime: u64,
    content: Vec<BlockForm>,
    /// The structured content as text: not a byte of it changes.
    structured: Option<String>,
    /// The members of `_meta`, as JSON.
    meta: Option<String>,
}

/// One block of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum BlockForm {
    Text(String),
    Image {
        data: String,
        mime_type: String,
    },
    Audio {
        data: String,
        mime_type: String,
    },
    Link {
        uri: String,
        name: String,
        title: Option<String>,
        description: Option<String>,
        mime_type: Option<String>,
        size: Option<u64>,
    },
    TextResource {
        uri: String,
        mime_type: Option<String>,
        text: String,
    },
    BlobResource {
        uri: String,
        mime_type: Option<String>,
        data: String,
    },
}

/// An answer that was read, as old as it is and with the rest of its time.
#[derive(Debug)]
pub(super) struct ReadAnswer {
    pub(super) output: Output,
    pub(super) age: Duration,
    pub(super) left: Duration,
}

impl AnswerForm {
    /// The text of an answer that was made at `made`, since 1970, and is kept for `lifetime`. `None` if there is none.
    pub(super) fn written(output: &Output, made: Duration, lifetime: Duration) -> Option<Vec<u8>> {
        let meta = match output.meta.is_empty() {
            true => None,
            false => Some(serde_json::to_string(&output.meta).ok()?),
        };
        let form = Self {
            version: FORM_VERSION,
            made: u64::try_from(made.as_millis()).ok()?,
            lifetime: u64::try_from(lifetime.as_millis()).ok()?,
            content: output.content.iter().map(BlockForm::of).collect(),
            structured: output.structured.as_ref().map(|raw| raw.get().to_owned()),
            meta,
        };
        serde_json::to_vec(&form).ok()
    }

    /// Reads a text at `now`, since 1970. `None` if it is none of this version, of no server's past, or has expired.
    pub(super) fn read(text: &[u8], now: Duration) -> Option<ReadAnswer> {
        let text = std::str::from_utf8(text).ok()?;
        let form: Self = serde_json::from_value(json::value(text).ok()?).ok()?;
        let Self { version, made, lifetime, content, structured, meta } = form;
        let (made, lifetime) = (Duration::from_millis(made), Duration::from_millis(lifetime));
        if version != FORM_VERSION || made > now + MAKER_CLOCK_LEEWAY {
            return None;
        }
        let age = now.saturating_sub(made);
        let left = lifetime.checked_sub(age).filter(|left| !left.is_zero())?;
        let content = content.into_iter().map(BlockForm::block).collect::<Option<_>>()?;
        let structured = match structured {
            Some(text) => Some(RawValue::from_string(text).ok()?),
            None => None,
        };
        let meta = match meta.map(|meta| json::value(&meta)) {
            None => serde_json::Map::new(),
            Some(Ok(Value::Object(meta))) => meta,
            Some(_) => return None,
        };
        Some(ReadAnswer { output: Output { content, structured, meta }, age, left })
    }
}

impl BlockForm {
    fn of(block: &Content) -> Self {
        let encoded = |data: &[u8]| STANDARD.encode(data);
        match block.clone() {
            Content::Text(text) => Self::Text(text),
            Content::Image(Media { data, mime_type }) => {
                Self::Image { data: encoded(&data), mime_type }
            }
            Content::Audio(Media { data, mime_type }) => {
                Self::Audio { data: encoded(&data), mime_type }
            }
            Content::ResourceLink(link) => {
                let ResourceLink { uri, name, title, description, mime_type, size } = link;
                Self::Link { uri, name, title, description, mime_type, size }
            }
            Content::TextResource { uri, mime_type, text } => {
                Self::TextResource { uri, mime_type, text }
            }
            Content::BlobResource { uri, mime_type, data } => {
                Self::BlobResource { uri, mime_type, data: encoded(&data) }
            }
        }
    }

    fn block(self) -> Option<Content> {
        let decoded = |data: String| STANDARD.decode(data).ok();
        Some(match self {
            Self::Text(text) => Content::Text(text),
            Self::Image { data, mime_type } => {
                Content::Image(Media { data: decoded(data)?, mime_type })
            }
            Self::Audio { data, mime_type } => {
                Content::Audio(Media { data: decoded(data)?, mime_type })
            }
            Self::Link { uri, name, title, description, mime_type, size } => {
                Content::ResourceLink(ResourceLink {
                    uri,
                    name,
                    title,
                    description,
                    mime_type,
                    size,
                })
            }
            Self::TextResource { uri, mime_type, text } => {
                Content::TextResource { uri, mime_type, text }
            }
            Self::BlobResource { uri, mime_type, data } => {
                Content::BlobResource { uri, mime_type, data: decoded(data)? }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: Duration = Duration::from_secs(1_000_000);
    const LIFETIME: Duration = Duration::from_secs(300);

    /// An answer with a block of each sort.
    fn output() -> Output {
        let media = |mime: &str| Media { data: vec![0, 1, 255], mime_type: mime.into() };
        let link = ResourceLink {
            uri: "https://a.example".into(),
            name: "a".into(),
            title: None,
            description: Some("d".into()),
            mime_type: None,
            size: Some(7),
        };
        let (uri, mime_type) = ("https://b.example".to_owned(), Some("text/plain".to_owned()));
        let text = "x\u{0}\u{7f}é\"".to_owned();
        let meta = serde_json::json!({ "a/b": [1, 1.5], "c": null });
        Output {
            content: vec![
                Content::Text("one".into()),
                Content::Image(media("image/png")),
                Content::Audio(media("audio/wav")),
                Content::ResourceLink(link),
                Content::TextResource { uri: uri.clone(), mime_type: mime_type.clone(), text },
                Content::BlobResource { uri, mime_type, data: vec![9, 8] },
            ],
            structured: RawValue::from_string(r#"{"a": 1.50, "a2":1e400}"#.into()).ok(),
            meta: meta.as_object().expect("an object").clone(),
        }
    }

    fn written() -> Vec<u8> {
        AnswerForm::written(&output(), MADE, LIFETIME).expect("a text")
    }

    #[test]
    fn an_answer_is_read_as_it_was_written_and_is_as_old_as_it_is() {
        let read = AnswerForm::read(&written(), MADE + Duration::from_secs(20)).expect("an answer");
        assert_eq!(read.output.content, output().content);
        assert_eq!(read.output.meta, output().meta);
        let structured =
            |output: &Output| output.structured.as_ref().expect("some").get().to_owned();
        assert_eq!(structured(&read.output), structured(&output()));
        assert_eq!((read.age, read.left), (Duration::from_secs(20), Duration::from_secs(280)));
    }

    #[test]
    fn an_answer_that_has_expired_or_comes_from_the_future_is_none() {
        let at = |now| AnswerForm::read(&written(), now).map(|read| (read.age, read.left));
        let second = Duration::from_secs(1);
        assert_eq!(at(MADE + LIFETIME - second), Some((LIFETIME - second, second)));
        assert_eq!(at(MADE + LIFETIME), None);
        assert_eq!(at(MADE - MAKER_CLOCK_LEEWAY), Some((Duration::ZERO, LIFETIME)));
        assert_eq!(at(MADE - MAKER_CLOCK_LEEWAY - second), None);
        assert_eq!(at(Duration::ZERO), None);
    }

    #[test]
    fn a_text_of_another_form_is_no_answer() {
        let text = String::from_utf8(written()).expect("text");
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("\"version\":1", "\"version\":1,\"more\":1"),
            ("\"text\":\"one\"", "\"words\":\"one\""),
            ("AAH/", "%%%%"),
            (r#"{\"a\": 1.50"#, r#"{a: 1.50"#),
            (r#"{\"a/b\""#, r#"[\"a/b\""#),
        ] {
            assert!(text.contains(from), "{from}: {text}");
            let changed = text.replacen(from, to, 1);
            assert!(AnswerForm::read(changed.as_bytes(), MADE).is_none(), "{changed}");
        }
        for at in 0..text.len() {
            assert!(AnswerForm::read(&text.as_bytes()[..at], MADE).is_none(), "{at}");
        }
    }
}
