//! The catalog: the immutable table of everything that is served now.
//!
//! It is built whole and published whole; who holds one can call its tools, whatever is published
//! after. It does not know files, JSON-RPC or how a plugin runs.

mod breaker;
mod bucket;
mod budget;
mod circuit;
mod definition;
mod entry;
mod error;
mod explain;
mod found;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod instructions;
mod lenient;
mod offer;
mod overrides;
mod pace;
mod plugin;
mod references;
mod refusal;
mod schema;
mod schema_words;
mod tally;
mod tool;
mod unmet;
mod wit;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifest::Manifest;
use crate::name::{PluginName, ToolName};
pub use breaker::Paused;
pub use entry::Entry;
pub use error::{PluginError, first_tool};
pub use instructions::{GENERAL_INSTRUCTIONS, MAX_INSTRUCTIONS};
use offer::PluginTool;
use pace::Pace;
pub use plugin::{Parts, Plugin};
pub use refusal::{Cause, Refusal, Refused};
pub use schema_words::{MemberWords, members};
pub use tally::Tally;
pub use tool::{MAX_ARGUMENTS, Tool};
pub use wit::{WitError, WitFile};

/// Plugins served at once.
pub const MAX_PLUGINS: usize = 256;
/// Tools served at once.
pub const MAX_TOOLS: usize = 512;
/// Functions of one plugin, and tools, that are named where they are not served.
const MAX_TOLD: usize = 20;

/// Everything that is served, and what is not.
#[derive(Default)]
pub struct Catalog {
    is_unscanned: bool,
    is_provisional: bool,
    /// True if it is provisional, as all before it were.
    is_early: bool,
    plugins: Vec<Arc<Plugin>>,
    tools: BTreeMap<ToolName, Arc<Tool>>,
    refusals: Vec<Refusal>,
    /// Plugins that were still being loaded, and of which no older version is served.
    loading: Vec<Loading>,
    /// Plugins of which nothing is served, by what their tools would be called.
    unserved: Vec<Unserved>,
}

/// A plugin of which nothing is served.
#[derive(Clone, Debug)]
pub struct Unserved {
    /// The prefix of the names of its tools.
    pub prefix: Box<str>,
    /// Its manifest's file, and what is wrong, on one line.
    pub reason: String,
}

/// What is still on its way.
#[derive(Clone, Debug, Default)]
pub struct Coming {
    /// Plugins that are being loaded.
    pub loading: Vec<Loading>,
    /// True if another catalog follows as soon as one of them is there.
    pub is_provisional: bool,
}

/// A plugin that is being loaded.
#[derive(Clone, Debug)]
pub struct Loading {
    /// Its name.
    pub name: PluginName,
    /// The prefix of the names of its tools.
    pub prefix: Box<str>,
    /// True if it is being loaded. Else it may be before long: calls of its tools wait for that, and nothing else does.
    pub is_loading: bool,
}

impl Loading {
    /// The plugin of this manifest, which is being loaded.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self { name: manifest.name.clone(), prefix: manifest.prefix.clone(), is_loading: true }
    }
}

impl Coming {
    /// True if one of them may turn out to have the tool `name` of `plugin`, or to be that plugin itself.
    fn may_claim(&self, plugin: &Plugin, name: &ToolName) -> bool {
        self.loading.iter().filter(|other| other.is_loading).any(|other| {
            // One without a prefix may have any name; to wait for it for long would be to serve nothing.
            let may_wait = self.is_provisional || !other.prefix.is_empty();
            other.name == plugin.name || (may_wait && name.may_begin_with(&other.prefix))
        })
    }
}

impl Catalog {
    /// Settles who is served under which name. Of two that want one name, the one that `previous`
    /// serves under it stays; where it serves neither, the first of `plugins`, which come in order of
    /// precedence. `refusals` are those known already.
    ///
    /// Others are still `coming`, each known by its name and its prefix. A tool that is not served yet and that may
    /// turn out to be one of theirs waits for them, so that who is served does not follow from who is loaded first.
    #[must_use]
    pub fn build(
        plugins: Vec<Arc<Plugin>>,
        mut refusals: Vec<Refusal>,
        coming: Coming,
        previous: Option<&Self>,
    ) -> Self {
        let plugins = admit(plugins, &mut refusals, previous);
        for plugin in &plugins {
            refusals.extend(plugin.unfit.iter().take(MAX_TOLD).map(|unfit| Refusal {
                file: plugin.file.clone(),
                refused: Refused::Function(unfit.name.clone()),
                cause: Cause::Itself,
                reason: format!(
                    "its function `{}` is no tool: it {}; `hidden = true` in its [[tools]] silences this",
                    unfit.name, unfit.reason
                ),
            }));
            let more = plugin.unfit.len().saturating_sub(MAX_TOLD);
            refusals.extend((more > 0).then(|| Refusal {
                refused: Refused::Further(more),
                ..Refusal::plugin(
                    &plugin.file,
                    format!("{more} more of its functions are no tools"),
                )
            }));
        }
        refusals.extend(plugins.iter().filter_map(|plugin| plugin.unnoted.clone()));
        refusals.extend(plugins.iter().flat_map(|plugin| plugin.warnings.clone()));
        let mut tools = BTreeMap::<ToolName, Arc<Tool>>::new();
        // Tools that are not served, by the files of their plugins.
        let mut untold = BTreeMap::<&str, usize>::new();
        let mut unlisted = BTreeMap::<&str, Vec<(ToolName, String)>>::new();
        let mut wanted: Vec<_> = plugins
            .iter()
            .flat_map(|plugin| plugin.tools.iter().map(move |tool| (plugin, tool)))
            .collect();
        wanted.sort_by_key(|(plugin, tool)| held(previous, plugin, &tool.name).is_none());
        for (plugin, tool) in wanted {
            if let Some(reason) = plugin.unlisted(tool) {
                unlisted.entry(&*plugin.file).or_default().push((tool.name.clone(), reason));
                continue;
            }
            let is_held = held(previous, plugin, &tool.name).is_some();
            if !is_held && coming.may_claim(plugin, &tool.name) {
                continue;
            }
            match obstacle(&tools, tool) {
                Some(obstacle) => {
                    let untold = untold.entry(&*plugin.file).or_insert(0);
                    *untold += 1;
                    if *untold <= MAX_TOLD {
                        refusals.push(obstacle.refusal(plugin, tool));
                    }
                }
                None => {
                    let tool = served_after(previous, &tools, plugin, tool);
                    tools.insert(tool.name.clone(), Arc::new(tool));
                }
            }
        }
        for (file, tools) in unlisted {
            refusals.extend(unmet::refusals(file, tools));
        }
        let more = untold.iter().map(|(file, count)| (*file, count.saturating_sub(MAX_TOLD)));
        refusals.extend(more.filter(|(_, more)| *more > 0).map(|(file, more)| Refusal {
            refused: Refused::Further(more),
            ..Refusal::plugin(file, format!("{more} more of its tools are not served"))
        }));
        let is_served = |name: &PluginName| tools.values().any(|tool| tool.plugin.name == *name);
        let Coming { loading, is_provisional } = coming;
        let is_early = is_provisional && previous.is_none_or(|previous| previous.is_early);
        let loading = loading.into_iter().filter(|other| !is_served(&other.name)).collect();
        let unserved = Vec::new();
        Self {
            is_unscanned: false,
            is_provisional,
            is_early,
            plugins,
            tools,
            refusals,
            loading,
            unserved,
        }
    }

    /// The catalog of directories that could not be looked at yet: nothing is known, and any tool may come.
    #[must_use]
    pub fn unscanned() -> Self {
        Self { is_unscanned: true, ..Self::default() }
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

    /// True if the tool of this name, which is not served, may be one that is still on its way.
    #[must_use]
    pub fn may_have(&self, name: &ToolName) -> bool {
        self.is_unscanned || self.awaits(name).is_some()
    }

    /// The tool with this public name.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.tools.get(name)
    }

    /// Returns why the tool of this name is not listed, if it is one that can only fail as things stand.
    #[must_use]
    pub fn unlisted(&self, name: &str) -> Option<String> {
        let tools = self
            .plugins
            .iter()
            .flat_map(|plugin| plugin.tools.iter().map(move |tool| (plugin, tool)));
        let mut own = tools.filter(|(_, tool)| tool.name.as_str() == name);
        own.find_map(|(plugin, tool)| plugin.unlisted(tool))
    }

    /// The same catalog, which can tell of these plugins where one of their tools is asked for.
    #[must_use]
    pub fn with_unserved(self, unserved: Vec<Unserved>) -> Self {
        Self { unserved, ..self }
    }

    /// Returns why a plugin is not served that would have the tool of this name, going by its prefix.
    #[must_use]
    pub fn unserved(&self, tool: &ToolName) -> Option<&str> {
        let mut named = self.unserved.iter().filter(|plugin| !plugin.prefix.is_empty());
        named.find(|plugin| tool.may_begin_with(&plugin.prefix)).map(|plugin| &*plugin.reason)
    }

    /// The tool that was most likely meant by a name that none has.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&ToolName> {
        let near = crate::text::nearest(name, self.tools.keys().map(ToolName::as_str))?;
        self.tools.get_key_value(near).map(|(name, _)| name)
    }

    /// A plugin that was still being loaded, and might have a tool of this name.
    #[must_use]
    pub fn awaits(&self, tool: &ToolName) -> Option<&PluginName> {
        let mut loading = self.loading.iter();
        loading.find(|other| tool.may_begin_with(&other.prefix)).map(|other| &other.name)
    }

    /// All tools, in the order of their names.
    pub fn tools(&self) -> impl Iterator<Item = &Arc<Tool>> {
        self.tools.values()
    }

    /// All tools whose names come after `name`, in order.
    pub fn tools_after(&self, name: &ToolName) -> impl Iterator<Item = &Arc<Tool>> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.tools.range((Excluded(name.clone()), Unbounded)).map(|(_, tool)| tool)
    }

    /// Whether a client that lists both sees no difference.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        self.tools.len() == other.tools.len()
            && self
                .tools
                .values()
                .zip(other.tools.values())
                .all(|(one, two)| one.name == two.name && one.spec.looks_like(&two.spec))
    }

    /// All plugins, in order of precedence.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// The refusals: each says what is not served and why, or warns of something that is.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// The number of refusals, without the warnings among them.
    #[must_use]
    pub fn count_refused(&self) -> usize {
        self.refusals.iter().filter(|refusal| refusal.is_refusal()).count()
    }
}

/// The tool that `catalog` serves under this name, if it is of this plugin.
fn held<'a>(
    catalog: Option<&'a Catalog>,
    plugin: &Plugin,
    name: &ToolName,
) -> Option<&'a Arc<Tool>> {
    let before = catalog.and_then(|catalog| catalog.tools.get(name));
    before.filter(|before| before.plugin.file == plugin.file)
}

/// Why a tool cannot be served beside others.
enum Obstacle<'a> {
    /// The plugin of this manifest's file has one of its name.
    Taken(&'a str),
    Full,
}

/// Why `tool` cannot be served beside `tools`, if it cannot.
fn obstacle<'a>(
    tools: &'a BTreeMap<ToolName, Arc<Tool>>,
    tool: &PluginTool,
) -> Option<Obstacle<'a>> {
    match tools.get(&tool.name) {
        Some(other) => Some(Obstacle::Taken(&other.plugin.file)),
        None if tools.len() == MAX_TOOLS => Some(Obstacle::Full),
        None => None,
    }
}

impl Obstacle<'_> {
    fn refusal(&self, plugin: &Plugin, tool: &PluginTool) -> Refusal {
        let name = &tool.name;
        let (cause, why) = match self {
            Self::Taken(other) => (
                Cause::Taken((*other).into()),
                format!("{other} offers a tool of this name already; set another `prefix`"),
            ),
            Self::Full => (
                Cause::Full,
                format!("{MAX_TOOLS} tools are served already, the most there can be"),
            ),
        };
        let reason = format!("its tool `{name}` is not served: {why}");
        let (file, refused) = (plugin.file.clone(), Refused::Tool(name.clone()));
        Refusal { file, refused, cause, reason }
    }
}

/// A tool that is served beside `tools`, with what it was asked and may still be asked by `previous`.
fn served_after(
    previous: Option<&Catalog>,
    tools: &BTreeMap<ToolName, Arc<Tool>>,
    plugin: &Arc<Plugin>,
    tool: &PluginTool,
) -> Tool {
    let before = held(previous, plugin, &tool.name);
    let tally = before.map(|before| before.tally.clone());
    // Tools of one plugin share its rate, with each other and with those before.
    let beside = tools.values().find(|tool| Arc::ptr_eq(&tool.plugin, plugin));
    let beside = beside.or_else(|| {
        let mut known = previous?.tools.values();
        known.find(|known| known.plugin.file == plugin.file)
    });
    let (beside, before) = (beside.map(|tool| &tool.pace), before.map(|tool| &tool.pace));
    let pace = Pace::after(plugin.limits().rate, tool.rate, beside, before);
    Tool {
        name: tool.name.clone(),
        spec: tool.spec.clone(),
        plugin: plugin.clone(),
        tally: tally.unwrap_or_default(),
        input: tool.input.clone(),
        output: tool.output.clone(),
        err_is_error: tool.err_is_error,
        reading: tool.reading,
        pace,
    }
}

/// The plugins that are served, in order: one of a name, and not too many.
fn admit(
    plugins: Vec<Arc<Plugin>>,
    refusals: &mut Vec<Refusal>,
    previous: Option<&Catalog>,
) -> Vec<Arc<Plugin>> {
    let is_served = |plugin: &Plugin| {
        // One whose tools wait for its namesake is not served yet.
        let mut served = previous.into_iter().flat_map(Catalog::tools).map(|tool| &tool.plugin);
        served.any(|served| served.file == plugin.file && served.name == plugin.name)
    };
    let mut plugins: Vec<_> = plugins.into_iter().enumerate().collect();
    plugins.sort_by_key(|(_, plugin)| !is_served(plugin));
    let mut admitted = BTreeMap::<_, (usize, Arc<Plugin>)>::new();
    for (place, plugin) in plugins {
        if admitted.len() == MAX_PLUGINS {
            refusals.push(Refusal::full(&plugin.file));
        } else if let Some((_, other)) = admitted.get(&plugin.name) {
            let reason = format!(
                "another plugin is named `{}` already: {}; set another `name`",
                plugin.name, other.file
            );
            let cause = Cause::Taken(other.file.clone());
            refusals.push(Refusal { cause, ..Refusal::plugin(&plugin.file, reason) });
        } else {
            admitted.insert(plugin.name.clone(), (place, plugin));
        }
    }
    let mut admitted: Vec<_> = admitted.into_values().collect();
    admitted.sort_by_key(|(place, _)| *place);
    admitted.into_iter().map(|(_, plugin)| plugin).collect()
}
