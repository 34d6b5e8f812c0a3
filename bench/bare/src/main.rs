//! The bare loop: reads a line, instantiates and calls in wasmtime, writes a line.
//!
//! `bench-bare WASM [fuel]`: without `fuel`, nothing limits or meters the guest. No limit, schema,
//! log or second thread either: what a sandboxed call costs at least.

use std::io::{BufRead as _, Write as _, stdin, stdout};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::error::Context as _;
use wasmtime::{Config, Enabled, Engine, PoolingAllocationConfig, Result, Store, bail};
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};

use toolrack::plugin::host::Level;

wasmtime::component::bindgen!({
    path: "../../plugin-sdk/wit",
    world: "plugin",
    exports: { default: async },
});

use exports::toolrack::plugin::tools::Content;

/// What a guest that needs nothing gets.
struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl toolrack::plugin::host::Host for State {
    fn progress(&mut self, _value: f64, _total: Option<f64>, _message: Option<String>) {}
    fn log(&mut self, _level: Level, _message: String) {}
    fn config(&mut self, _key: String) -> Option<String> {
        None
    }
}

#[derive(Deserialize)]
struct Request<'a> {
    method: &'a str,
    id: Option<u64>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Call<'a> {
    name: &'a str,
    #[serde(borrow)]
    arguments: &'a RawValue,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let wasm = std::env::args().nth(1).context("which Wasm file?")?;
    let fuel = std::env::args().nth(2).as_deref() == Some("fuel");
    let engine = Engine::new(&config(fuel))?;
    let mut linker = Linker::<State>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    toolrack::plugin::host::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    let component = Component::from_file(&engine, wasm)?;
    let guest = PluginPre::new(linker.instantiate_pre(&component)?)?;
    let (mut input, mut output) = (stdin().lock(), stdout().lock());
    let mut line = String::new();
    while input.read_line(&mut line)? != 0 {
        let request: Request<'_> = serde_json::from_str(&line)?;
        if let Some(id) = request.id {
            let result = match (request.method, request.params) {
                ("tools/call", Some(params)) => {
                    let text = call(&guest, fuel, serde_json::from_str(params.get())?).await?;
                    json!({"content": [{"type": "text", "text": text}]})
                }
                _ => json!({}),
            };
            let mut answer =
                serde_json::to_vec(&json!({"jsonrpc": "2.0", "id": id, "result": result}))?;
            answer.push(b'\n');
            output.write_all(&answer)?;
            output.flush()?;
        }
        line.clear();
    }
    Ok(())
}

/// A store and an instance of its own for every call, as in the host.
async fn call(guest: &PluginPre<State>, fuel: bool, call: Call<'_>) -> Result<String> {
    let state = State { wasi: WasiCtx::builder().build(), table: ResourceTable::new() };
    let mut store = Store::new(guest.engine(), state);
    if fuel {
        store.set_fuel(u64::MAX / 2)?;
    }
    let instance = guest.instantiate_async(&mut store).await?;
    let tools = instance.toolrack_plugin_tools();
    let answer = tools.call_call_tool(&mut store, call.name, call.arguments.get()).await?;
    let output = answer.ok().context("the tool failed")?;
    match output.content.into_iter().next() {
        Some(Content::Text(text)) => Ok(text),
        _ => bail!("the tool gave no text"),
    }
}

fn config(fuel: bool) -> Config {
    // Without the scan of the page map, keeping memory resident costs more than it saves.
    let scan = PoolingAllocationConfig::is_pagemap_scan_available();
    let kept = if scan { 1 << 20 } else { 0 };
    let mut pool = PoolingAllocationConfig::new();
    pool.pagemap_scan(Enabled::Auto).linear_memory_keep_resident(kept).table_keep_resident(kept);
    let mut config = Config::new();
    config.concurrency_support(false).consume_fuel(fuel).allocation_strategy(pool);
    config
}
