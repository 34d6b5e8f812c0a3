//! The custom section `toolrack:listing` of a Wasm file: its tools, told without running anything.
//!
//! `toolrack pack` and `toolrack dev` write it, from what the plugin's `list-tools` gives. A host reads it before the
//! plugin is compiled, serves by it at once, and compares it with the code as soon as there is some. What a section
//! says passes the same checks as what a guest says; nothing of it is decided here.
//!
//! Its content is JSON: `{"version": 1, "tools": [...]}`, the tools as MCP's `tools/list` has them. A later version is
//! passed over, as if there were no section.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::bindings::exports::toolrack::plugin::tools as wit;
use super::wasm_sections::{self, WASM_HEADER, WasmSection, leb128, sections};
use crate::json;
use crate::suggestion::CommandName;
use crate::text::{clip, escape};
use crate::tool::Annotations;

/// The name of the section.
pub(crate) const SECTION_NAME: &str = "toolrack:listing";
/// The version of its content that this host reads and writes.
const SECTION_VERSION: u64 = 1;
/// The most bytes of JSON in it.
const MAX_LISTING: usize = 1024 * 1024;
/// The most bytes of a value that are shown where two differ.
const MAX_SHOWN_DIFFERENCE: usize = 200;

/// The fault of a section, or of the tools that are to become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// The file has several sections.
    #[error(
        "it has {0} sections `{SECTION_NAME}`; only one is allowed: `{pack}` writes it anew",
        pack = CommandName::Pack.alone()
    )]
    Several(usize),
    /// It is too large.
    #[error("its section `{SECTION_NAME}` is too large: {0} bytes; the most is {MAX_LISTING}")]
    TooLarge(usize),
    /// It does not hold what it should.
    #[error("its section `{SECTION_NAME}` is damaged: {0}; `{pack}` writes it anew", pack = CommandName::Pack.alone())]
    Damaged(String),
}

#[derive(Deserialize)]
struct SectionVersion {
    version: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SectionContent {
    version: u64,
    #[serde(deserialize_with = "objects")]
    tools: Vec<SectionTool>,
}

/// A tool as the section has it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SectionTool {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    description: String,
    input_schema: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_schema: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "object")]
    annotations: Annotations,
    #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
    meta: Option<Box<RawValue>>,
}

/// A value that is written as an object: serde would take an array of its members, too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SectionMembers<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for SectionMembers<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        deserializer.deserialize_map(SectionMembers(PhantomData))
    }
}

fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(of: D) -> Result<T, D::Error> {
    Object::deserialize(of).map(|Object(value)| value)
}

fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(of: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(of)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

/// The tools that the section of `wasm` lists; `None` where it has no section, or one of a later version.
pub(crate) fn read(wasm: &[u8]) -> Result<Option<Vec<wit::Tool>>, ListingError> {
    let mut found = sections(wasm).filter_map(|section| listing(&section));
    let Some(content) = found.next() else { return Ok(None) };
    match found.count() {
        0 => {}
        more => return Err(ListingError::Several(more + 1)),
    }
    if content.len() > MAX_LISTING {
        return Err(ListingError::TooLarge(content.len()));
    }
    let damaged = |error: serde_json::Error| ListingError::Damaged(escape(&error.to_string()));
    let Object(SectionVersion { version }) = serde_json::from_slice(content).map_err(damaged)?;
    if version != SECTION_VERSION {
        tracing::debug!(
            "the section `{SECTION_NAME}` has version {version}, and this host reads {SECTION_VERSION}"
        );
        return Ok(None);
    }
    let Object(listing): Object<SectionContent> =
        serde_json::from_slice(content).map_err(damaged)?;
    Ok(Some(listing.tools.into_iter().map(wit::Tool::from).collect()))
}

/// `wasm` with one section that lists `tools`, in place of those that it has.
pub(crate) fn write(wasm: &[u8], tools: Vec<wit::Tool>) -> Result<Vec<u8>, ListingError> {
    let damaged = |error: serde_json::Error| ListingError::Damaged(escape(&error.to_string()));
    let tools =
        tools.into_iter().map(SectionTool::try_from).collect::<Result<_, _>>().map_err(damaged)?;
    let content =
        serde_json::to_vec(&SectionContent { version: SECTION_VERSION, tools }).map_err(damaged)?;
    if content.len() > MAX_LISTING {
        return Err(ListingError::TooLarge(content.len()));
    }
    let mut packed = without(wasm);
    let named = [&leb128(SECTION_NAME.len())[..], SECTION_NAME.as_bytes(), &content].concat();
    packed.push(wasm_sections::CUSTOM);
    packed.extend(leb128(named.len()));
    packed.extend(named);
    Ok(packed)
}

/// `wasm` without any such section.
#[must_use]
pub(crate) fn without(wasm: &[u8]) -> Vec<u8> {
    let mut bare = wasm[..wasm.len().min(WASM_HEADER)].to_vec();
    let mut end = bare.len();
    for section in sections(wasm) {
        end = section.range.end;
        if listing(&section).is_none() {
            bare.extend_from_slice(&wasm[section.range]);
        }
    }
    bare.extend_from_slice(&wasm[end..]);
    bare
}

/// The first difference between what a section lists and what the code does, compared as values; both in words. Numbers
/// beyond 64 bits are compared as the nearest that a double has.
pub(crate) fn difference(
    section: &[wit::Tool],
    code: &[wit::Tool],
) -> Result<Option<String>, ListingError> {
    let (section, code) = (values(section)?, values(code)?);
    let names: Vec<_> =
        section.keys().chain(code.keys().filter(|name| !section.contains_key(*name))).collect();
    for name in names {
        let shown = escape(clip(name, 80));
        match (section.get(name), code.get(name)) {
            (Some(one), Some(two)) => {
                if let Some(key) = differing_key(one, two) {
                    let [one, two] = shown_apart(one.get(&key), two.get(&key));
                    return Ok(Some(format!(
                        "`{key}` of its tool `{shown}` is {one} in the section and {two} in the code"
                    )));
                }
            }
            (Some(_), None) => {
                return Ok(Some(format!(
                    "the section lists a tool `{shown}`, and the code none of that name"
                )));
            }
            (None, _) => {
                return Ok(Some(format!(
                    "the code lists a tool `{shown}`, and the section none of that name"
                )));
            }
        }
    }
    Ok(None)
}

/// The tools by their names, each as JSON.
fn values(tools: &[wit::Tool]) -> Result<BTreeMap<String, Value>, ListingError> {
    let value = |tool: &wit::Tool| {
        let wit::Tool { name, title, description, input_schema, output_schema, annotations, meta } =
            tool;
        let parsed = |text: &str| {
            json::value(text).map_err(|error| ListingError::Damaged(escape(&error.to_string())))
        };
        let optional = |text: &Option<String>| text.as_deref().map(parsed).transpose();
        let wit::Annotations { read_only, destructive, idempotent, open_world } = *annotations;
        let value = json!({
            "title": title,
            "description": description,
            "inputSchema": parsed(input_schema)?,
            "outputSchema": optional(output_schema)?,
            "annotations": Annotations { read_only, destructive, idempotent, open_world },
            "_meta": optional(meta)?,
        });
        Ok((name.clone(), value))
    };
    tools.iter().map(value).collect()
}

fn differing_key(one: &Value, two: &Value) -> Option<String> {
    let keys = [one, two].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys);
    keys.into_iter().find(|key| one.get(key) != two.get(key)).cloned()
}

/// Two values that differ, from a little before the first character in which they do.
fn shown_apart(one: Option<&Value>, two: Option<&Value>) -> [String; 2] {
    const BEFORE: usize = 40;
    let text = |value: Option<&Value>| value.filter(|it| !it.is_null()).map(Value::to_string);
    let texts = [text(one), text(two)];
    let equal = match &texts {
        [Some(one), Some(two)] => one.bytes().zip(two.bytes()).take_while(|(a, b)| a == b).count(),
        [None, _] | [_, None] => 0,
    };
    texts.map(|text| {
        let Some(text) = text else { return "absent".into() };
        let start = if equal > BEFORE { text.floor_char_boundary(equal - BEFORE) } else { 0 };
        let end = text.floor_char_boundary(start + MAX_SHOWN_DIFFERENCE);
        let before = if start > 0 { "... " } else { "" };
        let after = if end < text.len() { " ..." } else { "" };
        format!("{before}{}{after}", escape(&text[start..end]))
    })
}

impl From<SectionTool> for wit::Tool {
    fn from(tool: SectionTool) -> Self {
        let SectionTool {
            name,
            title,
            description,
            input_schema,
            output_schema,
            annotations,
            meta,
        } = tool;
        let text = |raw: Box<RawValue>| String::from(Box::<str>::from(raw));
        let Annotations { read_only, destructive, idempotent, open_world } = annotations;
        Self {
            name,
            title,
            description,
            input_schema: text(input_schema),
            output_schema: output_schema.map(text),
            annotations: wit::Annotations { read_only, destructive, idempotent, open_world },
            meta: meta.map(text),
        }
    }
}

impl TryFrom<wit::Tool> for SectionTool {
    type Error = serde_json::Error;

    fn try_from(tool: wit::Tool) -> Result<Self, Self::Error> {
        let wit::Tool { name, title, description, input_schema, output_schema, annotations, meta } =
            tool;
        let wit::Annotations { read_only, destructive, idempotent, open_world } = annotations;
        Ok(Self {
            name,
            title,
            description,
            input_schema: RawValue::from_string(input_schema)?,
            output_schema: output_schema.map(RawValue::from_string).transpose()?,
            annotations: Annotations { read_only, destructive, idempotent, open_world },
            meta: meta.map(RawValue::from_string).transpose()?,
        })
    }
}

/// The content of `section`, where it is the one that lists tools.
fn listing<'a>(section: &WasmSection<'a>) -> Option<&'a [u8]> {
    let mut reader = section.reader();
    let is_custom = section.id == wasm_sections::CUSTOM;
    let is_listing = is_custom && reader.read_string().is_ok_and(|name| name == SECTION_NAME);
    is_listing.then(|| section.after(&reader))
}
