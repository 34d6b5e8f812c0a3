//! Plugins of the kind `functions`: a component's own functions, each a tool.
//!
//! The component knows nothing of tools. Names, schemas and descriptions follow from what it exports;
//! arguments become values by their types, and the value it returns becomes the answer.

mod describe;
mod docs;
mod exports;
mod fault;
mod function;
mod names;
mod notes;
#[cfg(any(test, fuzzing))]
pub(super) mod properties;
mod read;
mod scalar;
mod schema;
mod shape;
mod write;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use wasmtime::Engine;
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre, Val};

use super::guest::{Call, Guest};
use super::run::{self, Ran};
use super::store::State;
use crate::manifest::Grants;
use crate::text::escape;
use crate::tool::{CallError, Content, Limit, Listed, Output, UnfitTool};
use function::Function;
use write::Unwritten;

pub(super) use docs::Docs;
pub use notes::{Notes, NotesError};

/// Functions of one component.
const MAX_FUNCTIONS: usize = 512;
/// Bytes on the host for one byte of the answer's JSON, as `[1,2,3]` takes them. Values are what an
/// answer is copied into, and many times as large as their JSON.
const PER_BYTE: u64 = 20;

/// A component's functions as tools.
pub(super) struct Functions {
    pre: InstancePre<State>,
    /// By the names of their tools.
    table: BTreeMap<String, Function>,
    unfit: Vec<UnfitTool>,
}

/// Whether `component` has functions of its own, be they fit to be tools or not.
pub(super) fn has_any(component: &Component, engine: &Engine) -> bool {
    // Too many to look at are some.
    exports::functions(component, engine).map_or(true, |functions| !functions.is_empty())
}

impl Functions {
    /// The functions of the component of `pre`; or why none of them is a tool.
    pub(super) fn of(pre: InstancePre<State>) -> Result<Self, String> {
        let exports = exports::functions(pre.component(), pre.engine())
            .map_err(|exports::TooMany| "it exports too much to look at".to_owned())?;
        if exports.len() > MAX_FUNCTIONS {
            let count = exports.len();
            return Err(format!("it exports {count} functions; the most is {MAX_FUNCTIONS}"));
        }
        let mut functions = Self { pre, table: BTreeMap::new(), unfit: Vec::new() };
        for export in exports {
            let name = names::tool(&export.path, &export.name);
            let function = match &name {
                None => Err("has a name that is too long".into()),
                Some(name) if functions.table.contains_key(name) => {
                    Err(format!("would have the tool name of another, `{name}`"))
                }
                Some(_) => Function::of(&export),
            };
            match (name, function) {
                (Some(name), Ok(function)) => {
                    functions.table.insert(name, function);
                }
                (name, Err(reason)) => {
                    let name = name.unwrap_or_else(|| export.name.chars().take(80).collect());
                    functions.unfit.push(UnfitTool { name: escape(&name), reason });
                }
                (None, Ok(_)) => {}
            }
        }
        if functions.table.is_empty() {
            return Err(functions.none_fit());
        }
        Ok(functions)
    }

    pub(super) fn component(&self) -> &Component {
        self.pre.component()
    }

    /// Why none of the functions is a tool.
    fn none_fit(&self) -> String {
        let named = |unfit: &UnfitTool| format!("`{}` {}", unfit.name, unfit.reason);
        let reasons: Vec<_> = self.unfit.iter().take(4).map(named).collect();
        let more = match self.unfit.len().saturating_sub(4) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        format!("none of its functions can be a tool: {}{more}", reasons.join("; "))
    }
}

/// The functions as tools, and those that are none. Where `docs` say nothing of one, `notes` may.
pub(super) fn list(functions: &Functions, grants: &Grants, docs: &Docs, notes: &Notes) -> Listed {
    let spec = |(name, function): (&String, &Function)| function.spec(name, grants, docs, notes);
    let tools = functions.table.iter().map(spec);
    Listed { tools: tools.collect(), unfit: functions.unfit.clone() }
}

/// What the function returns.
pub(super) async fn call(
    guest: &Guest,
    functions: &Functions,
    call: Call<'_>,
) -> (Result<Output, CallError>, Ran) {
    let Call { tool, arguments, terms } = call;
    let Some(function) = functions.table.get(tool) else {
        return (Err(CallError::Host(format!("there is no tool `{tool}`"))), Ran::default());
    };
    let arguments = match read::arguments(&function.parameters, arguments) {
        Ok(arguments) => arguments,
        Err(fault) => {
            return (Err(CallError::InvalidArguments(fault.to_string())), Ran::default());
        }
    };
    let enter = async |store: &mut Store<State>| {
        let instance = functions.pre.instantiate_async(&mut *store).await?;
        let func = instance.get_func(&mut *store, function.export);
        let func = func.ok_or_else(|| wasmtime::Error::msg("the function is not exported"))?;
        // What is in there before the call does not matter.
        let mut results = vec![Val::Bool(false); usize::from(function.result.is_some())];
        func.call_async(&mut *store, &arguments, &mut results).await?;
        Ok(results.pop())
    };
    let copied = guest.copied().saturating_mul(PER_BYTE);
    let (outcome, ran) = guest.run(functions.pre.engine(), copied, terms, enter).await;
    (outcome.and_then(|returned| answer(guest, returned.as_ref())), ran)
}

/// The returned value as wassette has it: within an object, under `result`. An error is a failure.
fn answer(guest: &Guest, returned: Option<&Val>) -> Result<Output, CallError> {
    let Some(value) = returned else {
        let content = vec![Content::Text("null".into())];
        return Ok(Output { content, ..Output::default() });
    };
    let limit = guest.limits().output;
    let most = usize::try_from(limit.get()).unwrap_or(usize::MAX);
    let json = write::json(value, most).map_err(|error| match error {
        Unwritten::TooLong => run::limit(Limit::Output, limit.to_string()),
        Unwritten::NotJson => CallError::Broken("its answer cannot be written as JSON".into()),
    })?;
    let structured = RawValue::from_string(format!(r#"{{"result":{json}}}"#))
        .map_err(|error| CallError::Host(error.to_string()))?;
    let output = Output { structured: Some(structured), ..Output::default() };
    match value {
        Val::Result(Err(_)) => Err(CallError::Failed(output)),
        _ => Ok(output),
    }
}
