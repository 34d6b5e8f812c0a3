//! The catalog: the immutable table of everything that is served now.
//!
//! It is built whole and published whole; who holds one can call its tools, whatever is published
//! after. It does not know files, JSON-RPC or how a plugin runs.

mod breaker;
mod bucket;
mod budget;
mod circuit;
mod definition;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod overrides;
mod pace;
mod plugin;
mod schema;
mod tally;
mod wit;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::name::{PluginName, ToolName};
use crate::sandbox::{CallContext, Ended, ProgressSink};
use crate::tool::{CallError, Output, ToolSpec};
pub use breaker::Paused;
use pace::Pace;
pub use plugin::{Plugin, PluginError, first_tool};
pub use tally::Tally;
pub use wit::{WitError, WitFile};

/// Plugins served at once.
pub const MAX_PLUGINS: usize = 256;
/// Tools served at once.
pub const MAX_TOOLS: usize = 512;
/// The arguments of one call, in bytes of JSON.
pub const MAX_ARGUMENTS: usize = 1024 * 1024;
/// Arguments that a brief turn may be begun with, in bytes of JSON.
const MAX_BRIEF_ARGUMENTS: usize = 4 * 1024;

/// Everything that is served, and what is not.
#[derive(Default)]
pub struct Catalog {
    is_early: bool,
    plugins: Vec<Arc<Plugin>>,
    tools: BTreeMap<ToolName, Arc<Tool>>,
    refusals: Vec<Refusal>,
}

/// Something that a plugin directory holds and the catalog does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The manifest's file, or what else is at fault.
    pub file: String,
    /// What is not served.
    pub refused: Refused,
    /// What is wrong and what to do about it; may span lines.
    pub reason: String,
}

/// How much of a file is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// All of it.
    Plugin,
    /// What it holds now; the last version that was good serves on.
    Version,
    /// One tool; the plugin's others are served.
    Tool(ToolName),
    /// One function that no tool can be made of; the plugin's others are served.
    Function(String),
    /// What the `.wit` file says of the functions; all of them are served.
    Notes,
}

impl Refusal {
    /// The refusal of a whole plugin.
    #[must_use]
    pub fn plugin(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), refused: Refused::Plugin, reason: reason.into() }
    }

    /// The refusal on one line, for a log: without the lines that show the place.
    #[must_use]
    pub fn one_line(&self) -> String {
        let mut lines = self.reason.lines();
        let first = lines.next().unwrap_or_default();
        let place = if first.starts_with(&self.file) { "" } else { &*format!("{}: ", self.file) };
        let help = lines.find_map(|line| line.split_once("= help: "));
        let help = help.map(|(_, help)| format!("; {help}")).unwrap_or_default();
        format!("{place}{first}{help}")
    }
}

/// A tool that is served.
pub struct Tool {
    /// Its public name.
    pub name: ToolName,
    /// What it is.
    pub spec: ToolSpec,
    /// Whose it is.
    pub plugin: Arc<Plugin>,
    /// What it has been asked, over all its versions.
    pub tally: Arc<Tally>,
    input: Option<Arc<schema::Schema>>,
    output: Option<Arc<schema::Schema>>,
    err_is_error: bool,
    pace: Pace,
}

impl Catalog {
    /// Settles who is served under which name. Of two that want one name, the one that `previous`
    /// serves under it stays; where it serves neither, the first of `plugins`, which come in order of
    /// precedence. `refusals` are those known already.
    #[must_use]
    pub fn build(
        plugins: Vec<Arc<Plugin>>,
        mut refusals: Vec<Refusal>,
        previous: Option<&Self>,
    ) -> Self {
        // What was served early is nobody's for that.
        let served = previous.filter(|previous| !previous.is_early);
        let plugins = admit(plugins, &mut refusals, served);
        for plugin in &plugins {
            refusals.extend(plugin.unfit.iter().map(|unfit| Refusal {
                file: plugin.file.clone(),
                refused: Refused::Function(unfit.name.clone()),
                reason: format!(
                    "its function `{}` is no tool: it {}; `hidden = true` in its [[tools]] silences this",
                    unfit.name, unfit.reason
                ),
            }));
        }
        refusals.extend(plugins.iter().filter_map(|plugin| plugin.unnoted.clone()));
        fn held<'a>(
            catalog: Option<&'a Catalog>,
            plugin: &Plugin,
            name: &ToolName,
        ) -> Option<&'a Arc<Tool>> {
            let before = catalog.and_then(|catalog| catalog.tools.get(name));
            before.filter(|before| before.plugin.file == plugin.file)
        }
        let mut tools = BTreeMap::<ToolName, Arc<Tool>>::new();
        let mut wanted: Vec<_> = plugins
            .iter()
            .flat_map(|plugin| plugin.tools.iter().map(move |tool| (plugin, tool)))
            .collect();
        wanted.sort_by_key(|(plugin, tool)| held(served, plugin, &tool.name).is_none());
        for (plugin, tool) in wanted {
            let name = &tool.name;
            let reason = if let Some(other) = tools.get(name) {
                format!(
                    "its tool `{name}` is not served: {} offers a tool of this name already; set another `prefix`",
                    other.plugin.file
                )
            } else if tools.len() == MAX_TOOLS {
                format!(
                    "its tool `{name}` is not served: {MAX_TOOLS} tools are served already, the most there can be"
                )
            } else {
                let before = held(previous, plugin, name);
                let tally = before.map(|before| before.tally.clone());
                // Tools of one plugin share its rate, with each other and with those before.
                let beside = tools.values().find(|tool| Arc::ptr_eq(&tool.plugin, plugin));
                let beside = beside.or_else(|| {
                    let mut known = previous?.tools.values();
                    known.find(|known| known.plugin.file == plugin.file)
                });
                let (beside, before) =
                    (beside.map(|tool| &tool.pace), before.map(|tool| &tool.pace));
                let pace = Pace::after(plugin.limits().rate, tool.rate, beside, before);
                let tool = Tool {
                    name: name.clone(),
                    spec: tool.spec.clone(),
                    plugin: plugin.clone(),
                    tally: tally.unwrap_or_default(),
                    input: tool.input.clone(),
                    output: tool.output.clone(),
                    err_is_error: tool.err_is_error,
                    pace,
                };
                tools.insert(name.clone(), Arc::new(tool));
                continue;
            };
            let refused = Refused::Tool(name.clone());
            refusals.push(Refusal { file: plugin.file.clone(), refused, reason });
        }
        Self { is_early: false, plugins, tools, refusals }
    }

    /// What can be called of `plugins` while others are `loading`, each with its name and prefix: all that
    /// none of those may turn out to have a claim on, so that a name means the same later.
    #[must_use]
    pub fn early<'a>(
        plugins: Vec<Arc<Plugin>>,
        previous: Option<&Self>,
        loading: impl Iterator<Item = (&'a PluginName, &'a str)> + Clone,
    ) -> Self {
        let mut catalog = Self::build(plugins, Vec::new(), previous);
        catalog.tools.retain(|_, tool| {
            !loading
                .clone()
                .any(|(name, prefix)| *name == tool.plugin.name || tool.name.may_begin_with(prefix))
        });
        Self { is_early: true, refusals: Vec::new(), ..catalog }
    }

    /// Whether there is more, which is still loaded: nobody is to take this for a list.
    #[must_use]
    pub fn is_early(&self) -> bool {
        self.is_early
    }

    /// The tool with this public name.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.tools.get(name)
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

    /// What is not served, and why.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }
}

/// The plugins that are served, in order: one of a name, and not too many.
fn admit(
    plugins: Vec<Arc<Plugin>>,
    refusals: &mut Vec<Refusal>,
    previous: Option<&Catalog>,
) -> Vec<Arc<Plugin>> {
    let is_served = |plugin: &Plugin| {
        let served = previous.map(Catalog::plugins).unwrap_or_default();
        served.iter().any(|served| served.file == plugin.file && served.name == plugin.name)
    };
    let mut plugins: Vec<_> = plugins.into_iter().enumerate().collect();
    plugins.sort_by_key(|(_, plugin)| !is_served(plugin));
    let mut admitted = BTreeMap::<_, (usize, Arc<Plugin>)>::new();
    for (place, plugin) in plugins {
        if admitted.len() == MAX_PLUGINS {
            let reason = format!("{MAX_PLUGINS} plugins are served already, the most there can be");
            refusals.push(Refusal::plugin(&plugin.file, reason));
        } else if let Some((_, other)) = admitted.get(&plugin.name) {
            let reason =
                format!("another plugin is named `{}` already: {}", plugin.name, other.file);
            refusals.push(Refusal::plugin(&plugin.file, reason));
        } else {
            admitted.insert(plugin.name.clone(), (place, plugin));
        }
    }
    let mut admitted: Vec<_> = admitted.into_values().collect();
    admitted.sort_by_key(|(place, _)| *place);
    admitted.into_iter().map(|(_, plugin)| plugin).collect()
}

impl Tool {
    /// Calls the tool: checks the arguments, runs the guest, checks the structured answer. Dropping
    /// the future ends the call.
    pub async fn call(&self, arguments: &RawValue, progress: Option<ProgressSink>) -> Ended {
        let context = CallContext { progress, ..CallContext::default() };
        self.call_in(context, arguments).await
    }

    /// The same, in this context.
    pub async fn call_in(&self, context: CallContext, arguments: &RawValue) -> Ended {
        self.tally.call();
        let ended = self.checked_call(context, arguments.get()).await;
        self.tally.ended(&ended);
        ended
    }

    /// Whether a call with these arguments can be expected to end within a brief turn: the last one did.
    #[must_use]
    pub fn is_brief(&self, arguments: &RawValue) -> bool {
        arguments.get().len() <= MAX_BRIEF_ARGUMENTS && self.tally.is_brief()
    }

    async fn checked_call(&self, context: CallContext, arguments: &str) -> Ended {
        if let Err(problem) = self.check_arguments(arguments).await {
            return Ended::before(CallError::InvalidArguments(problem));
        }
        let attempt = match self.plugin.breaker.begin() {
            Ok(attempt) => attempt,
            Err(error) => return Ended::before(error),
        };
        if let Err(hit) = self.pace.take(Instant::now) {
            attempt.not_made();
            return Ended::before(CallError::Limit(hit));
        }
        let ended = self.plugin.guest.call_in(context, &self.spec.name, arguments).await;
        attempt.ended(&ended);
        let outcome = match ended.outcome {
            Err(CallError::Failed(output)) if !self.err_is_error => Ok(output),
            Ok(output) => self.check_output(output).await,
            Err(error) => Err(error),
        };
        Ended { outcome, ..ended }
    }

    async fn check_arguments(&self, text: &str) -> Result<(), String> {
        if text.len() > MAX_ARGUMENTS {
            return Err(format!(
                "they are {} bytes of JSON; the most is {MAX_ARGUMENTS}",
                text.len()
            ));
        }
        let Some(schema) = &self.input else { return Ok(()) };
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        schema.check(&value, text.len()).await
    }

    async fn check_output(&self, output: Output) -> Result<Output, CallError> {
        let Some(schema) = &self.output else { return Ok(output) };
        let Some(structured) = &output.structured else {
            return Err(CallError::Broken(
                "it has an output schema and gave no structured content".into(),
            ));
        };
        let value: Value = serde_json::from_str(structured.get())
            .map_err(|error| CallError::Broken(error.to_string()))?;
        schema.check(&value, structured.get().len()).await.map_err(|problem| {
            CallError::Broken(format!("its structured content breaks its output schema: {problem}"))
        })?;
        Ok(output)
    }
}
