//! The differences between a version and its lock entry, in words.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::value::RawValue;

use super::entry::claims;
use super::{Definition, LockEntry, PluginVersion, grants};
use crate::catalog::definition_digest;
use crate::json::readable;
use crate::manifest::Grants;
use crate::name::ToolName;
use crate::sandbox::corrected;
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
    /// The hints of this tool are other ones, because of what the plugin is no longer granted.
    Hints(String),
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
            | Self::Hints(_)
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
            Self::Hints(name) => write!(f, "gives `{}` safer hints", escape(name)),
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
pub fn differences(locked: &LockEntry, version: &PluginVersion<'_>) -> Vec<Difference> {
    let (mut found, mut less) = (Vec::new(), Vec::new());
    let granted = version.grants.iter().filter(|line| !grants::covers(&locked.grants, line));
    found.extend(granted.cloned().map(Difference::Granted));
    for (name, (spec, digest)) in &version.tools {
        let text = || name.as_str().to_owned();
        match locked.tools.get(name.as_str()) {
            None => found.push(Difference::NewTool(text())),
            Some(known) if known.sha256 == *digest => {}
            Some(known) if has_hints_of_less(known, name, spec, version.granted) => {
                less.push(Difference::Hints(text()));
            }
            Some(known) => found.push(Difference::Tool(text(), parts(known, spec))),
        }
    }
    found.append(&mut less);
    let gone = locked.grants.iter().filter(|line| !version.grants.contains(*line));
    found.extend(gone.cloned().map(Difference::NotGranted));
    let names: BTreeSet<_> = version.tools.keys().map(|name| name.as_str()).collect();
    let gone = locked.tools.keys().filter(|name| !names.contains(name.as_str()));
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

/// True if the definition of a tool differs from the `known` one only in hints, and these are what the host makes of the
/// known hints by the grants that there are now: a plugin that changes nothing only reads.
fn has_hints_of_less(
    known: &Definition,
    name: &ToolName,
    spec: &ToolSpec,
    granted: &Grants,
) -> bool {
    let Some(annotations) = known.annotations() else { return false };
    let before = ToolSpec { annotations, ..spec.clone() };
    definition_digest(name, &before) == known.sha256
        && spec.annotations == corrected(annotations, granted)
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
