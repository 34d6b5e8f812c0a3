//! A tool as it comes to be served: what it keeps of the version before, and what it shares with the plugin's others.

use std::sync::Arc;

use super::admission::rate_limiter::RateLimiter;
use super::features::name_conflicts::{Offered, held};
use super::features::served::Served;
use super::offer::tools::PluginTool;
use super::plugin::Plugin;
use super::tool::Tool;
use crate::name::ToolName;

impl Offered for PluginTool {
    type Feature = Tool;

    fn name(&self) -> &ToolName {
        &self.name
    }

    fn unlisted(&self, plugin: &Plugin) -> Option<String> {
        plugin.unlisted(self)
    }

    fn serve(
        &self,
        plugin: &Arc<Plugin>,
        beside: &Served<Tool>,
        before: Option<&Served<Tool>>,
    ) -> Tool {
        let own = held(before, plugin, &self.name);
        // Tools of one plugin share its rate, with each other and with those before.
        let sibling = beside.of(plugin).next().or_else(|| {
            let mut known = before?.all();
            known.find(|known| known.plugin.file == plugin.file)
        });
        let (sibling_pace, own_pace) = (sibling.map(|tool| &tool.pace), own.map(|tool| &tool.pace));
        let pace = RateLimiter::after(plugin.limits().rate, self.rate, sibling_pace, own_pace);
        Tool {
            name: self.name.clone(),
            spec: self.spec.clone(),
            plugin: plugin.clone(),
            statistics: own.map(|tool| tool.statistics.clone()).unwrap_or_default(),
            input: self.input.clone(),
            output: self.output.clone(),
            err_is_error: self.err_is_error,
            repeated: self.repeated.clone(),
            reading: self.reading,
            pace,
            cache: self.cache.clone(),
        }
    }
}
