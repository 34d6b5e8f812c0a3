//! The real binary as a client sees it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Client, HANG, bare, toolrack};
use crate::guest;
use crate::person::{Person, eventually};
use crate::plugins;

#[test]
fn a_session_lists_calls_and_ends() {
    let plugins = plugins::good();
    let mut client = Client::initialized(plugins.path());
    let list = client.request("tools/list", json!({}));
    let names: Vec<_> =
        list["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["good_other", "good_run"]);
    let answer = client.request("tools/call", json!({ "name": "good_run" }));
    assert_eq!(answer["result"]["content"][0]["text"], "ok");
    let (status, rest, _) = client.end();
    assert_eq!((status.code(), rest), (Some(0), vec![]));
}

#[test]
fn input_that_ends_at_once_is_answered_in_full() {
    let plugins = plugins::good();
    let mut client = Client::start(plugins.path());
    client.send_bytes(
        br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}
{"jsonrpc":"2.0","id":3,"method":"ping"}"#,
    );
    client.close_input();
    let (status, lines, _) = client.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(lines.len(), 3, "{lines:?}");
}

/// More lists than fit into the pipes and into what the server holds.
#[test]
fn a_client_that_reads_late_gets_every_list() {
    let mut client = Client::initialized(&plugins::shipped());
    client.hears_of_tools(plugins::SHIPPED_TOOLS);
    let list = |id| {
        let meta = json!({ "toolrack.test/padding": "x".repeat(100) });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list", "params": { "_meta": meta } })
    };
    client.floods(2_000, list, |_| ());
    let (status, rest, _) = client.end();
    assert_eq!((status.code(), rest), (Some(0), vec![]));
}

/// More calls than are begun, with a ping behind them, in one write.
#[test]
#[cfg(unix)]
fn a_ping_behind_more_calls_than_there_is_room_for_is_answered_before_them() {
    let directory = plugins::good();
    let manifest = "[limits]\nconcurrency = 32\ntimeout = \"60s\"\n";
    let sleeps = plugins::answering_after(20_000, "late");
    plugins::install(directory.path(), "sleeps", manifest, &sleeps);
    let mut client = Client::initialized(directory.path());
    client.tools();
    let call = |id| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"sleeps_run"}}}}"#
        )
    };
    let mut lines: Vec<_> = (0..300).map(call).collect();
    lines.push(r#"{"jsonrpc":"2.0","id":"ping","method":"ping"}"#.into());
    client.send_bytes((lines.join("\n") + "\n").as_bytes());
    assert_eq!(client.response(&json!("ping"))["result"], json!({}));
    // None of the calls is over, so it was no answer that made room.
    assert!(client.response_now(&json!(0)).is_none());
}

#[test]
fn while_guests_run_away_ping_and_other_calls_are_answered() {
    let plugins = plugins::mixed();
    let mut client = Client::initialized(plugins.path());
    client.request("tools/list", json!({}));
    for id in 0..8 {
        client.call(id, "spin_run");
    }
    for id in 100..104 {
        client.call(id, "sleep_run");
    }
    for _ in 0..5 {
        assert_eq!(client.request("ping", json!({}))["result"], json!({}));
        let answer = client.request("tools/call", json!({ "name": "good_run" }));
        assert_eq!(answer["result"]["content"][0]["text"], "ok");
        assert!(client.request("tools/list", json!({}))["result"].is_object());
    }
    for id in (0..8).chain(100..104) {
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": { "requestId": id } }));
    }
    assert_eq!(client.request("ping", json!({}))["result"], json!({}));
    let (status, rest, log) = client.end();
    assert_eq!((status.code(), &*rest), (Some(0), &[] as &[String]), "cancelled calls are silent");
    assert!(log.iter().all(|line| !line.contains("panicked")), "{log:?}");
}

#[test]
fn stdout_of_a_guest_is_logged_and_never_the_protocol() {
    let plugins = plugins::mixed();
    let mut client = Client::initialized(plugins.path());
    let answer = client.request("tools/call", json!({ "name": "forge_run" }));
    assert_eq!(answer["result"]["content"][0]["text"], "ok");
    let (_, rest, log) = client.end();
    assert_eq!(rest, [] as [String; 0]);
    let line = log.iter().find(|line| line.contains("jsonrpc")).expect("the forged line, logged");
    for part in ["plugin", "forge", "forge_run", "stdout"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains('\u{1b}') && !line.contains('\r'), "{line:?}");
}

#[test]
fn progress_comes_before_the_answer() {
    let plugins = plugins::mixed();
    let mut client = Client::initialized(plugins.path());
    client.send(&json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call",
        "params": { "name": "step_run", "_meta": { "progressToken": "t" } } }));
    let told: Vec<_> = (0..4).map(|_| client.next()).collect();
    for (at, message) in told[..3].iter().enumerate() {
        assert_eq!(message["params"]["progressToken"], "t");
        assert_eq!(message["params"]["progress"].as_f64(), Some((at + 1) as f64));
    }
    assert_eq!(told[3]["id"], 9);
}

#[test]
fn calls_in_flight_finish_when_the_input_ends() {
    let plugins = plugins::mixed();
    let mut client = Client::initialized(plugins.path());
    client.request("tools/list", json!({}));
    client.call(1, "nap_run");
    client.close_input();
    let (status, lines, _) = client.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(r#""text":"ok""#), "{lines:?}");
}

#[test]
fn a_call_that_does_not_end_is_given_up_within_the_grace_period() {
    let plugins = plugins::mixed();
    for tool in ["sleep_run", "spin_run"] {
        let mut client = Client::initialized(plugins.path());
        client.request("tools/list", json!({}));
        client.call(1, tool);
        client.close_input();
        let started = Instant::now();
        let (status, lines, _) = client.end();
        assert_eq!(status.code(), Some(0));
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("shutting down"), "{lines:?}");
    }
}

#[test]
fn requests_before_the_plugins_are_ready_wait_for_them() {
    let plugins = plugins::mixed();
    let mut client = Client::start(plugins.path());
    client.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize" }));
    client.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
    client.call(2, "good_run");
    let list = client.response(&json!(1));
    assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 7);
    assert_eq!(client.response(&json!(2))["result"]["content"][0]["text"], "ok");
}

#[test]
fn one_bad_plugin_costs_no_other() {
    let directory = plugins::good();
    plugins::install(directory.path(), "broken", "[limits]\nmemroy = 3", b"\x7fELF");
    plugins::install(directory.path(), "garbage", "", b"\0asm garbage");
    let mut client = Client::initialized(directory.path());
    let list = client.request("tools/list", json!({}));
    assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 2);
    let (_, _, log) = client.end();
    assert!(log.iter().any(|line| line.contains("broken.toml:2:1")), "{log:?}");
    assert!(log.iter().any(|line| line.contains("garbage.toml")), "{log:?}");
}

#[test]
fn the_log_is_json_where_asked_and_names_the_call() {
    let plugins = plugins::good();
    let mut command = toolrack();
    command.args(["serve", "--log-format", "json", "--plugins"]).arg(plugins.path());
    let mut client = Client::spawn(&mut command);
    client.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize" }));
    client.call(7, "good_run");
    client.response(&json!(7));
    let (_, _, log) = client.end();
    let lines: Vec<serde_json::Value> =
        log.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let answered = lines.iter().find(|line| line["message"] == "answered").expect("the call");
    assert_eq!(answered["plugin"], "good");
    assert_eq!(answered["tool"], "good_run");
    assert_eq!(answered["request"], "7");
    assert!(answered["fuel"].is_u64(), "{answered}");
}

/// A tool that has been brief is begun on the protocol's own thread. When it is not brief this time, it
/// goes on elsewhere: the client is answered meanwhile, and the call has all its limits.
#[test]
fn a_tool_that_was_brief_and_is_not_any_more_delays_nobody() {
    let plugins = plugins::good();
    for (name, busy) in [
        ("loops", "(loop $l (br $l))"),
        ("asks", "(loop $l (drop (call $random (i32.const 4096) (i32.const 8192))) (br $l))"),
        ("sleeps", &crate::guest::sleep(3_600_000)),
    ] {
        let call = format!(
            "(if (i32.gt_u (local.get $arguments_len) (i32.const 2)) (then {busy} unreachable))
            (global.get $ok)"
        );
        let wat =
            crate::guest::Wat { call: &call, imports: crate::guest::WASI, ..Default::default() };
        let manifest = "[limits]\nfuel = 1_000_000_000_000\ncpu = \"2s\"\ntimeout = \"3s\"";
        plugins::install(plugins.path(), name, manifest, &wat.build());
    }
    let mut client = Client::initialized(plugins.path());
    for name in ["loops", "asks", "sleeps"] {
        let tool = format!("{name}_run");
        for _ in 0..3 {
            assert_eq!(client.text(&tool), "ok");
        }
        client.send(&json!({ "jsonrpc": "2.0", "id": name, "method": "tools/call",
            "params": { "name": tool, "arguments": { "long": true } } }));
        let ping = format!("ping beside {name}");
        client.send(&json!({ "jsonrpc": "2.0", "id": ping, "method": "ping" }));
        let first = client.next();
        assert!(first["id"] == ping, "{first}");
        assert_eq!(client.text("good_run"), "ok");
        let ended = client.response(&json!(name));
        let text = ended["result"]["content"][0]["text"].as_str().unwrap_or_default();
        let limit = if name == "sleeps" { "timeout of 3s" } else { "processor-time limit of 2s" };
        assert!(text.contains(limit), "{ended}");
    }
    let (status, _, _) = client.end();
    assert_eq!(status.code(), Some(0));
}

/// What the host does for such a tool beside its guest takes its time, too: to check arguments, to read an answer, to log
/// lines.
#[test]
fn much_work_beside_the_guest_of_a_tool_that_was_brief_delays_nobody() {
    let plugins = plugins::good();
    // A list of 32,768 zeros, made by doubling: for less fuel than a brief turn has.
    let answers = r#"(local $length i32) (drop (memory.grow (i32.const 64)))
        (i64.store (i32.const 131072) (i64.const 0x5b3a2261227b)) (i32.store16 (i32.const 131078) (i32.const 0x2c30))
        (local.set $length (i32.const 2))
        (loop $l
            (memory.copy (i32.add (i32.const 131078) (local.get $length)) (i32.const 131078) (local.get $length))
            (br_if $l (i32.lt_u (local.tee $length (i32.shl (local.get $length) (i32.const 1))) (i32.const 65536))))
        (i32.store (i32.add (i32.const 131078) (local.get $length)) (i32.const 0x7d5d30))
        (return (call $structured (i32.const 131072) (i32.add (local.get $length) (i32.const 9))))"#;
    // Three times as many empty lines as are written at once.
    let writes = "(memory.fill (i32.const 49152) (i32.const 10) (i32.const 4096))
        (i32.store (i32.const 0) (i32.const 49152)) (i32.store (i32.const 4) (i32.const 4096))
        (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
        (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
        (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))";
    let alternatives = vec!["{}"; 9_000].join(",");
    let schema = format!(
        r#"{{"type":"object","properties":{{"long":{{"items":{{"allOf":[{alternatives}]}}}}}}}}"#
    );
    let plain = r#"{"type":"object"}"#;
    for (name, busy, input_schema) in
        [("answers", answers, plain), ("writes", writes, plain), ("checks", "", &*schema)]
    {
        let (locals, busy) = match busy.split_once(") (drop") {
            Some((locals, rest)) if locals.starts_with("(local") => {
                (format!("{locals})"), format!("(drop{rest}"))
            }
            _ => (String::new(), busy.to_owned()),
        };
        let call = format!(
            "{locals} (if (i32.gt_u (local.get $arguments_len) (i32.const 2)) (then {busy}))
            (global.get $ok)"
        );
        let imports = guest::WASI;
        let wat = guest::Wat { call: &call, imports, input_schema, ..Default::default() };
        plugins::install(plugins.path(), name, "[limits]\noutput = \"4MiB\"", &wat.build());
    }
    let mut client = Client::initialized(plugins.path());
    for name in ["answers", "writes", "checks"] {
        let tool = format!("{name}_run");
        for _ in 0..3 {
            assert_eq!(client.text(&tool), "ok");
        }
        let arguments = json!({ "long": vec![0; 100] });
        client.send(&json!({ "jsonrpc": "2.0", "id": name, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments } }));
        let ping = format!("ping beside {name}");
        client.send(&json!({ "jsonrpc": "2.0", "id": ping, "method": "ping" }));
        let first = client.next();
        assert!(first["id"] == ping, "{name} is answered first");
        let ended = client.response(&json!(name));
        assert!(ended["result"]["isError"] != json!(true), "{name} fails");
    }
}

#[cfg(unix)]
fn signal(pid: u32, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_in_order_and_a_second_one_at_once() {
    let plugins = plugins::mixed();
    for name in ["-TERM", "-INT", "-HUP"] {
        let mut client = Client::initialized(plugins.path());
        client.request("tools/list", json!({}));
        client.call(1, "nap_run");
        assert_eq!(client.request("ping", json!({}))["result"], json!({}));
        signal(client.pid(), name);
        assert_eq!(client.response(&json!(1))["result"]["content"][0]["text"], "ok", "{name}");
        let (status, _, _) = client.end();
        assert_eq!(status.code(), Some(0), "{name}");
    }
    let mut client = Client::initialized(plugins.path());
    client.request("tools/list", json!({}));
    client.call(1, "sleep_run");
    assert_eq!(client.request("ping", json!({}))["result"], json!({}));
    signal(client.pid(), "-TERM");
    std::thread::sleep(Duration::from_millis(200));
    signal(client.pid(), "-TERM");
    let (status, _, _) = client.end();
    assert!(matches!(status.code(), Some(0 | 143)), "{status:?}");
}

/// Calls the plugin `busy`, which is [`guest::transcoding`], a few times for next to nothing, so that the next call, with
/// the id 3, begins on the protocol's own thread. That one goes on for ever.
fn begin_transcoding(client: &mut Client) {
    for id in 0..=3 {
        let heavy = u32::from(id == 3);
        let arguments = json!({ "name": "busy_run", "arguments": { "heavy": heavy } });
        client.send(
            &json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": arguments }),
        );
        if heavy == 0 {
            assert_eq!(client.response(&json!(id))["result"]["structuredContent"]["result"], 1);
        }
    }
}

#[test]
fn whatever_the_runtime_does_for_a_guest_pings_and_other_calls_are_answered() {
    let plugins = plugins::good();
    let manifest = "[plugin]\nconcurrent = true\n[limits]\ncpu = \"1m\"\ntimeout = \"1m\"\n";
    for concurrent in [false, true] {
        let wasm = guest::transcoding("utf8", "utf16", concurrent);
        plugins::install(plugins.path(), "busy", manifest, &wasm);
        let mut client = Client::initialized(plugins.path());
        assert_eq!(client.text("good_run"), "ok");
        begin_transcoding(&mut client);
        let waited = |client: &mut Client, what: &mut dyn FnMut(&mut Client)| {
            let started = Instant::now();
            what(client);
            started.elapsed()
        };
        for round in 0..5 {
            std::thread::sleep(Duration::from_millis(50));
            let ping = waited(&mut client, &mut |client| {
                assert_eq!(client.request("ping", json!({}))["result"], json!({}));
            });
            assert!(ping < Duration::from_millis(200), "{concurrent}, {round}: {ping:?}");
        }
        let other = waited(&mut client, &mut |client| assert_eq!(client.text("good_run"), "ok"));
        assert!(other < Duration::from_secs(2), "{concurrent}: {other:?}");
        let cancelled = json!({ "requestId": 3 });
        client.send(
            &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled }),
        );
        // Its slot is free soon: the end of the input waits for nothing.
        assert_eq!(client.text("good_run"), "ok");
        let end = Instant::now();
        let (status, _, _) = client.end();
        assert_eq!(status.code(), Some(0));
        assert!(end.elapsed() < Duration::from_secs(2), "{concurrent}: {:?}", end.elapsed());
    }
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_the_server_whatever_its_threads_are_busy_with() {
    let plugins = tempfile::tempdir().unwrap();
    let manifest = "[limits]\ncpu = \"1m\"\ntimeout = \"1m\"\n";
    let wasm = guest::transcoding("utf8", "utf16", false);
    plugins::install(plugins.path(), "busy", manifest, &wasm);
    let mut client = Client::initialized(plugins.path());
    begin_transcoding(&mut client);
    std::thread::sleep(Duration::from_millis(200));
    let started = Instant::now();
    for _ in 0..2 {
        signal(client.pid(), "-TERM");
        std::thread::sleep(Duration::from_millis(200));
    }
    let (status, _, _) = client.end();
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert_eq!(status.code(), Some(143));
}

#[test]
fn a_client_that_goes_away_ends_the_server() {
    let plugins = plugins::mixed();
    let mut child = bare(plugins.path());
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n")
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < HANG, "the server does not notice");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(stdin);
}

#[cfg(unix)]
#[test]
fn closed_descriptors_and_a_stuck_stderr_stop_nothing() {
    use std::process::Command;
    let plugins = plugins::good();
    let requests = r#"printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"initialize"}' '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"good_run"}}'"#;
    let run = |redirect: &str| {
        let binary = env!("CARGO_BIN_EXE_toolrack");
        let script = format!(r#"{requests} | "{binary}" --plugins "$1" {redirect}"#);
        let output = Command::new("sh")
            .args(["-c", &script, "sh"])
            .arg(plugins.path())
            .stderr(std::process::Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    assert_eq!(run("2>&-"), 2);
    assert_eq!(run("2>/dev/full"), 2);
    assert_eq!(run(">&-"), 0);
    assert_eq!(run("<&- >/dev/null"), 0);
}

#[test]
fn calls_that_ended_make_room_for_the_arguments_of_others() {
    let plugins = plugins::good();
    let mut client = Client::initialized(plugins.path());
    // More bytes than may be in flight, and of each call more than one begins with on the protocol's thread.
    let arguments = json!({ "filling": "x".repeat(1_000_000) });
    for _ in 0..20 {
        let params = json!({ "name": "good_run", "arguments": arguments });
        let answer = client.request("tools/call", params);
        assert_eq!(answer["result"]["content"][0]["text"], "ok");
    }
}

/// No read or write of such a pipe can be told not to block; bash's `< <(...)` gives one, too.
#[cfg(target_os = "linux")]
#[test]
fn pipes_that_were_opened_by_a_name_are_read_and_written() {
    use std::fs::File;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    let (plugins, directory) = (plugins::good(), tempfile::tempdir().unwrap());
    let [input, output] = ["input", "output"].map(|name| directory.path().join(name));
    let made = std::process::Command::new("mkfifo").args([&input, &output]).status().unwrap();
    assert!(made.success());
    // Whoever gives them may have chosen that they do not block.
    for mode in [OFlags::empty(), OFlags::NONBLOCK] {
        let flags = i32::try_from(mode.bits()).unwrap();
        // Open at both ends, so that opening one waits for nobody.
        let [mut writer, reader] = [&input, &output]
            .map(|pipe| File::options().read(true).write(true).open(pipe).unwrap());
        let mut server = toolrack()
            .args(["--log", "off", "--plugins"])
            .arg(plugins.path())
            .stdin(File::options().read(true).custom_flags(flags).open(&input).unwrap())
            .stdout(File::options().write(true).custom_flags(flags).open(&output).unwrap())
            .spawn()
            .unwrap();
        let answers = File::open(&output).unwrap();
        drop(reader);
        // More than the pipes hold, in both directions.
        let asking = std::thread::spawn(move || {
            for id in 0..5000 {
                writeln!(writer, r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#).unwrap();
            }
        });
        let mut expected = 0..5000;
        for answer in BufReader::new(answers).lines() {
            let id = expected.next().unwrap();
            assert_eq!(answer.unwrap(), format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
        }
        assert_eq!(expected.next(), None, "{mode:?}");
        asking.join().unwrap();
        assert_eq!(server.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn the_first_answer_names_the_plugins_of_the_last_start() {
    let (person, good, mixed) = (Person::new(), plugins::good(), plugins::mixed());
    let told = |plugins: &Path| {
        let mut client = Client::spawn(person.command(&["serve", "--plugins"]).arg(plugins));
        let answer = client.request(
            "initialize",
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {} }),
        );
        // What is kept for the next start is there once it is listed, or soon after.
        client.tools();
        answer["result"]["instructions"].as_str().expect("a text").to_owned()
    };
    told(good.path());
    let line = "\n- good (good_...): other, run";
    eventually("the plugins are named", || told(good.path()).contains(line).then_some(()));
    assert!(!told(mixed.path()).contains(line), "other directories, other plugins");
    for entry in fs::read_dir(person.path("instructions")).unwrap() {
        fs::write(entry.unwrap().path(), "a\u{202e}b").unwrap();
    }
    assert!(told(good.path()).starts_with("Tools run in WebAssembly sandboxes"));
}
