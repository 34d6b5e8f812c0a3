//! `serve --audit`: a line for each call however it ends, and a file that others cannot take, fill or stop.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, HANG, toolrack};
use crate::guest::Wat;
use crate::http_peer::{HttpPeer, modern, request, token, with_token};
use crate::person::{Person, eventually};
use crate::plugins;
use crate::secrets::CONFIG;

/// A server over stdio with an audit log of its own.
struct Audited {
    server: Client,
    directory: TempDir,
}

fn audited(plugins: &Path) -> Audited {
    audited_as(plugins, "")
}

/// The same, whose configuration says more under `[serve]`.
fn audited_as(plugins: &Path, serve: &str) -> Audited {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("audit.jsonl");
    fs::write(directory.path().join("config.toml"), format!("[serve]\naudit = {file:?}\n{serve}"))
        .expect("written");
    let server = serving(plugins, directory.path());
    Audited { server, directory }
}

/// A server of the configuration in `directory`.
fn serving(plugins: &Path, directory: &Path) -> Client {
    let config = directory.join("config.toml");
    let mut command = toolrack();
    command.arg("--config").arg(config).args(["serve", "--plugins"]).arg(plugins);
    Client::spawn(&mut command).shakes_hands()
}

impl Audited {
    fn file(&self) -> PathBuf {
        self.directory.path().join("audit.jsonl")
    }

    /// The lines, once there are so many.
    fn lines(&self, count: usize) -> Vec<Value> {
        lines_of(&self.file(), count)
    }

    /// Ends the server by a signal, and returns all lines, and its log.
    fn end(self) -> (Vec<Value>, Vec<String>) {
        self.server.terminates();
        let (status, _, log) = self.server.end();
        assert!(status.success(), "{log:?}");
        (read(&self.directory.path().join("audit.jsonl")), log)
    }
}

fn lines_of(file: &Path, count: usize) -> Vec<Value> {
    eventually("the audit log", || Some(read(file)).filter(|lines| lines.len() >= count))
}

/// The lines of a file, which are all whole.
fn read(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("a file");
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    let parse = |line: &str| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    };
    text.lines().map(parse).collect()
}

/// The lines of all files, the newest among them.
fn read_all(directory: &Path) -> Vec<Value> {
    let files = fs::read_dir(directory).expect("listed").map(|entry| entry.expect("one").path());
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    let files = files.filter(|path| name(path).starts_with("audit.jsonl"));
    files.flat_map(|path| read(&path)).collect()
}

fn outcomes(lines: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line["outcome"].as_str().expect("an outcome").to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn each_call_leaves_a_line_however_it_ends() {
    let directory = plugins::mixed();
    let crash = Wat { call: "unreachable", ..Wat::default() };
    plugins::install(directory.path(), "crash", "", &crash.build());
    let mut audited = audited(directory.path());
    let call = json!({ "name": "good_run", "arguments": { "b": [1, 2], "a": "x" } });
    audited.server.request("tools/call", call);
    audited.server.request("tools/call", json!({ "name": "good_run", "arguments": {} }));
    audited.server.request("tools/call", json!({ "name": "crash_run" }));
    audited.server.request("tools/call", json!({ "name": "nothing" }));
    audited.server.call(7, "sleep_run");
    audited.server.cancels(7);
    let lines = audited.lines(5);
    let by = |outcome: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["outcome"] == outcome).collect()
    };
    let answered = by("answered");
    assert_eq!(answered.len(), 2, "{lines:?}");
    let line = answered[0];
    let digest = line["version"].as_str().expect("a digest");
    assert_eq!(digest.len(), 64);
    for (key, expected) in [
        ("event", json!("call")),
        ("pid", json!(audited.server.pid())),
        ("principal", json!("")),
        ("client", json!("test")),
        ("request", json!("\"tools/call-2\"")),
        ("tool", json!("good_run")),
        ("plugin", json!("good")),
        // printf '%s' '{"b":[1,2],"a":"x"}' | jq -cSj . | sha256sum
        (
            "arguments_sha256",
            json!("721ef82f2d6c0997bffb7a8ab3f40f8fb45b0b52ce2af3afa6b0f05efbdc317f"),
        ),
        ("arguments", Value::Null),
    ] {
        assert_eq!(line[key], expected, "{key} {line}");
    }
    assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z') && time.len() == 27));
    assert!(line["fuel"].as_u64() > Some(0) && line["peak_memory"].as_u64() > Some(0), "{line}");
    let time = |key: &str| line[key].as_f64().expect("a time");
    assert!(time("time_ms") > 0.0 && time("wait_ms") <= time("time_ms"), "{line}");
    assert_ne!(answered[1]["arguments_sha256"], line["arguments_sha256"]);
    for (outcome, tool) in
        [("crash", "crash_run"), ("unknown_tool", "nothing"), ("cancelled", "sleep_run")]
    {
        let found = by(outcome);
        assert_eq!((found.len(), found[0]["tool"].as_str()), (1, Some(tool)), "{lines:?}");
    }
    assert!(by("unknown_tool")[0].get("plugin").is_none());
    let mode = fs::metadata(audited.file()).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A call that runs when the signal comes is told before the end.
    audited.server.call(8, "sleep_run");
    audited.server.ping();
    let (lines, _) = audited.end();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[5]["outcome"], "server_ended", "{}", lines[5]);
}

#[test]
fn over_http_a_line_names_the_principal_and_tells_what_was_refused() {
    let plugins = plugins::mixed();
    let home = TempDir::new().expect("a home");
    let all = token(home.path(), &["ada"]);
    let some = token(home.path(), &["bob", "--allow", "step_*"]);
    let sleeps = token(home.path(), &["carol"]);
    let file = home.path().join("audit.jsonl");
    let config = "[http]\nclient_rate = \"2/min\"\n";
    fs::write(home.path().join("config.toml"), config).expect("written");
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home.path());
    command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins.path());
    command.args(["--metrics", "127.0.0.1:0", "--audit"]).arg(&file);
    let mut server = Client::spawn(&mut command);
    let line = server.logs("metrics are at http://127.0.0.1:");
    let port = line.rsplit(':').next().and_then(|rest| rest.strip_suffix("/metrics"));
    let port: u16 = port.and_then(|port| port.parse().ok()).expect("a port");
    let metrics = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let asked = request("GET", "/metrics", &[("Connection", "close")], "");
        stream.write_all(asked.as_bytes()).expect("written");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("text");
        text
    };
    let peer = HttpPeer::spawn(server);
    let call = |token: &str, tool: &str| {
        let call = modern("tools/call", json!({ "name": tool, "arguments": {} }));
        peer.bytes(with_token(&call, token)).status
    };
    assert_eq!(call(&all, "good_run"), 200);
    call(&some, "good_run");
    assert_eq!(call("trk_nonsense", "good_run"), 401);
    assert_eq!(call(&all, "good_run"), 200);
    assert_eq!(call(&all, "good_run"), 429);
    let lines = lines_of(&file, 4);
    assert_eq!(lines.len(), 4, "{lines:?}");
    let principals: Vec<_> =
        lines.iter().map(|line| line["principal"].as_str().expect("text")).collect();
    let listed = toolrack().env("TOOLRACK_HOME", home.path()).args(["token", "list"]).output();
    let listed = String::from_utf8(listed.expect("listed").stdout).expect("UTF-8");
    let row =
        |name: &str| listed.lines().find(|line| line.contains(name)).expect("a row").to_owned();
    assert!(row("ada").contains(principals[0]) && principals[0].len() == 12, "{listed}");
    assert!(row("bob").contains(principals[1]), "{listed} {principals:?}");
    let found: Vec<_> = lines.iter().map(|line| line["outcome"].as_str().expect("text")).collect();
    assert_eq!(found, ["answered", "unknown_tool", "answered", "too_many"]);
    assert_eq!(lines[3]["tool"], "good_run");
    assert!(lines[3]["arguments_sha256"].is_string(), "{}", lines[3]);
    assert_eq!(lines[0]["pid"], peer.server.pid());
    let text = fs::read_to_string(&file).expect("read");
    assert!(!text.contains(&all[4..]) && !text.contains(&some[4..]), "{text}");
    // A client that goes away ends its call.
    let mut stream = peer.connect();
    let call = with_token(&modern("tools/call", json!({ "name": "sleep_run" })), &sleeps);
    stream.write_all(call.as_bytes()).expect("written");
    let runs = "toolrack_calls_in_flight{plugin=\"sleep\"} 1\n";
    eventually("the call", || metrics().contains(runs).then_some(()));
    drop(stream);
    let lines = lines_of(&file, 5);
    assert_eq!(
        (&lines[4]["tool"], &lines[4]["outcome"]),
        (&json!("sleep_run"), &json!("client_gone"))
    );
    peer.server.terminates();
    let (status, ..) = peer.server.end();
    assert!(status.success());
}

#[test]
fn calls_that_are_refused_together_or_again_and_again_leave_few_lines() {
    let (plugins, directory) = (plugins::good(), TempDir::new().expect("a directory"));
    let file = directory.path().join("audit.jsonl");
    let config = directory.path().join("config.toml");
    let text = format!("[serve]\naudit = {file:?}\n[http]\nclient_rate = \"10/min\"\n");
    fs::write(&config, text).expect("written");
    let mut command = toolrack();
    command.arg("--config").arg(&config).args(["serve", "--http", "127.0.0.1:0", "--plugins"]);
    let peer = HttpPeer::spawn(Client::spawn(command.arg(plugins.path())));
    let session = peer.session_of("2025-03-26");
    let call = |id: usize| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": "good_run" } });
    let calls = Value::from((0..256).map(call).collect::<Vec<_>>()).to_string();
    for _ in 0..70 {
        assert_eq!(peer.in_session(&session, &calls).status, 400);
    }
    // What is refused is counted, too.
    assert_eq!(peer.in_session(&session, &call(300).to_string()).status, 429);
    peer.server.terminates();
    assert!(peer.server.end().0.success());
    let lines = read(&file);
    let (repeated, full): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| line["event"] == "repeated");
    assert!((60..65).contains(&full.len()), "{}", full.len());
    for line in &full {
        let told = (&line["calls"], &line["outcome"], &line["tool"]);
        assert_eq!(told, (&json!(256), &json!("bad_request"), &json!("good_run")));
    }
    assert_eq!(repeated.len(), 1, "{repeated:?}");
    let outcomes = &repeated[0]["outcomes"];
    assert_eq!(outcomes["bad_request"], 256 * (70 - full.len()), "{}", repeated[0]);
    assert_eq!(outcomes["too_many"], 1);
    assert_eq!(repeated[0]["principal"], "");
}

#[test]
fn whatever_clients_write_a_call_stays_one_line_that_steers_no_terminal() {
    let good = plugins::good();
    let mut audited = audited_as(good.path(), "audit_arguments = true\n");
    let hostile = "x\n{\"event\":\"call\"}\r\u{1b}[2J\u{9b}\u{202e}\0\u{7f}y";
    for name in ["good_run", hostile] {
        let arguments = json!({ hostile: hostile, "n": 1 });
        audited.server.request("tools/call", json!({ "name": name, "arguments": arguments }));
    }
    // Ids are the client's words, too; keys that are there twice are no JSON here.
    let twice = r#"{"jsonrpc":"2.0","id":"\n\u001b","method":"tools/call","params":{"name":"good_run","arguments":{"a":1,"a":2}}}"#;
    audited.server.asks(json!("\n\u{1b}"), format!("{twice}\n").as_bytes());
    let long = "y".repeat(100_000);
    let long = json!({ "name": "good_run", "arguments": { "a": long } });
    audited.server.request("tools/call", long);
    let lines = audited.lines(4);
    let text = fs::read_to_string(audited.file()).expect("read");
    assert_eq!(text.lines().count(), 4, "{text}");
    let odd = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(odd), "{text:?}");
    assert_eq!(lines[0]["arguments"], json!({ hostile: hostile, "n": 1 }));
    assert_eq!(lines[1]["tool"], hostile);
    let find = |outcome: &str| lines.iter().find(|line| line["outcome"] == outcome);
    let twice = find("invalid_arguments").expect("the one that has a key twice");
    assert!(twice["arguments_sha256"].is_string(), "{twice}");
    assert!(twice["arguments_unreadable"] == true && twice.get("arguments").is_none(), "{twice}");
    let long = lines.iter().find(|line| line["arguments_bytes"] == 100_008).expect("the long one");
    assert!(long.get("arguments").is_none(), "{long}");
}

#[test]
fn a_full_file_gives_way_to_another_and_the_oldest_goes() {
    let good = plugins::good();
    let mut audited = audited_as(good.path(), "audit_size = \"64KiB\"\naudit_files = 2\n");
    for _ in 0..600 {
        audited.server.request("tools/call", json!({ "name": "good_run" }));
    }
    let directory = audited.directory.path().to_owned();
    let last = json!("\"tools/call-601\"");
    eventually("the last line", || {
        read(&audited.file()).iter().any(|line| line["request"] == last).then_some(())
    });
    let mut names: Vec<_> = fs::read_dir(&directory)
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2", "config.toml"]);
    for name in &names[..3] {
        let about = fs::metadata(directory.join(name)).expect("there");
        assert!(about.len() <= 64 * 1024, "{name} {}", about.len());
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "{name}");
    }
    // No line between the first that is kept and the last is missing.
    let numbers = |name: &str| -> Vec<u64> {
        let number = |line: &Value| {
            line["request"]
                .as_str()
                .and_then(|id| id.trim_matches('"').rsplit('-').next()?.parse().ok())
        };
        read(&directory.join(name)).iter().map(|line| number(line).expect("a number")).collect()
    };
    let all = [numbers("audit.jsonl.2"), numbers("audit.jsonl.1"), numbers("audit.jsonl")].concat();
    assert!(all[0] > 2 && all.len() > 200, "{}", all.len());
    assert!(all.windows(2).all(|pair| pair[1] == pair[0] + 1), "{all:?}");
    let (.., log) = {
        let (lines, log) = audited.end();
        (lines, log)
    };
    let told = |line: &String| line.contains("lost") || line.contains("cannot be written");
    assert!(!log.iter().any(told), "{log:?}");
}

/// Sets the largest file that a process may write, in bytes.
fn limit_files(pid: u32, bytes: Option<u64>) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).expect("set");
}

#[test]
fn a_full_disk_is_told_once_and_loses_no_call_and_no_line() {
    let good = plugins::good();
    let mut audited = audited(good.path());
    audited.server.request("tools/call", json!({ "name": "good_run" }));
    audited.lines(1);
    // The next line is cut in its middle.
    let length = fs::metadata(audited.file()).expect("there").len();
    limit_files(audited.server.pid(), Some(length + 100));
    for _ in 0..50 {
        assert_eq!(audited.server.text("good_run"), "ok");
    }
    audited.server.logs("cannot be written: File too large");
    assert_eq!(audited.server.text("good_run"), "ok");
    limit_files(audited.server.pid(), None);
    audited.server.logs("is written again");
    let whole = |text: String| -> Vec<Value> {
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let file = audited.file();
    let lines = eventually("the lines", || {
        let lines = whole(fs::read_to_string(&file).expect("read"));
        (lines.len() >= 52).then_some(lines)
    });
    assert_eq!(lines.len(), 52, "each line is there once");
    let torn = fs::read_to_string(&file).expect("read").lines().count() - lines.len();
    assert_eq!(torn, 1, "and the part of one, on a line of its own");
    assert_eq!(audited.server.logged("cannot be written"), 1);
    audited.server.terminates();
    assert!(audited.server.end().0.success());
}

#[test]
fn what_a_server_that_was_killed_left_costs_no_line() {
    let good = plugins::good();
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("audit.jsonl");
    fs::write(&file, "{\"event\":\"call\"}\n{\"event\":\"ca").expect("written");
    let mut command = toolrack();
    command.args(["serve", "--plugins"]).arg(good.path()).arg("--audit").arg(&file);
    let mut server = Client::spawn(&mut command).shakes_hands();
    server.request("tools/call", json!({ "name": "good_run" }));
    server.terminates();
    assert!(server.end().0.success());
    let text = fs::read_to_string(&file).expect("read");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines[1]), (3, "{\"event\":\"ca"));
    let last: Value = serde_json::from_str(lines[2]).expect("a whole line");
    assert_eq!(last["outcome"], "answered");
}

#[test]
fn a_disk_that_stays_full_does_not_keep_the_server_from_ending() {
    let good = plugins::good();
    let mut audited = audited(good.path());
    assert_eq!(audited.server.text("good_run"), "ok");
    audited.lines(1);
    limit_files(audited.server.pid(), Some(0));
    assert_eq!(audited.server.text("good_run"), "ok");
    audited.server.logs("cannot be written: File too large");
    assert_eq!(audited.server.text("good_run"), "ok");
    let started = Instant::now();
    audited.server.terminates();
    let (status, _, log) = audited.server.end();
    assert!(status.success() && started.elapsed() < HANG / 2, "{log:?}");
    assert!(log.iter().any(|line| line.contains("ends without all lines")), "{log:?}");
}

#[test]
fn two_servers_write_one_file_and_no_line_is_lost_or_torn() {
    let good = plugins::good();
    let one = audited_as(good.path(), "audit_size = \"64KiB\"\naudit_files = 100\n");
    let directory = one.directory.path().to_owned();
    let other = serving(good.path(), &directory);
    let calls = |mut server: Client| {
        std::thread::spawn(move || {
            for _ in 0..300 {
                server.request("tools/call", json!({ "name": "good_run" }));
            }
            server.terminates();
            server.end()
        })
    };
    let pids = [one.server.pid(), other.pid()];
    for ended in [calls(one.server), calls(other)] {
        let (status, _, log) = ended.join().expect("no panic");
        let told = |line: &String| line.contains("lost") || line.contains("cannot be written");
        assert!(status.success() && !log.iter().any(told), "{log:?}");
        assert!(log.iter().any(|line| line.contains("the audit log is /")), "{log:?}");
    }
    let lines = read_all(&directory);
    for pid in pids {
        let own: Vec<_> = lines.iter().filter(|line| line["pid"] == pid).collect();
        assert_eq!(own.len(), 300);
    }
    assert!(directory.join("audit.jsonl.1").exists(), "another file was begun");
}

#[test]
fn a_file_that_somebody_moves_away_is_made_again() {
    let good = plugins::good();
    let mut audited = audited(good.path());
    audited.server.request("tools/call", json!({ "name": "good_run" }));
    audited.lines(1);
    fs::rename(audited.file(), audited.directory.path().join("moved")).expect("renamed");
    audited.server.request("tools/call", json!({ "name": "good_run" }));
    eventually("another file", || audited.file().exists().then_some(()));
    assert_eq!(audited.lines(1).len(), 1);
    assert_eq!(read(&audited.directory.path().join("moved")).len(), 1);
}

/// A server of one answer a connection, each empty; it ends with the test.
fn empty_web() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok";
            let _ = stream.write_all(head.as_bytes());
        }
    });
    port
}

#[test]
fn a_line_tells_which_grants_a_call_used_and_what_it_was_refused() {
    let port = empty_web();
    let (plugins, data) = (TempDir::new().expect("one"), TempDir::new().expect("another"));
    fs::write(data.path().join("a.txt"), "text").expect("written");
    for name in ["fetch", "files"] {
        for ending in ["toml", "wasm"] {
            let from = plugins::shipped().join(name).with_extension(ending);
            fs::copy(from, plugins.path().join(name).with_extension(ending)).expect("copied");
        }
    }
    let grants = format!("[grants]\nnetwork = [\"http://127.0.0.1:{port}\"]\n");
    fs::write(plugins.path().join("fetch.local.toml"), grants).expect("written");
    let grants = format!("[grants]\nfiles = [{{ path = {:?}, at = \"/data\" }}]\n", data.path());
    fs::write(plugins.path().join("files.local.toml"), grants).expect("written");
    let given = Wat {
        call: "(call $config (i32.const 200) (i32.const 5) (i32.const 600)) (global.get $ok)",
        fields: r#"(data (i32.const 200) "TOKEN")"#,
        imports: CONFIG,
        ..Wat::default()
    };
    plugins::install(plugins.path(), "given", "[grants]\nsecrets = [\"TOKEN\"]\n", &given.build());
    fs::write(plugins.path().join(".env"), "TOKEN=hunter2hunter2\n").expect("written");
    let mut audited = audited(plugins.path());
    let fetch = |url: String| json!({ "name": "fetch_page", "arguments": { "url": url } });
    audited.server.request("tools/call", fetch(format!("http://127.0.0.1:{port}/x?y=1")));
    audited.server.request("tools/call", fetch("http://elsewhere.example/".into()));
    audited.server.request("tools/call", json!({ "name": "given_run" }));
    let read = json!({ "name": "files_read", "arguments": { "path": "/data/a.txt" } });
    let answer = audited.server.request("tools/call", read);
    let lines = audited.lines(4);
    let host = format!("http://127.0.0.1:{port}");
    assert_eq!(lines[0]["hosts"], json!([host]), "{}", lines[0]);
    assert_eq!(lines[1]["hosts"], Value::Null);
    assert_eq!(lines[1]["refused"], json!(["http://elsewhere.example: not granted"]));
    assert_eq!(lines[2]["secrets"], json!(["TOKEN"]), "{}", lines[2]);
    assert_eq!(lines[3]["directories"], json!(["/data"]), "{} {answer}", lines[3]);
    let text = fs::read_to_string(audited.file()).expect("read");
    assert!(
        !text.contains("hunter2") && !text.contains("y=1") && !text.contains("a.txt"),
        "{text}"
    );
}

#[test]
fn no_plugin_is_granted_the_directory_of_the_log() {
    let plugins = TempDir::new().expect("a directory");
    let logs = TempDir::new().expect("another");
    let grant = format!("[grants]\nfiles = [{{ path = {:?}, at = \"/data\" }}]\n", logs.path());
    plugins::install(plugins.path(), "bold", &grant, &Wat::default().build());
    let file = logs.path().join("audit.jsonl");
    let mut command = toolrack();
    command.args(["serve", "--plugins"]).arg(plugins.path()).arg("--audit").arg(&file);
    let mut flagged = Client::spawn(&mut command).shakes_hands();
    flagged.logs("is a file of toolrack's configuration or one that it names");
    let config = logs.path().join("config.toml");
    fs::write(&config, format!("[serve]\naudit = {file:?}\n")).expect("written");
    let mut configured = serving(plugins.path(), logs.path());
    configured.logs("is a file of toolrack's configuration or one that it names");
}

#[test]
fn a_file_that_is_not_surely_the_servers_own_is_refused() {
    let good = plugins::good();
    let directory = TempDir::new().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    fs::write(at("victim"), "").expect("written");
    symlink(at("victim"), at("link")).expect("a link");
    fs::write(at("one"), "").expect("written");
    fs::hard_link(at("one"), at("same")).expect("a link");
    fs::write(at("open"), "").expect("written");
    fs::set_permissions(at("open"), fs::Permissions::from_mode(0o666)).expect("set");
    fs::create_dir(at("everybodys")).expect("made");
    fs::set_permissions(at("everybodys"), fs::Permissions::from_mode(0o777)).expect("set");
    fs::create_dir(at("sticky")).expect("made");
    fs::set_permissions(at("sticky"), fs::Permissions::from_mode(0o1777)).expect("set");
    fs::create_dir(at("directory")).expect("made");
    for (name, why) in [
        ("link", "it is a link, which is not followed; name the file itself"),
        ("same", "it has 2 names, and may be another file in truth; remove it"),
        ("open", "everybody on this machine can write it; `chmod go-w "),
        ("everybodys/log", "everybody on this machine can put another file in its place"),
        ("sticky/log", "everybody on this machine can make files beside it"),
        ("none/log", "make its directory first"),
        ("directory", "name a file in it"),
    ] {
        // Whoever asks before is told the same, and nothing is made.
        let config = at("config.toml");
        fs::write(&config, format!("[serve]\naudit = {:?}\n", at(name))).expect("written");
        for asked in ["check", "doctor"] {
            let mut command = toolrack();
            command.env("TOOLRACK_HOME", at("home")).arg("--config").arg(&config);
            let ran = command.arg(asked).arg("--plugins").arg(good.path()).output().expect("ran");
            let said = String::from_utf8_lossy(&ran.stdout).into_owned();
            assert!(!ran.status.success() && said.contains(why), "{asked} {name}: {said}");
        }
        assert!(!at("sticky/log").exists());
        let mut command = toolrack();
        command.args(["serve", "--plugins"]).arg(good.path()).arg("--audit").arg(at(name));
        let (status, _, log) = Client::spawn(&mut command).end();
        let log = log.join("\n");
        assert!(!status.success() && log.contains(why), "{name}: {log}");
        assert!(log.contains(&at(name).display().to_string()), "{name}: {log}");
    }
    assert_eq!(fs::read(at("victim")).expect("read"), b"");
    // A device has no end.
    let mut command = toolrack();
    command.args(["serve", "--plugins"]).arg(good.path()).args(["--audit", "/dev/full"]);
    let (status, _, log) = Client::spawn(&mut command).end();
    assert!(!status.success() && log.join("\n").contains("it is no regular file"), "{log:?}");
}

#[test]
fn lines_go_to_stderr_where_that_is_asked_for() {
    let good = plugins::good();
    for word in ["stderr", "-"] {
        let mut command = toolrack();
        command.args(["serve", "--plugins"]).arg(good.path()).args(["--audit", word]);
        let mut server = Client::spawn(&mut command).shakes_hands();
        server.request("tools/call", json!({ "name": "good_run" }));
        let line: Value = serde_json::from_str(&server.logs("\"event\":\"call\"")).expect("JSON");
        assert_eq!((&line["tool"], &line["outcome"]), (&json!("good_run"), &json!("answered")));
    }
}

#[test]
fn calls_from_the_shell_are_told_too() {
    let (person, good) = (Person::new(), plugins::good());
    let file = person.path("audit.jsonl");
    let config = format!("plugins = [{:?}]\n[serve]\naudit = {file:?}\n", good.path());
    fs::write(person.path("config.toml"), config).expect("written");
    let ran = person.run(&["call", "good_run"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines = read(&file);
    assert_eq!(lines.len(), 1);
    assert_eq!(outcomes(&lines), BTreeMap::from([("answered".into(), 1)]));
    assert_eq!(lines[0]["client"], "toolrack-call");
}

#[test]
fn metrics_count_lines() {
    let good = plugins::good();
    let mut command = toolrack();
    let directory = TempDir::new().expect("a directory");
    command.args(["serve", "--metrics", "127.0.0.1:0", "--plugins"]).arg(good.path());
    command.arg("--audit").arg(directory.path().join("audit.jsonl"));
    let mut server = Client::spawn(&mut command).shakes_hands();
    let line = server.logs("metrics are at http://127.0.0.1:");
    let port = line.rsplit(':').next().and_then(|rest| rest.strip_suffix("/metrics"));
    let port = port.and_then(|port| port.parse().ok()).expect("a port");
    let mut peer = HttpPeer { server, port };
    peer.server.request("tools/call", json!({ "name": "good_run" }));
    let written = "toolrack_audit_lines_total{result=\"written\"} 1\n";
    let scraped = eventually("the count", || {
        Some(peer.get("/metrics").body).filter(|body| body.contains(written))
    });
    assert!(scraped.contains("toolrack_audit_lines_total{result=\"lost\"} 0\n"), "{scraped}");
    assert!(scraped.contains("toolrack_audit_waiting_lines 0\n"), "{scraped}");
    assert!(scraped.contains("toolrack_audit_failing 0\n"), "{scraped}");
    limit_files(peer.server.pid(), Some(0));
    peer.server.request("tools/call", json!({ "name": "good_run" }));
    eventually("the failure", || {
        let body = peer.get("/metrics").body;
        let fails = body.contains("toolrack_audit_failing 1\n");
        (fails && body.contains("toolrack_audit_waiting_lines 1\n")).then_some(())
    });
}

#[test]
fn a_line_cut_off_by_another_server_is_ended_before_the_next() {
    let good = plugins::good();
    let mut audited = audited(good.path());
    assert_eq!(audited.server.text("good_run"), "ok");
    audited.lines(1);
    // Another server's write is cut while this one has the file open.
    let mut file = fs::OpenOptions::new().append(true).open(audited.file()).expect("opened");
    file.write_all(b"{\"event\":\"ca").expect("written");
    assert_eq!(audited.server.text("good_run"), "ok");
    let path = audited.file();
    let text = eventually("the line", || {
        let text = fs::read_to_string(&path).expect("read");
        (text.lines().count() >= 3 && text.ends_with('\n')).then_some(text)
    });
    let last: Value = serde_json::from_str(text.lines().last().expect("one")).expect("whole");
    assert_eq!(last["outcome"], "answered", "{text}");
}

#[test]
fn an_answer_that_was_kept_is_told_as_such() {
    let plugins = TempDir::new().expect("a directory");
    let cached = "[[tools]]\nname = \"run\"\ncache = \"5m\"\n";
    plugins::install(plugins.path(), "kept", cached, &Wat::default().build());
    let mut audited = audited(plugins.path());
    for _ in 0..2 {
        audited.server.request("tools/call", json!({ "name": "kept_run" }));
    }
    let lines = audited.lines(2);
    assert!(lines[0].get("cached").is_none(), "{}", lines[0]);
    assert_eq!(lines[1]["cached"], true, "{}", lines[1]);
    assert!(lines[1]["answer_age_ms"].is_u64(), "{}", lines[1]);
    assert_eq!(lines[0]["arguments_sha256"], lines[1]["arguments_sha256"]);
}

#[test]
fn the_logs_tell_whose_token_a_principal_is_and_was() {
    let person = Person::new();
    let file = person.path("audit.jsonl");
    fs::write(person.path("config.toml"), format!("[serve]\naudit = {file:?}\n")).expect("written");
    let added = person.run(&["token", "add", "ada"]);
    let id = added.err.split(" in the log").next().and_then(|said| said.rsplit(' ').next());
    let id = id.expect("an id").to_owned();
    assert_eq!(id.len(), 12, "{}", added.err);
    let removed = person.run(&["token", "remove", "ada"]);
    assert!(removed.out.contains(&id), "{}", removed.out);
    let logs = person.run(&["logs"]).out;
    for said in ["the token ada is added: ", "the token ada is removed: "] {
        assert!(logs.contains(&format!("{said}{id} in the log")), "{logs}");
    }
    let lines = read(&file);
    let told: Vec<_> = lines.iter().map(|line| line["event"].as_str().expect("text")).collect();
    assert_eq!(told, ["token_added", "token_removed"]);
    for line in &lines {
        assert_eq!((&line["token"], &line["principal"]), (&json!("ada"), &json!(id)));
    }
}

#[test]
fn whoever_looks_is_told_of_a_file_that_cannot_be_written() {
    let (good, directory) = (plugins::good(), TempDir::new().expect("a directory"));
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("logs")).expect("made");
    let of_home = || {
        let mut command = toolrack();
        command.env("TOOLRACK_HOME", at("home"));
        command
    };
    let mut command = of_home();
    command.args(["serve", "--plugins"]).arg(good.path()).arg("--audit").arg(at("logs/a.jsonl"));
    let mut server = Client::spawn(&mut command).shakes_hands();
    let says = |asked: &[&str]| {
        let ran = of_home().args(asked).output().expect("ran");
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    assert_eq!(server.text("good_run"), "ok");
    let doctor = ["doctor", "--plugins", good.path().to_str().expect("UTF-8")];
    assert!(!says(&doctor).contains("audit"), "there is nothing to tell");
    fs::rename(at("logs"), at("moved")).expect("renamed");
    assert_eq!(server.text("good_run"), "ok");
    for asked in [&["status"][..], &doctor] {
        eventually("the trouble", || {
            let said = says(asked);
            (said.contains("cannot be written: No such file") && said.contains("1 line so far"))
                .then_some(())
        });
    }
    fs::rename(at("moved"), at("logs")).expect("renamed");
    server.logs("is written again");
    eventually("the end", || (!says(&["status"]).contains("audit")).then_some(()));
}
