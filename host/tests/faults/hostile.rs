//! Hostile plugins of each kind at once, called all the time, beside an honest one.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::{Bench, Seen};
use crate::case::cases;
use crate::guest::{FILES, LOG, PROGRESS, WASI, Wat, sleep, transcoding};
use crate::plugins::install;

cases! {
    "Hostile plugins, all at once";
    "fourteen hostile plugins, each called all the time, beside an honest one" => all_at_once waits,
        "honest calls are answered all the time, and everything returns to where it was";
}

/// The time that it goes on; `TOOLRACK_HOSTILE_SECONDS` says otherwise.
const PLAYED: Duration = Duration::from_secs(4);
/// The time in which everything is used once, and in which the allocator takes what it then keeps.
const WARMING: Duration = Duration::from_secs(6);
/// The parts of that time, each of which ends with a look at what the server takes while it has nothing to do.
const ROUNDS: u32 = 4;
/// Memory that the server may take after the last round beyond what it took after the first: it does not grow by rounds.
const GROWTH_KIB: u64 = 8 * 1024;
/// Calls of one plugin at once.
const WIDTH: usize = 2;
/// No honest call waits longer, although other tests run beside this.
const AT_MOST: Duration = Duration::from_secs(5);

const LIMITS: &str =
    "[limits]\ntimeout = \"1s\"\ncpu = \"500ms\"\ncrashes = 1_000_000\nconcurrency = 4\n";

/// A plugin, and a call of it.
struct Hostile {
    tool: String,
    arguments: Value,
    /// The calls that are not answered yet.
    ids: Vec<u64>,
}

fn fill(directory: &Path, granted: &Path) -> Vec<Hostile> {
    let files =
        format!("[grants]\nfiles = [{{ path = {granted:?}, at = \"/d\", access = \"write\" }}]\n");
    let scratch = "[grants]\nscratch = \"/tmp\"\n";
    let guest = |imports, call: &str| Wat { imports, call, ..Wat::default() }.build();
    let path = "(data (i32.const 33000) \"pipe\") (data (i32.const 33010) \"d\")";
    let file = |call: &str| {
        let imports = format!(
            "{FILES} (import \"wasi_snapshot_preview1\" \"poll_oneoff\"
            (func $poll (param i32 i32 i32 i32) (result i32)))"
        );
        Wat { imports: &imports, call, fields: path, ..Wat::default() }.build()
    };
    let open = |path: &str| {
        format!(
            "(call $open (i32.const 3) (i32.const 1) {path} (i32.const 0) (i64.const 2) (i64.const 2)
                (i32.const 0) (i32.const 512))"
        )
    };
    let holds_files = format!(
        "(local $i i32) (loop $l (drop {}) (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 200)))) {} (global.get $ok)",
        open("(i32.const 33010) (i32.const 1)"),
        sleep(400)
    );
    let opens_pipe =
        format!("(loop $l (drop {}) (br $l)) unreachable", open("(i32.const 33000) (i32.const 4)"));
    let nests = "(loop $l (drop (call $mkdir (i32.const 3) (i32.const 33010) (i32.const 1)))
            (drop (call $open (i32.const 3) (i32.const 0) (i32.const 33010) (i32.const 1) (i32.const 2)
                (i64.const 0x3fffffff) (i64.const 0x3fffffff) (i32.const 0) (i32.const 512)))
            (br $l)) unreachable";
    let writes = "(drop (call $open (i32.const 3) (i32.const 0) (i32.const 33010) (i32.const 1) (i32.const 1)
            (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 512)))
        (i32.store (i32.const 520) (i32.const 0)) (i32.store (i32.const 524) (i32.const 60000))
        (loop $l (drop (call $write (i32.load (i32.const 512)) (i32.const 520) (i32.const 1) (i32.const 540)))
            (br $l)) unreachable";
    let unique = Wat {
        output_schema: Some(r#"{"type":"array","uniqueItems":true}"#),
        call: "(local $i i32) (i32.store8 (i32.const 33000) (i32.const 91))
            (loop $l (i32.store (i32.add (i32.const 33001) (i32.mul (local.get $i) (i32.const 3)))
                (i32.const 0x2c5d5b))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $l (i32.lt_u (local.get $i) (i32.const 9000))))
            (i32.store16 (i32.const 60001) (i32.const 0x5d31))
            (call $structured (i32.const 33000) (i32.const 27003))",
        ..Wat::default()
    };
    let looping = "(loop $l (br $l)) unreachable";
    let modules: Vec<(&str, String, Vec<u8>)> = vec![
        ("spins", String::new(), guest(WASI, looping)),
        (
            "hoards",
            String::new(),
            guest(WASI, "(loop $l (drop (memory.grow (i32.const 16))) (br $l)) unreachable"),
        ),
        ("sleeps", String::new(), guest(WASI, &format!("{} (global.get $ok)", sleep(600_000)))),
        ("traps", String::new(), guest(WASI, "unreachable")),
        (
            "prints",
            String::new(),
            guest(
                WASI,
                "(i32.store (i32.const 8) (i32.const 0)) (i32.store (i32.const 12) (i32.const 4096))
                (loop $l (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))
                    (br $l)) unreachable",
            ),
        ),
        (
            "logs",
            String::new(),
            guest(LOG, "(loop $l (call $log (i32.const 1) (i32.const 0) (i32.const 4000)) (br $l)) unreachable"),
        ),
        (
            "progresses",
            String::new(),
            guest(
                PROGRESS,
                "(loop $l (call $progress (f64.const 1) (i32.const 0) (f64.const 0) (i32.const 0)
                    (i32.const 0) (i32.const 0)) (br $l)) unreachable",
            ),
        ),
        ("holds", files.clone(), file(&holds_files)),
        ("pipes", files, file(&opens_pipe)),
        ("nests", scratch.into(), file(nests)),
        ("writes", scratch.into(), file(writes)),
        ("unique", String::new(), unique.build()),
        ("turns", String::new(), transcoding("utf8", "utf16", false)),
        ("turns-too", "[plugin]\nconcurrent = true\n".into(), transcoding("utf16", "utf8", true)),
    ];
    let mut hostile = Vec::new();
    for (name, grants, wasm) in modules {
        install(directory, name, &format!("{LIMITS}{grants}"), &wasm);
        let is_heavy = name.starts_with("turns");
        let arguments = if is_heavy { json!({ "heavy": 1 }) } else { json!({}) };
        let tool = format!("{}_run", name.replace('-', "_"));
        hostile.push(Hostile { tool, arguments, ids: Vec::new() });
    }
    hostile
}

fn all_at_once() -> Seen {
    let granted = tempfile::tempdir().unwrap();
    let _ = std::process::Command::new("mkfifo").arg(granted.path().join("pipe")).status();
    fs::write(granted.path().join("d"), "").unwrap();
    let mut hostile = Vec::new();
    let mut bench = Bench::with(|directory| hostile = fill(directory, granted.path()));
    bench.client.hears_of_tools(hostile.len() + 2);
    let seconds = std::env::var("TOOLRACK_HOSTILE_SECONDS").ok().and_then(|text| text.parse().ok());
    let played = seconds.map_or(PLAYED, Duration::from_secs);
    let mut next = 1000;
    let mut play = |bench: &mut Bench, honest: Option<&mut Vec<Duration>>, played: Duration| {
        let began = Instant::now();
        let mut waits = Vec::new();
        while began.elapsed() < played {
            for plugin in &mut hostile {
                plugin.ids.retain(|id| bench.client.response_now(&json!(id)).is_none());
                while plugin.ids.len() < WIDTH {
                    next += 1;
                    plugin.ids.push(next);
                    bench.client.send(&json!({
                        "jsonrpc": "2.0", "id": next, "method": "tools/call",
                        "params": { "name": plugin.tool, "arguments": plugin.arguments },
                    }));
                }
            }
            let asked = Instant::now();
            assert_eq!(bench.client.text("good_run"), "ok");
            waits.push(asked.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
        for plugin in &mut hostile {
            for id in plugin.ids.drain(..) {
                bench.client.response(&json!(id));
            }
        }
        if let Some(honest) = honest {
            honest.extend(waits);
        }
    };
    play(&mut bench, None, WARMING);
    bench.marks();
    let (mut waits, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        play(&mut bench, Some(&mut waits), played / ROUNDS);
        idle.push(bench.idle().resident_kib);
    }
    waits.sort_unstable();
    let (middle, most) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    #[expect(clippy::print_stdout, reason = "a run tells its figures")]
    {
        println!("{} honest calls: the middle one {middle:?}, at most {most:?}", waits.len());
        println!("resident after each round, in KiB: {idle:?}");
    }
    let (first, last) = (idle[0], idle[idle.len() - 1]);
    assert!(last <= first + GROWTH_KIB, "memory grows by rounds: {idle:?}");
    assert!(most < AT_MOST, "the middle {middle:?}, at most {most:?}");
    bench.after("honest calls are answered all the time, and everything returns to where it was")
}
