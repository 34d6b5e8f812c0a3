//! Compiled code joined to what it imports: which kind of plugin it is, and what it may import.

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::super::compile::error::CompileError;
use super::super::engine::error_text::{in_full, one_line};
use super::super::kind::detect;
use super::super::kind::functions::{ExportScope, Functions};
use super::super::kind::tools::Tools;
use super::super::run::engines::Engines;
use super::super::run::linker::not_offered;
use super::super::run::store::StoreState;
use crate::manifest::PluginKind;

/// A component with everything it imports, as the kind of plugin that it is.
#[derive(Clone)]
pub(crate) enum Linked {
    /// It exports the contract.
    Tools(Tools),
    /// It exports functions of its own.
    Functions(Arc<Functions>),
    /// It can be run.
    Command(CommandPre<StoreState>),
}

impl Linked {
    pub(crate) fn kind(&self) -> PluginKind {
        match self {
            Self::Tools(_) => PluginKind::Tools,
            Self::Command(_) => PluginKind::Command,
            Self::Functions(_) => PluginKind::Functions,
        }
    }

    pub(crate) fn component(&self) -> &Component {
        match self {
            Self::Tools(tools) => tools.component(),
            Self::Functions(functions) => functions.component(),
            Self::Command(pre) => pre.instance_pre().component(),
        }
    }
}

/// `component` with everything it imports.
pub(crate) fn link(engines: &Engines, component: &Component) -> Result<Linked, CompileError> {
    let kind = detect::of(&ExportScope::new(component)).map_err(CompileError::Refused)?;
    let engine = engines.of(component).map_err(CompileError::Host)?;
    let pre = engine
        .linker
        .instantiate_pre(component)
        .map_err(|error| missing_import(component, &error))?;
    match kind {
        PluginKind::Tools => {
            Tools::of(pre, &detect::contract()).map(Linked::Tools).map_err(|error| one_line(&error))
        }
        PluginKind::Command => {
            CommandPre::new(pre).map(Linked::Command).map_err(|error| one_line(&error))
        }
        PluginKind::Functions => Functions::of(pre).map(Arc::new).map(Linked::Functions),
    }
    .map_err(CompileError::Refused)
}

/// Names the imports that nothing here provides.
fn missing_import(component: &Component, error: &wasmtime::Error) -> CompileError {
    let (component_type, engine) = (component.component_type(), component.engine());
    let needed = component_type.imports(engine).filter(|(_, import)| is_needed(&import.ty, engine));
    let missing = not_offered(needed.map(|(name, _)| name));
    // Else the interface is offered, but not with this function, type or version.
    let reason = missing.unwrap_or_else(|| format!("it cannot be linked: {}", in_full(error)));
    CompileError::Refused(reason)
}

/// True if an import has to be provided: the types of values, alone or in an interface, are known without.
fn is_needed(import: &ComponentItem, engine: &Engine) -> bool {
    match import {
        ComponentItem::Type(_) => false,
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(engine).any(|(_, export)| !matches!(export.ty, ComponentItem::Type(_)))
        }
        _ => true,
    }
}
