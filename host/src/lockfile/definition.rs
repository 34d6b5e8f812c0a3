//! The definition of a feature as clients are told it, which is what a lock keeps of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::catalog::definition_digest;
use crate::json::readable;
use crate::manifest::{Grants, Sha256Digest};
use crate::name::ToolName;
use crate::sandbox::corrected;
use crate::tool::{Annotations, ToolSpec};

/// The definition of a feature, of whatever kind, as it was accepted.
pub trait Definition {
    /// The digest of all that clients are told.
    fn sha256(&self) -> Sha256Digest;

    /// It as lines that can be compared one by one.
    fn lines(&self) -> Vec<String>;

    /// Returns how what clients are `told` now differs, where the digest does. The host corrects what a plugin says by
    /// what it is `granted`.
    fn change(&self, told: ToldFeature<'_>, granted: &Grants) -> Change;
}

/// The facts that clients are told of a feature.
#[derive(Clone, Copy, Debug)]
pub enum ToldFeature<'a> {
    /// A tool, with its public name.
    Tool(&'a ToolName, &'a ToolSpec),
}

/// A difference between two definitions of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only hints, which are what the host makes of fewer grants.
    SaferHints,
    /// These parts.
    Parts(Vec<Part>),
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

/// The definition of a tool as clients are told it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolDefinition {
    /// Of the definition, to the last byte; what follows is there to be read.
    pub sha256: Sha256Digest,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The description.
    pub description: String,
    /// JSON Schema of the arguments.
    #[serde(serialize_with = "indented")]
    pub input_schema: Box<RawValue>,
    /// JSON Schema of the structured result.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "indented_some")]
    pub output_schema: Option<Box<RawValue>>,
    /// Claims about it.
    pub annotations: BTreeMap<String, bool>,
    /// Its `_meta`.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "indented_some")]
    pub meta: Option<Box<RawValue>>,
}

/// Two are one if a client cannot tell them apart.
impl PartialEq for ToolDefinition {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for ToolDefinition {}

impl ToolDefinition {
    pub(super) fn of(spec: &ToolSpec, sha256: Sha256Digest) -> Self {
        Self {
            sha256,
            title: spec.title.clone(),
            description: spec.description.clone(),
            input_schema: spec.input_schema.clone(),
            output_schema: spec.output_schema.clone(),
            annotations: claims(spec),
            meta: spec.meta.clone(),
        }
    }

    /// The annotations, as a tool has them. `None` if they are not MCP's.
    fn annotations(&self) -> Option<Annotations> {
        serde_json::from_value(serde_json::to_value(&self.annotations).ok()?).ok()
    }

    /// True if the definition of a tool differs from this one only in hints, and these are what the host makes of the
    /// hints here by the grants that there are now: a plugin that changes nothing only reads.
    fn has_hints_of_less(&self, name: &ToolName, spec: &ToolSpec, granted: &Grants) -> bool {
        let Some(annotations) = self.annotations() else { return false };
        let before = ToolSpec { annotations, ..spec.clone() };
        definition_digest(name, &before) == self.sha256
            && spec.annotations == corrected(annotations, granted)
    }

    /// The parts in which `spec` differs.
    fn parts(&self, spec: &ToolSpec) -> Vec<Part> {
        let same =
            |one: Option<&RawValue>, two: Option<&RawValue>| one.map(readable) == two.map(readable);
        let parts = [
            (Part::Title, self.title == spec.title),
            (Part::Description, self.description == spec.description),
            (Part::InputSchema, same(Some(&self.input_schema), Some(&spec.input_schema))),
            (
                Part::OutputSchema,
                same(self.output_schema.as_deref(), spec.output_schema.as_deref()),
            ),
            (Part::Annotations, self.annotations == claims(spec)),
            (Part::Meta, same(self.meta.as_deref(), spec.meta.as_deref())),
        ];
        let changed: Vec<_> =
            parts.iter().filter(|(_, same)| !same).map(|(part, _)| *part).collect();
        if changed.is_empty() { vec![Part::Notation] } else { changed }
    }
}

impl Definition for ToolDefinition {
    fn sha256(&self) -> Sha256Digest {
        self.sha256
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let text = |lines: &mut Vec<String>, key: &str, text: &str| {
            lines.extend(text.lines().map(|line| format!("{key}: {line}")));
        };
        let json = |lines: &mut Vec<String>, key: &str, raw: &RawValue| {
            let shown = serde_json::to_string_pretty(&readable(raw)).unwrap_or_default();
            lines.push(format!("{key}:"));
            lines.extend(shown.lines().map(str::to_owned));
        };
        if let Some(title) = &self.title {
            text(&mut lines, "title", title);
        }
        text(&mut lines, "description", &self.description);
        json(&mut lines, "input schema", &self.input_schema);
        if let Some(schema) = &self.output_schema {
            json(&mut lines, "output schema", schema);
        }
        lines.extend(self.annotations.iter().map(|(claim, value)| format!("{claim}: {value}")));
        if let Some(meta) = &self.meta {
            json(&mut lines, "_meta", meta);
        }
        lines
    }

    fn change(&self, told: ToldFeature<'_>, granted: &Grants) -> Change {
        match told {
            ToldFeature::Tool(name, spec) if self.has_hints_of_less(name, spec, granted) => {
                Change::SaferHints
            }
            ToldFeature::Tool(_, spec) => Change::Parts(self.parts(spec)),
        }
    }
}

impl Part {
    /// The word for it.
    pub(super) fn name(self) -> &'static str {
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

/// The annotations of `spec` that claim something.
fn claims(spec: &ToolSpec) -> BTreeMap<String, bool> {
    let claims = serde_json::to_value(spec.annotations).unwrap_or_default();
    let claims = claims.as_object().into_iter().flatten();
    claims.filter_map(|(claim, value)| Some((claim.clone(), value.as_bool()?))).collect()
}

#[expect(clippy::borrowed_box, reason = "serde gives the field as it is")]
fn indented<S: Serializer>(raw: &Box<RawValue>, serializer: S) -> Result<S::Ok, S::Error> {
    readable(raw).serialize(serializer)
}

fn indented_some<S: Serializer>(
    raw: &Option<Box<RawValue>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    raw.as_deref().map(readable).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_definition_is_shown_to_whoever_approves_it() {
        let raw = |text: &str| RawValue::from_string(text.into()).expect("JSON");
        let definition = ToolDefinition {
            sha256: Sha256Digest::of(b""),
            title: Some("A title".into()),
            description: "One.\nTwo.".into(),
            input_schema: raw(r#"{"in":1}"#),
            output_schema: Some(raw(r#"{"out":2}"#)),
            annotations: BTreeMap::from([("readOnlyHint".into(), true)]),
            meta: Some(raw(r#"{"meta":3}"#)),
        };
        let expected = [
            "title: A title",
            "description: One.",
            "description: Two.",
            "input schema:",
            "{",
            r#"  "in": 1"#,
            "}",
            "output schema:",
            "{",
            r#"  "out": 2"#,
            "}",
            "readOnlyHint: true",
            "_meta:",
            "{",
            r#"  "meta": 3"#,
            "}",
        ];
        assert_eq!(definition.lines(), expected);
    }
}
