//! A catalog made of plugins: those that are served, their features, and the refusals of the rest.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::bounds::MAX_TOLD;
use super::features::name_conflicts::settle;
use super::{Catalog, Cause, Coming, MAX_PLUGINS, Plugin, Refusal, Refused};
use crate::name::PluginName;

impl Catalog {
    /// Decides which plugin's feature is served under which name. It belongs to the plugin of the longest prefix that it
    /// begins with. If two want one name besides, the one that `previous` serves
    /// under it stays; if `previous` serves neither, the first of `plugins` gets it, which come in order of precedence.
    /// `refusals` are those known already.
    ///
    /// Other plugins are still `coming`, each known by its name and its prefix. A feature that is not served yet and whose
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
        let tools = previous.map(|previous| &previous.tools);
        let offered =
            plugins.iter().flat_map(|plugin| plugin.tools.iter().map(move |tool| (plugin, tool)));
        let tools = settle(&plugins, offered, &mut refusals, &coming, tools);
        let is_served = |name: &PluginName| tools.all().any(|tool| tool.plugin.name == *name);
        let Coming { loading, is_provisional } = coming;
        let is_early = is_provisional && previous.is_none_or(|previous| previous.is_early);
        let loading = loading.into_iter().filter(|other| !is_served(&other.name)).collect();
        let (is_unscanned, unserved) = (false, Vec::new());
        let only = None;
        Self {
            is_unscanned,
            is_provisional,
            is_early,
            plugins,
            tools,
            only,
            refusals,
            loading,
            unserved,
            digest: OnceLock::new(),
        }
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

/// The plugins that are served, in order: one of a name, and not too many.
fn admit(
    plugins: Vec<Arc<Plugin>>,
    refusals: &mut Vec<Refusal>,
    previous: Option<&Catalog>,
) -> Vec<Arc<Plugin>> {
    let is_served = |plugin: &Plugin| {
        // A plugin whose tools wait for its namesake is not served yet.
        let mut served =
            previous.into_iter().flat_map(|previous| previous.tools.all()).map(|tool| &tool.plugin);
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
