//! Compiled code joined to what it imports: which kind of plugin it is, and what it may import.

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::compiler::CompileError;
use super::functions::{ExportScope, Functions};
use super::kind;
use super::store::StoreState;
use super::tools::Tools;
use super::{Sandbox, in_full, one_line};
use crate::manifest::PluginKind;
use crate::text::escape;

/// A component with everything it imports, as the kind of plugin that it is.
#[derive(Clone)]
pub(super) enum Linked {
    /// It exports the contract.
    Tools(Tools),
    /// It exports functions of its own.
    Functions(Arc<Functions>),
    /// It can be run.
    Command(CommandPre<StoreState>),
}

impl Linked {
    pub(super) fn kind(&self) -> PluginKind {
        match self {
            Self::Tools(_) => PluginKind::Tools,
            Self::Command(_) => PluginKind::Command,
            Self::Functions(_) => PluginKind::Functions,
        }
    }

    pub(super) fn component(&self) -> &Component {
        match self {
            Self::Tools(tools) => tools.component(),
            Self::Functions(functions) => functions.component(),
            Self::Command(pre) => pre.instance_pre().component(),
        }
    }
}

/// `component` with everything it imports.
pub(super) fn link(sandbox: &Sandbox, component: &Component) -> Result<Linked, CompileError> {
    let kind = kind::of(&ExportScope::new(component)).map_err(CompileError::Refused)?;
    let ground = sandbox.ground_of(component).map_err(CompileError::Host)?;
    let pre = ground
        .linker
        .instantiate_pre(component)
        .map_err(|error| missing_import(component, &error))?;
    match kind {
        PluginKind::Tools => {
            Tools::of(pre, &kind::contract()).map(Linked::Tools).map_err(|error| one_line(&error))
        }
        PluginKind::Command => {
            CommandPre::new(pre).map(Linked::Command).map_err(|error| one_line(&error))
        }
        PluginKind::Functions => Functions::of(pre).map(Arc::new).map(Linked::Functions),
    }
    .map_err(CompileError::Refused)
}

/// The beginnings of the names of all interfaces that `store::linker` adds.
const OFFERED_INTERFACES: [&str; 9] = [
    "wasi:io/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:cli/",
    "wasi:filesystem/",
    "wasi:sockets/",
    "wasi:http/",
    "wasi:config/",
    "toolrack:plugin/host@",
];

/// Names the imports that nothing here provides.
fn missing_import(component: &Component, error: &wasmtime::Error) -> CompileError {
    let (component_type, engine) = (component.component_type(), component.engine());
    let missing: Vec<String> = component_type
        .imports(engine)
        .filter(|(_, import)| is_needed(&import.ty, engine))
        .map(|(name, _)| name)
        .filter(|name| !OFFERED_INTERFACES.iter().any(|offered| name.starts_with(offered)))
        .take(8)
        .map(|name| format!("`{}`", escape(&name[..name.floor_char_boundary(200)])))
        .collect();
    if missing.is_empty() {
        // The interface is offered, but not with this function, type or version.
        return CompileError::Refused(format!("it cannot be linked: {}", in_full(error)));
    }
    let advice = "a plugin gets clocks, random numbers, `wasi:http`, `wasi:config`, its log and \
                  `toolrack:plugin/host`";
    let missing = missing.join(", ");
    CompileError::Refused(format!(
        "it imports {missing}, which this version does not offer; {advice}"
    ))
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

#[cfg(test)]
mod tests {
    use super::super::{engine, store};
    use super::*;

    #[test]
    fn what_is_called_offered_can_be_imported_and_nothing_else() {
        let resource = |name: &str| format!(r#"(export "{name}" (type (sub resource)))"#);
        let config = r#"
            (type $error (variant (case "upstream" string) (case "io" string)))
            (export "error" (type $named (eq $error)))
            (export "get" (func (param "key" string) (result (result (option string) (error $named)))))"#;
        let found = r#"(export "config" (func (param "key" string) (result (option string))))"#;
        let imports = [
            ("wasi:io/poll@0.2.0", resource("pollable")),
            ("wasi:clocks/monotonic-clock@0.2.0", r#"(export "now" (func (result u64)))"#.into()),
            ("wasi:random/random@0.2.0", r#"(export "get-random-u64" (func (result u64)))"#.into()),
            (
                "wasi:cli/environment@0.2.0",
                r#"(export "initial-cwd" (func (result (option string))))"#.into(),
            ),
            ("wasi:filesystem/types@0.2.0", resource("descriptor")),
            ("wasi:sockets/network@0.2.0", resource("network")),
            ("wasi:http/types@0.2.0", resource("fields")),
            ("wasi:config/store@0.2.0-rc.1", config.to_owned()),
            ("toolrack:plugin/host@0.1.0", found.to_owned()),
            ("wasi:keyvalue/store@0.2.0-draft", resource("bucket")),
        ];
        let engine = engine::running().expect("an engine");
        let linker = store::linker(&engine).expect("a linker");
        let mut begun: Vec<&&str> = Vec::new();
        for (name, exports) in imports {
            let text = format!(r#"(component (import "{name}" (instance {exports})))"#);
            let bytes = wat::parse_str(text).expect("a component");
            let component = Component::new(&engine, bytes).expect("a component");
            let begins = OFFERED_INTERFACES.iter().find(|offered| name.starts_with(**offered));
            let links = linker.instantiate_pre(&component).map(drop);
            assert_eq!(begins.is_some(), links.is_ok(), "{name}: {links:?}");
            begun.extend(begins);
        }
        assert!(begun.into_iter().eq(&OFFERED_INTERFACES), "each is tried");
    }
}
