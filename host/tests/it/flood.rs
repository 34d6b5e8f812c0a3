//! The real binary under very many files, changes and reloads.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, toolrack};
use crate::compiling::slow_plugin;
use crate::guest::Wat;
use crate::packed::{listing, packed};
use crate::person::eventually;
use crate::plugins::{self, answering, install, replace};

/// Reloads of one plugin, in any test and in one that has some minutes (`cargo xtask test --long`).
const RELOADS: usize = 10;
const LONG_RELOADS: usize = 500;

/// A server that logs little: the log has a bounded queue.
fn quiet(directory: &Path) -> Client {
    let mut command = toolrack();
    Client::spawn(command.args(["serve", "--log", "warn", "--plugins"]).arg(directory))
        .shakes_hands()
}

/// The time in which nothing is found by looking every now and then.
const PERIOD: Duration = Duration::from_secs(30);

/// Asks for the list until it has so many tools; meanwhile a ping is answered within a second.
#[track_caller]
fn converges(client: &mut Client, tools: usize) {
    let started = Instant::now();
    loop {
        pings(client);
        let found = client.tools().len();
        if found == tools {
            return;
        }
        assert!(started.elapsed() < PERIOD, "{found} tools, not {tools}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[track_caller]
fn pings(client: &mut Client) {
    let started = Instant::now();
    assert_eq!(client.request("ping", json!({}))["result"], json!({}));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

fn status(pid: u32, key: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).expect("the key");
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// A thousand files at once. 256 plugins are served; ten of the first are broken, which gives room to ten
/// after them; what is served stays, whatever comes; what was refused gets the room of those that go.
#[test]
fn a_thousand_files_at_once_are_served_as_far_as_there_is_room() {
    let directory = plugins::good();
    let path = directory.path();
    let mut client = quiet(path);
    assert_eq!(client.tools().len(), 2);
    let module = Wat::default().build();
    for number in 0..500 {
        let module = if number < 10 { &b"junk"[..] } else { &module };
        install(path, &format!("p{number:03}"), "", module);
    }
    converges(&mut client, 257);
    let threads = status(client.pid(), "Threads");
    assert!(threads < 100, "{threads} threads");
    assert_eq!(client.text("p264_run"), "ok");
    install(path, "a", "", &module);
    for number in 10..300 {
        fs::remove_file(path.join(format!("p{number:03}.toml"))).unwrap();
        fs::remove_file(path.join(format!("p{number:03}.wasm"))).unwrap();
    }
    // good, a, and those from 300 on.
    converges(&mut client, 2 + 1 + 200);
    assert_eq!(client.text("a_run"), "ok");
    assert_eq!(client.text("p499_run"), "ok");
    // All change at once, twice.
    for answer in ["one", "two"] {
        for number in 300..500 {
            fs::write(path.join(format!("p{number:03}.wasm")), answering(answer)).unwrap();
        }
    }
    for number in 300..500 {
        client.until(&format!("p{number:03}_run"), &["ok", "one"], "two");
    }
    client.survives();
}

/// Each stray file is refused, and each refusal is compared when anything changes. When there are too
/// many the directory is not read at all: from a part of it, files would seem deleted. Hidden files count.
#[test]
fn thousands_of_stray_files_delay_nobody() {
    let directory = plugins::good();
    let mut client = quiet(directory.path());
    assert_eq!(client.tools().len(), 2);
    for number in 0..4000 {
        fs::write(directory.path().join(format!("stray{number}.wasm")), "").unwrap();
    }
    install(directory.path(), "v", "", &answering("one"));
    converges(&mut client, 3);
    client.logs("stray");
    for answer in ["two", "six"] {
        replace(&directory.path().join("v.wasm"), answering(answer));
        while client.text("v_run") != answer {
            pings(&mut client);
        }
    }
    for number in 0..100 {
        fs::write(directory.path().join(format!(".hidden{number}")), "").unwrap();
    }
    client.logs("more than 4096 files");
    fs::remove_file(directory.path().join("good.toml")).unwrap();
    assert_eq!(client.tools(), ["good_other", "good_run", "v_run"]);
    assert_eq!(client.changes(), 1);
    client.survives();
}

/// More events than the system keeps: the server is stopped while they happen.
#[test]
fn a_change_among_more_events_than_there_is_room_for_is_found() {
    let signal = |pid: u32, name: &str| {
        assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
    };
    let directory = plugins::good();
    install(directory.path(), "v", "", &answering("one"));
    let mut client = Client::initialized(directory.path());
    assert_eq!(client.text("v_run"), "one");
    let queue: usize = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    signal(client.pid(), "-STOP");
    for number in 0..queue {
        let name = directory.path().join(format!("noise{}", number % 2));
        fs::write(name, "").unwrap();
    }
    fs::write(directory.path().join("v.wasm"), answering("two")).unwrap();
    signal(client.pid(), "-CONT");
    client.until("v_run", &["one"], "two");
    install(directory.path(), "w", "", &answering("six"));
    client.hears_of_changes(1);
    assert_eq!(client.text("w_run"), "six");
    client.survives();
}

/// In a user namespace of its own the server may have no watches, and nobody else loses any.
#[test]
fn without_watches_the_files_are_looked_at_again_and_again() {
    for limit in ["max_inotify_instances", "max_inotify_watches"] {
        let script = format!("echo 0 > /proc/sys/user/{limit} && exec \"$@\"");
        let unshared = |program: &str| {
            let mut command = Command::new("unshare");
            command.args(["-Ur", "sh", "-c", &script, "sh", program]);
            command
        };
        if !unshared("true").output().is_ok_and(|output| output.status.success()) {
            continue;
        }
        let directory = plugins::good();
        let home = tempfile::TempDir::new().unwrap();
        let mut command = unshared(env!("CARGO_BIN_EXE_toolrack"));
        command.env("TOOLRACK_HOME", home.path());
        command.args(["serve", "--plugins"]).arg(directory.path());
        let mut client = Client::spawn(&mut command).shakes_hands();
        assert_eq!(client.tools().len(), 2);
        client.logs("looking every 2 s, because");
        install(directory.path(), "v", "", &answering("one"));
        converges(&mut client, 3);
        replace(&directory.path().join("v.wasm"), answering("two"));
        client.until("v_run", &["one"], "two");
        assert_eq!(client.logged("looking every"), 1, "{limit}");
        client.survives();
    }
}

/// Memory, descriptors and threads are flat over the reloads after the first tenth.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are what a long run is made for")]
fn reloads_cost_nothing_that_stays() {
    let is_long = std::env::var_os("TOOLRACK_TEST_LONG").is_some();
    let reloads = if is_long { LONG_RELOADS } else { RELOADS };
    let directory = plugins::good();
    install(directory.path(), "v", "", &answering("v0000"));
    let mut client = quiet(directory.path());
    assert_eq!(client.text("v_run"), "v0000");
    let pid = client.pid();
    let use_of = || (status(pid, "VmRSS"), descriptors(pid), status(pid, "Threads"));
    let mut early = use_of();
    let mut before = String::from("v0000");
    for number in 1..=reloads {
        let answer = format!("v{number:04}");
        replace(&directory.path().join("v.wasm"), answering(&answer));
        client.until("v_run", &[&before], &answer);
        before = answer;
        if number == reloads.div_ceil(10) {
            early = use_of();
        }
        if number % 100 == 0 {
            eprintln!("{number}: KiB, descriptors, threads {:?}", use_of());
        }
    }
    // Better code of the last version may still be made.
    let is_flat = |late: (usize, usize, usize)| {
        late.0 < early.0 + 32 * 1024 && late.1 <= early.1 + 1 && late.2 <= early.2 + 4
    };
    let what = format!("the use of KiB, descriptors and threads after {early:?}");
    eventually(&what, || is_flat(use_of()).then_some(()));
    client.survives();
}

/// More calls than wait for plugins at once, all there before any plugin is: none is refused for want of room.
#[test]
fn a_file_full_of_calls_is_answered_whole_cold_and_warm() {
    let (directory, home) = (plugins::good(), TempDir::new().unwrap());
    install(directory.path(), "slow", "", &packed(slow_plugin(150), &listing(|_| {})));
    let hello = r#"{"jsonrpc":"2.0","id":"h","method":"initialize"}"#;
    let call = |id: usize| {
        let tool = if id < 400 { "slow_run" } else { "good_run" };
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\"}}}}"
        )
    };
    let lines: Vec<_> = std::iter::once(hello.into()).chain((0..600).map(call)).collect();
    let input = home.path().join("in");
    fs::write(&input, lines.join("\n")).unwrap();
    for state in ["cold", "warm"] {
        let mut command = toolrack();
        command.env("TOOLRACK_HOME", home.path().join("home"));
        command.arg("--plugins").arg(directory.path()).stdin(fs::File::open(&input).unwrap());
        let output = command.output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<Value> =
            shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), 601, "{state}");
        let failed = answers
            .iter()
            .find(|answer| answer.get("error").is_some() || answer["result"]["isError"] == true);
        assert_eq!(failed, None, "{state}");
    }
}
