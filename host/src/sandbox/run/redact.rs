//! A call's outcome without the secrets that the call was told, or that the host sent for it.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::json;
use crate::secret::Redactor;
use crate::tool::{CallError, Content, Media, Output, ResourceLink};

/// The outcome with each secret replaced by its name.
pub(crate) fn redacted(
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
        Some(text) => match json::value(&text) {
            Ok(Value::Object(meta)) => meta,
            Ok(_) | Err(_) => serde_json::Map::new(),
        },
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
        CallError::Unfit(text) => CallError::Unfit(secrets.text(text)),
        CallError::Host(text) => CallError::Host(secrets.text(text)),
        CallError::Unready(text) => CallError::Unready(secrets.text(text)),
        // A limit is the host's own words, and a plugin that is left alone was not called.
        error @ (CallError::Limit(_) | CallError::Paused { .. }) => error,
    }
}

fn blocks(content: Vec<Content>, secrets: &Redactor) -> Vec<Content> {
    let text = |text| secrets.text(text);
    let optional = |text: Option<String>| text.map(|text| secrets.text(text));
    let bytes = |data: Vec<u8>| secrets.bytes(&data).unwrap_or(data);
    let media = |media: Media| Media { data: bytes(media.data), mime_type: text(media.mime_type) };
    let mut shown: Vec<_> = content
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
        .collect();
    secrets.cover_across(shown.iter_mut().filter_map(words));
    shown
}

/// Returns the text of a block, if a model reads it after that of the block before.
fn words(block: &mut Content) -> Option<&mut String> {
    match block {
        Content::Text(text) | Content::TextResource { text, .. } => Some(text),
        Content::Image(_)
        | Content::Audio(_)
        | Content::ResourceLink(_)
        | Content::BlobResource { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::SecretName;
    use crate::secret::Secret;

    const SECRET: &str = "swordfish-1234";

    fn redactor() -> Redactor {
        let name = SecretName::new("TOKEN").expect("a name");
        Redactor::new([(&name, &Secret::new(SECRET.to_owned()))])
    }

    /// Nothing of the outcome shows the secret, as text or as the numbers of its bytes.
    #[track_caller]
    fn check(outcome: Result<Output, CallError>) {
        let shown = format!("{:?}", redacted(outcome, &redactor()));
        let bytes = format!("{:?}", SECRET.as_bytes());
        assert!(!shown.contains(SECRET) && !shown.contains(&bytes), "{shown}");
    }

    fn answer(block: Content) -> Output {
        Output { content: vec![block], structured: None, meta: serde_json::Map::default() }
    }

    #[test]
    fn no_block_of_an_answer_shows_a_secret() {
        let text = || SECRET.to_owned();
        let media = || Media { data: SECRET.into(), mime_type: text() };
        let link = ResourceLink {
            uri: text(),
            name: text(),
            title: Some(text()),
            description: Some(text()),
            mime_type: Some(text()),
            size: None,
        };
        let blocks = [
            Content::Text(text()),
            Content::Image(media()),
            Content::Audio(media()),
            Content::ResourceLink(link),
            Content::TextResource { uri: text(), mime_type: Some(text()), text: text() },
            Content::BlobResource { uri: text(), mime_type: Some(text()), data: SECRET.into() },
        ];
        for block in blocks {
            check(Ok(answer(block.clone())));
            check(Err(CallError::Failed(answer(block))));
        }
        let mut output = answer(Content::Text(text()));
        output.meta.insert(text(), Value::from(text()));
        check(Ok(output));
    }

    #[test]
    fn no_blocks_one_after_another_show_a_secret() {
        let encoded = {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(SECRET)
        };
        for spelled in [SECRET, &encoded] {
            for parts in [2, 3, spelled.len()] {
                let length = spelled.len().div_ceil(parts);
                let pieces: Vec<_> = spelled.as_bytes().chunks(length).collect();
                let text = |piece: &&[u8]| String::from_utf8_lossy(piece).into_owned();
                let mut content: Vec<_> =
                    pieces.iter().map(|piece| Content::Text(text(piece))).collect();
                content.insert(0, Content::Text("ä".into()));
                content.push(Content::Text("é".into()));
                let output = Output { content, ..Output::default() };
                let shown = redacted(Ok(output), &redactor()).expect("an answer").content;
                let texts = shown.iter().map(|block| match block {
                    Content::Text(text) => text.as_str(),
                    other => panic!("{other:?}"),
                });
                let joined: String = texts.collect();
                assert!(!joined.contains(spelled), "{joined}");
                assert!(joined.starts_with("ä[secret TO") && joined.ends_with('é'), "{joined}");
            }
        }
        let plain = vec![Content::Text("sword".into()), Content::Text("fish".into())];
        let output = Output { content: plain.clone(), ..Output::default() };
        assert_eq!(redacted(Ok(output), &redactor()).expect("an answer").content, plain);
    }

    #[test]
    fn no_error_shows_a_secret() {
        let text = || SECRET.to_owned();
        check(Err(CallError::InvalidArguments(text())));
        check(Err(CallError::Trapped { reason: text(), last_words: Some(text()) }));
        check(Err(CallError::Broken(text())));
        check(Err(CallError::Host(text())));
    }
}
