//! Compiled code joined to what it imports: which kind of plugin it is, and what it may import.

use std::sync::Arc;

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::compiler::CompileError;
use super::functions::{self, Functions};
use super::store::State;
use super::tools::Tools;
use super::{Sandbox, in_full, one_line};
use crate::manifest::Kind;
use crate::text::escape;

/// The interface that makes a component a plugin, and the version this host speaks.
const TOOLS: &str = "toolrack:plugin/tools";
const VERSION: &str = "0.1.0";
/// The interface that makes a component a program, and the versions this host speaks.
const RUN: &str = "wasi:cli/run@";
const RUN_VERSION: &str = "0.2.";

/// A component with everything it imports, as the kind of plugin that it is.
#[derive(Clone)]
pub(super) enum Linked {
    /// It exports the contract.
    Tools(Tools),
    /// It exports functions of its own.
    Functions(Arc<Functions>),
    /// It can be run.
    Command(CommandPre<State>),
}

impl Linked {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Tools(_) => Kind::Tools,
            Self::Command(_) => Kind::Command,
            Self::Functions(_) => Kind::Functions,
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
    let kind = kind(component)?;
    let ground = sandbox.ground_of(component).map_err(CompileError::Host)?;
    let pre = ground
        .linker
        .instantiate_pre(component)
        .map_err(|error| missing_import(component, &error))?;
    match kind {
        Kind::Tools => {
            Tools::of(pre, &interface()).map(Linked::Tools).map_err(|error| one_line(&error))
        }
        Kind::Command => {
            CommandPre::new(pre).map(Linked::Command).map_err(|error| one_line(&error))
        }
        Kind::Functions => Functions::of(pre).map(Arc::new).map(Linked::Functions),
    }
    .map_err(CompileError::Refused)
}

/// The contract's interface, as a component names it.
fn interface() -> String {
    format!("{TOOLS}@{VERSION}")
}

/// What `component` is, by what it exports.
fn kind(component: &Component) -> Result<Kind, CompileError> {
    let component_type = component.component_type();
    let expected = interface();
    let (mut other, mut runs) = (None, None);
    for (name, item) in component_type.exports(component.engine()) {
        if name == expected && matches!(item.ty, ComponentItem::ComponentInstance(_)) {
            return Ok(Kind::Tools);
        }
        if let Some(version) = name.strip_prefix(RUN) {
            let speaks = version.starts_with(RUN_VERSION);
            runs = Some(speaks.then_some(Kind::Command).ok_or_else(|| escape(name)));
        }
        if name.starts_with(TOOLS) {
            other = Some(escape(name));
        }
    }
    if let Some(name) = other {
        return Err(CompileError::Refused(format!(
            "it exports `{name}`, and this host speaks `{expected}`; build it with the toolrack-sdk of this version"
        )));
    }
    // Some toolchains make every component a program, too.
    if functions::has_any(component, component.engine()) {
        return Ok(Kind::Functions);
    }
    if let Some(command) = runs {
        return command.map_err(|name| {
            CompileError::Refused(format!(
                "it is a program that exports `{name}`, and this host runs `{RUN}{RUN_VERSION}x`; build it \
                 for wasm32-wasip2 or wasm32-wasip1"
            ))
        });
    }
    let mut names = component_type.exports(component.engine()).map(|(name, _)| name);
    Err(CompileError::Refused(if names.any(|name| name.starts_with("wasi:http/")) {
        "it is a web server, without a function that could be a tool; export functions of its own"
            .into()
    } else {
        format!(
            "it is a component without tools: it exports neither `{expected}` nor a function of its own"
        )
    }))
}

/// How the names begin of what `store::linker` adds.
const OFFERED: [&str; 9] = [
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
    let component_type = component.component_type();
    let missing: Vec<String> = component_type
        .imports(component.engine())
        .map(|(name, _)| name)
        .filter(|name| !OFFERED.iter().any(|offered| name.starts_with(offered)))
        .take(8)
        .map(|name| format!("`{}`", escape(name)))
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
            let begins = OFFERED.iter().find(|offered| name.starts_with(**offered));
            let links = linker.instantiate_pre(&component).map(drop);
            assert_eq!(begins.is_some(), links.is_ok(), "{name}: {links:?}");
            begun.extend(begins);
        }
        assert!(begun.into_iter().eq(&OFFERED), "each is tried");
    }
}
