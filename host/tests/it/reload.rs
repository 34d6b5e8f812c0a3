//! The real binary while its plugin directory changes under it.
//!
//! Nothing waits for a time to pass but where passing time is the case: these wait for an answer, a
//! notification or a line of the log. That something does not happen is seen when a later change of the
//! same kind has been told.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::client::Client;
use crate::guest::{LOG, Wat};
use crate::plugins::{self, answering, answering_after, install, replace};
use crate::wit;

/// A running server and its directory with `good` and `v`, whose `v_run` answers "one".
fn served() -> (tempfile::TempDir, Client) {
    let directory = plugins::good();
    install(directory.path(), "v", "", &answering("one"));
    let mut client = Client::initialized(directory.path());
    assert_eq!(client.text("v_run"), "one");
    (directory, client)
}

fn sha256(bytes: &[u8]) -> String {
    toolrack::manifest::Sha256Digest::of(bytes).to_string()
}

/// Installs something broken and waits until that is told: what was wrong before it, and stood as
/// long, has been told by then.
fn told_later(client: &mut Client, directory: &Path, name: &str) {
    install(directory, name, "", b"nonsense");
    client.logs(&format!("{name}.toml"));
}

#[test]
fn plugins_come_change_and_go_under_a_running_client() {
    let (directory, mut client) = served();
    install(directory.path(), "new", "", &answering("first"));
    client.hears_of_changes(1);
    assert_eq!(client.text("new_run"), "first");
    assert_eq!(client.tools(), ["good_other", "good_run", "new_run", "v_run"]);

    let list = Wat { tools: &["run", "more"], ..Wat::default() };
    fs::write(directory.path().join("v.wasm"), list.build()).unwrap();
    client.hears_of_changes(2);
    assert_eq!(client.text("v_more"), "ok");

    // Both files of one plugin and another's in one go are one change.
    fs::remove_file(directory.path().join("new.toml")).unwrap();
    fs::remove_file(directory.path().join("new.wasm")).unwrap();
    fs::write(directory.path().join("v.wasm"), answering("two")).unwrap();
    client.hears_of_changes(3);
    assert_eq!(client.tools(), ["good_other", "good_run", "v_run"]);
    assert!(client.text("new_run").contains("new_run"), "an unknown tool");
    assert_eq!(client.text("v_run"), "two");
    assert_eq!(client.logged("updated"), 2);
    assert_eq!((client.logged("added"), client.logged("removed")), (1, 1));
    assert_eq!(client.changes(), 3);
    client.survives();
}

#[test]
fn a_wit_file_changes_descriptions_while_it_comes_changes_and_goes() {
    let directory = plugins::good();
    let world = "world w { export tick: func(); }";
    let wasm = wit::component(world, r#"(func (export "tick"))"#);
    install(directory.path(), "t", "", &wasm);
    let mut client = Client::initialized(directory.path());
    let description = |client: &mut Client| {
        let list = client.request("tools/list", json!({}));
        let mut tools = list["result"]["tools"].as_array().expect("tools").iter();
        let tick = tools.find(|tool| tool["name"] == "t_tick").expect("the tool");
        tick["description"].as_str().expect("a text").to_owned()
    };
    let file = directory.path().join("t.wit");
    let described =
        |text: &str| format!("package t:t;\nworld w {{\n/// {text}\nexport tick: func();\n}}");
    assert_eq!(description(&mut client), "Calls the function `tick()`.");
    fs::write(&file, described("Ticks.")).unwrap();
    client.hears_of_changes(1);
    assert_eq!(description(&mut client), "Ticks.");
    replace(&file, described("Tocks."));
    client.hears_of_changes(2);
    assert_eq!(description(&mut client), "Tocks.");
    fs::write(&file, "package t:t;\nworld w {").unwrap();
    client.hears_of_changes(3);
    assert_eq!(description(&mut client), "Calls the function `tick()`.");
    let told = client.logs("not described");
    assert!(told.contains("t.wit:2:10: "), "{told}");
    replace(&file, described("Ticks again."));
    client.hears_of_changes(4);
    fs::remove_file(&file).unwrap();
    client.hears_of_changes(5);
    assert_eq!(description(&mut client), "Calls the function `tick()`.");
    assert_eq!(client.logged("not described"), 1, "{:#?}", client.log());
    client.survives();
}

#[test]
fn what_looks_the_same_is_served_anew_without_a_word_to_the_client() {
    let (directory, mut client) = served();
    let busy = Wat {
        call: "(local $i i32) (loop $l
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 1000000)))) (global.get $ok)",
        ..Wat::default()
    };
    fs::write(directory.path().join("v.wasm"), busy.build()).unwrap();
    client.until("v_run", &["one"], "ok");
    fs::write(directory.path().join("v.toml"), "[limits]\nfuel = 100_000\n").unwrap();
    client.until("v_run", &["ok"], "fuel");
    // A tool that was hidden serves although nobody listed again.
    fs::write(directory.path().join("good.toml"), "[[tools]]\nname = \"other\"\nhidden = true\n")
        .unwrap();
    client.hears_of_changes(1);
    fs::write(directory.path().join("good.toml"), "").unwrap();
    client.hears_of_changes(2);
    assert_eq!(client.text("good_other"), "ok");
    client.survives();
}

#[test]
fn a_modern_client_hears_of_a_change_once_on_each_subscription() {
    let directory = plugins::good();
    let mut client = Client::start(directory.path());
    let modern = |id: &str, method: &str, mut params: Value| {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    };
    client.send(&modern("l", "tools/list", json!({})));
    client.response(&json!("l"));
    for (id, wanted) in [("s", json!({ "toolsListChanged": true })), ("t", json!({}))] {
        client.send(&modern(id, "subscriptions/listen", json!({ "notifications": wanted })));
        assert_eq!(client.next()["method"], "notifications/subscriptions/acknowledged");
    }
    install(directory.path(), "v", "", &answering("one"));
    let told = client.next();
    assert_eq!(told["method"], "notifications/tools/list_changed");
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "s");
    fs::write(directory.path().join("v.toml"), "[limits]\nfuel = 2000000\n").unwrap();
    client.logs("updated");
    client.send(&modern("c", "tools/call", json!({ "name": "v_run" })));
    assert_eq!(client.next()["result"]["content"][0]["text"], "one", "and nothing before it");
    fs::remove_file(directory.path().join("v.toml")).unwrap();
    assert_eq!(client.next()["method"], "notifications/tools/list_changed");
    client.send(&modern("d", "tools/call", json!({ "name": "good_run" })));
    assert_eq!(client.next()["result"]["content"][0]["text"], "ok");
    let (status, rest, _) = client.end();
    // The subscriptions end, each with its response.
    assert_eq!((status.code(), rest.len()), (Some(0), 2), "{rest:?}");
}

/// The passing of time is the case: a copy that stalls.
#[test]
fn a_slow_copy_is_never_half_a_plugin() {
    let (directory, mut client) = served();
    let new = answering("two");
    let path = directory.path().join("v.wasm");
    let mut file = File::create(&path).unwrap();
    for piece in new.chunks(new.len() / 6 + 1) {
        file.write_all(piece).unwrap();
        for _ in 0..20 {
            assert!(["one", "two"].contains(&&*client.text("v_run")));
            std::thread::sleep(Duration::from_millis(25));
        }
    }
    drop(file);
    client.until("v_run", &["one"], "two");
    assert!(client.logged("not updated") <= 1, "{:#?}", client.log());
    client.survives();
}

#[test]
fn editors_and_copiers_own_files_are_ignored() {
    let (directory, mut client) = served();
    let names =
        ["v.toml~", ".v.toml.swp", "4913", "#v.toml#", ".#v.toml", ".v.wasm.Xy12", "v.wasm~"];
    for name in names {
        fs::write(directory.path().join(name), "nonsense \u{1b}[31m").unwrap();
    }
    // As vim writes with a backup: the old file is renamed away, the new one created.
    fs::rename(directory.path().join("v.toml"), directory.path().join("v.toml~")).unwrap();
    fs::write(directory.path().join("v.toml"), "[limits]\nfuel = 3000000\n").unwrap();
    replace(&directory.path().join("v.wasm"), answering("two"));
    client.until("v_run", &["one"], "two");
    told_later(&mut client, directory.path(), "later");
    for name in names {
        assert_eq!(client.logged(name), 0, "{:#?}", client.log());
    }
    assert_eq!(client.changes(), 0);
    client.survives();
}

#[test]
fn other_bytes_of_the_same_size_and_time_are_another_version() {
    let (directory, mut client) = served();
    let path = directory.path().join("v.wasm");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let in_place = |bytes: &[u8], time: SystemTime| {
        fs::write(&path, bytes).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    let by_rename = |bytes: &[u8], time: SystemTime| {
        let other = directory.path().join(".v");
        fs::write(&other, bytes).unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
        fs::rename(&other, &path).unwrap();
    };
    in_place(&answering("two"), time);
    client.until("v_run", &["one"], "two");
    by_rename(&answering("six"), time);
    client.until("v_run", &["two"], "six");
    in_place(&answering("ten"), SystemTime::UNIX_EPOCH);
    client.until("v_run", &["six"], "ten");
    by_rename(&answering("one"), SystemTime::UNIX_EPOCH);
    client.until("v_run", &["ten"], "one");
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), SystemTime::UNIX_EPOCH);
    client.survives();
}

/// Each of these is told once, with its file and what is wrong; the old version serves on; a repair is
/// picked up.
#[test]
fn a_bad_version_is_told_once_and_leaves_the_one_before() {
    let pin = format!("[plugin]\nsha256 = \"{}\"\n", "0".repeat(64));
    let two = answering("two");
    let bad: [(&str, &str, &[u8], &str); 4] = [
        ("junk", "", b"\0asm \x1b[31m junk", "junk.wasm"),
        ("typo", "[limits]\nmemroy = \"\\u001b[31m\"\n", &two, "typo.toml:2:1"),
        ("pin", &pin, &two, "pins 0000"),
        ("tool", "[[tools]]\nname = \"walk\"\n", &two, "no tool `walk`"),
    ];
    let directory = plugins::good();
    for (name, ..) in bad {
        install(directory.path(), name, "", &answering("one"));
    }
    let mut client = Client::initialized(directory.path());
    client.tools();
    for (name, manifest, wasm, _) in bad {
        install(directory.path(), name, manifest, wasm);
    }
    told_later(&mut client, directory.path(), "later");
    // The same again, as new files.
    for (name, manifest, wasm, _) in bad {
        replace(&directory.path().join(name).with_extension("toml"), manifest);
        replace(&directory.path().join(name).with_extension("wasm"), wasm);
    }
    told_later(&mut client, directory.path(), "last");
    for (name, _, _, expected) in bad {
        let file = format!("{name}.toml");
        let lines: Vec<_> = client.log().iter().filter(|line| line.contains(&file)).collect();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        for part in ["the version before serves on", expected] {
            assert!(lines[0].contains(part), "{part:?} in {lines:?}");
        }
        assert_eq!(client.text(&format!("{name}_run")), "one");
    }
    for (name, ..) in bad {
        install(directory.path(), name, "", &two);
    }
    for (name, ..) in bad {
        client.until(&format!("{name}_run"), &["one"], "two");
        assert_eq!(client.logged(&format!("{name}.toml")), 1, "{:#?}", client.log());
    }
    assert_eq!(client.changes(), 0);
    client.survives();
}

/// Each load of this guest asks it for its tools, and it says so.
#[test]
fn the_same_bad_bytes_are_not_tried_again() {
    let (directory, mut client) = served();
    let loud = Wat {
        list: "(call $log (i32.const 2) (i32.const 200) (i32.const 5)) unreachable",
        imports: LOG,
        fields: r#"(data (i32.const 200) "tried")"#,
        ..Wat::default()
    };
    let bytes = loud.build();
    replace(&directory.path().join("v.wasm"), &bytes);
    let line = client.logs("tried");
    assert!(line.contains("plugin=\"v\""), "who says so: {line}");
    client.logs("not updated");
    let tries = client.logged("tried");
    for round in 0..3 {
        replace(&directory.path().join("v.wasm"), &bytes);
        replace(
            &directory.path().join("good.toml"),
            format!("[limits]\nfuel = {}\n", 9_000_000 + round),
        );
        client.logs("updated");
    }
    assert_eq!(client.logged("tried"), tries);
    assert_eq!(client.logged("not updated"), 1);
    client.survives();
}

/// The halves of new versions and of new plugins arrive in both orders, seconds apart. A manifest pins
/// its Wasm, so no other pair is ever served.
#[test]
fn halves_that_arrive_apart_are_never_mixed() {
    let pinned = |bytes: &[u8], prefix: &str| {
        format!("[plugin]\nsha256 = \"{}\"\nprefix = \"{prefix}\"\n", sha256(bytes))
    };
    let (one, two) = (answering("one"), answering("two"));
    let directory = plugins::good();
    let path = |file: &str| directory.path().join(file);
    for name in ["a", "b"] {
        install(directory.path(), name, &pinned(&one, name), &one);
    }
    let mut client = Client::initialized(directory.path());
    assert_eq!(client.tools(), ["a_run", "b_run", "good_other", "good_run"]);

    replace(&path("a.wasm"), &two);
    replace(&path("b.toml"), pinned(&two, "b2"));
    replace(&path("c.wasm"), &two);
    replace(&path("d.toml"), pinned(&two, "d"));
    // `d` is told last: it is waited for longest.
    client.logs("d.toml");
    assert_eq!(client.text("a_run"), "one");
    assert_eq!(client.text("b_run"), "one");
    assert_eq!(client.changes(), 0);

    replace(&path("a.toml"), pinned(&two, "a2"));
    replace(&path("b.wasm"), &two);
    replace(&path("c.toml"), "");
    replace(&path("d.wasm"), &two);
    client.hears_of_changes(1);
    let names = ["a2_run", "b2_run", "c_run", "d_run"];
    assert_eq!(client.tools()[..4], names);
    for name in names {
        assert_eq!(client.text(name), "two");
    }
    for file in ["a.toml", "b.toml", "c.wasm", "d.toml"] {
        assert_eq!(client.logged(file), 1, "{:#?}", client.log());
    }
    client.survives();
}

#[test]
fn deleting_one_half_of_a_plugin_ends_it() {
    let (directory, mut client) = served();
    install(directory.path(), "w", "", &answering("two"));
    client.hears_of_changes(1);
    fs::remove_file(directory.path().join("v.toml")).unwrap();
    fs::remove_file(directory.path().join("w.wasm")).unwrap();
    client.hears_of_changes(2);
    assert!(client.text("v_run").contains("v_run"), "an unknown tool");
    assert_eq!(client.text("w_run"), "two", "its Wasm may be on its way back");
    client.hears_of_changes(3);
    assert_eq!(client.tools(), ["good_other", "good_run"]);
    for (file, part) in [("v.wasm", "no manifest names it"), ("w.toml", "`w.wasm` is missing")] {
        let lines: Vec<_> =
            client.log().iter().filter(|line| line.contains(file)).cloned().collect();
        assert!(lines.len() == 1 && lines[0].contains(part), "{lines:?}");
    }
    replace(&directory.path().join("w.wasm"), answering("six"));
    client.hears_of_changes(4);
    assert_eq!(client.text("w_run"), "six");
    client.survives();
}

#[test]
fn a_running_call_ends_on_the_version_it_began_with() {
    let directory = plugins::good();
    let path = directory.path();
    install(path, "v", "", &answering_after(4000, "one"));
    install(path, "w", "", &answering_after(4000, "one"));
    let mut client = Client::initialized(path);
    client.tools();
    client.call(1, "v_run");
    client.call(2, "w_run");
    // What is answered after them has been looked up after them.
    assert_eq!(client.text("good_run"), "ok");
    replace(&path.join("v.wasm"), answering("two"));
    fs::remove_file(path.join("w.toml")).unwrap();
    fs::remove_file(path.join("w.wasm")).unwrap();
    client.hears_of_changes(1);
    assert_eq!(client.text("v_run"), "two", "while the old version runs");
    assert!(client.text("w_run").contains("w_run"), "an unknown tool");
    for id in [1, 2] {
        assert_eq!(client.response(&json!(id))["result"]["content"][0]["text"], "one");
    }
    client.survives();
}

/// The time in which nothing is found by looking every now and then: all is hinted at, or looked for.
const PERIOD: Duration = Duration::from_secs(30);

#[test]
fn a_directory_may_come_late_be_replaced_and_go() {
    let started = Instant::now();
    let parent = tempfile::TempDir::new().unwrap();
    let (path, aside) = (parent.path().join("plugins"), parent.path().join("aside"));
    let mut client = Client::initialized(&path);
    assert_eq!(client.tools(), [""; 0]);
    fs::rename(plugins::good().keep(), &path).unwrap();
    client.hears_of_changes(1);
    assert_eq!(client.text("good_run"), "ok");
    client.logs("plugin directories: watching");

    let next = plugins::good().keep();
    install(&next, "v", "", &answering("one"));
    fs::rename(&path, &aside).unwrap();
    fs::rename(&next, &path).unwrap();
    client.hears_of_changes(2);
    assert_eq!(client.text("v_run"), "one");
    // It is the new directory that is watched.
    replace(&path.join("v.wasm"), answering("two"));
    client.until("v_run", &["one"], "two");

    fs::remove_dir_all(&path).unwrap();
    client.hears_of_changes(3);
    assert_eq!(client.tools(), [""; 0]);
    assert!(client.logs("plugins: there is no such directory").contains("not served"));
    fs::rename(&aside, &path).unwrap();
    client.hears_of_changes(4);
    assert_eq!(client.tools(), ["good_other", "good_run"]);
    assert!(started.elapsed() < PERIOD, "found by chance, after {:?}", started.elapsed());
    client.survives();
}

#[test]
fn what_links_lead_to_is_watched() {
    let started = Instant::now();
    let (directory, elsewhere) = (plugins::good(), tempfile::TempDir::new().unwrap());
    install(elsewhere.path(), "other", "", &answering("one"));
    for extension in ["toml", "wasm"] {
        let target = elsewhere.path().join("other").with_extension(extension);
        symlink(target, directory.path().join("v").with_extension(extension)).unwrap();
    }
    // The directory itself is a link too, which is switched later.
    let (link, fresh) = (elsewhere.path().join("plugins"), elsewhere.path().join("fresh"));
    symlink(directory.path(), &link).unwrap();
    let mut client = Client::initialized(&link);
    assert_eq!(client.text("v_run"), "one");
    fs::write(elsewhere.path().join("other.wasm"), answering("two")).unwrap();
    client.until("v_run", &["one"], "two");
    replace(&elsewhere.path().join("other.wasm"), answering("six"));
    client.until("v_run", &["two"], "six");

    // No hint tells of the switch itself. What comes next tells.
    let second = plugins::good();
    install(second.path(), "v", "", &answering("ten"));
    symlink(second.path(), &fresh).unwrap();
    fs::rename(&fresh, &link).unwrap();
    fs::write(directory.path().join("hint"), "").unwrap();
    client.until("v_run", &["six"], "ten");
    replace(&second.path().join("v.wasm"), answering("one"));
    client.until("v_run", &["ten"], "one");
    assert!(started.elapsed() < PERIOD, "found by chance, after {:?}", started.elapsed());
    client.survives();
}

#[test]
fn names_that_cannot_be_shown_reach_the_log_escaped() {
    let (directory, mut client) = served();
    for name in [
        &b"a\xff.toml"[..],
        b"b\n2026-01-01T00:00:00.000000Z  INFO forged.toml",
        b"c\x1b[31m\r.wasm",
        b"d\xe2\x80\xae.toml",
        b"e\xc2\x9b.wasm",
    ] {
        fs::write(directory.path().join(OsStr::from_bytes(name)), "nonsense").unwrap();
    }
    for name in ["a\u{fffd}.toml", "b\\n2026", "c\\u{1b}[31m\\r.wasm", "d\\u{202e}", "e\\u{9b}"] {
        assert!(client.logs(name).contains("not served"), "{name}");
    }
    assert_eq!(client.logged("not served"), 5, "{:#?}", client.log());
    client.survives();
}

#[test]
fn a_call_that_waits_for_its_turn_begins_anew_with_the_version_that_is_served_then() {
    let good = plugins::good();
    let manifest = "[limits]\nconcurrency = 1\nrate = \"2/h\"";
    install(good.path(), "p", manifest, &answering_after(3000, "old"));
    let mut client = Client::initialized(good.path());
    assert_eq!(client.tools(), ["good_other", "good_run", "p_run"]);
    client.call(1, "p_run");
    client.call(2, "p_run");
    replace(&good.path().join("p.wasm"), answering("new"));
    let text = |answer: Value| answer["result"]["content"][0]["text"].clone();
    // Whichever of them was the first has entered the version before.
    let mut texts = [1, 2].map(|id| text(client.response(&json!(id))).to_string());
    texts.sort_unstable();
    assert_eq!(texts, ["\"new\"", "\"old\""]);
    client.call(3, "p_run");
    let told = text(client.response(&json!(3))).to_string();
    assert!(told.contains("rate limit of 2/h"), "each call has counted once: {told}");
    client.survives();
}
