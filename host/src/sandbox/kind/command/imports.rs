//! The imports that a preview 1 module may have, and the advice about a module that has others.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wasmparser::{BinaryReaderError, Parser, Payload};

use crate::text::{clip, escape};

/// Refuses the first import that nothing here provides, in words.
pub(super) fn check(module: &[u8]) -> Result<(), String> {
    for (from, name) in imports(module).map_err(|error| error.to_string())? {
        if from == PREVIEW1 && ADAPTER_EXPORTS.contains(name) {
            continue;
        }
        let import = escape(&format!("{from}.{name}"));
        let import = clip(&import, 200);
        return Err(format!("it imports `{import}`, {}", advice(from, name)));
    }
    Ok(())
}

fn advice(from: &str, name: &str) -> &'static str {
    match (from, name) {
        ("wasi_unstable", _) => {
            "of WASI preview 0, which nothing makes since 2020; build it for wasm32-wasip1"
        }
        ("wasi", "thread-spawn") | ("env", "memory") => {
            "as a program with threads does; build it without threads, for wasm32-wasip1 and not \
             wasm32-wasip1-threads"
        }
        (from, _) if from.starts_with("wasix_") => {
            "of WASIX, which only Wasmer has; build it for wasm32-wasip1"
        }
        (PREVIEW1, _) => {
            "which WASI preview 1 does not have; build it with a toolchain for wasm32-wasip1"
        }
        ("go" | "gojs", _) => {
            "as Go programs for browsers do; build it with GOOS=wasip1 GOARCH=wasm"
        }
        ("wbg" | "__wbindgen_placeholder__" | "__wbindgen_externref_xform__", _) => {
            "as wasm-bindgen's modules for browsers do; build it for wasm32-wasip1, without wasm-bindgen"
        }
        ("extism:host/env" | "extism:host/user", _) => {
            "as Extism's plugins do, which run in Extism alone; look for a component or a WASI program of it"
        }
        (from, _) if from.starts_with("javy_") => {
            "as Javy's modules with a provider of their own do; build it without `-d`, as a whole program"
        }
        ("env" | "napi", name) if name.starts_with("napi_") => {
            "as addons of Node do (Node-API), which run in Node alone; look for a component or a WASI program of it"
        }
        ("env", name) if name.starts_with("emscripten_") || name.starts_with("invoke_") => {
            "as Emscripten's modules for browsers do; build it with wasi-sdk, or with `-sSTANDALONE_WASM`"
        }
        ("env", _) => {
            "a function that nothing here provides: it was not defined when the program was linked, or \
             the program was made for a browser; build it with a toolchain for wasm32-wasip1"
        }
        _ => {
            "which no WASI host provides; a program gets WASI preview 1 (wasm32-wasip1) and nothing else"
        }
    }
}

/// The names that the adapter exports.
static ADAPTER_EXPORTS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut offered = BTreeSet::new();
    for payload in Parser::new(0).parse_all(WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER) {
        if let Ok(Payload::ExportSection(exports)) = payload {
            offered.extend(exports.into_iter().flatten().map(|export| export.name.to_owned()));
        }
    }
    offered
});

fn imports(module: &[u8]) -> Result<Vec<(&str, &str)>, BinaryReaderError> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(imports) = payload? {
            for import in imports.into_imports() {
                let import = import?;
                found.push((import.module, import.name));
            }
        }
    }
    Ok(found)
}
