//! Guests that loop, take memory, flood and crash: each call ends as a result that names what ended it.

use serde_json::json;

use crate::answers::refused;
use crate::bench::{Bench, Seen, called, called_file, text_of};
use crate::case::cases;
use crate::guest::{LOG, PROGRESS, WASI, Wat, sleep};
use crate::plugins::install;

cases! {
    "Hostile or broken guests";
    "an endless loop" => endless_loop, "the tool was stopped: it used up its fuel, a measure of work, of 20_000_000…";
    "an endless loop with all the fuel there is" => endless_loop_with_huge_fuel,
        "the tool was stopped: it computed for longer than its processor-time limit of 300ms…";
    "an endless loop against the wall clock" => endless_loop_at_the_wall_clock,
        "the tool was stopped: it took longer than its wall-clock timeout of 300ms…";
    "four times as many loops as threads at once, then cancelled" => loops_on_every_thread,
        "ping and another plugin answer meanwhile; no cancelled call is answered";
    "calls behind others that do not end" => waiting_for_a_slot waits,
        "toolrack failed: the calls before it did not end for 30s; ask again";
    "a loop over the instructions that work on all of memory" => bulk_loop,
        "the tool was stopped: it computed for longer than its processor-time limit of 300ms…";
    "random bytes by the gigabyte" => random_by_the_gigabyte, "the tool was stopped: it computed for longer than its processor-time limit of 300ms…";
    "the clock in a loop" => clock_loop,
        "the tool was stopped: it called the host more often than the host-call limit of 1_000_000";
    "a sleep of an hour" => sleep_for_ever, "the tool was stopped: it took longer than its wall-clock timeout of 300ms…";
    "a poll on nothing, in a loop" => poll_on_nothing, "the tool was stopped: it used up its fuel, a measure of work, of 20_000_000…";
    "memory grown page by page" => memory_page_by_page, "the tool was stopped: it needed more than its memory limit of 8 MiB…";
    "many memories, each below the limit" => many_memories, "…its memory limit of 8 MiB…";
    "thirty memories of 1 MiB, all of them filled" => filled_memories, "the server keeps nothing of them";
    "a huge initial memory" => huge_initial_memory, "…4 GiB of memory, more than its memory limit…";
    "a table grown to a million elements, again and again" => growing_table,
        "the tool was stopped: it needed more than its memory limit of 8 MiB…";
    "unbounded recursion" => recursion, "the tool was stopped: it recursed beyond the stack limit of 512 KiB";
    "`unreachable`" => unreachable, "…unreachable…";
    "a division by zero" => division_by_zero, "…divide by zero…";
    "an access out of bounds" => out_of_bounds, "…out of bounds…";
    "a call through an empty table" => empty_table, "…uninitialized element…";
    "`exit(0)`" => exit_zero, "…status 0…instead of answering…";
    "a trap that leaves memory, a global and a table changed" => state_after_a_trap,
        "the next call finds nothing of it, and ends as the first";
    "a gigabyte to stdout" => gigabyte_to_stdout, "the tool was stopped: it wrote more to its log than the log limit of 1 MiB";
    "a gigabyte through `log`" => gigabyte_to_the_log, "the tool was stopped: it wrote more to its log than the log limit of 1 MiB";
    "a forged JSON-RPC line on stdout" => forged_line, "ok";
    "colours, carriage returns and a bell on stderr, then a trap" => ansi_on_stderr,
        "…\\u{1b}[31mpanic\\r\\u{7}…";
    "progress in an endless loop" => endless_progress, "the tool was stopped: …";
    "20 notes of progress that step back, are no numbers, or have a forged message" => odd_progress, "ok";
    "a hundred traps" => a_hundred_traps, "…unreachable…";
}

const LOOP: &str = "(loop $l (br $l)) unreachable";
/// A plugin that is not left alone for crashing.
const PATIENT: &str = "[limits]\ncrashes = 1_000_000";
/// Nothing is spared but one limit, which is the first to be reached.
const HUGE_FUEL: &str = "fuel = 1_000_000_000_000";

fn limits(more: &str) -> String {
    format!("[limits]\n{more}\n")
}

fn wasi(call: &str) -> Wat<'_> {
    Wat { call, imports: WASI, ..Wat::default() }
}

fn endless_loop() -> Seen {
    called(&limits("fuel = 20_000_000"), &wasi(LOOP))
}

fn endless_loop_with_huge_fuel() -> Seen {
    called(&limits(&format!("{HUGE_FUEL}\ncpu = \"300ms\"")), &wasi(LOOP))
}

fn endless_loop_at_the_wall_clock() -> Seen {
    called(&limits(&format!("{HUGE_FUEL}\ntimeout = \"300ms\"")), &wasi(LOOP))
}

fn loops_on_every_thread() -> Seen {
    let patient = format!("{HUGE_FUEL}\ncpu = \"5m\"\ntimeout = \"5m\"\nconcurrency = 32");
    let mut bench = Bench::beside(&limits(&patient), &wasi(LOOP));
    let loops = 4 * std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let loops = loops.min(24);
    for id in 0..loops {
        bench.client.call(id, "bad_run");
    }
    bench.is_prompt();
    for id in 0..loops {
        bench.client.cancels(id);
    }
    bench.after("ping and another plugin answer meanwhile; no cancelled call is answered")
}

/// One of the others begins when the first is given up; the last has waited for half a minute ten seconds later,
/// and ten seconds before the second is given up.
fn waiting_for_a_slot() -> Seen {
    let call = format!("{} (global.get $ok)", sleep(3_600_000));
    let mut bench = Bench::beside(&limits("timeout = \"20s\"\nconcurrency = 1"), &wasi(&call));
    for id in 1..4 {
        bench.client.call(id, "bad_run");
    }
    bench.is_prompt();
    let (first, second) = (bench.client.next(), bench.client.next());
    assert!(text_of(&first).contains("20s"), "{first}");
    let ended = [&first, &second].map(|answer| answer["id"].as_u64().expect("an id"));
    bench.client.cancels((1..4).find(|id| !ended.contains(id)).expect("the one that runs"));
    bench.after(text_of(&second))
}

fn bulk_loop() -> Seen {
    let call = "(drop (memory.grow (i32.const 513)))
        (loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 33554432))
            (memory.copy (i32.const 0) (i32.const 1) (i32.const 33554000)) (br $l)) unreachable";
    called(&limits(&format!("{HUGE_FUEL}\ncpu = \"300ms\"")), &wasi(call))
}

fn random_by_the_gigabyte() -> Seen {
    let call = "(drop (memory.grow (i32.const 513)))
        (loop $l (drop (call $random (i32.const 262144) (i32.const 65536))) (br $l)) unreachable";
    called(&limits(&format!("{HUGE_FUEL}\ncpu = \"300ms\"")), &wasi(call))
}

fn clock_loop() -> Seen {
    let call = "(loop $l (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 0))) (br $l))
        unreachable";
    let patient = format!("{HUGE_FUEL}\ncpu = \"5m\"\ntimeout = \"5m\"");
    called(&limits(&patient), &wasi(call))
}

fn sleep_for_ever() -> Seen {
    let call = format!("{} (global.get $ok)", sleep(3_600_000));
    called(&limits("timeout = \"300ms\""), &wasi(&call))
}

fn poll_on_nothing() -> Seen {
    let call = "(loop $l
        (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 128))) (br $l))
        unreachable";
    called(&limits("fuel = 20_000_000"), &wasi(call))
}

fn memory_page_by_page() -> Seen {
    let call =
        "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";
    called(&limits("memory = \"8MiB\""), &wasi(call))
}

fn many_memories() -> Seen {
    let instances = "(core instance (instantiate $m))".repeat(2);
    let component = format!(
        r#"(component (core module $m (memory 50) (func (export "run")))
            (core instance $i (instantiate $m)) {instances}
            (func (export "run") (canon lift (core func $i "run"))))"#
    );
    called_file(&limits("memory = \"8MiB\""), &wat::parse_str(component).unwrap())
}

fn filled_memories() -> Seen {
    let instances = "(core instance (instantiate $m))".repeat(29);
    let component = format!(
        r#"(component (core module $m (memory 16) (func (export "run"))
            (func $fill (memory.fill (i32.const 0) (i32.const 7) (i32.const 1048576))) (start $fill))
            (core instance $i (instantiate $m)) {instances}
            (func (export "run") (canon lift (core func $i "run"))))"#
    );
    let wasm = wat::parse_str(component).unwrap();
    let mut bench = Bench::with(|path| install(path, "bad", "", &wasm));
    assert_eq!(bench.client.text("bad_run"), "null");
    bench.after("the server keeps nothing of them")
}

fn huge_initial_memory() -> Seen {
    refused("", &Wat { pages: 65536, ..Wat::default() })
}

fn growing_table() -> Seen {
    let wat = Wat {
        call: "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 10000))
            (i32.const -1)))) unreachable",
        fields: "(table $t 1 funcref)",
        ..Wat::default()
    };
    called(&limits("memory = \"8MiB\""), &wat)
}

fn recursion() -> Seen {
    let fields = "(func $down (call $down) (call $down))";
    called("", &Wat { call: "(call $down) (global.get $ok)", fields, ..Wat::default() })
}

fn unreachable() -> Seen {
    called("", &wasi("unreachable"))
}

fn division_by_zero() -> Seen {
    called("", &wasi("(i32.div_u (i32.const 1) (i32.load (i32.const 8)))"))
}

fn out_of_bounds() -> Seen {
    called("", &wasi("(i32.load (i32.const -8))"))
}

fn empty_table() -> Seen {
    let fields = "(table $t 4 funcref)";
    let call = "(call_indirect $t (i32.const 2)) (global.get $ok)";
    called("", &Wat { call, fields, ..Wat::default() })
}

fn exit_zero() -> Seen {
    called("", &wasi("(call $exit (i32.const 0)) unreachable"))
}

fn state_after_a_trap() -> Seen {
    let wat = Wat {
        call: "(if (i32.or (global.get $mark) (i32.load (i32.const 200)))
                (then (drop (i32.div_u (i32.const 1) (i32.const 0)))))
            (if (i32.eqz (ref.is_null (table.get $t (i32.const 0))))
                (then (drop (i32.div_u (i32.const 1) (i32.const 0)))))
            (global.set $mark (i32.const 1)) (i32.store (i32.const 200) (i32.const 1))
            (table.set $t (i32.const 0) (ref.func $nothing))
            unreachable",
        fields: "(global $mark (mut i32) (i32.const 0)) (table $t 1 funcref) (func $nothing)
            (elem declare func $nothing)",
        ..Wat::default()
    };
    let mut bench = Bench::beside(PATIENT, &wat);
    for _ in 0..20 {
        let text = bench.client.text("bad_run");
        assert!(text.contains("unreachable"), "{text}");
    }
    bench.after("the next call finds nothing of it, and ends as the first")
}

/// Writes what lies at 200 to this descriptor, `$n` bytes of it.
fn write(descriptor: u32, bytes: u32) -> String {
    format!(
        "(i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const {bytes}))
        (drop (call $write (i32.const {descriptor}) (i32.const 0) (i32.const 1) (i32.const 16)))"
    )
}

fn gigabyte_to_stdout() -> Seen {
    let call = format!("(loop $l {} (br $l)) unreachable", write(1, 65000));
    called(&limits(HUGE_FUEL), &wasi(&call))
}

fn gigabyte_to_the_log() -> Seen {
    let wat = Wat {
        call: "(loop $l (call $log (i32.const 1) (i32.const 50000) (i32.const 9000)) (br $l))
            unreachable",
        imports: LOG,
        ..Wat::default()
    };
    called("", &wat)
}

fn forged_line() -> Seen {
    let wat = Wat {
        call: &format!("{} (global.get $ok)", write(1, 42)),
        imports: WASI,
        fields: r#"(data (i32.const 200) "\0a{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"f\"}\1b\0d\0a")"#,
        ..Wat::default()
    };
    called("", &wat)
}

fn ansi_on_stderr() -> Seen {
    let wat = Wat {
        call: &format!("{} unreachable", write(2, 12)),
        imports: WASI,
        fields: r#"(data (i32.const 200) "\1b[31mpanic\0d\07")"#,
        ..Wat::default()
    };
    called("", &wat)
}

fn endless_progress() -> Seen {
    let wat = Wat {
        call: "(local $i f64) (loop $l (local.set $i (f64.add (local.get $i) (f64.const 1)))
            (call $progress (local.get $i) (i32.const 0) (f64.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0)) (br $l)) unreachable",
        imports: PROGRESS,
        ..Wat::default()
    };
    let mut bench = Bench::beside(&limits("cpu = \"1s\""), &wat);
    let text = with_progress(&mut bench);
    bench.after(text)
}

fn odd_progress() -> Seen {
    let wat = Wat {
        call: "(local $i i32) (loop $l
            (call $progress (f64.const nan) (i32.const 1) (f64.const inf)
                (i32.const 1) (i32.const 200) (i32.const 24))
            (call $progress (f64.sub (f64.const 10) (f64.convert_i32_u (local.get $i)))
                (i32.const 1) (f64.const -1) (i32.const 1) (i32.const 200) (i32.const 24))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 10)))) (global.get $ok)",
        imports: PROGRESS,
        fields: r#"(data (i32.const 200) "\1b[2J\0d\0a{\"jsonrpc\":\"2.0\"}\0a\e2\80\ae")"#,
        ..Wat::default()
    };
    let mut bench = Bench::beside("", &wat);
    let text = with_progress(&mut bench);
    bench.after(text)
}

fn with_progress(bench: &mut Bench) -> String {
    bench.client.send(&json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call",
        "params": { "name": "bad_run", "_meta": { "progressToken": "t" } } }));
    bench.is_prompt();
    text_of(&bench.client.response(&json!(9)))
}

fn a_hundred_traps() -> Seen {
    let mut bench = Bench::beside(PATIENT, &wasi("unreachable"));
    let first = bench.client.text("bad_run");
    for _ in 0..100 {
        assert_eq!(bench.client.text("bad_run"), first);
    }
    bench.after(first)
}
