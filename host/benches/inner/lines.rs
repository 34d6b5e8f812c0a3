//! A line to a checked message, and a call through the engine and back.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use serde_json::json;
use toolrack::host::Host;
use toolrack::mcp::{Action, Engine, InputLine, Settings};
use toolrack::tool::{Content, Output, Usage};

use crate::calls;

pub(crate) fn measure(criterion: &mut Criterion, host: &Host) {
    let mut engine = Engine::new(Settings::default());
    engine.publish(Arc::new(calls::catalog(host)));
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
        {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}});
    engine.line(&InputLine::Whole(hello.to_string().into_bytes()));
    while engine.next_action().is_some() {}

    let mut group = criterion.benchmark_group("line");
    for (size, text) in calls::texts() {
        let line = call(&text);
        group.throughput(Throughput::Bytes(line.len() as u64));
        let line = InputLine::Whole(line);
        group.bench_function(format!("a call in and its answer out, {size}"), |bencher| {
            bencher.iter(|| answered(&mut engine, black_box(&line), &text));
        });
    }
}

fn call(text: &str) -> Vec<u8> {
    let params = json!({"name": "good_run", "arguments": {"text": text}});
    let line = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    line.to_string().into_bytes()
}

/// What the engine does for one call; the tool is not called.
fn answered(engine: &mut Engine, line: &InputLine, text: &str) -> Vec<u8> {
    engine.line(line);
    let Some(Action::Call(call)) = engine.next_action() else { panic!("no call") };
    let output = Output { content: vec![Content::Text(text.into())], ..Output::default() };
    engine.outcome(call.key, Ok(output), Usage::default());
    let Some(Action::Answer(line)) = engine.next_action() else { panic!("no answer") };
    line.into()
}
