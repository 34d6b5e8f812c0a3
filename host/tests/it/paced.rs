//! The real binary with plugins that are called too often, and with plugins that keep crashing.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::Client;
use crate::guest::Wat;
use crate::person::{Person, eventually};
use crate::plugins::{answering, good, install, replace};

/// The result of a call.
fn result(client: &mut Client, tool: &str, arguments: &Value) -> Value {
    client.request("tools/call", json!({ "name": tool, "arguments": arguments }))["result"].clone()
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

/// A directory with `good` and a plugin `v` with this manifest, whose tools `run` and `more` answer "ok".
fn paced(manifest: &str) -> tempfile::TempDir {
    let directory = good();
    let wat = Wat { tools: &["run", "more"], ..Wat::default() };
    install(directory.path(), "v", manifest, &wat.build());
    directory
}

#[test]
fn a_call_too_many_is_answered_at_once_with_the_limit_and_the_time() {
    let directory = paced("[limits]\nrate = \"3/h\"\n");
    let mut client = Client::initialized(directory.path());
    for tool in ["v_run", "v_more", "v_run"] {
        assert_eq!(client.text(tool), "ok");
    }
    let refused = result(&mut client, "v_run", &json!({}));
    assert_eq!(refused["isError"], true);
    let told = "the tool was not called: its plugin was called more often than its rate limit of 3/h; the next \
        call is possible in 1200 s (`rate` under [limits] in the plugin's manifest)";
    assert_eq!(text(&refused), told);
    assert_eq!(refused["_meta"]["toolrack/usage"]["fuel"], 0);
    assert!(client.text("v_more").contains("3/h"), "the plugin's tools share its rate");
    client.survives();
}

#[test]
fn a_tool_has_a_rate_of_its_own_and_what_is_refused_does_not_count() {
    let tools = "[[tools]]\nname = \"run\"\nrate = \"1/h\"\n";
    let directory = paced(&format!("[limits]\nrate = \"4/h\"\n{tools}"));
    let mut client = Client::initialized(directory.path());
    assert_eq!(client.text("v_run"), "ok");
    for _ in 0..10 {
        let told = client.text("v_run");
        assert!(told.contains("it was called more often than its rate limit of 1/h"), "{told}");
        assert!(told.contains("(`rate` under [[tools]]"), "{told}");
        // Nor do calls that never reach the plugin.
        let refused = result(&mut client, "v_more", &json!([1]));
        assert!(refused.is_null() || text(&refused).contains("invalid arguments"), "{refused}");
    }
    for _ in 0..3 {
        assert_eq!(client.text("v_more"), "ok");
    }
    assert!(client.text("v_more").contains("4/h"));
    client.survives();
}

#[test]
fn what_was_counted_outlives_a_reload_and_a_call_comes_back_in_time() {
    let directory = paced("[limits]\nrate = \"2/h\"\n");
    let mut client = Client::initialized(directory.path());
    assert_eq!((client.text("v_run"), client.text("v_run")), ("ok".into(), "ok".into()));
    replace(&directory.path().join("v.wasm"), answering("new"));
    client.hears_of_changes(1);
    assert!(client.text("v_run").contains("2/h"), "a new version has no new calls");
    fs::write(directory.path().join("v.toml"), "[limits]\nrate = \"2/s\"\n").unwrap();
    client.until("v_run", &[&waiting("2/h"), &waiting("2/s")], "new");
    fs::write(directory.path().join("v.toml"), "").unwrap();
    client.logs("updated");
    for _ in 0..20 {
        client.until("v_run", &[&waiting("2/s")], "new");
    }
    client.survives();
}

/// How the answer to a call begins that came too early for `rate`.
fn waiting(rate: &str) -> String {
    format!(
        "the tool was not called: its plugin was called more often than its rate limit of {rate};"
    )
}

/// A plugin that crashes unless it is called with arguments, and then answers "ok".
fn crashing(directory: &Path, manifest: &str) {
    let call = "(if (i32.le_u (local.get $arguments_len) (i32.const 2)) (then unreachable)) (global.get $ok)";
    install(directory, "c", manifest, &Wat { call, ..Wat::default() }.build());
}

#[test]
fn calls_that_wait_for_their_turn_are_not_made_once_a_plugin_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    crashing(directory.path(), "[limits]\ncrashes = 2\nconcurrency = 1\n");
    let mut client = Client::initialized(directory.path());
    assert_eq!(client.tools(), ["c_run"]);
    for id in 1..=10 {
        client.call(id, "c_run");
    }
    let texts: Vec<_> = (1..=10)
        .map(|id| client.response(&json!(id))["result"]["content"][0]["text"].to_string())
        .collect();
    let made = texts.iter().filter(|text| !text.contains("the tool was not called")).count();
    assert_eq!(made, 2, "{texts:?}");
    client.ping();
}

#[test]
fn a_plugin_that_keeps_crashing_is_left_alone_then_tried_and_forgiven_after_an_answer() {
    let person = Person::new();
    let directory = good();
    crashing(directory.path(), "");
    let mut client = person.serve(directory.path());
    for _ in 0..5 {
        assert!(client.text("c_run").contains("the plugin crashed"));
    }
    let refused = result(&mut client, "c_run", &json!({}));
    assert_eq!(refused["isError"], true);
    let begins = "the tool was not called: its plugin crashed 5 times in a row, and it is tried again in 1 s \
        (`crashes` under [limits] in the plugin's manifest); the last time: the plugin crashed: ";
    assert!(text(&refused).starts_with(begins), "{refused}");
    assert_eq!(refused["_meta"]["toolrack/usage"]["fuel"], 0);
    assert_eq!(client.text("good_run"), "ok", "it concerns nobody else");

    let paused = |status: &Value| {
        let plugins = status[0]["plugins"].as_array().cloned().unwrap_or_default();
        plugins
            .into_iter()
            .find(|plugin| plugin["name"] == "c")
            .map(|plugin| plugin["paused"].clone())
    };
    let status =
        person.status_when(|status| paused(status).is_some_and(|paused| paused["crashes"] == 5));
    assert!(paused(&status).unwrap()["untilMs"].is_u64(), "{status}");
    let shown = person.run(&["status"]).out;
    assert!(shown.contains("it crashed 5 times in a row, and "), "{shown}");

    // After a crash more it is left alone for longer.
    eventually("the next call", || {
        client.text("c_run").starts_with("the plugin crashed").then_some(())
    });
    let told = client.text("c_run");
    assert!(told.contains("crashed 6 times in a row, and it is tried again in 2 s"), "{told}");
    eventually("an answer", || {
        let answer = result(&mut client, "c_run", &json!({ "a": 1 }));
        let is_known = text(&answer) == "ok" || text(&answer).contains("tried again in ");
        assert!(is_known, "{answer}");
        (text(&answer) == "ok").then_some(())
    });
    for _ in 0..4 {
        assert!(client.text("c_run").starts_with("the plugin crashed"), "it begins anew");
    }
    person.status_when(|status| paused(status).is_some_and(|paused| paused.is_null()));
    assert_eq!(client.logged("and is left alone for"), 1);
    assert_eq!(client.logged("it answers again after its crashes"), 1);
    client.survives();
}

#[test]
fn a_new_version_is_called_at_once_and_so_is_a_plugin_that_may_crash_more_often() {
    let directory = good();
    crashing(directory.path(), "[limits]\ncrashes = 1\n");
    let mut client = Client::initialized(directory.path());
    assert!(client.text("c_run").starts_with("the plugin crashed"));
    let known = client.text("c_run");
    assert!(known.contains("its plugin crashed once, and"), "{known}");
    fs::write(directory.path().join("c.toml"), "[limits]\ncrashes = 1_000_000\n").unwrap();
    client.logs("updated");
    for _ in 0..300 {
        let answer = client.text("c_run");
        if answer.contains("was not called") {
            continue;
        }
        assert!(answer.starts_with("the plugin crashed"), "{answer}");
    }
    assert!(client.text("c_run").starts_with("the plugin crashed"));
    client.survives();
}

#[test]
fn limits_and_failures_leave_no_plugin_alone() {
    let directory = good();
    let spin = Wat { call: "(loop $l (br $l)) unreachable", ..Wat::default() };
    install(directory.path(), "s", "[limits]\nfuel = 10_000\ncrashes = 1\n", &spin.build());
    let mut client = Client::initialized(directory.path());
    for _ in 0..10 {
        assert!(client.text("s_run").contains("it used up its fuel"));
        let refused = result(&mut client, "s_run", &json!("no object"));
        assert!(refused.is_null() || refused["isError"] == true, "{refused}");
    }
    client.survives();
}
