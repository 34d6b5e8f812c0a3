//! The catalog itself: an immutable table, whose holder can call its tools whatever is published after.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::error::file_name;
use super::features::coming::ComingPlugin;
use super::features::served::Served;
use super::plugin::Plugin;
use super::refusal::{Refusal, RefusalCount, Refused};
use super::tool::Tool;
use crate::manifest::{Sha256Digest, local_of};
use crate::name::{PluginName, ToolName};
use crate::suggestion::CommandName;
use crate::tokens::AllowedTools;
use crate::tool::FeatureKind;

/// Everything that is served, and what is not.
#[derive(Default)]
pub struct Catalog {
    pub(super) is_unscanned: bool,
    pub(super) is_provisional: bool,
    /// True if it is provisional, as all before it were.
    pub(super) is_early: bool,
    pub(super) plugins: Vec<Arc<Plugin>>,
    pub(super) tools: Served<Tool>,
    /// The tools that whoever is served by it may know of; all, if absent.
    pub(super) only: Option<Arc<AllowedTools>>,
    pub(super) refusals: Vec<Refusal>,
    /// Plugins that were still being loaded, and of which no older version is served.
    pub(super) loading: Vec<ComingPlugin>,
    /// Plugins of which nothing is served, by what their tools would be called.
    pub(super) unserved: Vec<Unserved>,
    /// The digest of it. Empty until somebody asks: a server over stdio alone is never asked.
    pub(super) digest: OnceLock<Sha256Digest>,
}

/// A plugin of which nothing is served.
#[derive(Clone, Debug)]
pub struct Unserved {
    /// The prefix of the names of its tools.
    pub prefix: Box<str>,
    /// Its manifest's file, and what is wrong, on one line.
    pub reason: String,
}

/// The number of plugins by what becomes of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PluginCounts {
    /// The plugins of which a version is served.
    pub(crate) serving: usize,
    /// The plugins that are being loaded, and of which no older version is served.
    pub(crate) loading: usize,
    /// The plugins of which nothing, or no new version, is served, since something is wrong.
    pub(crate) refused: usize,
    /// The plugins of which nothing, or no new version, is served, since a lock holds it back.
    #[serde(default)]
    pub(crate) held: usize,
}

impl Catalog {
    /// The catalog of directories that could not be looked at yet: nothing is known, and any tool may come.
    #[must_use]
    pub fn unscanned() -> Self {
        Self { is_unscanned: true, ..Self::default() }
    }

    /// This catalog for somebody who may call these tools alone, and knows of no others.
    #[must_use]
    pub(crate) fn restricted_to(&self, only: &Arc<AllowedTools>) -> Self {
        Self {
            is_unscanned: self.is_unscanned,
            is_provisional: self.is_provisional,
            is_early: self.is_early,
            plugins: self.plugins.clone(),
            tools: self.tools.filtered(|tool| only.allow(tool.name.as_str())),
            only: Some(only.clone()),
            refusals: self.refusals.clone(),
            loading: self.loading.clone(),
            unserved: self.unserved.clone(),
            digest: OnceLock::new(),
        }
    }

    /// True if whoever is served may know of a tool of this name.
    fn may_tell_of(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.allow(name))
    }

    /// True if more is about to come. Calls are served from it; what it changes is told, and listed for the first time,
    /// together with what follows.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        self.is_provisional
    }

    /// True if it is provisional, as all before it were: the first list waits for more.
    #[must_use]
    pub fn is_early(&self) -> bool {
        self.is_early
    }

    /// True if the plugin directories were looked at, and the first list of tools is whole.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.is_unscanned && !self.is_early
    }

    /// True if the tool of this name, which is not served, may be one that is still on its way.
    #[must_use]
    pub fn may_have(&self, name: &ToolName) -> bool {
        self.may_tell_of(name.as_str()) && (self.is_unscanned || self.awaits(name).is_some())
    }

    /// The tool with this public name.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.tools.get(name)
    }

    /// Returns why the tool of this name is not listed, if it is one that can only fail as things stand.
    #[must_use]
    pub fn unlisted(&self, name: &str) -> Option<String> {
        if !self.may_tell_of(name) {
            return None;
        }
        let tools = self
            .plugins
            .iter()
            .flat_map(|plugin| plugin.tools.iter().map(move |tool| (plugin, tool)));
        let mut own = tools.filter(|(_, tool)| tool.name.as_str() == name);
        let (plugin, reason) =
            own.find_map(|(plugin, tool)| Some((plugin, plugin.unlisted(tool)?)))?;
        // What it lacks may be granted already, in a version that waits to be served.
        let is_newer =
            |refusal: &&Refusal| refusal.refused == Refused::Version && refusal.file == plugin.file;
        Some(match self.refusals.iter().find(is_newer) {
            Some(newer) => format!(
                "the tool `{name}` is not listed in the version that serves; {}",
                newer.one_line()
            ),
            None => reason,
        })
    }

    /// Returns how the tool of this name is shown again, if a person hid it.
    #[must_use]
    pub fn hidden(&self, name: &str) -> Option<String> {
        self.plugins.iter().find_map(|plugin| {
            let key = format!("tools.{}.hidden", plugin.own_name(name)?);
            let is_decided = plugin.decisions().is_some_and(|own| own.set.contains(&key));
            is_decided.then(|| {
                let unset = CommandName::Unset.with([plugin.name.as_str(), &key]);
                format!(
                    "the tool `{name}` is hidden, which {} decides; `{unset}` shows it again",
                    file_name(&local_of(&plugin.file))
                )
            })
        })
    }

    /// Returns this catalog, which can then tell of these plugins where one of their tools is asked for.
    #[must_use]
    pub fn with_unserved(self, unserved: Vec<Unserved>) -> Self {
        Self { unserved, ..self }
    }

    /// Returns why a plugin is not served that would have the tool of this name, going by its prefix.
    #[must_use]
    pub fn unserved(&self, tool: &ToolName) -> Option<&str> {
        if !self.may_tell_of(tool.as_str()) {
            return None;
        }
        let mut named = self.unserved.iter().filter(|plugin| !plugin.prefix.is_empty());
        named.find(|plugin| tool.may_begin_with(&plugin.prefix)).map(|plugin| &*plugin.reason)
    }

    /// Returns the name of the tool that was called `name` before a person decided another prefix.
    #[must_use]
    pub fn now_called(&self, name: &str) -> Option<&ToolName> {
        self.plugins.iter().find_map(|plugin| {
            let own = plugin.formerly(name)?;
            self.tools.of(plugin).find(|tool| tool.spec.name == own).map(|tool| &tool.name)
        })
    }

    /// Returns the tool that was most likely meant by a name that no tool has.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&ToolName> {
        self.tools.nearest(name).or_else(|| self.by_own_name(name))
    }

    /// The only tool that `name` is with a prefix that shortens its plugin's, such as one that was decided and taken back.
    fn by_own_name(&self, name: &str) -> Option<&ToolName> {
        let is_it = |tool: &&Arc<Tool>| {
            let prefix = name.strip_suffix(&*tool.spec.name);
            let prefix = prefix.and_then(|prefix| prefix.strip_suffix('_'));
            prefix.is_some_and(|prefix| shortens(prefix, tool.plugin.name.as_str()))
        };
        let mut found = self.tools.all().filter(is_it);
        let only = found.next()?;
        found.next().is_none().then_some(&only.name)
    }

    /// A plugin that was still being loaded, and might have a tool of this name.
    #[must_use]
    pub fn awaits(&self, tool: &ToolName) -> Option<&PluginName> {
        let mut loading = self.loading.iter();
        loading.find(|other| tool.may_begin_with(&other.prefix)).map(|other| &other.name)
    }

    /// The tools that are served.
    #[must_use]
    pub fn tools(&self) -> &Served<Tool> {
        &self.tools
    }

    /// The kinds of features of which a client that lists both catalogs sees a difference.
    pub fn differences(&self, other: &Self) -> impl Iterator<Item = FeatureKind> {
        let differs = |kind: &FeatureKind| match kind {
            FeatureKind::Tool => !self.tools.looks_like(&other.tools),
        };
        FeatureKind::ALL.into_iter().filter(differs)
    }

    /// All plugins, in order of precedence.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// The plugins that were still being loaded, and of which no older version is served.
    #[must_use]
    pub fn loading(&self) -> &[ComingPlugin] {
        &self.loading
    }

    /// The refusals: each says what is not served and why, or warns of something that is.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// The number of plugins by what becomes of them.
    #[must_use]
    pub(crate) fn count_plugins(&self) -> PluginCounts {
        let of_plugins = self.refusals.iter().filter(|refusal| refusal.is_of_whole_plugin());
        let held = of_plugins.filter(|refusal| refusal.is_held_back()).count();
        PluginCounts {
            serving: self.plugins().len(),
            loading: self.loading().len(),
            refused: self.count_refused().plugins - held,
            held,
        }
    }

    /// The number of refusals, without the warnings among them.
    #[must_use]
    pub fn count_refused(&self) -> RefusalCount {
        RefusalCount::of(self.refusals.iter())
    }
}

/// True if the letters of `short` stand in `long` in this order, and both begin alike.
fn shortens(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short.chars().next() == long.chars().next()
        && short.chars().all(|c| rest.any(|other| other == c))
}
