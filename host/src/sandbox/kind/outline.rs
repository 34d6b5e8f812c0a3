//! The outline of a Wasm file: its kind and its tools, read from its bytes before it is compiled.
//!
//! A plugin of the kind `tools` tells of itself in a section; a program's tools are its manifest's; the tools of any
//! other component follow from the types of its functions. A hostile file can make those large, so that a child process
//! reads them, within bounds. A file that says nothing of its tools has to be compiled and asked.

use serde::{Deserialize, Serialize};
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::Types;
use wasmparser::{
    ComponentExportSectionReader, ComponentImportSectionReader, Encoding, ExportSectionReader,
    Parser, Payload, Validator, WasmFeatures,
};

use super::super::compile::binary;
use super::super::compile::error::CompileFailure;
use super::super::engine::error_text::shown;
use super::super::run::linker::not_offered;
use super::bindings::exports::toolrack::plugin::tools as wit;
use super::detect;
use super::functions::{Descriptions, Outlined};
use super::listing_section::{self, ListingError};
use super::wasm_sections::{COMPONENT_EXPORTS, COMPONENT_IMPORTS, MODULE_EXPORTS, sections};
use crate::manifest::PluginKind;
use crate::text::escape;

/// A file's own word on its kind, its tools and its imports.
pub(crate) struct Outline {
    pub(crate) claim: Claim,
    /// The interfaces that it imports, as it names them; those of a module are known only once it is a component.
    pub(crate) imports: Vec<String>,
}

/// A file's own word on its tools. Its code has to agree.
pub(crate) enum Claim {
    /// A section lists them.
    Listed(Vec<wit::Tool>),
    /// They are its functions.
    Functions(Descriptions),
    /// It is a program, and the manifest declares them.
    Program,
}

impl Claim {
    pub(crate) fn kind(&self) -> PluginKind {
        match self {
            Self::Listed(_) => PluginKind::Tools,
            Self::Functions(_) => PluginKind::Functions,
            Self::Program => PluginKind::Command,
        }
    }
}

/// The result of a first look at a file.
pub(crate) enum Glance {
    /// All that is needed.
    Outline(Outline),
    /// It has the contract and lists nothing: it has to be asked.
    Silent,
    /// Its types have to be read.
    Types,
}

/// The most interfaces that a component imports, and the bytes of their names together.
const MAX_IMPORTS: usize = 1_000;
const MAX_IMPORT_NAMES: usize = 64 * 1024;
/// The most levels that modules and components nest; toolchains nest them four levels deep.
const MAX_NESTING: usize = 64;

/// The names of imports, none of which a component that is served has more of.
#[derive(Default)]
struct Imports {
    names: Vec<String>,
    bytes: usize,
}

impl Imports {
    fn push(&mut self, name: &str) -> Result<(), String> {
        self.bytes += name.len();
        if self.names.len() == MAX_IMPORTS || self.bytes > MAX_IMPORT_NAMES {
            return Err(format!(
                "it imports more than {MAX_IMPORTS} interfaces, or their names are longer than {MAX_IMPORT_NAMES} bytes"
            ));
        }
        self.names.push(name.to_owned());
        Ok(())
    }
}

/// The reason why a file has no outline.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutlineError {
    #[error(transparent)]
    Section(#[from] ListingError),
    #[error("{0}")]
    Refused(String),
}

/// Looks at names at the top level of `wasm`, which takes as long as it has sections, and at nothing within.
pub(crate) fn glance(wasm: &[u8]) -> Result<Glance, OutlineError> {
    let contract = detect::contract();
    // The two kinds of files do not mean the same by an id.
    let is_component = matches!(
        Parser::new(0).parse(wasm, true),
        Ok(wasmparser::Chunk::Parsed {
            payload: Payload::Version { encoding: Encoding::Component, .. },
            ..
        })
    );
    let (mut has_contract, mut imports) = (false, Imports::default());
    for section in sections(wasm) {
        match (section.id, is_component) {
            (COMPONENT_EXPORTS, true) => {
                let exports = ComponentExportSectionReader::new(section.reader());
                let mut exports = exports.into_iter().flatten().map_while(Result::ok);
                has_contract |= exports.any(|export| export.name.name == contract);
            }
            (COMPONENT_IMPORTS, true) => {
                let found = ComponentImportSectionReader::new(section.reader());
                for import in found.into_iter().flatten().map_while(Result::ok) {
                    imports.push(import.name.name).map_err(OutlineError::Refused)?;
                }
            }
            (MODULE_EXPORTS, false) => {
                let call = format!("{contract}#call-tool");
                let exports = ExportSectionReader::new(section.reader());
                let mut exports = exports.into_iter().flatten().map_while(Result::ok);
                has_contract |= exports.any(|export| export.name == call);
            }
            _ => {}
        }
    }
    if !has_contract {
        return Ok(Glance::Types);
    }
    Ok(match listing_section::read(wasm)? {
        Some(tools) => {
            let imports = imports.names;
            Glance::Outline(Outline { claim: Claim::Listed(tools), imports })
        }
        None => Glance::Silent,
    })
}

/// True if an import has to be provided: the types of values, alone or in an interface, are known without.
fn is_needed(types: &Types, import: &str) -> bool {
    let is_value_type = |entity: &ComponentEntityType| match entity {
        ComponentEntityType::Type { referenced, .. } => {
            !matches!(referenced, ComponentAnyTypeId::Resource(_))
        }
        ComponentEntityType::Module(_)
        | ComponentEntityType::Func(_)
        | ComponentEntityType::Value(_)
        | ComponentEntityType::Instance(_)
        | ComponentEntityType::Component(_) => false,
    };
    types.component_item_for_import(import).is_some_and(|import| match &import.ty {
        ComponentEntityType::Instance(instance) => {
            types[*instance].exports.values().any(|export| !is_value_type(&export.ty))
        }
        entity => !is_value_type(entity),
    })
}

/// The types of a file, as a child process reads them.
#[derive(Deserialize, Serialize)]
pub(crate) struct TypeOutline {
    imports: Vec<String>,
    kind: PluginKind,
    /// The functions of a component that has its own. `None` of any other.
    functions: Option<Descriptions>,
}

impl TypeOutline {
    /// The types of `wasm`, as JSON. Runs in the child.
    pub(crate) fn read(wasm: &[u8]) -> Result<Vec<u8>, CompileFailure> {
        let component =
            binary::component(wasm).map_err(|error| CompileFailure::Refused(error.to_string()))?;
        let typed = Self::of(&component).map_err(CompileFailure::Refused)?;
        serde_json::to_vec(&typed)
            .map_err(|error| CompileFailure::Refused(escape(&error.to_string())))
    }

    fn of(component: &[u8]) -> Result<Self, String> {
        let damaged = |error: wasmparser::BinaryReaderError| {
            format!("the code cannot be compiled: {}", shown(&error.to_string()))
        };
        let (mut exports, mut imports) = (Vec::new(), Imports::default());
        // Features that wasmtime has switched off are refused when it is compiled.
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let (mut depth, mut types) = (0_usize, None);
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(damaged)?;
            match &payload {
                Payload::Version { .. } if depth == MAX_NESTING => {
                    return Err(format!("it nests deeper than {MAX_NESTING} levels"));
                }
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section.clone() {
                        exports.push(export.map_err(damaged)?.name.name.to_owned());
                    }
                }
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section.clone() {
                        imports.push(import.map_err(damaged)?.name.name)?;
                    }
                }
                _ => {}
            }
            // The bodies of functions, which are most of a file, say nothing of its types.
            if let wasmparser::ValidPayload::End(found) =
                validator.payload(&payload).map_err(damaged)?
            {
                types = Some(found);
            }
        }
        let types = types.ok_or("the WebAssembly is damaged: it has no end")?;
        // It would be refused after it was compiled, which may take long.
        let needed = imports.names.iter().filter(|name| is_needed(&types, name));
        if let Some(missing) = not_offered(needed) {
            return Err(missing);
        }
        let outlined = Outlined::Component(&types, &exports);
        let kind = detect::of(&outlined)?;
        let functions = match kind {
            PluginKind::Functions => Some(Descriptions::of(&outlined)?),
            PluginKind::Tools | PluginKind::Command => None,
        };
        Ok(Self { imports: imports.names, kind, functions })
    }

    /// The outline that this makes; `None` where the plugin has to be asked.
    pub(crate) fn outline(self) -> Option<Outline> {
        let Self { imports, kind, functions } = self;
        let claim = match (kind, functions) {
            (PluginKind::Functions, Some(functions)) => Claim::Functions(functions),
            (PluginKind::Command, _) => Claim::Program,
            (PluginKind::Tools, _) | (PluginKind::Functions, None) => return None,
        };
        Some(Outline { claim, imports })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the types of a component with these imports and a function of its own.
    fn read(imports: &str) -> Result<TypeOutline, String> {
        let component = format!(
            r#"(component {imports}
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func (export "f") (canon lift (core func $i "f"))))"#
        );
        TypeOutline::of(&wat::parse_str(component).expect("a component"))
    }

    #[test]
    fn an_import_that_nothing_here_offers_is_refused_before_it_is_compiled() {
        let function = r#"(export "f" (func))"#;
        let resource = r#"(export "r" (type (sub resource)))"#;
        let value = r#"(type $t (record (field "a" u8))) (export "v" (type (eq $t)))"#;
        for (name, exports, is_refused) in [
            ("wasi:nn/inference@0.2.0", function, true),
            ("wasi:nn/inference@0.2.0", resource, true),
            ("wasi:nn/inference@0.2.0", value, false),
            ("wasi:cli/environment@0.2.0", function, false),
        ] {
            let read = read(&format!(r#"(import "{name}" (instance {exports}))"#));
            let error = read.err().unwrap_or_default();
            let expected =
                "it imports `wasi:nn/inference@0.2.0`, which this version does not offer; ";
            assert_eq!(error.starts_with(expected), is_refused, "{name} {exports}: {error}");
            assert_eq!(error.is_empty(), !is_refused, "{error}");
        }
        let error = read(r#"(import "f" (func))"#).err().unwrap_or_default();
        assert!(error.starts_with("it imports `f`, which"), "{error}");
    }
}
