//! The lock entry of a plugin, and the same facts of a plugin that lies in a directory now.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::grants;
use crate::catalog::Plugin;
use crate::json::readable;
use crate::manifest::{Grants, Sha256Digest};
use crate::name::ToolName;
use crate::tool::{Annotations, ToolSpec};

/// A plugin as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockEntry {
    /// The plugin's name.
    pub name: String,
    /// The digests of its files.
    #[serde(rename = "sha256")]
    pub files: Files,
    /// Its grants, a line for each.
    pub grants: BTreeSet<String>,
    /// Its tools by their public names.
    pub tools: BTreeMap<String, Definition>,
}

/// The SHA-256 of a plugin's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The Wasm.
    pub wasm: Sha256Digest,
    /// The manifest.
    pub manifest: Sha256Digest,
    /// The `.wit` file beside it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wit: Option<Sha256Digest>,
    /// The local file beside it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Sha256Digest>,
}

/// The definition of a tool as clients are told it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Definition {
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
impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for Definition {}

/// A plugin as it lies in a directory and was loaded.
#[derive(Clone, Debug)]
pub struct PluginVersion<'a> {
    /// The plugin's name.
    pub name: &'a str,
    /// The digests of its files.
    pub files: Files,
    /// Its grants, a line for each.
    pub grants: BTreeSet<String>,
    /// The grants by which the host corrects the hints of its tools.
    pub(super) granted: &'a Grants,
    /// Its tools by their public names, each with the digest of its definition.
    pub tools: BTreeMap<&'a ToolName, (&'a ToolSpec, Sha256Digest)>,
}

impl<'a> PluginVersion<'a> {
    /// `plugin`, which was loaded from `files`.
    #[must_use]
    pub fn of(files: Files, plugin: &'a Plugin) -> Self {
        Self::new(plugin.name.as_str(), files, plugin.grants(), plugin.definitions())
    }

    /// A plugin with these tools.
    #[must_use]
    pub fn new(
        name: &'a str,
        files: Files,
        grants: &'a Grants,
        tools: impl Iterator<Item = (&'a ToolName, &'a ToolSpec, Sha256Digest)>,
    ) -> Self {
        let tools = tools.map(|(name, spec, digest)| (name, (spec, digest))).collect();
        Self { name, files, grants: grants::lines(grants), granted: grants, tools }
    }

    /// Returns the entry that is locked when it is accepted.
    #[must_use]
    pub fn entry(&self) -> LockEntry {
        let tools = self.tools.iter().map(|(name, (spec, digest))| {
            (name.as_str().to_owned(), Definition::of(spec, *digest))
        });
        LockEntry {
            name: self.name.to_owned(),
            files: self.files,
            grants: self.grants.clone(),
            tools: tools.collect(),
        }
    }
}

impl Definition {
    fn of(spec: &ToolSpec, sha256: Sha256Digest) -> Self {
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
    pub(super) fn annotations(&self) -> Option<Annotations> {
        serde_json::from_value(serde_json::to_value(&self.annotations).ok()?).ok()
    }

    /// It as lines that can be compared one by one.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
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
}

/// The annotations of `spec` that claim something.
pub(super) fn claims(spec: &ToolSpec) -> BTreeMap<String, bool> {
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
        let definition = Definition {
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
