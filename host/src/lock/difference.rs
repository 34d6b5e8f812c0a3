//! The differences between a version and its lock entry, in words.

use std::fmt;

use serde_json::value::RawValue;

use super::entry::claims;
use super::{Definition, Entry, Version, grants};
use crate::json::readable;
use crate::text::escape;
use crate::tool::ToolSpec;

/// One way in which a version differs from what is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It may reach something that it might not.
    Granted(String),
    /// It may not reach something that it might.
    NotGranted(String),
    /// It has a tool that it had not.
    NewTool(String),
    /// It no longer has a tool that it had.
    NoTool(String),
    /// Clients are told something else of this tool.
    Tool(String, Vec<Part>),
    /// It has another name.
    Name(String),
    /// Its Wasm is another.
    Code,
    /// Its manifest is another.
    Manifest,
    /// Its `.wit` file is another, new or gone.
    Wit,
    /// The local file beside its manifest is another, new or gone.
    Local,
}

/// A part of a tool's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A name for people.
    Title,
    /// The description.
    Description,
    /// JSON Schema of the arguments.
    InputSchema,
    /// JSON Schema of the structured result.
    OutputSchema,
    /// Claims about it.
    Annotations,
    /// Its `_meta`.
    Meta,
    /// The same JSON in other bytes.
    Notation,
}

impl Difference {
    /// True if it lets the plugin reach more, or tells a model something new.
    pub(super) fn widens(&self) -> bool {
        match self {
            Self::Granted(_) | Self::NewTool(_) | Self::Tool(..) => true,
            Self::NotGranted(_)
            | Self::NoTool(_)
            | Self::Name(_)
            | Self::Code
            | Self::Manifest
            | Self::Wit
            | Self::Local => false,
        }
    }
}

/// As the end of a sentence that begins with the plugin.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(line) => write!(f, "is granted `{}`", escape(line)),
            Self::NotGranted(line) => write!(f, "is no longer granted `{}`", escape(line)),
            Self::NewTool(name) => write!(f, "has the new tool `{}`", escape(name)),
            Self::NoTool(name) => write!(f, "has no tool `{}` any more", escape(name)),
            Self::Tool(name, parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.name()).collect();
                write!(f, "changes the {} of `{}`", parts.join(" and the "), escape(name))
            }
            Self::Name(name) => write!(f, "has another name than `{}`", escape(name)),
            Self::Code => f.write_str("has other code"),
            Self::Manifest => f.write_str("has another manifest"),
            Self::Wit => f.write_str("has another `.wit` file"),
            Self::Local => f.write_str("has another `.local.toml` file"),
        }
    }
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
            Self::InputSchema => "input schema",
            Self::OutputSchema => "output schema",
            Self::Annotations => "annotations",
            Self::Meta => "`_meta`",
            Self::Notation => "notation",
        }
    }
}

/// All of them, what widens first.
#[must_use]
pub fn differences(locked: &Entry, version: &Version<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    let granted = version.grants.iter().filter(|line| !grants::covers(&locked.grants, line));
    found.extend(granted.cloned().map(Difference::Granted));
    for (name, (spec, digest)) in &version.tools {
        match locked.tools.get(*name) {
            None => found.push(Difference::NewTool((*name).to_owned())),
            Some(known) if known.sha256 == *digest => {}
            Some(known) => {
                found.push(Difference::Tool((*name).to_owned(), parts(known, spec)));
            }
        }
    }
    let gone = locked.grants.iter().filter(|line| !version.grants.contains(*line));
    found.extend(gone.cloned().map(Difference::NotGranted));
    let gone = locked.tools.keys().filter(|name| !version.tools.contains_key(name.as_str()));
    found.extend(gone.cloned().map(Difference::NoTool));
    if locked.name != version.name {
        found.push(Difference::Name(locked.name.clone()));
    }
    let (then, now) = (&locked.files, &version.files);
    found.extend((then.wasm != now.wasm).then_some(Difference::Code));
    found.extend((then.manifest != now.manifest).then_some(Difference::Manifest));
    found.extend((then.wit != now.wit).then_some(Difference::Wit));
    found.extend((then.local != now.local).then_some(Difference::Local));
    found
}

fn parts(known: &Definition, spec: &ToolSpec) -> Vec<Part> {
    let same =
        |one: Option<&RawValue>, two: Option<&RawValue>| one.map(readable) == two.map(readable);
    let parts = [
        (Part::Title, known.title == spec.title),
        (Part::Description, known.description == spec.description),
        (Part::InputSchema, same(Some(&known.input_schema), Some(&spec.input_schema))),
        (Part::OutputSchema, same(known.output_schema.as_deref(), spec.output_schema.as_deref())),
        (Part::Annotations, known.annotations == claims(spec)),
        (Part::Meta, same(known.meta.as_deref(), spec.meta.as_deref())),
    ];
    let changed: Vec<_> = parts.iter().filter(|(_, same)| !same).map(|(part, _)| *part).collect();
    if changed.is_empty() { vec![Part::Notation] } else { changed }
}
