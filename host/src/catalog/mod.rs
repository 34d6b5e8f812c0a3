//! The catalog: the immutable table of everything that is served now.
//!
//! It is built whole and published whole; who holds one can call its tools, whatever is published
//! after. It does not know files, JSON-RPC or how a plugin runs.

mod budget;
mod plugin;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::name::ToolName;
use crate::sandbox::{Ended, ProgressSink};
use crate::tool::{CallError, Output, ToolSpec};
pub use plugin::{Plugin, PluginError};

/// Plugins served at once.
pub const MAX_PLUGINS: usize = 256;
/// Tools served at once.
pub const MAX_TOOLS: usize = 512;
/// The arguments of one call, in bytes of JSON.
pub const MAX_ARGUMENTS: usize = 1024 * 1024;

/// Everything that is served, and what is not.
#[derive(Default)]
pub struct Catalog {
    plugins: Vec<Arc<Plugin>>,
    tools: BTreeMap<ToolName, Arc<Tool>>,
    refusals: Vec<Refusal>,
}

/// Something that a plugin directory holds and the catalog does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The manifest's file, or what else is at fault.
    pub file: String,
    /// What is wrong and what to do about it; may span lines.
    pub reason: String,
}

impl Refusal {
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
    input: Arc<schema::Schema>,
    output: Option<Arc<schema::Schema>>,
}

impl Catalog {
    /// Settles public names. Plugins come in order of precedence: of two tools with one name the
    /// first stays. `refusals` are those known already.
    #[must_use]
    pub fn build(plugins: Vec<Arc<Plugin>>, mut refusals: Vec<Refusal>) -> Self {
        let mut tools = BTreeMap::<ToolName, Arc<Tool>>::new();
        let mut names = BTreeSet::new();
        let mut served = Vec::new();
        for plugin in plugins {
            let mut refuse = |reason| refusals.push(Refusal { file: plugin.file.clone(), reason });
            if served.len() == MAX_PLUGINS {
                refuse(format!("{MAX_PLUGINS} plugins are served already, the most there can be"));
                continue;
            }
            if !names.insert(plugin.name.clone()) {
                refuse(format!("another plugin is named `{}` already", plugin.name));
                continue;
            }
            for tool in &plugin.tools {
                let name = &tool.name;
                if let Some(other) = tools.get(name) {
                    refuse(format!(
                        "its tool `{name}` is not served: {} offers a tool of this name already; set another `prefix`",
                        other.plugin.file
                    ));
                } else if tools.len() == MAX_TOOLS {
                    refuse(format!(
                        "its tool `{name}` is not served: {MAX_TOOLS} tools are served already, the most there can be"
                    ));
                } else {
                    let tool = Tool {
                        name: name.clone(),
                        spec: tool.spec.clone(),
                        plugin: plugin.clone(),
                        input: tool.input.clone(),
                        output: tool.output.clone(),
                    };
                    tools.insert(name.clone(), Arc::new(tool));
                }
            }
            served.push(plugin);
        }
        Self { plugins: served, tools, refusals }
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

impl Tool {
    /// Calls the tool: checks the arguments, runs the guest, checks the structured answer. Dropping
    /// the future ends the call.
    pub async fn call(&self, arguments: &RawValue, progress: Option<ProgressSink>) -> Ended {
        if let Err(problem) = self.check_arguments(arguments.get()) {
            return Ended::before(CallError::InvalidArguments(problem));
        }
        let guest = &self.plugin.guest;
        let ended = guest.call(&self.spec.name, arguments.get(), progress).await;
        Ended { outcome: ended.outcome.and_then(|output| self.check_output(output)), ..ended }
    }

    fn check_arguments(&self, text: &str) -> Result<(), String> {
        if text.len() > MAX_ARGUMENTS {
            return Err(format!(
                "they are {} bytes of JSON; the most is {MAX_ARGUMENTS}",
                text.len()
            ));
        }
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        self.input.check(&value, text.len())
    }

    fn check_output(&self, output: Output) -> Result<Output, CallError> {
        let Some(schema) = &self.output else { return Ok(output) };
        let Some(structured) = &output.structured else {
            return Err(CallError::Broken(
                "it has an output schema and gave no structured content".into(),
            ));
        };
        let value: Value = serde_json::from_str(structured.get())
            .map_err(|error| CallError::Broken(error.to_string()))?;
        schema.check(&value, structured.get().len()).map_err(|problem| {
            CallError::Broken(format!("its structured content breaks its output schema: {problem}"))
        })?;
        Ok(output)
    }
}
