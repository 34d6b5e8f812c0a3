//! The grants and secrets that the tools of one plugin require, and those of them that are lacking.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::tools::PluginTool;
use crate::manifest::{ConfigValues, GrantName, Grants, Manifest, NetworkGrant, Requirement};
use crate::sandbox::{FolderError, Guest};
use crate::secret::MissingSecret;
use crate::suggestion::CommandName;
use crate::sync::lock;

/// The grants and secrets that the tools of a plugin may lack.
pub(crate) struct ToolNeeds {
    /// True if tools are listed all the same.
    pub(crate) lists_all: bool,
    /// The grants that serve: without those of directories that are missing, and without values of the configuration
    /// that the plugin does not know.
    grants: Grants,
    /// The directories that are granted and missing, each with its grant alone.
    missing: Vec<(Grants, FolderError)>,
    /// The values that keys of the configuration may have.
    values: BTreeMap<String, ConfigValues>,
    /// The grants of the manifest that a person took away.
    taken: Vec<GrantName>,
    /// The bindings of secrets in the manifest that the local file replaces.
    replaced_bindings: Vec<NetworkGrant>,
    /// The secrets that tools require and that had no value when they were looked for last; empty before the first
    /// look. This is a lock, since values come and go while the plugin stays.
    pub(crate) absent: Mutex<Vec<MissingSecret>>,
}

impl ToolNeeds {
    pub(crate) fn new(manifest: &Manifest, guest: &Guest) -> Self {
        let mut grants = guest.grants().clone();
        let errors = guest.missing_folders();
        let is_missing = |at: &str| errors.iter().any(|error| *error.at == *at);
        let alone = |error: &FolderError| {
            let files = grants.files.iter().filter(|grant| grant.at == error.at).cloned().collect();
            Grants { files, ..Grants::default() }
        };
        let missing = errors.iter().map(|error| (alone(error), error.clone())).collect();
        grants.files.retain(|grant| !is_missing(&grant.at));
        let unknown = manifest.unknown_values();
        grants.config.retain(|key, _| !unknown.iter().any(|unknown| unknown.key == *key));
        Self {
            lists_all: manifest.lists_ungranted,
            grants,
            missing,
            values: manifest.config_keys.clone(),
            taken: manifest.decisions.iter().flat_map(|own| own.taken.clone()).collect(),
            replaced_bindings: manifest.replaced_bindings().to_vec(),
            absent: Mutex::default(),
        }
    }

    /// Returns what `tool` lacks, in words. `None` if it is listed.
    pub(crate) fn of(&self, tool: &PluginTool, plugin: &str) -> Option<String> {
        if self.lists_all {
            return None;
        }
        let absent = lock(&self.absent);
        let lacks = tool.requires.iter().filter_map(|requirement| {
            if !requirement.is_granted(&self.grants) {
                return Some(self.lacked(requirement, plugin));
            }
            let missing =
                absent.iter().find(|missing| Some(&missing.name) == requirement.secret())?;
            Some(format!("a value of the secret {} ({})", missing.name, missing.command()))
        });
        let lacks: Vec<_> = lacks.collect();
        (!lacks.is_empty()).then(|| lacks.join(" and "))
    }

    /// Returns what is not granted, and what a person does about it: never to grant again what is granted or was taken
    /// away.
    fn lacked(&self, requirement: &Requirement, plugin: &str) -> String {
        let met = self.missing.iter().find(|(grants, _)| requirement.is_granted(grants));
        if let Some((_, error)) = met {
            return format!("`{requirement}`, which is granted, but {}", error.problem);
        }
        if let Some(taken) = self.taken.iter().find(|taken| requirement.is_taken_by(taken)) {
            let unset = CommandName::Unset.with([plugin, &taken.to_string()]);
            return format!("`{requirement}`, which you took away ({unset})");
        }
        let command =
            requirement.command(plugin, &self.values, &self.grants, &self.replaced_bindings);
        format!("`{requirement}` ({command})")
    }
}
