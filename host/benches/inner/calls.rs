//! Arguments against a schema; instantiating and calling a guest.

use criterion::Criterion;
use serde_json::json;
use serde_json::value::RawValue;
use toolrack::catalog::{Catalog, Tool};
use toolrack::host::Host;
use toolrack::lockfile::LockPolicy;
use toolrack::sandbox::Wasm;
use toolrack::tool::CallError;

use crate::guest::Wat;
use crate::{install, repeat};

/// What a tool with a few parameters has.
const SCHEMA: &str = r#"{"type":"object","required":["text"],"additionalProperties":false,
    "properties":{"text":{"type":"string"},"count":{"type":"integer","minimum":0},
    "mode":{"enum":["short","long"]}}}"#;

pub(crate) fn measure(criterion: &mut Criterion, host: &Host) {
    let catalog = catalog(host);
    let tool = catalog.tool("good_run").expect("the tool");
    let mut group = criterion.benchmark_group("call");
    // The guest is not entered: what remains is reading and checking.
    let wrong = arguments(&json!({"text": "Hello, Ada!", "count": -1, "mode": "short"}));
    group.bench_function("validate arguments, and refuse them", |bencher| {
        repeat(bencher, host, async || refused(tool, &wrong).await);
    });
    let guest = host.look_at(Wasm::of(wat())).expect("a guest");
    group.bench_function("instantiate, and call what does nothing", |bencher| {
        repeat(bencher, host, async || {
            guest.call("run", "{}", None).await.outcome.expect("an answer");
        });
    });
    for (size, text) in texts() {
        let right = arguments(&json!({"text": text}));
        group.bench_function(format!("validate, instantiate and call, {size}"), |bencher| {
            repeat(bencher, host, async || {
                tool.call(&right, None).await.outcome.expect("an answer");
            });
        });
    }
}

/// A catalog with `good_run`, which takes what [`SCHEMA`] says.
pub(crate) fn catalog(host: &Host) -> Catalog {
    let directory = tempfile::TempDir::new().expect("a directory");
    install(directory.path(), "good", &wat());
    let mut loader = host.load(&[directory.path().to_owned()], LockPolicy::Ignored);
    let catalog = host.guests().block_on(async {
        while loader.step().await {}
        loader.catalog()
    });
    assert!(catalog.refusals().is_empty(), "{:?}", catalog.refusals());
    catalog
}

/// Texts of the sizes that matter, by name.
pub(crate) fn texts() -> [(&'static str, String); 2] {
    [("11 bytes", "Hello, Ada!".into()), ("64 KiB", "0123456789abcdef".repeat(4096))]
}

fn wat() -> Vec<u8> {
    Wat { input_schema: SCHEMA, ..Wat::default() }.build()
}

fn arguments(value: &serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).expect("JSON")
}

async fn refused(tool: &Tool, arguments: &RawValue) {
    let outcome = tool.call(arguments, None).await.outcome;
    assert!(matches!(outcome, Err(CallError::InvalidArguments(_))), "{outcome:?}");
}
