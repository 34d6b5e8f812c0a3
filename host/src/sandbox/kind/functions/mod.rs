//! Plugins of the kind `functions`: a component's own functions, each a tool.
//!
//! The component knows nothing of tools. Names, schemas and descriptions follow from what it exports;
//! arguments become values by their types, and the value it returns becomes the answer.

mod types;
mod schema;
mod words;
mod function;
mod values;

#[cfg(any(test, fuzzing))]
pub(crate) mod properties;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Val};

use super::super::engine::setup::MAX_READ_AT_ONCE;
use super::super::run::invocation::GuestCall;
use super::super::run::runner::{self, Ran, Runner};
use super::super::run::store::StoreState;
use crate::manifest::Grants;
use crate::text::escape;
use crate::tool::{CallError, Content, Limit, Listed, Output, UnfitTool};
use function::{Description, Typed};
use types::exports::{Export, TooMany};
use values::write::ValueError;

pub(crate) use types::compiled::ExportScope;
pub(crate) use types::form::{Exported, Exporter};
pub(crate) use types::outlined::Outlined;
pub(crate) use words::package_docs::Docs;
pub use words::wit_notes::{Notes, NotesError};

/// Functions of one component.
const MAX_FUNCTIONS: usize = 512;
/// Bytes of all functions' descriptions and schemas together, as a section that lists tools may have.
const MAX_SCHEMAS: usize = 1024 * 1024;
/// Bytes on the host for one byte of the answer's JSON, as `[1,2,3]` takes them. Values are what an
/// answer is copied into, and many times as large as their JSON.
const PER_BYTE: u64 = 20;

/// A component's functions as tools that can be called.
pub(crate) struct Functions {
    pre: InstancePre<StoreState>,
    /// The functions, by the names of their tools.
    table: BTreeMap<String, Function>,
    descriptions: Descriptions,
}

/// The export and the types that a call of a function needs.
struct Function {
    export: ComponentExportIndex,
    typed: Typed,
}

/// A component's functions as clients are told of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Descriptions {
    /// The descriptions, by the names of their tools.
    table: BTreeMap<String, Description>,
    unfit: Vec<UnfitTool>,
}

/// The functions of a component that can be tools, by the names of those, and the others.
struct Sorted<S> {
    fit: BTreeMap<String, (Export<S>, Typed, Description)>,
    unfit: Vec<UnfitTool>,
}

/// True if `component` has functions of its own, be they fit to be tools or not.
pub(crate) fn has_any(component: &impl Exporter) -> bool {
    // A component with too many to look at has some.
    types::exports::functions(component).map_or(true, |functions| !functions.is_empty())
}

/// Sorts the functions of `component`, or tells why none of them is a tool.
fn sorted<E: Exporter>(component: &E) -> Result<Sorted<E::Signature>, String> {
    let exports = types::exports::functions(component)
        .map_err(|TooMany| "it exports too much to look at".to_owned())?;
    if exports.len() > MAX_FUNCTIONS {
        let count = exports.len();
        return Err(format!("it exports {count} functions; the most is {MAX_FUNCTIONS}"));
    }
    let mut room = MAX_SCHEMAS;
    let mut sorted = Sorted { fit: BTreeMap::new(), unfit: Vec::new() };
    for export in exports {
        let name = types::names::tool(&export.path, &export.name);
        let function = match &name {
            None => Err("has a name that is too long".into()),
            Some(name) if sorted.fit.contains_key(name) => {
                Err(format!("would have the tool name of another, `{name}`"))
            }
            Some(_) => Typed::of(&export).and_then(|typed| {
                let description = Description::of(&export, &typed)?;
                room = room.checked_sub(description.size()).ok_or_else(|| {
                    format!(
                        "would make the schemas of all functions longer than {MAX_SCHEMAS} bytes"
                    )
                })?;
                Ok((typed, description))
            }),
        };
        match (name, function) {
            (Some(name), Ok((typed, description))) => {
                sorted.fit.insert(name, (export, typed, description));
            }
            (name, Err(reason)) => {
                let name = name.unwrap_or_else(|| export.name.chars().take(80).collect());
                sorted.unfit.push(UnfitTool { name: escape(&name), reason });
            }
            (None, Ok(_)) => {}
        }
    }
    match sorted.fit.is_empty() {
        true => Err(none_fit(&sorted.unfit)),
        false => Ok(sorted),
    }
}

/// Says why none of the functions is a tool.
fn none_fit(unfit: &[UnfitTool]) -> String {
    let named = |unfit: &UnfitTool| format!("`{}` {}", unfit.name, unfit.reason);
    let reasons: Vec<_> = unfit.iter().take(4).map(named).collect();
    let more = match unfit.len().saturating_sub(4) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("none of its functions can be a tool: {}{more}", reasons.join("; "))
}

impl Functions {
    /// Returns the functions of the component of `pre`, or the reason why none of them is a tool.
    pub(crate) fn of(pre: InstancePre<StoreState>) -> Result<Self, String> {
        let Sorted { fit, unfit } = sorted(&ExportScope::new(pre.component()))?;
        let (mut table, mut descriptions) = (BTreeMap::new(), BTreeMap::new());
        for (name, (Export { path, name: own, .. }, typed, description)) in fit {
            let export = types::compiled::index(pre.component(), &path, &own)
                .ok_or_else(|| format!("its function `{}` is not to be found", escape(&own)))?;
            table.insert(name.clone(), Function { export, typed });
            descriptions.insert(name, description);
        }
        Ok(Self { pre, table, descriptions: Descriptions { table: descriptions, unfit } })
    }

    pub(crate) fn component(&self) -> &Component {
        self.pre.component()
    }

    pub(crate) fn descriptions(&self) -> &Descriptions {
        &self.descriptions
    }
}

impl Descriptions {
    /// Returns the functions of a component that is not compiled, or the reason why none of them is a tool.
    pub(crate) fn of(component: &Outlined<'_>) -> Result<Self, String> {
        let Sorted { fit, unfit } = sorted(component)?;
        let table = fit.into_iter().map(|(name, (_, _, description))| (name, description));
        Ok(Self { table: table.collect(), unfit })
    }

    /// The functions as tools, and those that are none. Where `docs` say nothing of one, `notes` may.
    pub(crate) fn list(&self, grants: &Grants, docs: &Docs, notes: &Notes) -> Listed {
        let spec =
            |(name, function): (&String, &Description)| function.spec(name, grants, docs, notes);
        Listed { tools: self.table.iter().map(spec).collect(), unfit: self.unfit.clone() }
    }
}

/// Calls the function and returns its answer.
pub(crate) async fn call(
    runner: Runner<'_>,
    functions: &Functions,
    call: GuestCall<'_>,
) -> (Result<Output, CallError>, Ran) {
    let GuestCall { tool, arguments, terms } = call;
    let Some(function) = functions.table.get(tool) else {
        return (Err(CallError::Host(format!("there is no tool `{tool}`"))), Ran::default());
    };
    let arguments = match values::read::arguments(&function.typed.parameters, arguments) {
        Ok(arguments) => arguments,
        Err(fault) => {
            return (Err(CallError::InvalidArguments(fault.to_string())), Ran::default());
        }
    };
    let enter = async |store: &mut Store<StoreState>| {
        let instance = functions.pre.instantiate_async(&mut *store).await?;
        let func = instance.get_func(&mut *store, function.export);
        let func = func.ok_or_else(|| wasmtime::Error::msg("the function is not exported"))?;
        // The value that stands here before the call does not matter.
        let mut results = vec![Val::Bool(false); usize::from(function.typed.result.is_some())];
        func.call_async(&mut *store, &arguments, &mut results).await?;
        Ok(results.pop())
    };
    let copied = runner.copied().saturating_mul(PER_BYTE);
    let (outcome, ran) = runner.run(functions.pre.engine(), copied, terms, enter).await;
    let outcome = match outcome {
        Ok(returned) => answer(runner, returned.as_ref()).await,
        Err(error) => Err(error),
    };
    (outcome, ran)
}

/// The returned value as wassette has it: within an object, under `result`. An error is a failure.
async fn answer(runner: Runner<'_>, returned: Option<&Val>) -> Result<Output, CallError> {
    let Some(value) = returned else {
        let content = vec![Content::Text("null".into())];
        return Ok(Output { content, ..Output::default() });
    };
    let limit = runner.limits.output;
    let most = usize::try_from(limit.get()).unwrap_or(usize::MAX);
    let mut json = values::write::json(value, most.min(MAX_READ_AT_ONCE));
    if matches!(json, Err(ValueError::TooLong)) {
        tokio::task::yield_now().await;
        json = values::write::json(value, most);
    }
    let json = json.map_err(|error| match error {
        ValueError::TooLong => runner::limit(Limit::Output, limit.to_string()),
        ValueError::NotJson => CallError::Broken("its answer cannot be written as JSON".into()),
    })?;
    let structured = RawValue::from_string(format!(r#"{{"result":{json}}}"#))
        .map_err(|error| CallError::Host(error.to_string()))?;
    let output = Output { structured: Some(structured), ..Output::default() };
    match value {
        Val::Result(Err(_)) => Err(CallError::Failed(output)),
        _ => Ok(output),
    }
}
