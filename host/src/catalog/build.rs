//! The tools of all plugins under their public names, and the refusals of the rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::admission::rate_limiter::RateLimiter;
use super::bounds::MAX_TOLD;
use super::offer::tools::PluginTool;
use super::{
    Catalog, Cause, Coming, MAX_PLUGINS, MAX_TOOLS, Plugin, Refusal, Refused, Tool, unlisted,
};
use crate::name::{PluginName, ToolName};

impl Catalog {
    /// Decides which plugin's tool is served under which name. If two want one name, the one that `previous` serves
    /// under it stays; if `previous` serves neither, the first of `plugins` gets it, which come in order of precedence.
    /// `refusals` are those known already.
    ///
    /// Other plugins are still `coming`, each known by its name and its prefix. A tool that is not served yet and whose
    /// name may turn out to be one of theirs waits for them, so that the order of loading does not decide what is
    /// served.
    #[must_use]
    pub fn build(
        plugins: Vec<Arc<Plugin>>,
        mut refusals: Vec<Refusal>,
        coming: Coming,
        previous: Option<&Self>,
    ) -> Self {
        let plugins = admit(plugins, &mut refusals, previous);
        refusals.extend(refusals_of(&plugins));
        let tools = name_tools(&plugins, &mut refusals, &coming, previous);
        let is_served = |name: &PluginName| tools.values().any(|tool| tool.plugin.name == *name);
        let Coming { loading, is_provisional } = coming;
        let is_early = is_provisional && previous.is_none_or(|previous| previous.is_early);
        let loading = loading.into_iter().filter(|other| !is_served(&other.name)).collect();
        let (is_unscanned, unserved) = (false, Vec::new());
        Self { is_unscanned, is_provisional, is_early, plugins, tools, refusals, loading, unserved }
    }
}

/// The refusals of these plugins: what they have and cannot offer, and faults in what they do offer.
fn refusals_of(plugins: &[Arc<Plugin>]) -> Vec<Refusal> {
    let unfit = plugins.iter().flat_map(|plugin| unfit(plugin));
    let unnoted = plugins.iter().filter_map(|plugin| plugin.unnoted.clone());
    let warnings = plugins.iter().flat_map(|plugin| plugin.warnings.clone());
    unfit.chain(unnoted).chain(warnings).collect()
}

/// The functions of a plugin that are no tools.
fn unfit(plugin: &Plugin) -> impl Iterator<Item = Refusal> {
    let told = plugin.unfit.iter().take(MAX_TOLD).map(|unfit| Refusal {
        file: plugin.file.clone(),
        refused: Refused::Function(unfit.name.clone()),
        cause: Cause::Itself,
        reason: format!(
            "its function `{}` is no tool: it {}; `hidden = true` in its [[tools]] silences this",
            unfit.name, unfit.reason
        ),
    });
    let more = plugin.unfit.len().saturating_sub(MAX_TOLD);
    told.chain((more > 0).then(|| Refusal {
        refused: Refused::Further(more),
        ..Refusal::plugin(&plugin.file, format!("{more} more of its functions are no tools"))
    }))
}

/// Returns the tools that are served, by their names. Tells in `refusals` of those that are not.
fn name_tools(
    plugins: &[Arc<Plugin>],
    refusals: &mut Vec<Refusal>,
    coming: &Coming,
    previous: Option<&Catalog>,
) -> BTreeMap<ToolName, Arc<Tool>> {
    let mut tools = BTreeMap::<ToolName, Arc<Tool>>::new();
    let mut unserved_by_file = BTreeMap::<&str, usize>::new();
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
                let unserved = unserved_by_file.entry(&*plugin.file).or_insert(0);
                *unserved += 1;
                if *unserved <= MAX_TOLD {
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
        refusals.extend(unlisted::refusals(file, tools));
    }
    let more = unserved_by_file.iter().map(|(file, count)| (*file, count.saturating_sub(MAX_TOLD)));
    refusals.extend(more.filter(|(_, more)| *more > 0).map(|(file, more)| Refusal {
        refused: Refused::Further(more),
        ..Refusal::plugin(file, format!("{more} more of its tools are not served"))
    }));
    tools
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

/// A reason why a tool cannot be served beside others.
enum Obstacle<'a> {
    /// The plugin of this manifest's file has one of its name.
    Taken(&'a str),
    Full,
}

/// The reason why `tool` cannot be served beside `tools`, if it cannot.
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
    let pace = RateLimiter::after(plugin.limits().rate, tool.rate, beside, before);
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
        // A plugin whose tools wait for its namesake is not served yet.
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
