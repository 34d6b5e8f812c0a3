//! Guests against their limits: each ends as an outcome that names the limit and its value.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use toolrack::manifest::{Bytes, Grants, Limits};
use toolrack::sandbox::{CompileError, Compiler, Guest, ListError, Sandbox, Wasm};
use toolrack::tool::{CallError, Content, Output, Progress, Usage};

use crate::guest::{self, LOG, PROGRESS, WASI, Wat};

static SANDBOX: LazyLock<Arc<Sandbox>> =
    LazyLock::new(|| Arc::new(Sandbox::new(Compiler::in_process()).expect("a sandbox")));

async fn compile(wasm: &[u8], limits: Limits) -> Result<Guest, CompileError> {
    let config = BTreeMap::from([("units".to_owned(), "metric".to_owned())]);
    let grants = Grants { config, ..Grants::default() };
    crate::compiling::guest(SANDBOX.clone(), Wasm::of(wasm), limits, grants).await
}

/// Limits in which a test that waits for them does not wait long.
fn limits() -> Limits {
    Limits { fuel: 50_000_000, timeout: Duration::from_secs(20), ..Limits::default() }
}

async fn run(wat: &Wat<'_>, limits: Limits) -> (Result<Output, CallError>, Usage) {
    let guest = compile(&wat.build(), limits).await.expect("a guest");
    let ended = guest.call("run", "{}", None).await;
    (ended.outcome, ended.usage)
}

/// The error a call to a guest with this body ends in.
async fn error(call: &str, limits: Limits) -> String {
    let wat = Wat { call, imports: WASI, ..Wat::default() };
    run(&wat, limits).await.0.expect_err("an error").to_string()
}

#[track_caller]
fn assert_limit(error: &str, limit: &str, value: &str) {
    assert!(error.contains(limit) && error.contains(value), "{error}");
}

const LOOP: &str = "(loop $l (br $l)) unreachable";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_back_with_its_usage() {
    let (outcome, usage) = run(&Wat::default(), limits()).await;
    assert_eq!(outcome.unwrap().content, [Content::Text("ok".into())]);
    assert!(usage.fuel > 0 && usage.peak_memory >= 65536 && usage.time > Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_runs_out_of_fuel() {
    assert_limit(&error(LOOP, limits()).await, "fuel", "50_000_000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_with_huge_fuel_runs_out_of_processor_time() {
    let limits = Limits { fuel: u64::MAX / 2, cpu: Duration::from_millis(200), ..limits() };
    assert_limit(&error(LOOP, limits).await, "processor-time", "200ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_ends_at_the_wall_clock_too() {
    let limits = Limits { fuel: u64::MAX / 2, timeout: Duration::from_millis(300), ..limits() };
    assert_limit(&error(LOOP, limits).await, "timeout", "300ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleep_for_ever_ends_at_the_wall_clock() {
    let sleep = format!("{} (global.get $ok)", guest::sleep(3_600_000));
    let limits = Limits { timeout: Duration::from_millis(300), ..limits() };
    assert_limit(&error(&sleep, limits).await, "timeout", "300ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn sleeping_is_not_processor_time() {
    let call = format!("{} (global.get $ok)", guest::sleep(400));
    let limits = Limits { cpu: Duration::from_millis(100), ..limits() };
    let wat = Wat { call: &call, imports: WASI, ..Wat::default() };
    let (outcome, usage) = run(&wat, limits).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(usage.time >= Duration::from_millis(400), "{usage:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn growing_memory_ends_at_the_limit() {
    let grow =
        "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    let limits = Limits { memory: Bytes::new(8 * 1024 * 1024), ..limits() };
    assert_limit(&error(grow, limits).await, "memory", "8 MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn growing_a_table_ends_at_the_memory_limit() {
    let wat = Wat {
        call: "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000))
            (i32.const -1)))) unreachable",
        fields: "(table $t 1 funcref)",
        ..Wat::default()
    };
    let limits = Limits { memory: Bytes::new(1024 * 1024), ..limits() };
    let error = run(&wat, limits).await.0.unwrap_err().to_string();
    assert_limit(&error, "memory", "1 MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initial_memory_beyond_the_limit_is_named() {
    let limits = Limits { memory: Bytes::new(1024 * 1024), ..limits() };
    let wat = Wat { fields: "(memory $big 100)", ..Wat::default() };
    let error = compile(&wat.build(), limits.clone()).await.err().expect("refused").to_string();
    assert_limit(&error, "7 MiB of memory, more than its memory limit", "`memory = \"8MiB\"`");
    // All of the limit may be there from the start.
    for (pages, fits) in [(16, true), (17, false)] {
        let fields = format!("(memory $big {pages})");
        let wat = Wat { fields: &fields, ..Wat::default() };
        assert_eq!(compile(&wat.build(), limits.clone()).await.is_ok(), fits, "{pages}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memories_count_together() {
    // Two memories of 32 pages each, below the limit alone and above it together.
    let limits = Limits { memory: Bytes::new(3 * 1024 * 1024), ..limits() };
    let wat = Wat { fields: "(memory $a 32) (memory $b 32)", ..Wat::default() };
    let guest = compile(&wat.build(), limits).await.expect("a guest");
    let error = guest.tools().await.unwrap_err().to_string();
    assert_limit(&error, "memory", "3 MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_recursion_ends_at_the_stack_limit() {
    let wat = Wat {
        call: "(call $down) (global.get $ok)",
        fields: "(func $down (call $down) (call $down))",
        ..Wat::default()
    };
    let error = run(&wat, limits()).await.0.unwrap_err().to_string();
    assert_limit(&error, "stack", "512 KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_and_an_exit_are_named() {
    assert_limit(&error("unreachable", limits()).await, "crashed", "unreachable");
    let exit = "(call $exit (i32.const 0)) unreachable";
    assert_limit(&error(exit, limits()).await, "status 0", "instead of answering");
    let out_of_range = "(drop (i32.load (i32.const -8))) unreachable";
    assert_limit(&error(out_of_range, limits()).await, "crashed", "out of bounds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_carries_the_end_of_stderr_escaped() {
    // Writes the bytes at 200 to stderr, then traps.
    let wat = Wat {
        call: "(i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 12))
            (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
            unreachable",
        imports: WASI,
        fields: r#"(data (i32.const 200) "\1b[31mpanic!\0a")"#,
        ..Wat::default()
    };
    let error = run(&wat, limits()).await.0.unwrap_err().to_string();
    assert!(error.contains("panic!") && !error.contains('\u{1b}'), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_answer_ends_at_the_output_limit() {
    let limits = Limits { output: Bytes::new(64 * 1024), ..limits() };
    let huge =
        "(drop (memory.grow (i32.const 2))) (call $text (i32.const 65536) (i32.const 65537))";
    assert_limit(&error(huge, limits.clone()).await, "output", "64 KiB");
    let vast = "(drop (memory.grow (i32.const 500)))
        (call $text (i32.const 65536) (i32.const 32000000))";
    assert_limit(&error(vast, limits).await, "output", "64 KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_on_stdout_ends_at_the_log_limit() {
    let flood =
        "(i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 4096))
        (loop $l (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
            (br $l)) unreachable";
    let limits = Limits { fuel: u64::MAX / 2, ..limits() };
    assert_limit(&error(flood, limits).await, "log limit", "1 MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn host_calls_in_a_loop_end_at_a_limit() {
    for call in [
        "(call $random (i32.const 65536) (i32.const 0))",
        "(call $clock (i32.const 1) (i64.const 0) (i32.const 0))",
    ] {
        let body = format!("(loop $l (drop {call}) (br $l)) unreachable");
        let limits = Limits { fuel: u64::MAX / 2, cpu: Duration::from_secs(300), ..limits() };
        let limits = Limits { timeout: Duration::from_secs(300), ..limits };
        assert_limit(&error(&body, limits).await, "host-call limit", "1_000_000");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_through_the_log_function_ends_at_the_log_limit() {
    let wat = Wat {
        call: "(loop $l (call $log (i32.const 1) (i32.const 50000) (i32.const 9000)) (br $l)) unreachable",
        imports: LOG,
        ..Wat::default()
    };
    let error = run(&wat, limits()).await.0.unwrap_err().to_string();
    assert_limit(&error, "log limit", "1 MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_out_of_memory_range_or_not_utf8_are_crashes() {
    let beyond = "(call $text (i32.const 65000) (i32.const 1000))";
    assert!(error(beyond, limits()).await.contains("crashed"));
    let wat = Wat {
        call: "(call $text (i32.const 200) (i32.const 2))",
        fields: r#"(data (i32.const 200) "\ff\fe")"#,
        ..Wat::default()
    };
    let error = run(&wat, limits()).await.0.unwrap_err().to_string();
    assert!(error.contains("utf-8"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_in_an_instance() {
    let wat = Wat {
        call: "(if (i32.load (i32.const 200)) (then unreachable))
            (i32.store (i32.const 200) (i32.const 1)) (global.get $ok)",
        ..Wat::default()
    };
    let guest = compile(&wat.build(), limits()).await.expect("a guest");
    for _ in 0..3 {
        assert!(guest.call("run", "{}", None).await.outcome.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_variables_and_input_are_absent() {
    let wasi = |name: &str, parameters: &str| {
        format!(
            r#"(import "wasi_snapshot_preview1" "{name}"
                (func ${name} (param {parameters}) (result i32)))"#
        )
    };
    let imports = [
        wasi("args_sizes_get", "i32 i32"),
        wasi("environ_sizes_get", "i32 i32"),
        wasi("fd_read", "i32 i32 i32 i32"),
        wasi("fd_prestat_get", "i32 i32"),
    ];
    // How many there are goes to 512; the text that is read, to 600.
    let wat = Wat {
        call: "(i32.store (i32.const 512) (i32.const 9))
            (drop (call $args_sizes_get (i32.const 512) (i32.const 516)))
            (if (i32.load (i32.const 512)) (then unreachable))
            (i32.store (i32.const 512) (i32.const 9))
            (drop (call $environ_sizes_get (i32.const 512) (i32.const 516)))
            (if (i32.load (i32.const 512)) (then unreachable))
            (i32.store (i32.const 520) (i32.const 600))
            (i32.store (i32.const 524) (i32.const 64))
            (i32.store (i32.const 512) (i32.const 0))
            (drop (call $fd_read (i32.const 0) (i32.const 520) (i32.const 1) (i32.const 512)))
            (if (i32.load (i32.const 512)) (then unreachable))
            (if (i32.eqz (call $fd_prestat_get (i32.const 3) (i32.const 512))) (then unreachable))
            (global.get $ok)",
        imports: &imports.concat(),
        ..Wat::default()
    };
    let (outcome, _) = run(&wat, limits()).await;
    assert_eq!(outcome.unwrap().content, [Content::Text("ok".into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn loops_in_start_and_in_listing_are_limited() {
    let limits = Limits { fuel: 10_000_000, ..limits() };
    for wat in [
        Wat { list: LOOP, ..Wat::default() },
        Wat { fields: "(func $spin (loop $l (br $l))) (start $spin)", ..Wat::default() },
    ] {
        let guest = compile(&wat.build(), limits.clone()).await.expect("a guest");
        match guest.tools().await {
            Err(ListError::Call(CallError::Limit(hit))) => assert_eq!(hit.value, "10_000_000"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_loops_than_threads_delay_no_other_guest() {
    let limits = Limits { fuel: u64::MAX / 2, concurrency: 32, ..limits() };
    let bad =
        Arc::new(compile(&Wat { call: LOOP, ..Wat::default() }.build(), limits).await.unwrap());
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let bad = bad.clone();
        loops.spawn(async move { bad.call("run", "{}", None).await });
    }
    let good = compile(&Wat::default().build(), Limits::default()).await.unwrap();
    for _ in 0..5 {
        let call = good.call("run", "{}", None);
        let ended = tokio::time::timeout(Duration::from_secs(10), call).await.unwrap();
        assert!(ended.outcome.is_ok());
    }
    // Dropping the calls ends the guests; shutdown waits for that.
    tokio::time::timeout(Duration::from_secs(10), loops.shutdown()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_reaches_its_sink_and_its_rate_is_limited() {
    let wat = Wat {
        call: "(local $i f64)
            (loop $l
                (local.set $i (f64.add (local.get $i) (f64.const 1)))
                (call $progress (local.get $i) (i32.const 1) (f64.const 1000)
                    (i32.const 1) (i32.const 200) (i32.const 4))
                (br_if $l (f64.lt (local.get $i) (f64.const 1000))))
            (call $progress (f64.const nan) (i32.const 0) (f64.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0))
            (global.get $ok)",
        imports: PROGRESS,
        fields: r#"(data (i32.const 200) "half")"#,
        ..Wat::default()
    };
    let guest = compile(&wat.build(), limits()).await.expect("a guest");
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let sink = seen.clone();
    let progress = Box::new(move |progress| sink.lock().unwrap().push(progress));
    assert!(guest.call("run", "{}", Some(progress)).await.outcome.is_ok());
    let seen = seen.lock().unwrap();
    let first = Progress { value: 1.0, total: Some(1000.0), message: Some("half".into()) };
    assert_eq!(seen[0], first);
    assert!((16..100).contains(&seen.len()), "{}", seen.len());
}

async fn assert_refused(wasm: &[u8], expected: &str) {
    let error = compile(wasm, limits()).await.err().expect("a refusal").to_string();
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn what_is_not_offered_is_refused_by_name() {
    let threads = r#"(component
        (import "wasi:threads/spawn@0.2.0" (instance (export "thread" (type (sub resource)))))
        (instance $tools)
        (export "toolrack:plugin/tools@0.1.0" (instance $tools)))"#;
    assert_refused(&wat::parse_str(threads).unwrap(), "imports `wasi:threads/spawn@0.2.0`").await;
    assert_refused(&wat::parse_str(threads).unwrap(), "a plugin gets clocks, random").await;
}

#[tokio::test]
async fn a_component_with_another_contract_is_refused_by_version() {
    let newer = r#"(component (instance $tools)
        (export "toolrack:plugin/tools@0.9.0" (instance $tools)))"#;
    assert_refused(&wat::parse_str(newer).unwrap(), "exports `toolrack:plugin/tools@0.9.0`").await;
    assert_refused(&wat::parse_str("(component)").unwrap(), "component without tools").await;
}

#[tokio::test]
async fn damaged_files_are_refused_wherever_they_break() {
    let wasm = Wat::default().build();
    for end in (0..wasm.len()).step_by(97) {
        assert!(compile(&wasm[..end], limits()).await.is_err(), "cut at {end}");
    }
    for at in (8..wasm.len()).step_by(131) {
        let mut damaged = wasm.clone();
        damaged[at] ^= 0x55;
        // Some bytes may be changed without breaking anything; none may break the host.
        let _ = compile(&damaged, limits()).await;
    }
}
