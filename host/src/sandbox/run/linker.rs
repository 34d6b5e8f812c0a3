//! Everything that a guest can import: WASI, outgoing HTTP, and the contract's own functions.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::WasiRandom;

use super::super::capability::files::door::FileDoors;
use super::super::capability::http::request_parts;
use super::super::capability::{config, sockets};
use super::super::kind::bindings::toolrack::plugin::host;
use super::store::StoreState;
use crate::text::{clip, escape};

/// The most imports that an error names.
const MAX_NAMED: usize = 8;

/// The beginnings of the names of all interfaces that [`linker`] adds.
pub(crate) const OFFERED_INTERFACES: [&str; 9] = [
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

/// Says which of `imports` are of interfaces that [`linker`] does not add. `None` if none are.
pub(crate) fn not_offered<T: AsRef<str>>(imports: impl IntoIterator<Item = T>) -> Option<String> {
    const ADVICE: &str = "a plugin gets clocks, random numbers, `wasi:http`, `wasi:config`, its log and \
                          `toolrack:plugin/host`";
    let is_offered =
        |name: &str| OFFERED_INTERFACES.iter().any(|offered| name.starts_with(offered));
    let missing = imports.into_iter().filter(|name| !is_offered(name.as_ref()));
    let missing =
        missing.take(MAX_NAMED).map(|name| format!("`{}`", escape(clip(name.as_ref(), 200))));
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() {
        return None;
    }
    let missing = missing.join(", ");
    Some(format!("it imports {missing}, which this version does not offer; {ADVICE}"))
}

/// Everything a guest can import. An import that is absent here is refused, by name, when the guest is linked.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<StoreState>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    // wasi:io, the two clocks, secure random numbers, stdin, stdout and stderr.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(l)?;
    wasi::random::insecure::add_to_linker::<StoreState, WasiRandom>(l, |s| s.ctx().ctx.random())?;
    wasi::random::insecure_seed::add_to_linker::<StoreState, WasiRandom>(l, |s| {
        s.ctx().ctx.random()
    })?;
    wasi::cli::exit::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    wasi::cli::environment::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    wasi::cli::terminal_input::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    wasi::cli::terminal_output::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    wasi::cli::terminal_stdin::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    wasi::cli::terminal_stdout::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    wasi::cli::terminal_stderr::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    // Every program's libc asks for its directories; without a grant there are none.
    wasi::filesystem::preopens::add_to_linker::<StoreState, FileDoors>(l, StoreState::files)?;
    wasi::filesystem::types::add_to_linker::<StoreState, FileDoors>(l, StoreState::files)?;
    // Only sending is offered: `Requests` judges what a guest sends.
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    request_parts::bound_in(l)?;
    sockets::add_to_linker(l)?;
    config::add_to_linker(l)?;
    host::add_to_linker::<StoreState, HasSelf<StoreState>>(l, StoreState::own)?;
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;

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
        let engine = super::super::super::engine::setup::running().expect("an engine");
        let linker = linker(&engine).expect("a linker");
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
