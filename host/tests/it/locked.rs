//! The real binary with a lock beside its plugins: what is held back, and what releases it.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::guest::Wat;
use crate::person::Person;
use crate::plugins::{answering, install, replace, suggested};

/// A person with the plugins `good` and `v`, whose `v_run` answers "one".
fn person() -> Person {
    let person = Person::new();
    let plugins = person.plugins();
    fs::create_dir_all(&plugins).unwrap();
    let wat = Wat { tools: &["run", "other"], ..Wat::default() };
    install(&plugins, "good", "", &wat.build());
    install(&plugins, "v", "", &answering("one"));
    person
}

fn lock(person: &Person) -> PathBuf {
    person.plugins().join("toolrack.lock")
}

fn approve(person: &Person, arguments: &[&str]) -> String {
    let ran = person.run(&[&["approve", "--yes"], arguments].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran.out
}

/// `command` as a server of this person suggests it, whose home no shell knows.
fn suggested_by_server(command: &str, person: &Person) -> String {
    let own = suggested(command, &person.plugins());
    own.replacen('`', &format!("`{}", person.named_home()), 1)
}

fn serve(person: &Person, arguments: &[&str]) -> Client {
    Client::spawn(&mut person.command(&[&["serve"], arguments].concat())).shakes_hands()
}

/// A module whose `v_run` answers with this text, and which has one more tool.
fn with_more(text: &str) -> Vec<u8> {
    let call = format!("(call $text (i32.const 200) (i32.const {}))", text.len());
    let fields = format!(r#"(data (i32.const 200) "{text}")"#);
    Wat { call: &call, fields: &fields, tools: &["run", "more"], ..Wat::default() }.build()
}

#[test]
fn other_code_serves_and_a_new_tool_waits_until_it_is_approved() {
    let person = person();
    let v = person.plugins().join("v.wasm");
    approve(&person, &[]);
    let mut client = serve(&person, &[]);
    assert_eq!(client.text("v_run"), "one");
    replace(&v, answering("two"));
    client.until("v_run", &["one"], "two");

    replace(&v, with_more("three"));
    let told = client.logs("not updated");
    let approve_v = suggested_by_server("approve v", &person);
    assert!(told.contains(&format!("has the new tool `v_more`; {approve_v} shows")), "{told}");
    assert_eq!(client.text("v_run"), "two");
    let status = person.status_when(|status| status[0]["refusals"] != json!([]));
    let plugins = status[0]["plugins"].as_array().unwrap();
    let plugin = plugins.iter().find(|plugin| plugin["name"] == "v").unwrap();
    assert_eq!(plugin["state"], "older");
    let check = person.run(&["check"]);
    assert_eq!(
        (check.code, check.out.contains("held back: the version that lies there has the new")),
        (1, true)
    );
    assert!(person.run(&["list"]).err.contains("1 plugin not served"));
    for command in [&["call", "v_more"][..], &["list", "v_more"]] {
        let told = person.run(command).err;
        let expected = "no tool `v_more`, and the plugin `v` is not served: ";
        let approve = "v.toml: held back: the version that lies there has the new tool `v_more`; `toolrack approve v`";
        assert!(told.contains(expected) && told.contains(approve), "{told}");
    }

    let shown = approve(&person, &["v"]);
    assert!(shown.contains("tool v_more is new"), "{shown}");
    let approved = Instant::now();
    client.until("v_run", &["two"], "three");
    assert!(approved.elapsed() < Duration::from_secs(5), "{:?}", approved.elapsed());
    client.hears_of_changes(1);
    assert_eq!(client.logged("not updated"), 1);
    assert_eq!(person.run(&["check"]).code, 0);
    client.survives();
}

#[test]
fn wider_grants_wait_and_so_do_plugins_that_are_not_locked() {
    let person = person();
    approve(&person, &[]);
    let mut client = serve(&person, &[]);
    assert_eq!(client.text("v_run"), "one");
    install(&person.plugins(), "new", "", &answering("new"));
    let told = client.logs("not served");
    assert!(told.contains("new.toml: held back: it is not in toolrack.lock"), "{told}");
    fs::write(person.plugins().join("v.toml"), "[grants]\nnetwork = [\"https://evil.example\"]\n")
        .unwrap();
    let told = client.logs("not updated");
    assert!(told.contains("is granted `network: https://evil.example`"), "{told}");
    assert_eq!(client.tools(), ["good_other", "good_run", "v_run"]);

    // Taken back, it is as before.
    fs::write(person.plugins().join("v.toml"), "").unwrap();
    person.status_when(|status| status[0]["refusals"].as_array().is_some_and(|all| all.len() == 1));
    approve(&person, &["new"]);
    client.until("new_run", &["unknown tool `new_run`", "unknown tool: new_run"], "new");
    assert_eq!(client.text("v_run"), "one");
    client.survives();
}

#[test]
fn a_plugin_that_is_not_locked_is_not_even_looked_into_where_all_must_be_locked() {
    let person = person();
    approve(&person, &[]);
    // Whoever looks into it finds that it is no Wasm.
    fs::write(person.plugins().join("new.toml"), "").unwrap();
    fs::write(person.plugins().join("new.wasm"), "no Wasm").unwrap();
    let mut client = serve(&person, &["--locked"]);
    let told = client.logs("not served");
    assert!(told.contains("new.toml: held back: it is not in toolrack.lock"), "{told}");
    assert_eq!(client.text("v_run"), "one");
    // Once it is accepted, it serves.
    install(&person.plugins(), "new", "", &answering("new"));
    approve(&person, &["new"]);
    client.until("new_run", &["unknown tool `new_run`", "is not served"], "new");
    client.survives();
}

#[test]
fn a_local_file_edited_by_hand_waits_and_one_that_narrows_does_not() {
    let person = person();
    let local = person.plugins().join("v.local.toml");
    approve(&person, &[]);
    let mut client = serve(&person, &[]);
    assert_eq!(client.text("v_run"), "one");
    fs::write(&local, "[grants]\nsecrets = [\"TOKEN\"]\n").unwrap();
    let told = client.logs("not updated");
    let approve_v = suggested_by_server("approve v", &person);
    assert!(told.contains(&format!("is granted `secret: TOKEN`; {approve_v} shows")), "{told}");
    // What asks for no more needs nobody's word.
    fs::write(&local, "[limits]\nmemory = \"1MiB\"\n").unwrap();
    person.status_when(|status| status[0]["refusals"] == json!([]));
    assert_eq!(person.run(&["check"]).code, 0);
    let strict = person.run(&["check", "--locked"]);
    assert!(strict.out.contains("has another `.local.toml` file"), "{}", strict.out);

    fs::write(&local, "[grants]\nsecrets = [\"TOKEN\"]\n").unwrap();
    let shown = approve(&person, &["v"]);
    assert!(shown.contains("+ secret: TOKEN"), "{shown}");
    assert!(shown.contains(".local.toml file: from none to "), "{shown}");
    assert_eq!(person.run(&["check", "--locked"]).code, 0);
    // Without it, the plugin may do less: only the strict wait.
    fs::remove_file(&local).unwrap();
    assert_eq!(person.run(&["check"]).code, 0);
    assert_eq!(person.run(&["check", "--locked"]).code, 1);
    client.survives();
}

#[test]
fn taking_write_access_away_by_hand_is_followed_at_once() {
    let person = person();
    let local = person.plugins().join("v.local.toml");
    let notes = tempfile::tempdir().unwrap();
    let with = |access: &str| {
        let path = notes.path().to_str().unwrap();
        format!("[grants]\nfiles = [{{ path = '{path}', at = \"/n\", access = \"{access}\" }}]\n")
    };
    fs::write(&local, with("write")).unwrap();
    approve(&person, &[]);
    let mut client = serve(&person, &[]);
    let is_read_only = |client: &mut Client| {
        let tools = client.request("tools/list", json!({}))["result"]["tools"].clone();
        let tool = tools.as_array().unwrap().iter().find(|tool| tool["name"] == "v_run").cloned();
        tool.unwrap()["annotations"]["readOnlyHint"].clone()
    };
    assert_eq!(is_read_only(&mut client), false);
    fs::write(&local, with("read")).unwrap();
    client.hears_of_changes(1);
    assert_eq!(is_read_only(&mut client), true);
    assert_eq!(client.text("v_run"), "one");
    let strict = person.run(&["check", "--locked"]);
    assert!(strict.out.contains("gives `v_run` safer hints"), "{}", strict.out);
    client.survives();
}

#[test]
fn what_was_granted_by_hand_is_told_to_wait_for_approval() {
    let person = person();
    let manifest = "[[tools]]\nname = \"run\"\nrequires = [\"config:city\"]\n";
    install(&person.plugins(), "v", manifest, &answering("one"));
    approve(&person, &[]);
    let mut client = serve(&person, &[]);
    let why = |client: &mut Client| {
        client.request("tools/call", json!({ "name": "v_run", "arguments": {} }))["error"]["message"].to_string()
    };
    let told = why(&mut client);
    assert!(told.contains("toolrack grant v config city=VALUE"), "{told}");
    fs::write(person.plugins().join("v.local.toml"), "[grants]\nconfig = { city = 1 }\n").unwrap();
    client.logs("not updated");
    let told = why(&mut client);
    let approve_v = suggested_by_server("approve v", &person);
    assert!(told.contains(&format!("{approve_v} shows the difference")), "{told}");
    assert!(!told.contains("toolrack grant"), "{told}");
    approve(&person, &["v"]);
    client.hears_of_changes(1);
    assert_eq!(client.text("v_run"), "one");
    client.survives();
}

#[test]
fn with_locked_other_code_waits_and_after_a_restart_it_is_refused() {
    let person = person();
    let v = person.plugins().join("v.wasm");
    approve(&person, &[]);
    let mut client = serve(&person, &["--locked"]);
    assert_eq!(client.text("v_run"), "one");
    replace(&v, answering("two"));
    let told = client.logs("not updated");
    assert!(told.contains("has other code, and reaches and promises no more"), "{told}");
    assert_eq!(client.text("v_run"), "one");

    let mut restarted = serve(&person, &["--locked"]);
    assert_eq!(restarted.tools(), ["good_other", "good_run"]);
    assert!(restarted.logs("not served").contains("v.toml: held back"));
    assert_eq!(person.run(&["check", "--locked"]).code, 1);
    assert_eq!(person.run(&["check"]).code, 0);

    approve(&person, &[]);
    client.until("v_run", &["one"], "two");
    restarted.hears_of_changes(1);
    assert_eq!(restarted.text("v_run"), "two");
    restarted.survives();
    client.survives();
}

#[test]
fn with_locked_and_no_lock_nothing_is_served_until_one_is_made() {
    let person = person();
    let mut client = serve(&person, &["--locked"]);
    assert_eq!(client.tools(), [""; 0]);
    let approve_all = suggested_by_server("approve", &person);
    assert!(
        client
            .logs("not served")
            .contains(&format!("{approve_all} shows what lies there and makes one"))
    );
    approve(&person, &[]);
    client.hears_of_changes(1);
    assert_eq!(client.text("v_run"), "one");
    // What is taken out of the lock is served no longer.
    let mut locked: Value = serde_json::from_slice(&fs::read(lock(&person)).unwrap()).unwrap();
    locked["plugins"].as_object_mut().unwrap().remove("v.toml");
    replace(&lock(&person), locked.to_string());
    client.hears_of_changes(2);
    assert_eq!(client.tools(), ["good_other", "good_run"]);
    client.survives();
}

#[test]
fn a_damaged_lock_leaves_the_one_before_in_force_and_lets_nothing_in_at_the_start() {
    let person = person();
    approve(&person, &[]);
    let whole = fs::read(lock(&person)).unwrap();
    let mut client = serve(&person, &[]);
    assert_eq!(client.text("v_run"), "one");
    replace(&lock(&person), &whole[..whole.len() / 2]);
    let told = client.logs("toolrack.lock, line ");
    assert!(told.contains("restore it from version control, or delete it"), "{told}");
    replace(&person.plugins().join("v.wasm"), answering("two"));
    client.until("v_run", &["one"], "two");
    replace(&person.plugins().join("v.wasm"), with_more("three"));
    client.logs("not updated");
    assert_eq!(client.text("v_run"), "two");

    let mut restarted = serve(&person, &[]);
    assert_eq!(restarted.tools(), [""; 0]);
    restarted.logs("toolrack.lock in its directory cannot be used");
    let ran = person.run(&["check", "v"]);
    assert!(ran.code == 1 && ran.out.contains("toolrack.lock, line "), "{}", ran.out);
    let ran = person.run(&["approve", "--yes"]);
    assert!(ran.code == 2 && ran.err.contains("toolrack.lock, line "), "{}{}", ran.code, ran.err);
    assert_ne!(fs::read(lock(&person)).unwrap(), whole, "a damaged lock is not overwritten");

    replace(&lock(&person), &whole);
    restarted.hears_of_changes(1);
    assert_eq!(restarted.tools(), ["good_other", "good_run"]);
    restarted.survives();
    client.survives();
}

/// What can lie there under the name, and what is said of it.
#[cfg(unix)]
#[test]
fn whatever_lies_there_as_a_lock_is_answered_and_lets_nothing_in() {
    type Make = fn(&std::path::Path);
    let cases: [(&str, Make); 6] = [
        ("is a link; put the file itself", |path| {
            fs::rename(path, path.with_extension("elsewhere")).unwrap();
            std::os::unix::fs::symlink(path.with_extension("elsewhere"), path).unwrap();
        }),
        ("is a link; put the file itself", |path| {
            fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink("/nowhere", path).unwrap();
        }),
        ("is a pipe, socket or device, not a file", |path| {
            fs::remove_file(path).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
        ("is a directory, not a file", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("is larger than 16 MiB", |path| {
            fs::File::create(path).unwrap().set_len(10 << 30).unwrap();
        }),
        ("has the version 9, and this toolrack reads version 1", |path| {
            fs::write(path, r#"{"version": 9}"#).unwrap();
        }),
    ];
    for (expected, make) in cases {
        let person = person();
        approve(&person, &[]);
        make(&lock(&person));
        let ran = person.run(&["check"]);
        assert!(ran.out.contains(expected), "{expected}: {}", ran.out);
        assert!(
            ran.out.contains("0 plugins with 0 tools served, 3 refused"),
            "{expected}: {}",
            ran.out
        );
        let ran = person.run(&["approve", "--yes"]);
        assert!(ran.code == 2 && ran.err.contains(expected), "{expected}: {}", ran.err);
    }
}

#[test]
fn a_locked_plugin_that_is_broken_is_not_said_to_be_as_it_was() {
    let person = person();
    approve(&person, &[]);
    fs::write(person.plugins().join("v.local.toml"), "[grants\n").unwrap();
    for arguments in [&["approve"][..], &["approve", "--yes"], &["approve", "v"]] {
        let ran = person.run(arguments);
        assert!(ran.code == 1 && ran.out.contains("not compared"), "{}{}", ran.out, ran.err);
        assert!(!ran.out.contains("nothing differs"), "{}", ran.out);
    }
    let ran = person.run(&["approve", "--json"]);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(report["directories"][0]["notCompared"], json!(["v.toml"]));
    assert_eq!(ran.code, 1);
    assert!(approve(&person, &["good"]).contains("nothing differs"));
    // One that was never accepted is none of the lock's.
    fs::remove_file(person.plugins().join("v.local.toml")).unwrap();
    fs::write(person.plugins().join("new.toml"), "[grants\n").unwrap();
    assert!(approve(&person, &[]).contains("nothing differs"));
}

#[test]
fn approve_shows_what_differs_and_accepts_nothing_that_nobody_agreed_to() {
    let person = person();
    let ran = person.run(&["approve"]);
    assert!(ran.code == 1 && ran.err.contains("--yes accepts what is shown"), "{}", ran.err);
    assert!(
        ran.out.contains("it has no toolrack.lock yet") && !lock(&person).exists(),
        "{}",
        ran.out
    );
    approve(&person, &[]);
    let text = fs::read_to_string(lock(&person)).unwrap();
    assert!(approve(&person, &[]).contains("nothing differs"));
    assert_eq!(fs::read_to_string(lock(&person)).unwrap(), text);

    let directory = person.plugins();
    let manifest = "[grants]\nscratch = \"/tmp\"\n[[tools]]\nname = \"run\"\ndescription = \"Runs.\\nTwice.\"\n";
    fs::write(directory.join("v.toml"), manifest).unwrap();
    fs::remove_file(directory.join("good.toml")).unwrap();
    let ran = person.run(&["approve"]);
    for line in [
        "changed v\n",
        "+ scratch: /tmp",
        "tool v_run changed",
        "- description: a tool made for a test\n",
        "+ description: Runs.\n",
        "+ description: Twice.\n",
        "removed good: its manifest is not there any more",
    ] {
        assert!(ran.out.contains(line), "{line:?} is not in {}", ran.out);
    }
    let json = person.run(&["approve", "--json", "v"]);
    let report: Value = serde_json::from_str(&json.out).unwrap();
    let changes = report["directories"][0]["changes"].as_array().unwrap();
    assert_eq!((json.code, changes.len()), (1, 1));
    assert_eq!(changes[0]["after"]["grants"], json!(["scratch: /tmp"]));
    assert_eq!(
        (&report["isAccepted"], fs::read_to_string(lock(&person)).unwrap()),
        (&json!(false), text)
    );

    approve(&person, &["v"]);
    let text = fs::read_to_string(lock(&person)).unwrap();
    assert!(text.contains("good.toml") && text.contains("Runs.\\nTwice."), "{text}");
    approve(&person, &[]);
    assert!(!fs::read_to_string(lock(&person)).unwrap().contains("good.toml"));
    let ran = person.run(&["approve", "vv"]);
    assert!(ran.code == 2 && ran.err.contains("did you mean `v`?"), "{}", ran.err);
}

#[test]
fn of_new_plugins_a_summary_is_shown_and_all_of_it_on_demand() {
    let person = person();
    let needs = "[[tools]]\nname = \"run\"\ndescription = \"Runs once. Then it rests.\"\nrequires = [\"files\"]\n";
    fs::write(person.plugins().join("v.toml"), needs).unwrap();
    let ran = person.run(&["approve", "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    // Where nobody can be asked, it is there to be read.
    let whole = person.run(&["approve"]).out;
    let full = person.run(&["approve", "--full", "--yes"]).out;
    for shown in [&whole, &full] {
        assert!(shown.contains("Then it rests.") && shown.contains("input schema"), "{shown}");
    }
    fs::remove_file(lock(&person)).unwrap();
    let short = approve(&person, &[]);
    assert!(short.starts_with(&person.plugins().display().to_string()), "{short}");
    assert!(
        short.contains("it has no toolrack.lock yet; 2 plugins with 3 tools lie there"),
        "{short}"
    );
    assert!(short.contains("tool v_run  Runs once.\n"), "{short}");
    assert!(short.contains("`toolrack approve --full` shows all that a model reads"), "{short}");
    for hidden in ["Then it rests.", "input schema", "not listed"] {
        assert!(!short.contains(hidden), "{hidden} in {short}");
    }
    // What changed is shown in full.
    fs::write(person.plugins().join("v.toml"), needs.replace("rests", "sleeps")).unwrap();
    assert!(approve(&person, &[]).contains("+ description: Runs once. Then it sleeps.\n"));
}

#[test]
fn what_a_lock_hides_is_shown_before_anybody_agrees() {
    let person = person();
    approve(&person, &[]);
    let hidden = |text: &str| text.contains('\u{202e}') || text.contains('\u{9b}');
    let text = fs::read_to_string(lock(&person)).unwrap();
    let text = text.replace("a tool made for a test", "\u{202e}old\u{9b}31m");
    // Another definition, so that the old one is shown.
    let digest = text.split("\"tools\"").nth(1).and_then(|tools| tools.split('"').nth(5)).unwrap();
    fs::write(lock(&person), text.replace(digest, &"0".repeat(64))).unwrap();
    let ran = person.run(&["approve"]);
    assert!(ran.out.contains("- description: \\u{202e}old\\u{9b}31m"), "{}", ran.out);
    assert!(!hidden(&ran.out), "{}", ran.out);
    let ran = person.run(&["approve", "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let before = &report["directories"][0]["changes"][0]["before"];
    let tool = before["tools"].as_object().and_then(|tools| tools.values().next()).unwrap();
    assert_eq!(tool["description"], "\u{202e}old\u{9b}31m");
    assert!(!hidden(&ran.out), "{}", ran.out);
}

#[test]
fn what_is_added_to_a_locked_directory_waits_unless_it_is_approved_and_what_is_removed_is_forgotten()
 {
    let person = person();
    approve(&person, &[]);
    let source = person.path("source");
    fs::create_dir(&source).unwrap();
    install(&source, "new", "", &answering("new"));
    let wasm = source.join("new.wasm");
    let ran = person.run(&["add", wasm.to_str().unwrap()]);
    assert!(
        ran.code == 0 && ran.out.contains("held back new: toolrack.lock does not accept it"),
        "{}",
        ran.out
    );
    assert!(!person.run(&["list"]).out.contains("new_run"));
    let ran = person.run(&["add", "--approve", wasm.to_str().unwrap()]);
    assert!(ran.out.contains("accepted in toolrack.lock"), "{}", ran.out);
    assert!(person.run(&["list", "--locked"]).out.contains("new_run"));
    assert_eq!(person.run(&["remove", "new"]).code, 0);
    assert!(!fs::read_to_string(lock(&person)).unwrap().contains("new.toml"));
    assert_eq!(person.run(&["check", "--locked"]).code, 0);
}

/// Whenever it dies, the lock is the old one or the new one, whole.
#[cfg(unix)]
#[test]
fn approve_may_be_killed_at_any_moment() {
    let person = person();
    approve(&person, &[]);
    let mut known = vec![fs::read(lock(&person)).unwrap()];
    let (mut killed, mut done) = (0, 0);
    for round in 0..24_u64 {
        fs::write(person.plugins().join("v.toml"), format!("# {round}\n")).unwrap();
        let mut command = person.command(&["approve", "--yes"]);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        // From before it has read anything to after it has written.
        std::thread::sleep(Duration::from_millis(round * 8));
        match child.try_wait().unwrap() {
            Some(_) => done += 1,
            None => killed += 1,
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let found = fs::read(lock(&person)).unwrap();
        toolrack::lockfile::Lock::parse(&found).expect("a whole lock");
        known.push(found);
    }
    known.dedup();
    assert!(killed > 0, "{done} were done before they could be killed");
    approve(&person, &[]);
    assert_eq!(person.run(&["check", "--locked"]).code, 0);
}

#[test]
fn a_first_lock_is_not_made_for_one_plugin_of_several() {
    let person = person();
    let ran = person.run(&["approve", "--yes", "v"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("would hold back good; without names"), "{}", ran.err);
    assert!(!person.plugins().join("toolrack.lock").exists());
    approve(&person, &[]);
    install(&person.plugins(), "new", "", &answering("new"));
    install(&person.plugins(), "more", "", &answering("more"));
    approve(&person, &["new"]);
    let mut client = serve(&person, &[]);
    assert_eq!(client.tools(), ["good_other", "good_run", "new_run", "v_run"]);
}

#[test]
#[cfg(unix)]
fn with_locked_nothing_is_served_that_everybody_can_write() {
    use std::os::unix::fs::PermissionsExt as _;
    let person = person();
    approve(&person, &[]);
    let set = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let plugins = person.plugins();
    let check = |arguments: &[&str]| {
        let ran = person.run(&[&["check"], arguments].concat());
        (ran.code, ran.out.matches("everybody on this machine can write").count())
    };
    assert_eq!(check(&["--locked"]), (0, 0));
    // Of one plugin, or of all: its manifest and its Wasm, the lock and the directory.
    for (name, closed, open, refused) in [
        ("v.toml", 0o644, 0o646, 1),
        ("v.wasm", 0o644, 0o666, 1),
        ("toolrack.lock", 0o644, 0o666, 2),
        ("", 0o755, 0o777, 2),
    ] {
        let path = plugins.join(name);
        set(&path, open);
        let (code, told) = check(&["--locked"]);
        assert!(code == 1 && told >= refused, "{name}: {told}");
        let mut client = serve(&person, &["--locked"]);
        let served = client.tools().len();
        assert_eq!(served, if refused == 2 { 0 } else { 2 }, "{name}");
        drop(client);
        // Without --locked it is told, and served.
        assert_eq!(serve(&person, &[]).tools().len(), 3, "{name}");
        set(&path, closed);
    }
    assert_eq!(serve(&person, &["--locked"]).tools().len(), 3);
}

#[test]
fn a_plugin_that_asks_for_the_younger_engine_waits_until_that_is_approved() {
    let person = person();
    approve(&person, &[]);
    fs::write(person.plugins().join("v.toml"), "[plugin]\nconcurrent = true\n").unwrap();
    let ran = person.run(&["check"]);
    assert!(ran.code == 1 && ran.out.contains("concurrent: asynchronous functions"), "{}", ran.out);
    approve(&person, &[]);
    assert_eq!(person.run(&["check"]).code, 0);
}
