//! The grants and secrets that the tools of one plugin require, and those of them that are lacking.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::tools::PluginTool;
use crate::manifest::{Grants, SecretName};
use crate::sandbox::Guest;
use crate::sync::lock;

/// The grants and secrets that the tools of a plugin may lack.
pub(crate) struct ToolNeeds {
    /// True if tools are listed all the same.
    pub(crate) lists_all: bool,
    /// The grants, without those of directories that are missing.
    grants: Grants,
    /// The secrets that tools require and that had no value when they were looked for last; empty before the first
    /// look. This is a lock, since values come and go while the plugin stays.
    pub(crate) absent: Mutex<BTreeSet<SecretName>>,
}

impl ToolNeeds {
    pub(crate) fn new(lists_all: bool, guest: &Guest) -> Self {
        let mut grants = guest.grants().clone();
        let missing = guest.missing_folders();
        grants.files.retain(|grant| !missing.iter().any(|folder| *folder.at == *grant.at));
        Self { lists_all, grants, absent: Mutex::default() }
    }

    /// Returns what `tool` lacks, in words. `None` if it is listed.
    pub(crate) fn of(&self, tool: &PluginTool, plugin: &str) -> Option<String> {
        if self.lists_all {
            return None;
        }
        let absent = lock(&self.absent);
        let lacks = tool.requires.iter().filter_map(|requirement| match requirement.secret() {
            _ if !requirement.is_granted(&self.grants) => {
                Some(format!("`{requirement}` ({})", requirement.command(plugin)))
            }
            Some(name) if absent.contains(name) => {
                Some(format!("a value of the secret {name} (toolrack secret set {name})"))
            }
            Some(_) | None => None,
        });
        let lacks: Vec<_> = lacks.collect();
        (!lacks.is_empty()).then(|| lacks.join(" and "))
    }
}
