//! A client's streams, as they close, fill or were never there, and signals. Most of these end the server:
//! how it ends is what is seen, and a server started after it is as good as new.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{Bench, Seen};
use crate::case::cases;
use crate::client::{bare, toolrack};
use crate::plugins;

cases! {
    "The client's streams, and signals";
    "stdout closed" => stdout_closed, "exit 0 within 2 s";
    "stderr closed" => stderr_closed, "calls are answered; exit 0";
    "stderr full" => stderr_full, "calls are answered; exit 0";
    "stderr never read, and a guest that writes much" => stderr_stuck, "calls are answered; exit 0";
    "end of input in the middle of a line" => end_in_a_line, "the piece is answered with -32700; exit 0";
    "end of input in the middle of a call" => end_in_a_call, "the call is answered; exit 0";
    "end of input while nobody reads the answers" => end_unread waits, "exit 0 within 40 s; one warning";
    "end of input, and a client that begins to read three seconds later" => end_read_late waits,
        "everything is answered, each line whole; exit 0";
    "SIGTERM, SIGINT and SIGHUP in the middle of a call" => signals, "the call is answered; exit 0";
    "SIGTERM twice" => signal_twice, "exit 143 at once";
    "SIGKILL" => killed, "no process is left, and the next server starts";
    "descriptors 0, 1 and 2 closed at start, alone and together" => descriptors_closed,
        "it ends in order, and nothing that it opens is taken for a stream";
    "SIGSTOP for a second, then SIGCONT" => stopped waits, "everything is answered afterwards";
}

const HELLO: &str = r#"{"jsonrpc":"2.0","id":"h","method":"initialize"}"#;

fn call(id: u32, tool: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}"}}}}"#)
}

/// Waits for the end; its code, and how long that took.
fn end(child: &mut Child) -> (Option<i32>, Duration) {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), started.elapsed());
        }
        if started.elapsed() > Duration::from_secs(50) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The oracle, on a new server: nothing that the last one left is in its way.
fn as_new(seen: &str) -> Seen {
    Bench::with(|_| {}).after(seen)
}

fn stdout_closed() -> Seen {
    let plugins = plugins::mixed();
    let mut child = bare(plugins.path());
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    // It may have noticed before it was asked anything.
    let _ = writeln!(stdin, "{HELLO}\n{}", call(1, "sleep_run"));
    let (code, took) = end(&mut child);
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    as_new("exit 0 within 2 s")
}

/// Runs a session of two calls by a shell, which redirects.
fn shell(plugins: &Path, redirect: &str, tool: &str) -> (usize, Option<i32>) {
    let script = format!(
        r#"printf '%s\n' '{HELLO}' '{}' '{}' | ( "{}" --log trace --plugins "$1" {redirect}; echo "rc=$?" >&3 ) 3>"$2""#,
        call(1, tool),
        call(2, "good_run"),
        env!("CARGO_BIN_EXE_toolrack")
    );
    let code = plugins.join(".code");
    let output = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(plugins)
        .arg(&code)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let code = std::fs::read_to_string(code).unwrap();
    let code = code.trim().strip_prefix("rc=").and_then(|code| code.parse().ok());
    let lines = String::from_utf8(output.stdout).unwrap();
    for line in lines.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    (lines.lines().count(), code)
}

fn stderr_closed() -> Seen {
    assert_eq!(shell(plugins::mixed().path(), "2>&-", "forge_run"), (3, Some(0)));
    as_new("calls are answered; exit 0")
}

fn stderr_full() -> Seen {
    assert_eq!(shell(plugins::mixed().path(), "2>/dev/full", "forge_run"), (3, Some(0)));
    as_new("calls are answered; exit 0")
}

fn stderr_stuck() -> Seen {
    let plugins = plugins::mixed();
    let mut child = toolrack()
        .args(["--log", "trace", "--plugins"])
        .arg(plugins.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut lines = BufReader::new(stdout).lines();
    writeln!(stdin, "{HELLO}").unwrap();
    lines.next().unwrap().unwrap();
    for id in 0..1000 {
        writeln!(stdin, "{}", call(id, "forge_run")).unwrap();
        assert!(lines.next().unwrap().unwrap().contains("\"ok\""));
    }
    drop(stdin);
    assert_eq!(end(&mut child).0, Some(0));
    as_new("calls are answered; exit 0")
}

/// Sends this, ends the input, and gives what is answered after the handshake.
fn last_words(plugins: &Path, words: &str) -> Vec<String> {
    let mut child = bare(plugins);
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    write!(stdin, "{HELLO}\n{words}").unwrap();
    drop(stdin);
    let lines: Vec<_> = BufReader::new(stdout).lines().map(Result::unwrap).collect();
    assert_eq!(end(&mut child).0, Some(0));
    lines[1..].to_vec()
}

fn end_in_a_line() -> Seen {
    let lines = last_words(plugins::good().path(), r#"{"jsonrpc":"2.0","id":1,"me"#);
    assert!(lines.len() == 1 && lines[0].contains("-32700"), "{lines:?}");
    as_new("the piece is answered with -32700; exit 0")
}

fn end_in_a_call() -> Seen {
    let lines = last_words(plugins::mixed().path(), &(call(1, "nap_run") + "\n"));
    assert!(lines.len() == 1 && lines[0].contains("\"ok\""), "{lines:?}");
    as_new("the call is answered; exit 0")
}

/// The client's ear stays open, but nobody listens: as when something it started has inherited the pipe.
/// The input ends behind lines that are not taken any more.
fn end_unread() -> Seen {
    let plugins = plugins::good();
    let mut child = toolrack()
        .arg("--plugins")
        .arg(plugins.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    writeln!(stdin, "{HELLO}").unwrap();
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let (full, mut rests) = (Instant::now(), Instant::now());
    let mut before = crate::usage::unread(&stdin);
    // Written only where there is room, until the server has taken nothing for a second.
    while rests.elapsed() < Duration::from_secs(1) {
        assert!(full.elapsed() < Duration::from_secs(60), "nothing pushes back");
        let waits = crate::usage::unread(&stdin);
        if waits != before {
            (before, rests) = (waits, Instant::now());
        }
        if waits < 32 * 1024 {
            writeln!(stdin, "{list}").unwrap();
            before = crate::usage::unread(&stdin);
            rests = Instant::now();
        } else {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    drop(stdin);
    let (code, took) = end(&mut child);
    drop(stdout);
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(40), "{took:?}");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    let unread = told.lines().filter(|line| line.contains("WARN") && line.contains("not read for"));
    assert_eq!(unread.count(), 1, "{told}");
    as_new("exit 0 within 40 s; one warning")
}

fn end_read_late() -> Seen {
    let plugins = plugins::good();
    let mut child = bare(plugins.path());
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    // More answers than a pipe holds, and fewer than would keep the server from reading on.
    let lists = (0..1000)
        .map(|id| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/list\"}}\n"));
    write!(stdin, "{HELLO}\n{}", lists.collect::<String>()).unwrap();
    drop(stdin);
    std::thread::sleep(Duration::from_secs(3));
    assert!(crate::usage::unread(&stdout) >= 32 * 1024, "the pipe is full");
    let lines: Vec<_> = BufReader::new(stdout).lines().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 1001);
    for line in &lines {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert_eq!(end(&mut child).0, Some(0));
    as_new("everything is answered, each line whole; exit 0")
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A server in the middle of a call to `tool`, and its output.
fn in_a_call(
    plugins: &Path,
    tool: &str,
) -> (Child, ChildStdin, BufReader<std::process::ChildStdout>) {
    let mut child = bare(plugins);
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut stdout = BufReader::new(stdout);
    let [list, ping] = ["list", "ping"].map(|id| {
        let method = id.replace("list", "tools/list");
        format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"{method}"}}"#)
    });
    writeln!(stdin, "{HELLO}\n{list}").unwrap();
    let mut line = String::new();
    for _ in 0..2 {
        stdout.read_line(&mut line).unwrap();
    }
    writeln!(stdin, "{}\n{ping}", call(1, tool)).unwrap();
    line.clear();
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains("\"ping\""), "{line}");
    (child, stdin, stdout)
}

fn signals() -> Seen {
    let plugins = plugins::mixed();
    for name in ["-TERM", "-INT", "-HUP"] {
        let (mut child, _stdin, mut stdout) = in_a_call(plugins.path(), "nap_run");
        signal(child.id(), name);
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("\"ok\"") && rest.lines().count() == 1, "{name}: {rest}");
        assert_eq!(end(&mut child).0, Some(0), "{name}");
    }
    as_new("the call is answered; exit 0")
}

fn signal_twice() -> Seen {
    let plugins = plugins::mixed();
    let (mut child, _stdin, _stdout) = in_a_call(plugins.path(), "sleep_run");
    // Two that come before the first is seen are one to the system, so there are more. Left alone, it would end
    // with 0 after its grace period.
    while child.try_wait().unwrap().is_none() {
        signal(child.id(), "-TERM");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(end(&mut child).0, Some(143));
    as_new("exit 143 at once")
}

fn killed() -> Seen {
    let plugins = plugins::mixed();
    let (mut child, _stdin, _stdout) = in_a_call(plugins.path(), "spin_run");
    child.kill().unwrap();
    assert_eq!(end(&mut child).0, None);
    as_new("no process is left, and the next server starts")
}

fn descriptors_closed() -> Seen {
    for (redirect, lines) in
        [("2>&-", 3), (">&-", 0), ("<&-", 0), (">&- 2>&-", 0), ("<&- >&-", 0), ("<&- >&- 2>&-", 0)]
    {
        let (answered, code) = shell(plugins::good().path(), redirect, "good_run");
        assert_eq!(answered, lines, "{redirect}");
        assert!(matches!(code, Some(0 | 1)), "{redirect}: {code:?}");
    }
    as_new("it ends in order, and nothing that it opens is taken for a stream")
}

fn stopped() -> Seen {
    let mut bench = Bench::with(|_| {});
    signal(bench.client.pid(), "-STOP");
    for id in 0..50 {
        bench.client.call(id, "good_run");
    }
    std::thread::sleep(Duration::from_secs(1));
    signal(bench.client.pid(), "-CONT");
    for id in 0..50 {
        bench.client.response(&serde_json::json!(id));
    }
    bench.after("everything is answered afterwards")
}
