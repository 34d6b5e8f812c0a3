//! Calls beside each other: none finds what another left, and none keeps others from their turn.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use toolrack::manifest::{Bytes, Grants, Limits};
use toolrack::sandbox::{Compiler, Guest, Sandbox, Wasm};
use toolrack::tool::{CallError, Content, Limit, Usage};

use crate::guest::{self, WASI, Wat};

static SANDBOX: LazyLock<Arc<Sandbox>> =
    LazyLock::new(|| Arc::new(Sandbox::new(Compiler::in_process()).expect("a sandbox")));

async fn guest(wat: &Wat<'_>, limits: Limits) -> Arc<Guest> {
    let wasm = Wasm::of(wat.build());
    let guest = crate::compiling::guest(SANDBOX.clone(), wasm, limits, Grants::default()).await;
    Arc::new(guest.expect("a guest"))
}

/// Looks for a byte that is not zero where nothing was written, and leaves such bytes: in memory that
/// it has from the start, in pages that it grows by, in a table and in a global.
fn rummage(pages: u32, mark: u8) -> String {
    let end = (pages + 1) * 65536;
    format!(
        r#"(local $at i32)
        (if (global.get $global) (then unreachable))
        (if (i32.eqz (ref.is_null (table.get $table (i32.const 7)))) (then unreachable))
        (if (i32.eq (i32.const -1) (memory.grow (i32.const {pages}))) (then unreachable))
        (if (i32.ne (table.grow $table (ref.null func) (i32.const 5000)) (i32.const 64))
            (then unreachable))
        (if (i32.eqz (ref.is_null (table.get $table (i32.const 5000)))) (then unreachable))
        (local.set $at (i32.const 65528))
        (loop $look
            (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $look (i32.lt_u (local.get $at) (i32.const {end}))))
        (memory.fill (i32.const 65528) (i32.const {mark}) (i32.const {length}))
        (global.set $global (i32.const {mark}))
        (table.fill $table (i32.const 0) (ref.func $nothing) (i32.const 5064))
        (global.get $ok)"#,
        length = end - 65528
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_finds_what_another_left() {
    let fields = "(global $global (mut i32) (i32.const 0)) (table $table 64 funcref)
        (func $nothing) (elem declare func $nothing)";
    // Below and above what a slot of memory keeps for the next guest.
    let mut guests = Vec::new();
    for (pages, mark) in [(4, 0xaa), (30, 0xbb), (200, 0xcc)] {
        let call = rummage(pages, mark);
        let wat = Wat { call: &call, fields, ..Wat::default() };
        let limits = Limits { concurrency: 8, ..Limits::default() };
        guests.push(guest(&wat, limits).await);
    }
    let mut calls = tokio::task::JoinSet::new();
    for round in 0..300 {
        let guest = guests[round % guests.len()].clone();
        calls.spawn(async move { guest.call("run", "{}", None).await.outcome });
    }
    while let Some(outcome) = calls.join_next().await {
        assert_eq!(outcome.unwrap().unwrap().content, [Content::Text("ok".into())]);
    }
}

/// Bodies that would never end, each busy in its own way.
const BUSY: [(&str, &str); 9] = [
    ("an empty loop", "(loop $l (br $l))"),
    (
        "filling memory",
        "(loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 33554432)) (br $l))",
    ),
    (
        "copying memory",
        "(loop $l (memory.copy (i32.const 0) (i32.const 1) (i32.const 33554000)) (br $l))",
    ),
    (
        "filling a table",
        "(loop $l (table.fill $table (i32.const 0) (ref.null func) (i32.const 100000)) (br $l))",
    ),
    ("growing by nothing", "(loop $l (drop (memory.grow (i32.const 0))) (br $l))"),
    (
        "reading all over memory",
        "(local $at i32) (loop $l
            (local.set $at (i32.add (i32.mul (i32.add (local.get $at)
                (i32.load (i32.and (local.get $at) (i32.const 33554428)))) (i32.const 1664525))
                (i32.const 1013904223))) (br $l))",
    ),
    ("calling itself", "(loop $l (drop (call $deep (i32.const 900))) (br $l))"),
    (
        "dividing",
        "(local $x i64) (loop $l (local.set $x (i64.add (i64.div_u (i64.const -1)
            (i64.or (local.get $x) (i64.const 3))) (i64.const 1))) (br $l))",
    ),
    (
        "asking the host",
        "(loop $l (drop (call $random (i32.const 262144) (i32.const 16384))) (br $l))",
    ),
];

const BUSY_FIELDS: &str = "(table $table 100000 funcref)
    (func $deep (param i32) (result i32) (if (result i32) (local.get 0)
        (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))";

/// How a guest ends that is busy like this for ever.
async fn ending(body: &str, limits: &Limits) -> (CallError, Usage) {
    const GROW: &str = "(drop (memory.grow (i32.const 513)))";
    // Locals stand first in a body.
    let call = match body.split_once(" (loop") {
        Some((locals, rest)) => format!("{locals} {GROW} (loop{rest} unreachable"),
        None => format!("{GROW} {body} unreachable"),
    };
    let wat = Wat { call: &call, imports: WASI, fields: BUSY_FIELDS, ..Wat::default() };
    let ended = guest(&wat, limits.clone()).await.call("run", "{}", None).await;
    (ended.outcome.expect_err("it has no end"), ended.usage)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_keeps_a_guest_busy_its_processor_time_ends_it() {
    let (cpu, timeout) = (Duration::from_millis(100), Duration::from_secs(60));
    let limits = Limits { fuel: u64::MAX / 2, cpu, timeout, ..Limits::default() };
    for (name, body) in BUSY {
        let (error, usage) = ending(body, &limits).await;
        let hit = matches!(&error, CallError::Limit(hit) if hit.limit == Limit::Cpu);
        assert!(hit, "{name}: {error:?}");
        assert!(usage.fuel > 0, "{name}: what it spent is known");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_keeps_a_guest_busy_it_gives_way_and_the_wall_clock_is_seen() {
    let (cpu, timeout) = (Duration::from_secs(60), Duration::from_millis(200));
    let limits = Limits { fuel: u64::MAX / 2, cpu, timeout, concurrent: true, ..Limits::default() };
    for (name, body) in BUSY {
        let (error, usage) = ending(body, &limits).await;
        let hit = matches!(&error, CallError::Limit(hit) if hit.limit == Limit::Timeout);
        assert!(hit, "{name}: {error:?}");
        // Without giving way in time, some of them take half a minute.
        assert!(usage.time < Duration::from_secs(5), "{name}: {usage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strings_in_any_encoding_keep_no_limit_of_time_from_being_seen() {
    const ENCODINGS: [&str; 3] = ["utf8", "utf16", "latin1+utf16"];
    let second = Duration::from_secs(1);
    for (cpu, timeout, expected) in
        [(60 * second, second / 5, Limit::Timeout), (second / 5, 60 * second, Limit::Cpu)]
    {
        let limits =
            Limits { fuel: u64::MAX / 2, cpu, timeout, concurrent: true, ..Limits::default() };
        for from in ENCODINGS {
            for to in ENCODINGS {
                for concurrent in [false, true] {
                    let wasm = Wasm::of(guest::transcoding(from, to, concurrent));
                    let (sandbox, grants) = (SANDBOX.clone(), Grants::default());
                    let guest =
                        crate::compiling::guest(sandbox, wasm, limits.clone(), grants).await;
                    let ended = guest.expect("a guest").call("run", r#"{"heavy":1}"#, None).await;
                    let what = format!("{from} to {to}, concurrent: {concurrent}");
                    match ended.outcome {
                        Err(CallError::Limit(hit)) => assert_eq!(hit.limit, expected, "{what}"),
                        other => panic!("{what}: {other:?}"),
                    }
                    assert!(ended.usage.time < 5 * second, "{what}: {:?}", ended.usage);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_may_be_as_large_as_memory_allows_up_to_a_million_elements() {
    let limits = Limits { memory: Bytes::new(64 << 20), ..Limits::default() };
    let wat = Wat {
        call: "(if (i32.ne (table.grow $table (ref.null func) (i32.const 1048476)) (i32.const 100))
                (then unreachable))
            (if (i32.ne (table.grow $table (ref.null func) (i32.const 1)) (i32.const -1))
                (then unreachable))
            (global.get $ok)",
        fields: "(table $table 100 funcref)",
        ..Wat::default()
    };
    let outcome = guest(&wat, limits).await.call("run", "{}", None).await.outcome;
    assert!(outcome.is_ok(), "{outcome:?}");
}

/// How many calls of plugins that flood the host end between the beginning of another plugin's call and its
/// end. Each of them takes 50 ms.
async fn calls_before_its_turn(flooding: usize, calls: usize) -> usize {
    let nap = guest::sleep(50) + "(global.get $ok)";
    let wat = Wat { call: &nap, imports: WASI, ..Wat::default() };
    let limits = Limits { concurrency: 32, ..Limits::default() };
    let sandbox = Arc::new(Sandbox::new(Compiler::in_process()).expect("a sandbox"));
    let guest = async |wat: &Wat<'_>, limits: &Limits| {
        let wasm = Wasm::of(wat.build());
        let guest =
            crate::compiling::guest(sandbox.clone(), wasm, limits.clone(), Grants::default()).await;
        Arc::new(guest.expect("a guest"))
    };
    let ended = Arc::new(AtomicUsize::new(0));
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..flooding {
        let busy = guest(&wat, &limits).await;
        for _ in 0..calls {
            let (busy, ended) = (busy.clone(), ended.clone());
            flood.spawn(async move {
                busy.call("run", "{}", None).await.outcome.expect("an answer");
                ended.fetch_add(1, Relaxed);
            });
        }
    }
    let other = guest(&Wat::default(), &Limits::default()).await;
    while ended.load(Relaxed) < 40 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let before = ended.load(Relaxed);
    other.call("run", "{}", None).await.outcome.expect("an answer");
    let passed = ended.load(Relaxed) - before;
    flood.abort_all();
    passed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_floods_the_host_keeps_no_other_from_its_turn() {
    let passed = calls_before_its_turn(1, 200).await;
    // Those that run already, at most.
    assert!(passed <= 32, "{passed} calls came first");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_plugins_that_flood_the_host_each_has_its_turn() {
    let passed = calls_before_its_turn(6, 60).await;
    // Those that run already, and one of each plugin.
    assert!(passed <= 32 + 6, "{passed} calls came first");
}
