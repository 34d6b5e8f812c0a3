//! The check, before code runs, that it fits its plugin's terms: its imports what is granted, its memories what is
//! allowed.

use wasmtime::component::Component;

use super::super::capability::imports;
use super::super::compile::error::CompileError;
use super::super::run::engines::Engines;
use super::code_store::Code;
use crate::fs::stated::Stated;
use crate::manifest::{Bytes, Grants, Limits};

/// Refuses code that these terms do not allow.
pub(crate) fn check(
    code: &Code,
    engines: &Engines,
    limits: &Limits,
    grants: &Grants,
) -> Result<(), CompileError> {
    imports::check(imported(code).iter().map(String::as_str), grants)?;
    fits(code.linked.component(), engines, limits)
}

/// Refuses a component that takes more than it may before anything runs.
pub(crate) fn fits(
    component: &Component,
    engines: &Engines,
    limits: &Limits,
) -> Result<(), CompileError> {
    if !limits.concurrent && !engines.is_usual(component) {
        return Err(CompileError::Refused(
            "it has asynchronous functions, futures or streams, which take a younger part of the runtime; if it may have \
             them, write `concurrent = true` under [plugin]"
                .into(),
        ));
    }
    has_memory(component, limits)
}

/// Refuses code whose memories are too large before anything runs.
fn has_memory(component: &Component, limits: &Limits) -> Result<(), CompileError> {
    const PAGE: u64 = 64 * 1024;
    const MIB: u64 = 1 << 20;
    // The size is unknown where a component takes modules from outside; then the call finds out.
    let required = component.resources_required();
    let pages = required.and_then(|required| required.max_initial_memory_size).unwrap_or_default();
    let (first, limit) = (pages.saturating_mul(PAGE), limits.memory);
    if first <= limit.get() {
        return Ok(());
    }
    let needs = Bytes::new(first.next_multiple_of(MIB));
    let most = limits.most_memory.as_ref();
    if let Some(Stated { value, place }) = most.filter(|most| most.value.get() < first) {
        return Err(CompileError::Refused(format!(
            "it starts with {needs} of memory, more than the {value} that {place} allows; if it may have that, raise what \
             {place} allows"
        )));
    }
    // Room to grow, as far as it may.
    let enough = (first.next_power_of_two() / MIB).max(1) * MIB;
    let enough = most.map_or(enough, |most| enough.min(most.value.get()));
    let enough = Bytes::new(enough).to_string().replace(' ', "");
    Err(CompileError::Refused(format!(
        "it starts with {needs} of memory, more than its memory limit of {limit}; if it may have that, write \
         `memory = \"{enough}\"` under [limits]"
    )))
}

/// Returns the interfaces that `code` imports, as it names them.
pub(crate) fn imported(code: &Code) -> Vec<String> {
    let component = code.linked.component();
    let names = component.component_type();
    names.imports(component.engine()).map(|(name, _)| name.to_owned()).collect()
}
