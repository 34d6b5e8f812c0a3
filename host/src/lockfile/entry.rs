//! The lock entry of a plugin, and the same facts of a plugin that lies in a directory now.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::definition::{Definition, ToldFeature, ToolDefinition};
use super::grants;
use crate::catalog::Plugin;
use crate::manifest::{Grants, Sha256Digest};
use crate::name::ToolName;
use crate::tool::{FeatureKind, ToolSpec};

/// Names a feature of a plugin.
pub type FeatureId<'a> = (FeatureKind, &'a str);

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
    pub tools: BTreeMap<String, ToolDefinition>,
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
    /// The facts that clients are told of its features, each with the digest of them.
    pub(super) features: BTreeMap<FeatureId<'a>, (ToldFeature<'a>, Sha256Digest)>,
}

impl LockEntry {
    /// Returns the definitions of its features, of all kinds.
    #[must_use]
    pub fn definitions(&self) -> BTreeMap<FeatureId<'_>, &dyn Definition> {
        let of_kind = |kind| match kind {
            FeatureKind::Tool => self
                .tools
                .iter()
                .map(move |(name, tool)| ((kind, name.as_str()), tool as &dyn Definition)),
        };
        FeatureKind::ALL.into_iter().flat_map(of_kind).collect()
    }
}

impl<'a> PluginVersion<'a> {
    /// `plugin`, which was loaded from `files`.
    #[must_use]
    pub fn of(files: Files, plugin: &'a Plugin) -> Self {
        let mut version =
            Self::new(plugin.name.as_str(), files, plugin.grants(), plugin.definitions());
        if plugin.limits().concurrent {
            version.grants.insert(grants::CONCURRENT_LINE.to_owned());
        }
        version
    }

    /// A plugin with these tools.
    #[must_use]
    pub fn new(
        name: &'a str,
        files: Files,
        grants: &'a Grants,
        tools: impl Iterator<Item = (&'a ToolName, &'a ToolSpec, Sha256Digest)>,
    ) -> Self {
        let tools = tools.map(|(name, spec, digest)| {
            ((FeatureKind::Tool, name.as_str()), (ToldFeature::Tool(name, spec), digest))
        });
        let features = tools.collect();
        Self { name, files, grants: grants::lines(grants), granted: grants, features }
    }

    /// Returns the entry that is locked when it is accepted.
    #[must_use]
    pub fn entry(&self) -> LockEntry {
        let mut entry = LockEntry {
            name: self.name.to_owned(),
            files: self.files,
            grants: self.grants.clone(),
            tools: BTreeMap::new(),
        };
        for (told, digest) in self.features.values() {
            match told {
                ToldFeature::Tool(name, spec) => {
                    let definition = ToolDefinition::of(spec, *digest);
                    entry.tools.insert(name.as_str().to_owned(), definition);
                }
            }
        }
        entry
    }
}
