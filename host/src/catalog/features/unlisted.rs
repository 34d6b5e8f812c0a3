//! Tools that can only fail, since the plugin is not granted what they require or a secret of theirs has no value:
//! which, why, and what a person does about it.
//!
//! Secrets are looked for in the background ([`Plugin::look_for_secrets`]); the answers here follow what was found
//! last.

use std::collections::BTreeSet;

use super::super::bounds::MAX_TOLD;
use super::super::offer::tools::PluginTool;
use super::super::plugin::Plugin;
use super::super::refusal::{Refusal, Refused};
use crate::manifest::{Requirement, SecretName};
use crate::secret::MissingSecret;
use crate::suggestion::CommandName;
use crate::sync::lock;
use crate::tool::FeatureKind;

/// Returns the refusals of the features of one plugin that are not listed, each with its name and the reason. The first
/// ones get a refusal each, the others one that counts them.
pub(crate) fn refusals(
    kind: FeatureKind,
    file: &str,
    unlisted: Vec<(String, String)>,
) -> impl Iterator<Item = Refusal> {
    let more = unlisted.len().saturating_sub(MAX_TOLD);
    unlisted.into_iter().take(MAX_TOLD + 1).enumerate().map(move |(at, (name, reason))| {
        let (refused, reason) = match at {
            MAX_TOLD => {
                let reason = format!("{more} more of its {}s are not listed", kind.noun());
                (Refused::FurtherUnlisted(more), reason)
            }
            _ => (Refused::Unlisted(kind, name), reason),
        };
        Refusal { refused, ..Refusal::plugin(file, reason) }
    })
}

impl Plugin {
    /// Returns why `tool` is not listed. `None` if it is.
    pub(crate) fn unlisted(&self, tool: &PluginTool) -> Option<String> {
        let lacks = self.lacking.of(tool, self.name.as_str())?;
        let listed = CommandName::Set.with([self.name.as_str(), "ungranted", "show"]);
        Some(format!(
            "the tool `{}` is not listed, since it can only fail without {lacks}; `{listed}` lists it",
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
        let mut absent = lock(&self.lacking.absent);
        let names = |missing: &[MissingSecret]| {
            missing.iter().map(|one| one.name.clone()).collect::<Vec<_>>()
        };
        let is_other = names(&absent) != names(&found);
        *absent = found;
        is_other
    }

    fn required_secrets(&self) -> BTreeSet<SecretName> {
        let requires = self.tools.iter().flat_map(|tool| &tool.requires);
        requires.filter_map(Requirement::secret).cloned().collect()
    }
}
