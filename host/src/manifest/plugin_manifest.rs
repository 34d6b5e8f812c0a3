//! The content of a manifest, checked.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::Sha256Digest;
use super::grants::config_keys::{ConfigValues, UnknownValue};
use super::grants::network::NetworkGrant;
use super::grants::set::Grants;
use super::limits::rules::Limits;
use super::merge::Decisions;
use super::plugin_kind::PluginKind;
use super::tool_override::ToolOverride;
use crate::name::PluginName;

/// The content of a manifest, checked, with every default filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The plugin's name; by default the manifest's file name without `.toml`.
    pub name: PluginName,
    /// The Wasm file: a plain file name in the manifest's directory, ending in `.wasm`.
    pub wasm: Box<str>,
    /// The digest that the Wasm file must have, if the manifest pins one.
    pub sha256: Option<Sha256Digest>,
    /// The kind of plugin that the Wasm file must be, if the manifest names one.
    pub kind: Option<PluginKind>,
    /// The prefix of the tools' names: empty, or in the form of a tool's name.
    pub prefix: Box<str>,
    /// True if tools are listed that can only fail for want of a grant or of a secret's value.
    pub lists_ungranted: bool,
    /// True if clients are told what the results of its tools look like.
    pub lists_output_schemas: bool,
    /// The schemes that links in its answers may have, beside `http` and `https`.
    pub link_schemes: BTreeSet<Box<str>>,
    /// The limits of its calls.
    pub limits: Limits,
    /// The grants of the plugin.
    pub grants: Grants,
    /// The keys of its configuration that the plugin reads, as far as the manifest names them: under `config_keys`.
    pub config_keys: BTreeMap<String, ConfigValues>,
    /// The overrides of single tools, in the order of the files: those of the manifest, then those of the local
    /// file. In one file no name comes twice.
    pub tools: Vec<ToolOverride>,
    /// The decisions of the local file beside the manifest; `None` where there is no such file.
    pub decisions: Option<Decisions>,
}

impl Manifest {
    /// The origins to which the manifest binds a secret, where the local file binds another one or none.
    #[must_use]
    pub fn replaced_bindings(&self) -> &[NetworkGrant] {
        self.decisions.as_ref().map_or(&[], |own| &own.replaced_bindings)
    }

    /// The values of the configuration that are none of those which the manifest says of their keys.
    #[must_use]
    pub fn unknown_values(&self) -> Vec<UnknownValue> {
        let unknown = self.grants.config.iter().filter_map(|(key, value)| {
            let ConfigValues::OneOf(known) = self.config_keys.get(key)? else { return None };
            let (key, value, known) = (key.clone(), value.clone(), known.clone());
            (!known.contains(&value)).then_some(UnknownValue { key, value, known })
        });
        unknown.collect()
    }
}
