//! Servers that follow what `add`, `remove` and `dev` do to their directory, while they run.

use std::fs;

use serde_json::{Value, json};

use crate::guest::Wat;
use crate::person::Person;

fn wasm(tools: &[&str]) -> Vec<u8> {
    Wat { tools, ..Wat::default() }.build()
}

fn tools(status: &Value) -> Vec<&str> {
    let plugins = status[0]["plugins"].as_array().into_iter().flatten();
    let tools = plugins.flat_map(|plugin| plugin["tools"].as_array().into_iter().flatten());
    tools.map(|tool| tool["name"].as_str().expect("a name")).collect()
}

#[test]
fn what_is_added_updated_and_removed_is_served_without_a_restart() {
    let person = Person::new();
    fs::create_dir(person.plugins()).unwrap();
    let source = person.path("one.wasm");
    let add = |bytes: &[u8]| {
        fs::write(&source, bytes).unwrap();
        let ran = person.run(&["add", source.to_str().unwrap()]);
        assert!(ran.out.contains("follows by itself"), "{}{}", ran.out, ran.err);
    };
    let mut server = person.serve(&person.plugins());
    person.status_when(|status| status[0]["state"] == "serving");
    add(&wasm(&["run"]));
    person.status_when(|status| tools(status) == ["one_run"]);
    let answer = server.request("tools/call", json!({ "name": "one_run" }));
    assert_eq!(answer["result"]["content"][0]["text"], "ok");
    add(&wasm(&["more", "run"]));
    let status = person.status_when(|status| tools(status) == ["one_more", "one_run"]);
    let counted = &status[0]["plugins"][0]["tools"][1];
    assert_eq!((&counted["name"], &counted["calls"]), (&json!("one_run"), &json!(1)));
    assert!(counted["statistics"]["fuel"].as_u64() > Some(0), "{counted}");
    assert_eq!(person.run(&["remove", "one"]).code, 0);
    person.status_when(|status| tools(status).is_empty());
}

#[test]
fn a_broken_version_is_shown_beside_the_one_that_is_served() {
    let person = Person::new();
    fs::create_dir(person.plugins()).unwrap();
    crate::plugins::install(&person.plugins(), "one", "", &wasm(&["run"]));
    let _server = person.serve(&person.plugins());
    person.status_when(|status| status[0]["plugins"][0]["state"] == "serving");
    fs::write(person.plugins().join("one.toml"), "[limits]\nmemroy = 1\n").unwrap();
    let status = person.status_when(|status| status[0]["plugins"][0]["state"] == "older");
    assert!(status[0]["plugins"][0]["reason"].as_str().unwrap().contains("`memory`"));
    let out = person.run(&["status"]).out;
    assert!(out.contains("serving an older version, because"), "{out}");
    assert!(!out.contains("refused"), "it is said once: {out}");
}

#[test]
#[cfg(unix)]
fn dev_says_when_each_server_serves_what_was_saved() {
    let person = Person::new();
    person.has_crate(&wasm(&["run"]));
    fs::create_dir(person.plugins()).unwrap();
    let (one, two) = (person.serve(&person.plugins()), person.serve(&person.plugins()));
    person.status_when(|status| (0..2).all(|place| status[place]["state"] == "serving"));
    let dev = person.dev();
    let says = || {
        let mut lines = [dev.says("served by server "), dev.says("served by server ")];
        lines.sort();
        let mut pids = [one.pid(), two.pid()];
        pids.sort_by_key(u32::to_string);
        for (line, pid) in lines.iter().zip(pids) {
            assert!(line.contains(&format!(" {pid} ")), "{line}");
            assert!(line.contains(" s after it was installed"), "{line}");
        }
        lines
    };
    says();
    fs::write(person.crate_file("src/roman.wasm"), wasm(&["run", "more"])).unwrap();
    assert!(says().iter().all(|line| line.contains(" s after the save)")));
    // Another manifest is another version too, with the same Wasm.
    fs::write(person.crate_file("roman.toml"), "[plugin]\nprefix = \"latin\"\n").unwrap();
    says();
    person.status_when(|status| tools(status) == ["latin_more", "latin_run"]);
    dev.ends();
}

#[test]
#[cfg(unix)]
fn where_plugin_files_are_linked_from_no_plugin_writes() {
    use std::os::unix::fs::symlink;
    let person = Person::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let (plugins, dotfiles) = (person.plugins(), elsewhere.path().join("dotfiles"));
    for directory in [&plugins, &dotfiles, &dotfiles.join("v1"), &dotfiles.join("free")] {
        fs::create_dir(directory).unwrap();
    }
    let writes = crate::files::Script::default().create("new").build();
    let grant = |path: &std::path::Path, access: &str| {
        format!("[grants]\nfiles = [{{ path = {path:?}, at = \"/d\", access = \"{access}\" }}]\n")
    };
    crate::plugins::install(&plugins, "ed", &grant(&dotfiles, "write"), &writes);
    crate::plugins::install(&plugins, "sub", &grant(&dotfiles.join("free"), "write"), &writes);
    crate::plugins::install(&plugins, "reads", &grant(&dotfiles, "read"), &writes);
    let mut server = person.serve(&plugins);
    person.status_when(|status| status[0]["plugins"].as_array().is_some_and(|all| all.len() == 3));
    let mut ending = |tool: &str| {
        let answer = server.request("tools/call", json!({ "name": tool }));
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .bytes()
            .map(|byte| byte - 48)
            .collect::<Vec<_>>()
    };
    let (ok, no_directory, refused): (Vec<u8>, Vec<u8>, Vec<u8>) = (vec![0], vec![8], vec![63]);
    assert_eq!(
        [ending("ed_run"), ending("sub_run"), ending("reads_run")],
        [ok.clone(), ok.clone(), refused.clone()]
    );
    // A manifest is linked from there, by way of another link.
    symlink("v1", dotfiles.join("current")).unwrap();
    fs::write(dotfiles.join("v1/late.toml"), "").unwrap();
    fs::write(plugins.join("late.wasm"), wasm(&["run"])).unwrap();
    symlink(dotfiles.join("current/late.toml"), plugins.join("late.toml")).unwrap();
    person.status_when(|status| status.to_string().contains("linked from"));
    assert_eq!(
        [ending("ed_run"), ending("sub_run"), ending("reads_run")],
        [no_directory, ok.clone(), refused.clone()]
    );
    let check = person.run(&["check"]);
    assert!(
        check.out.contains("dotfiles/v1/late.toml") || check.out.contains("dotfiles/current"),
        "{}{}",
        check.out,
        check.err
    );
    // The link goes, and so does what it kept.
    fs::remove_file(plugins.join("late.toml")).unwrap();
    person.status_when(|status| !status.to_string().contains("linked from"));
    assert_eq!(
        [ending("ed_run"), ending("sub_run"), ending("reads_run")],
        [ok.clone(), ok, refused]
    );
}
