//! The guest's tools and answers, turned into the host's types and checked.
//!
//! Everything here comes from a guest and is hostile until it has passed. JSON Schema is compiled by
//! the catalog; here a schema is only text of the right shape and size.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::bindings::exports::toolrack::plugin::tools as wit;
use super::hidden_characters::hides_nothing;
use crate::manifest::{Effects, Grants};
use crate::name::check_own;
use crate::text::{check_text, clip, escape};
use crate::tool::{Annotations, CallError, Content, Media, Output, ResourceLink, ToolSpec};

/// The most tools of one plugin.
const MAX_PLUGIN_TOOLS: usize = 512;
/// The most bytes of a JSON Schema.
pub(crate) const MAX_SCHEMA: usize = 32 * 1024;
/// The most bytes of a tool's `_meta`.
const MAX_TOOL_META: usize = 4 * 1024;
/// The most levels that a JSON Schema nests.
const MAX_SCHEMA_DEPTH: usize = 16;

/// A tool in a guest's list that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The list itself is too long.
    #[error("it lists {0} tools; the most is {MAX_PLUGIN_TOOLS}")]
    TooMany(usize),
    /// One tool is wrong.
    #[error("its tool `{tool}` {problem}")]
    Tool {
        /// The name of the tool, escaped.
        tool: String,
        /// The fault of the tool, worded to follow its name.
        problem: String,
    },
}

/// Returns a guest's list of tools, checked.
pub(crate) fn tools(list: Vec<wit::Tool>, grants: &Grants) -> Result<Vec<ToolSpec>, ToolError> {
    if list.len() > MAX_PLUGIN_TOOLS {
        return Err(ToolError::TooMany(list.len()));
    }
    let mut names = BTreeSet::new();
    list.into_iter()
        .map(|raw| {
            let name = raw.name.clone();
            let spec =
                if names.insert(name.clone()) { tool(raw, grants) } else { Err(TWICE.into()) };
            spec.map_err(|problem| ToolError::Tool { tool: escape(clip(&name, 80)), problem })
        })
        .collect()
}

const TWICE: &str = "is listed twice; give each tool a name of its own";

fn tool(raw: wit::Tool, grants: &Grants) -> Result<ToolSpec, String> {
    check_own(&raw.name).map_err(|error| format!("has a bad name: {error}"))?;
    for (what, text) in [("title", raw.title.as_deref()), ("description", Some(&*raw.description))]
    {
        check_text(text.unwrap_or_default())
            .map_err(|problem| format!("has a {what} that cannot be shown: {problem}"))?;
    }
    Ok(ToolSpec {
        name: raw.name,
        title: raw.title,
        description: raw.description,
        input_schema: schema(Side::Input, &raw.input_schema)?,
        output_schema: raw.output_schema.map(|text| schema(Side::Output, &text)).transpose()?,
        annotations: corrected(claims(&raw.annotations), grants),
        meta: raw.meta.map(|text| tool_meta(&text)).transpose()?,
    })
}

fn claims(raw: &wit::Annotations) -> Annotations {
    let wit::Annotations { read_only, destructive, idempotent, open_world } = *raw;
    Annotations { read_only, destructive, idempotent, open_world }
}

/// Corrects claims by what the sandbox proves. A plugin that can reach no network and change no file changes nothing,
/// whatever it claims. If it can, its claims stand, and a missing claim means the worst.
#[must_use]
pub fn corrected(claim: Annotations, grants: &Grants) -> Annotations {
    let Effects { changes, reaches_out } = grants.effects();
    let read_only = !changes || claim.read_only.unwrap_or(false);
    Annotations {
        read_only: Some(read_only),
        destructive: claim.destructive.filter(|_| !read_only),
        idempotent: claim.idempotent,
        open_world: Some(reaches_out && claim.open_world.unwrap_or(true)),
    }
}

/// The part of a tool that a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A tool's arguments, which are an object.
    Input,
    /// Its structured answer.
    Output,
}

/// Returns the text of a JSON Schema, checked for its size and its shape.
pub(crate) fn schema(side: Side, text: &str) -> Result<Box<RawValue>, String> {
    let which = match side {
        Side::Input => "input",
        Side::Output => "output",
    };
    let refuse = |problem: String| format!("has an {which} schema that {problem}");
    if text.len() > MAX_SCHEMA {
        return Err(refuse(format!("is {} bytes long; the most is {MAX_SCHEMA}", text.len())));
    }
    let (raw, value) = json(text).map_err(|error| refuse(format!("is not JSON: {error}")))?;
    if depth(&value) > MAX_SCHEMA_DEPTH {
        return Err(refuse(format!("nests deeper than {MAX_SCHEMA_DEPTH} levels")));
    }
    let is_object = value.get("type").and_then(|kind| kind.as_str()) == Some("object");
    if side == Side::Input && !is_object {
        return Err(refuse("lacks `\"type\": \"object\"` at its root".into()));
    }
    if !value.is_object() {
        return Err(refuse("is not a JSON object".into()));
    }
    hides_nothing(&value).map_err(|problem| refuse(format!("cannot be shown: {problem}")))?;
    Ok(raw)
}

fn tool_meta(text: &str) -> Result<Box<RawValue>, String> {
    if text.len() > MAX_TOOL_META {
        return Err(format!(
            "has a `meta` of {} bytes; the most is {MAX_TOOL_META}, since all of it goes with each list of tools",
            text.len()
        ));
    }
    object("`meta`", text)
}

fn object(what: &str, text: &str) -> Result<Box<RawValue>, String> {
    let (raw, value) =
        json(text).map_err(|error| format!("has a {what} that is no JSON: {error}"))?;
    if !value.is_object() {
        return Err(format!("has a {what} that is no JSON object"));
    }
    hides_nothing(&value)
        .map_err(|problem| format!("has a {what} that cannot be shown: {problem}"))?;
    Ok(raw)
}

/// Returns JSON text both as it came and parsed. The text is as it came but for line breaks: they can only stand
/// between tokens, and a message of the protocol is one line.
pub(crate) fn json(text: &str) -> Result<(Box<RawValue>, serde_json::Value), serde_json::Error> {
    let value = crate::json::value(text)?;
    let line = text.trim().replace(['\n', '\r'], " ");
    Ok((RawValue::from_string(line)?, value))
}

// The recursion is bounded by serde_json, which nests no deeper than 128.
fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Returns a guest's answer, checked.
pub(crate) fn output(raw: wit::Output) -> Result<Output, CallError> {
    let broken = |what: &str, error: &dyn std::fmt::Display| {
        CallError::Broken(format!("{what} is not valid JSON: {error}"))
    };
    let structured = raw
        .structured
        .map(|text| json(&text).map(|(raw, _)| raw))
        .transpose()
        .map_err(|error| broken("its structured content", &error))?;
    let meta = match raw.meta {
        Some(text) => match crate::json::value(&text) {
            Ok(serde_json::Value::Object(meta)) => meta,
            Ok(_) => return Err(broken("its `meta`", &"it is no object")),
            Err(error) => return Err(broken("its `meta`", &error)),
        },
        None => serde_json::Map::new(),
    };
    Ok(Output { content: content(raw.content), structured, meta })
}

/// Returns the bytes of JSON that have to be read in an answer.
pub(crate) fn json_bytes(answer: &Result<wit::Output, wit::Failure>) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    match answer {
        Ok(output) => length(&output.structured) + length(&output.meta),
        Err(wit::Failure::Other(text)) => text.len(),
        Err(wit::Failure::InvalidArguments(_) | wit::Failure::Failed(_)) => 0,
    }
}

/// Returns the error of a call that a guest's failure stands for.
pub(crate) fn failure(raw: wit::Failure) -> CallError {
    match raw {
        wit::Failure::InvalidArguments(text) => CallError::InvalidArguments(text),
        wit::Failure::Failed(blocks) => {
            CallError::Failed(Output { content: content(blocks), ..Output::default() })
        }
        wit::Failure::Other(text) => {
            let kind = crate::json::value(&text)
                .ok()
                .and_then(|value| Some(value.get("type")?.as_str()?.to_owned()))
                .unwrap_or_else(|| "unnamed".into());
            let kind = escape(clip(&kind, 80));
            CallError::Broken(format!("its outcome `{kind}` is unknown to this version"))
        }
    }
}

fn content(blocks: Vec<wit::Content>) -> Vec<Content> {
    let media = |raw: wit::Media| Media { data: raw.data, mime_type: raw.mime_type };
    blocks
        .into_iter()
        .map(|block| match block {
            wit::Content::Text(text) => Content::Text(text),
            wit::Content::Image(raw) => Content::Image(media(raw)),
            wit::Content::Audio(raw) => Content::Audio(media(raw)),
            wit::Content::ResourceLink(raw) => Content::ResourceLink(ResourceLink {
                uri: raw.uri,
                name: raw.name,
                title: raw.title,
                description: raw.description,
                mime_type: raw.mime_type,
                size: raw.size,
            }),
            wit::Content::TextResource(raw) => {
                Content::TextResource { uri: raw.uri, mime_type: raw.mime_type, text: raw.text }
            }
            wit::Content::BlobResource(raw) => {
                Content::BlobResource { uri: raw.uri, mime_type: raw.mime_type, data: raw.data }
            }
        })
        .collect()
}

/// Returns the size of an answer as it is sent, as far as the guest decides it: text with the escapes of JSON, bytes as the
/// base64 that they become, and structured content once more as text where it is all that there is.
pub(crate) fn size(output: &Output) -> u64 {
    let base64 = |data: &[u8]| data.len().div_ceil(3) * 4;
    let optional = |text: &Option<String>| text.as_deref().map_or(0, escaped);
    let blocks: usize = output
        .content
        .iter()
        .map(|block| match block {
            Content::Text(text) => escaped(text),
            Content::Image(media) | Content::Audio(media) => {
                base64(&media.data) + escaped(&media.mime_type)
            }
            Content::ResourceLink(link) => {
                escaped(&link.uri)
                    + escaped(&link.name)
                    + optional(&link.title)
                    + optional(&link.description)
                    + optional(&link.mime_type)
            }
            Content::TextResource { uri, mime_type, text } => {
                escaped(uri) + optional(mime_type) + escaped(text)
            }
            Content::BlobResource { uri, mime_type, data } => {
                escaped(uri) + optional(mime_type) + base64(data)
            }
        })
        // An empty block is not free to send either.
        .map(|bytes| bytes + 16)
        .sum();
    let structured = output.structured.as_ref().map_or(0, |raw| match output.content.is_empty() {
        true => raw.get().len() + escaped(raw.get()),
        false => raw.get().len(),
    });
    let meta: usize =
        output.meta.iter().map(|(key, value)| escaped(key) + value.to_string().len()).sum();
    (blocks + structured + meta) as u64
}

/// Returns the bytes of `text` in a string of JSON, without its quotation marks.
fn escaped(text: &str) -> usize {
    let bytes = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        ..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[track_caller]
    fn check(grants: &str, claim: [Option<bool>; 3], expected: [Option<bool>; 3]) {
        let [read_only, destructive, open_world] = claim;
        let claim = Annotations { read_only, destructive, idempotent: None, open_world };
        let manifest = format!("[grants]\n{grants}");
        let grants = Manifest::parse("a.toml", &manifest).expect("a manifest").grants;
        let found = corrected(claim, &grants);
        assert_eq!([found.read_only, found.destructive, found.open_world], expected, "{manifest}");
    }

    #[test]
    fn annotations_follow_from_the_grants() {
        const YES: Option<bool> = Some(true);
        const NO: Option<bool> = Some(false);
        let reads = r#"files = [{ path = "/a", at = "/a" }]"#;
        let writes = r#"files = [{ path = "/a", at = "/a", access = "write" }]"#;
        let network = r#"network = ["https://example.org"]"#;
        for harmless in ["", reads, "env = { A = \"b\" }", "secrets = [\"A\"]"] {
            check(harmless, [NO, YES, YES], [YES, None, NO]);
            check(harmless, [None, None, None], [YES, None, NO]);
        }
        check(writes, [None, None, None], [NO, None, NO]);
        check(writes, [YES, YES, YES], [YES, None, NO]);
        check(writes, [NO, NO, YES], [NO, NO, NO]);
        check(network, [None, YES, None], [NO, YES, YES]);
        check(network, [YES, None, NO], [YES, None, NO]);
    }

    #[test]
    fn an_answer_is_as_large_as_it_is_sent() {
        let media = |bytes: usize| Media { data: vec![0; bytes], mime_type: "a/b".into() };
        let blob = |bytes: usize| Content::BlobResource {
            uri: "u:v".into(),
            mime_type: None,
            data: vec![0; bytes],
        };
        for (block, expected) in [
            (Content::Text("text".into()), 4),
            (Content::Image(media(0)), 3),
            (Content::Image(media(1)), 3 + 4),
            (Content::Audio(media(300)), 3 + 400),
            (blob(301), 3 + 404),
        ] {
            let output = Output { content: vec![block.clone()], ..Output::default() };
            assert_eq!(size(&output), expected + 16, "{block:?}");
        }
        for code in (0..0x300).filter_map(char::from_u32) {
            let text = format!("a{code}b");
            let sent = serde_json::to_string(&text).expect("text").len() - 2;
            let output = Output { content: vec![Content::Text(text)], ..Output::default() };
            assert_eq!(size(&output), sent as u64 + 16, "{code:?}");
        }
        let raw = RawValue::from_string("{\"a\":1}".into()).expect("JSON");
        let mut output = Output { structured: Some(raw), ..Output::default() };
        assert_eq!(size(&output), 7 + 9, "once as JSON, once as text");
        output.content.push(Content::Text("a".into()));
        assert_eq!(size(&output), 7 + 17);
    }
}
