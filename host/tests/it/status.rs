//! `toolrack status`: what servers tell of themselves, and what remains of the dead.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::client::Client;
use crate::compiling::slow_plugin;
use crate::guest::Wat;
use crate::packed::{listing, packed};
use crate::person::{Person, eventually};
use crate::plugins;

fn serving(count: usize) -> impl Fn(&Value) -> bool {
    move |status| {
        let servers = status.as_array().expect("servers");
        servers.len() == count && servers.iter().all(|server| server["state"] == "serving")
    }
}

#[test]
fn without_a_server_it_says_how_to_start_one() {
    let ran = Person::new().run(&["status"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("no server is running"), "{}", ran.out);
    assert!(ran.out.contains("toolrack serve --plugins"), "{}", ran.out);
}

#[test]
fn every_server_is_shown_until_its_end_and_leaves_nothing() {
    let (person, good, mixed) = (Person::new(), plugins::good(), plugins::mixed());
    let (one, two) = (person.serve(good.path()), person.serve(mixed.path()));
    // A server tells of itself before all of its plugins are loaded.
    let status = person.status_when(|status| {
        let count = |server: &Value| server["plugins"].as_array().map_or(0, Vec::len);
        serving(2)(status) && status.as_array().unwrap().iter().map(count).sum::<usize>() == 7
    });
    let of = |pid: u32| {
        status.as_array().unwrap().iter().find(|server| server["pid"] == pid).expect("shown")
    };
    let first = of(one.pid());
    assert_eq!(first["directories"], json!([good.path()]));
    assert_eq!(first["plugins"][0]["name"], "good");
    assert_eq!(first["plugins"][0]["state"], "serving");
    assert_eq!(first["plugins"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    assert!(first["watching"].is_string());
    assert_eq!(of(two.pid())["plugins"].as_array().unwrap().len(), 6);
    let (status, _, _) = one.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(person.status().as_array().unwrap().len(), 1);
    two.end();
    assert_eq!(person.status(), json!([]));
    assert_eq!(fs::read_dir(person.path("run")).unwrap().count(), 0);
}

/// Seconds of compiling, which nobody waits for.
#[test]
fn what_takes_long_to_compile_is_shown_while_others_serve() {
    let (person, good) = (Person::new(), plugins::good());
    let mut server = person.serve(good.path());
    person.status_when(serving(1));
    plugins::install(good.path(), "heavy", "", &slow_plugin(1500));
    let status = person.status_when(|status| status[0]["loading"] != json!([]));
    let [heavy] = &**status[0]["loading"].as_array().expect("a list") else { panic!("{status}") };
    assert_eq!(heavy["name"], "heavy");
    assert_eq!(heavy["manifest"], json!(good.path().join("heavy.toml")));
    assert!(heavy["sinceMs"].as_u64() >= status[0]["startedMs"].as_u64(), "{status}");
    let out = person.run(&["status"]).out;
    assert!(out.contains("heavy is being loaded, for "), "{out}");
    assert_eq!(server.text("good_run"), "ok");
    let told = server.logs("still compiling after 2s");
    assert!(told.contains("heavy"), "{told}");
    assert_eq!(server.text("good_run"), "ok");
}

#[test]
fn what_serves_and_is_still_compiled_is_shown_once() {
    let (person, good) = (Person::new(), plugins::good());
    plugins::install(good.path(), "heavy", "", &packed(slow_plugin(1500), &listing(|_| {})));
    let mut server = person.serve(good.path());
    assert_eq!(server.tools(), ["good_other", "good_run", "heavy_run"]);
    person.status_when(|status| status[0]["loading"] != json!([]));
    let out = person.run(&["status"]).out;
    let [line] = &out.lines().filter(|line| line.contains("heavy ")).collect::<Vec<_>>()[..] else {
        panic!("{out}");
    };
    assert!(line.contains("serving, compiling for "), "{out}");
}

#[test]
fn what_is_ready_is_called_while_the_rest_compiles_from_the_start() {
    let (person, good) = (Person::new(), plugins::good());
    plugins::install(good.path(), "heavy", "", &slow_plugin(150));
    let mut serve = person.command(&["serve", "--plugins"]);
    let mut server = Client::spawn(serve.arg(good.path())).shakes_hands();
    assert_eq!(server.text("good_run"), "ok");
    // What heavy may have waits; the list does not.
    server.call(900, "heavy_run");
    assert_eq!(server.tools(), ["good_other", "good_run"]);
    assert_eq!(server.text("good_other"), "ok");
    let status = person.status();
    assert_eq!(status[0]["loading"][0]["name"], "heavy", "{status}");
    assert_eq!(server.response(&json!(900))["result"]["content"][0]["text"], "ok");
    assert_eq!(server.tools(), ["good_other", "good_run", "heavy_run"]);
}

#[test]
fn a_server_that_was_killed_is_gone_and_its_files_are_removed() {
    let (person, good) = (Person::new(), plugins::good());
    let (killed, lives) = (person.serve(good.path()), person.serve(good.path()));
    person.status_when(serving(2));
    drop(killed);
    let status = person.status();
    assert_eq!(status.as_array().unwrap().len(), 1);
    assert_eq!(status[0]["pid"], lives.pid());
    let files = fs::read_dir(person.path("run")).unwrap();
    let own = lives.pid().to_string();
    for file in files {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with(&own), "{name} is left");
    }
}

#[test]
fn a_server_that_starts_removes_what_the_dead_left() {
    let (person, good) = (Person::new(), plugins::good());
    let killed = person.serve(good.path());
    let lock = person.path("run").join(format!("{}.lock", killed.pid()));
    eventually("the lock", || lock.exists().then_some(()));
    drop(killed);
    assert!(lock.exists());
    let _server = person.serve(good.path());
    eventually("the end of the lock", || (!lock.exists()).then_some(()));
}

#[test]
fn calls_and_errors_are_counted() {
    let (person, good) = (Person::new(), plugins::good());
    let fails = Wat { call: "unreachable", ..Wat::default() };
    plugins::install(good.path(), "fails", "", &fails.build());
    let mut server = person.serve(good.path());
    for tool in ["good_run", "good_run", "fails_run"] {
        server.request("tools/call", json!({ "name": tool }));
    }
    // It is told every now and then, perhaps between two of the calls.
    let status = person.status_when(|status| {
        let calls = |plugin: usize, tool: usize| &status[0]["plugins"][plugin]["tools"][tool];
        calls(0, 0)["calls"] == 1 && calls(0, 0)["running"] == 0 && calls(1, 1)["calls"] == 2
    });
    let fails = &status[0]["plugins"][0]["tools"][0];
    assert_eq!((&fails["name"], &fails["errors"]), (&json!("fails_run"), &json!(1)));
    assert_eq!(fails["statistics"]["errorsByKind"], json!({ "crash": 1 }));
    let good = &status[0]["plugins"][1]["tools"][1];
    assert_eq!((&good["errors"], &good["cancelled"]), (&json!(0), &json!(0)));
    let statistics = &good["statistics"];
    let number = |at: &Value| at.as_u64().unwrap_or_else(|| panic!("{statistics}"));
    let times = ["p50Us", "p95Us", "p99Us"].map(|time| number(&statistics["time"][time]));
    assert!(times.is_sorted() && times[0] > 0, "{statistics}");
    assert!(number(&statistics["time"]["averageUs"]) > 0, "{statistics}");
    assert!(number(&statistics["fuel"]) > 0, "{statistics}");
    assert!(number(&statistics["peakMemoryBytes"]) >= 65_536, "{statistics}");
    let out = person.run(&["status"]).out;
    let row = |name: &str| {
        let mut rows = out.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        rows.find(|row| row.first() == Some(&name)).unwrap_or_else(|| panic!("{out}"))
    };
    assert_eq!(row("tool")[..3], ["tool", "calls", "errors"]);
    assert_eq!(row("good_run")[..3], ["good_run", "2", "0"]);
    assert_eq!(row("fails_run")[..3], ["fails_run", "1", "1"]);
    assert!(out.contains("      crash 1\n"), "{out}");
    assert!(out.contains("not called: good_other\n"), "{out}");
}

#[test]
fn what_is_watched_is_shown_again_until_nobody_reads_it() {
    let (person, good) = (Person::new(), plugins::good());
    let _server = person.serve(good.path());
    person.status_when(serving(1));
    let mut watching = person.command(&["status", "--watch", "--json"]);
    let mut watching = watching.stdout(Stdio::piped()).spawn().expect("it runs");
    let mut lines = BufReader::new(watching.stdout.take().expect("piped")).lines();
    for _ in 0..2 {
        let line = lines.next().expect("a line").expect("read");
        let servers: Value = serde_json::from_str(&line).expect("JSON");
        assert!(serving(1)(&servers), "{servers}");
    }
    drop(lines);
    let ended = eventually("its end", || watching.try_wait().expect("its state"));
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn one_plugin_is_shown_alone() {
    let (person, good, mixed) = (Person::new(), plugins::good(), plugins::mixed());
    plugins::install(good.path(), "bad", "[limits]\nmemroy = 1\n", b"");
    let _servers = [person.serve(good.path()), person.serve(mixed.path())];
    person.status_when(serving(2));
    let out = person.run(&["status", "--plugin", "spin"]).out;
    assert!(out.matches("server ").count() == 1 && out.contains("spin_run"), "{out}");
    assert!(!out.contains("good"), "{out}");
    let out = person.run(&["status", "--plugin", "bad"]).out;
    assert!(out.contains("refused") && !out.contains("good_run"), "{out}");
    let out = person.run(&["status", "--plugin", "good", "--json"]).out;
    let shown: Value = serde_json::from_str(&out).expect("JSON");
    assert!(shown.as_array().unwrap().iter().all(|server| server["plugins"][0]["name"] == "good"));
    let ran = person.run(&["status", "--plugin", "goods"]);
    assert!(ran.code == 2 && ran.err.contains("did you mean `good`?"), "{}", ran.err);
}

#[test]
fn what_is_refused_is_shown_with_its_reason() {
    let (person, good) = (Person::new(), plugins::good());
    plugins::install(good.path(), "bad", "[limits]\nmemroy = 1\n", b"");
    let _server = person.serve(good.path());
    let status = person.status_when(serving(1));
    assert_eq!(status[0]["refusals"][0]["refused"], "plugin");
    let out = person.run(&["status"]).out;
    assert!(out.contains("refused") && out.contains("`memory`"), "{out}");
}

#[test]
fn an_older_version_is_shown_with_the_reason_once() {
    let (person, good) = (Person::new(), plugins::good());
    let server = person.serve(good.path());
    person.status_when(serving(1));
    let file = person.path("run").join(format!("{}.json", server.pid()));
    let mut status: Value = serde_json::from_slice(&fs::read(&file).unwrap()).expect("JSON");
    let manifest = &status["plugins"][0]["file"];
    let reason = "good.toml:1:1: what is this";
    let refusal = json!({ "file": manifest, "refused": "version", "reason": reason });
    status["refusals"] = json!([refusal]);
    fs::write(&file, status.to_string()).unwrap();
    let shown = person.status();
    let plugin = &shown[0]["plugins"][0];
    assert_eq!((&plugin["state"], &plugin["reason"]), (&json!("older"), &json!(reason)));
    let out = person.run(&["status"]).out;
    assert!(out.contains("serving an older version, because"), "{out}");
    assert!(!out.contains("refused") && out.matches(reason).count() == 1, "{out}");
}

#[test]
fn a_run_directory_that_cannot_be_used_costs_a_warning_and_nothing_else() {
    let (person, good) = (Person::new(), plugins::good());
    fs::write(person.path("run"), "in the way").unwrap();
    let mut server = person.serve(good.path());
    let answer = server.request("tools/call", json!({ "name": "good_run" }));
    assert_eq!(answer["result"]["content"][0]["text"], "ok");
    let (status, _, log) = server.end();
    assert_eq!(status.code(), Some(0));
    let warnings: Vec<_> = log.iter().filter(|line| line.contains("toolrack status")).collect();
    assert_eq!(warnings.len(), 1, "{log:?}");
    assert!(warnings[0].contains("it is not a directory"), "{warnings:?}");
    let ran = person.run(&["status"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
}

#[test]
fn what_lies_in_a_status_file_cannot_steer_a_terminal() {
    let (person, good) = (Person::new(), plugins::good());
    let server = person.serve(good.path());
    let mut status = person.status_when(serving(1))[0].clone();
    let file = person.path("run").join(format!("{}.json", server.pid()));
    for member in ["version", "watching"] {
        status[member] = json!("\u{1b}[2J");
    }
    status["plugins"][0]["name"] = json!("\u{1b}]0;title\u{7}");
    let told = json!({ "file": "\u{1b}[A", "refused": "plugin", "reason": "\u{1b}[B\nmore" });
    status["refusals"] = json!([told]);
    status["plugins"][0]["file"] = json!("x");
    status["startedMs"] = json!(u64::MAX);
    fs::write(&file, status.to_string()).unwrap();
    let out = person.run(&["status"]).out;
    assert!(out.contains("more") && !out.contains('\u{1b}'), "{out:?}");
    fs::write(&file, "\"\u{9b}\"").unwrap();
    let ran = person.run(&["status"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("cannot be read"), "{}", ran.out);
}
