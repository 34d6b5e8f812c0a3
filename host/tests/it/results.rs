//! Answers that are kept: what a client is told of a hit, what is counted, and which manifests may ask for it.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::{Client, toolrack};
use crate::guest::Wat;
use crate::http_peer::HttpPeer;
use crate::person::{Person, eventually};
use crate::plugins;

/// A guest that answers with its arguments.
fn echo() -> Vec<u8> {
    let call = "(call $text (local.get $arguments) (local.get $arguments_len))";
    Wat { call, ..Wat::default() }.build()
}

const KEPT: &str = "[[tools]]\nname = \"run\"\ncache = \"5m\"\n";

fn call(server: &mut Client, arguments: Value) -> Value {
    server.request("tools/call", json!({ "name": "echo_run", "arguments": arguments }))
}

/// True if the answer says that it had been kept.
fn is_kept(answer: &Value) -> bool {
    let meta = &answer["result"]["_meta"];
    let age = &meta["toolrack/cache"]["ageMs"];
    assert_eq!(age.is_u64(), meta["toolrack/usage"]["fuel"] == 0, "{answer}");
    age.is_u64()
}

#[test]
fn a_hit_says_so_and_is_counted_and_a_new_version_is_asked_anew() {
    let person = Person::new();
    let directory = person.plugins();
    std::fs::create_dir(&directory).expect("created");
    plugins::install(&directory, "echo", KEPT, &echo());
    let mut command = person.command(&["serve", "--metrics", "127.0.0.1:0"]);
    let mut server = Client::spawn(&mut command).shakes_hands();
    let line = server.logs("metrics are at http://127.0.0.1:");
    let port = line.rsplit(':').next().and_then(|rest| rest.strip_suffix("/metrics"));
    let port = port.and_then(|port| port.parse().ok()).expect("a port");
    assert!(!is_kept(&call(&mut server, json!({ "a": 1, "b": 2 }))));
    let kept = call(&mut server, json!({ "b": 2, "a": 1 }));
    assert!(is_kept(&kept), "{kept}");
    assert_eq!(kept["result"]["content"][0]["text"], r#"{"a":1,"b":2}"#);
    assert!(!is_kept(&call(&mut server, json!({ "a": 2 }))));
    let peer = HttpPeer { server, port };
    let scraped = peer.get("/metrics").body;
    for (result, count) in [("hit", 1), ("miss", 2)] {
        let series =
            format!(r#"toolrack_cache_requests_total{{plugin="echo",result="{result}"}} {count}"#);
        assert!(scraped.lines().any(|line| line == series), "{series}\n{scraped}");
    }
    eventually("the calls are told", || {
        let out = person.run(&["status"]).out;
        (out.contains("cached") && out.contains("33 %")).then_some(())
    });
    let mut server = peer.server;
    plugins::replace(&directory.join("echo.toml"), format!("{KEPT}title = \"Echo\"\n"));
    eventually("the next version serves", || {
        let list = server.request("tools/list", json!({}));
        (list["result"]["tools"][0]["title"] == "Echo").then_some(())
    });
    assert!(!is_kept(&call(&mut server, json!({ "a": 1, "b": 2 }))));
    assert!(is_kept(&call(&mut server, json!({ "a": 1, "b": 2 }))));
}

#[test]
fn the_configuration_turns_it_off_and_a_call_from_the_shell_is_made_each_time() {
    let person = Person::new();
    std::fs::create_dir(person.plugins()).expect("created");
    plugins::install(&person.plugins(), "echo", KEPT, &echo());
    std::fs::write(person.path("config.toml"), "[serve]\nresult_cache = \"0B\"\n")
        .expect("written");
    let config = person.path("config.toml");
    let config = config.to_str().expect("UTF-8");
    let mut command = person.command(&["serve", "--config", config]);
    let mut server = Client::spawn(&mut command).shakes_hands();
    for _ in 0..2 {
        assert!(!is_kept(&call(&mut server, json!({}))));
    }
    for _ in 0..2 {
        let ran = person.run(&["call", "echo_run", "--json"]);
        let result: Value = serde_json::from_str(&ran.out).expect("JSON");
        assert!(!is_kept(&json!({ "result": result })));
    }
}

/// The words of `check` on a plugin with this manifest and this local file.
fn checked(manifest: &str, local: Option<&str>) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    plugins::install(directory.path(), "echo", manifest, &echo());
    if let Some(local) = local {
        std::fs::write(directory.path().join("echo.local.toml"), local).expect("written");
    }
    said(directory.path())
}

fn said(plugins: &Path) -> String {
    let ran = toolrack().args(["check", "--plugins"]).arg(plugins).output().expect("it runs");
    format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr))
}

#[test]
fn only_a_plugin_that_can_change_nothing_keeps_answers() {
    let notes = tempfile::tempdir().expect("a directory");
    let files = |access: &str| {
        format!(
            "{KEPT}[[grants.files]]\npath = {:?}\nat = \"/notes\"\naccess = \"{access}\"\n",
            notes.path()
        )
    };
    let network =
        format!("{KEPT}read_only = true\n[grants]\nnetwork = [\"https://api.example.org\"]\n");
    for (manifest, kinds) in [(&files("write"), "`files`"), (&network, "`network`")] {
        let said = checked(manifest, None);
        for part in [
            "echo.toml:3:9: the answers of `run` cannot be kept".to_owned(),
            format!("by its grants of {kinds}, the plugin may change something"),
            "remove `cache`".to_owned(),
        ] {
            assert!(said.contains(&part), "{part}\n{said}");
        }
        let off = checked(manifest, Some("[[tools]]\nname = \"run\"\ncache = \"0s\"\n"));
        assert!(!off.contains("cannot be kept"), "{off}");
    }
    for manifest in [KEPT, &files("read")] {
        let said = checked(manifest, None);
        assert!(!said.contains("cannot be kept"), "{said}");
    }
    // The file that asks for it is the one that is named.
    let local = "[[tools]]\nname = \"run\"\ncache = \"5m\"\n";
    let said = checked(&network.replace("cache = \"5m\"\n", ""), Some(local));
    assert!(said.contains("echo.local.toml:3:9: the answers of `run`"), "{said}");
}
