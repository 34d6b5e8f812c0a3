//! Tools that can only fail, since the plugin is not granted what they require or a secret of theirs has no value:
//! which, why, and what a person does about it.
//!
//! Secrets are looked for in the background ([`Plugin::look_for_secrets`]); the answers here follow what was found
//! last.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::bounds::MAX_TOLD;
use super::offer::PluginTool;
use super::plugin::Plugin;
use super::refusal::{Refusal, Refused};
use crate::manifest::{Grants, Requirement, SecretName};
use crate::name::ToolName;
use crate::sandbox::Guest;

/// The grants and secrets that the tools of a plugin may lack.
pub(super) struct ToolNeeds {
    /// True if tools are listed all the same.
    lists_all: bool,
    /// The grants, without those of directories that are missing.
    grants: Grants,
    /// The secrets that tools require and that had no value when they were looked for last; empty before the first
    /// look. This is a lock, since values come and go while the plugin stays.
    absent: Mutex<BTreeSet<SecretName>>,
}

impl ToolNeeds {
    pub(super) fn new(lists_all: bool, guest: &Guest) -> Self {
        let mut grants = guest.grants().clone();
        let missing = guest.missing_folders();
        grants.files.retain(|grant| !missing.iter().any(|folder| *folder.at == *grant.at));
        Self { lists_all, grants, absent: Mutex::default() }
    }

    /// Returns what `tool` lacks, in words. `None` if it is listed.
    fn of(&self, tool: &PluginTool, plugin: &str) -> Option<String> {
        if self.lists_all {
            return None;
        }
        let absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
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

/// Returns the refusals of the `tools` of one plugin that are not listed, each with its reason. The first ones get a
/// refusal each, the others one that counts them.
pub(super) fn refusals(
    file: &str,
    tools: Vec<(ToolName, String)>,
) -> impl Iterator<Item = Refusal> {
    let more = tools.len().saturating_sub(MAX_TOLD);
    tools.into_iter().take(MAX_TOLD + 1).enumerate().map(move |(at, (name, reason))| {
        let (refused, reason) = match at {
            MAX_TOLD => {
                let reason = format!("{more} more of its tools are not listed");
                (Refused::FurtherUnlisted(more), reason)
            }
            _ => (Refused::Unlisted(name), reason),
        };
        Refusal { refused, ..Refusal::plugin(file, reason) }
    })
}

impl Plugin {
    /// Returns why `tool` is not listed. `None` if it is.
    pub(super) fn unlisted(&self, tool: &PluginTool) -> Option<String> {
        let lacks = self.lacking.of(tool, self.name.as_str())?;
        Some(format!(
            "the tool `{}` is not listed, since it can only fail without {lacks}; `ungranted = \"show\"` under [plugin] \
             lists it",
            tool.name
        ))
    }

    /// True if which tools are listed depends on secrets.
    #[must_use]
    pub fn requires_secrets(&self) -> bool {
        !self.lacking.lists_all && !self.required_secrets().is_empty()
    }

    /// Looks for the secrets that its tools require. Blocks. True if other tools are listed now.
    pub fn look_for_secrets(&self) -> bool {
        let found = self.guest.absent_secrets(&self.required_secrets());
        let mut absent = self.lacking.absent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other = *absent != found;
        *absent = found;
        is_other
    }

    fn required_secrets(&self) -> BTreeSet<SecretName> {
        let requires = self.tools.iter().flat_map(|tool| &tool.requires);
        requires.filter_map(Requirement::secret).cloned().collect()
    }
}
