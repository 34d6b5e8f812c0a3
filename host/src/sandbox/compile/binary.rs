//! The step from the bytes of a `.wasm` file to a component, or to the reason why they are none.
//!
//! A core module built for `wasm32-wasip1` with the SDK becomes a component here, through WASI's own
//! adapter, and so does a program (`command`). Nothing is compiled yet.

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
use wasmparser::{Encoding, Parser, Payload};

use super::super::kind::command::{self, ModuleError};
use super::encode::{caught, encode, shown};

/// The most functions of one plugin, over all nested modules. Large language runtimes have a quarter of that.
const MAX_CORE_FUNCTIONS: u64 = 100_000;

/// The reason why a file is not a plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BinaryError {
    /// The file has no bytes.
    #[error("the file is empty; copy it again")]
    Empty,
    /// It does not begin like WebAssembly.
    #[error(
        "this is {found}, not WebAssembly; build the plugin with `cargo build --release --target wasm32-wasip2`"
    )]
    NotWasm {
        /// The kind of file that it looks like.
        found: &'static str,
    },
    /// It begins like WebAssembly and then breaks.
    #[error("the WebAssembly is damaged: {0}; build or copy it again")]
    Damaged(String),
    /// Compiling it would take a machine's memory.
    #[error("it has {0} functions; the most is {MAX_CORE_FUNCTIONS}")]
    TooManyFunctions(u64),
    /// A program, with `_start`, that cannot run here.
    #[error(transparent)]
    Program(#[from] ModuleError),
    /// A core module made for another host.
    #[error("this is a core module for another host, not a component and no WASI program: {0}")]
    ForeignModule(String),
    /// A core module without component bindings.
    #[error(
        "this is a core module without component bindings, and no program either: it exports no `_start`; ask who \
         made it for a component or a WASI program, or, if it is yours, write the plugin with toolrack-sdk, or a program \
         with `main`, and build it for wasm32-wasip2 or wasm32-wasip1"
    )]
    PlainModule,
    /// A core module with bindings that cannot become a component.
    #[error("the module cannot be turned into a component: {0}")]
    NotEncodable(String),
}

/// Returns `bytes` as a component: the bytes themselves, or the component made of the core module they are.
pub(crate) fn component(bytes: &[u8]) -> Result<Cow<'_, [u8]>, BinaryError> {
    let encoding = encoding(bytes)?;
    let module = look_into(bytes)?;
    if module.functions > MAX_CORE_FUNCTIONS {
        return Err(BinaryError::TooManyFunctions(module.functions));
    }
    match encoding {
        Encoding::Component => Ok(Cow::Borrowed(bytes)),
        Encoding::Module => match (module.has_bindings, module.has_start) {
            (true, _) => caught(|| encode(bytes, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER))
                .map(Cow::Owned)
                .map_err(BinaryError::NotEncodable),
            (false, true) => Ok(command::component(bytes).map(Cow::Owned)?),
            (false, false) => Err(match command::foreign_import(bytes) {
                Some(import) => BinaryError::ForeignModule(import),
                None => BinaryError::PlainModule,
            }),
        },
    }
}

fn encoding(bytes: &[u8]) -> Result<Encoding, BinaryError> {
    let found = match bytes {
        [] => return Err(BinaryError::Empty),
        [b'\0', b'a', b's', b'm', ..] => {
            return match Parser::new(0).parse(bytes, true) {
                Ok(wasmparser::Chunk::Parsed {
                    payload: Payload::Version { encoding, .. },
                    ..
                }) => Ok(encoding),
                Ok(_) => Err(BinaryError::Damaged("it ends within its header".into())),
                Err(error) => Err(BinaryError::Damaged(error.to_string())),
            };
        }
        [0x7f, b'E', b'L', b'F', ..] => "a native or precompiled program (ELF)",
        [b'M', b'Z', ..] => "a Windows program",
        [0xfe, 0xed, 0xfa, ..] | [0xcf, 0xfa, 0xed, 0xfe, ..] => "a macOS program",
        [b'P', b'K', ..] => "a ZIP archive",
        [0x1f, 0x8b, ..] => "a gzip archive",
        _ if bytes
            .iter()
            .take(512)
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) =>
        {
            "text"
        }
        _ => "an unknown kind of file",
    };
    Err(BinaryError::NotWasm { found })
}

/// The properties that matter here of a module, or of a component and all that is nested in it.
struct Module {
    has_bindings: bool,
    has_start: bool,
    functions: u64,
}

fn look_into(bytes: &[u8]) -> Result<Module, BinaryError> {
    let damaged =
        |error: wasmparser::BinaryReaderError| BinaryError::Damaged(shown(error.to_string()));
    let mut module = Module { has_bindings: false, has_start: false, functions: 0 };
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(damaged)? {
            Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                module.has_bindings = true;
            }
            Payload::FunctionSection(functions) => module.functions += u64::from(functions.count()),
            Payload::ExportSection(exports) => {
                for export in exports {
                    module.has_start |= export.map_err(damaged)?.name == "_start";
                }
            }
            _ => {}
        }
    }
    Ok(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let error = component(bytes).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_is_not_a_plugin_is_named() {
        check(b"", "empty");
        check(b"\x7fELF\x02\x01\x01", "ELF");
        check(b"(component)", "text");
        check(b"PK\x03\x04", "ZIP");
        check(&[0x80; 100], "unknown kind");
        check(b"\0asm", "damaged");
        check(b"\0asm\x01\0\0\0\x07", "damaged");
    }

    #[test]
    fn a_bomb_of_functions_is_refused_before_it_is_compiled() {
        let functions = "(func)".repeat(100_001);
        let bomb = format!("(component (core module {functions}))");
        check(&wat::parse_str(bomb).expect("wat"), "100001 functions");
    }

    #[test]
    fn a_core_module_needs_bindings() {
        check(&wat::parse_str("(module)").expect("wat"), "without component bindings");
        for (import, told) in [
            (r#""extism:host/env" "input_length""#, "Extism"),
            (r#""javy_quickjs_provider_v3" "invoke""#, "Javy"),
            (r#""wbg" "__wbg_log""#, "wasm-bindgen"),
            (r#""env" "napi_create_function""#, "Node-API"),
            (r#""env" "invoke_vii""#, "Emscripten"),
            (r#""rb" "x""#, "`rb.x`"),
        ] {
            let module = format!("(module (import {import} (func)))");
            let error =
                component(&wat::parse_str(module).expect("wat")).expect_err("refused").to_string();
            assert!(error.contains("another host") && error.contains(told), "{error}");
        }
    }
}
