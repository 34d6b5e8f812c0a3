//! `toolrack grant`, `revoke`, `set` and `unset`: the local file they edit, the lock they settle, the servers that follow.

use std::fs;
use std::path::{Path, PathBuf};

use crate::guest::{WASI, Wat};
use crate::person::{Person, eventually};
use crate::plugins::{answering, install, replace};

/// A person with the plugins `v` and `w`.
fn person() -> Person {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).unwrap();
    install(&person.plugins(), "v", "[grants]\nsecrets = [\"TOKEN\"]\n", &answering("one"));
    install(&person.plugins(), "w", "", &answering("two"));
    person
}

fn local(person: &Person) -> PathBuf {
    person.plugins().join("v.local.toml")
}

fn text(person: &Person) -> String {
    fs::read_to_string(local(person)).unwrap_or_default()
}

#[track_caller]
fn run(person: &Person, arguments: &[&str]) -> String {
    let ran = person.run(arguments);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran.out
}

/// Nothing changes, and it is said why.
#[track_caller]
fn refuses(person: &Person, arguments: &[&str], code: i32, expected: &str) {
    let before = text(person);
    let ran = person.run(arguments);
    let said = format!("{}{}", ran.out, ran.err);
    assert_eq!(ran.code, code, "{said}");
    assert!(said.contains(expected), "no {expected:?} in {said}");
    assert_eq!(text(person), before);
}

#[test]
fn what_is_decided_is_shown_served_and_taken_back() {
    let person = person();
    let mut client = person.serve(&person.plugins());
    assert_eq!(client.text("v_run"), "one");
    fs::write(local(&person), "# mine\n[limits] # few\nfuel = 1_000_000\n").unwrap();
    let said = run(&person, &["set", "v", "prefix", "mine"]);
    for expected in [
        "+ prefix = \"mine\"",
        "mine_run",
        "v.local.toml decides prefix, limits.fuel",
        "follows by itself",
    ] {
        assert!(said.contains(expected), "no {expected:?} in {said}");
    }
    client.until("mine_run", &["unknown tool `mine_run`", "unknown tool: mine_run"], "one");
    let all = "# mine\n[limits] # few\nfuel = 1_000_000\n\n[plugin]\nprefix = \"mine\"\n";
    assert_eq!(text(&person), all);

    let notes = tempfile::tempdir().unwrap();
    let path = notes.path().to_str().unwrap();
    let said = run(&person, &["grant", "v", "files", path, "--at", "/notes", "--write"]);
    assert!(said.contains("it may read and change") && said.contains("as /notes"), "{said}");
    let said = run(&person, &["revoke", "v", "secret", "TOKEN"]);
    assert!(!said.contains("it is told the secret"), "{said}");
    assert!(said.contains("v.local.toml takes away secret:TOKEN"), "{said}");

    run(&person, &["revoke", "v", "files", "/notes"]);
    run(&person, &["grant", "v", "secret", "TOKEN"]);
    assert_eq!(text(&person), all);
    let said = run(&person, &["grant", "v", "secret", "TOKEN"]);
    assert!(said.contains("nothing to change"), "{said}");
    run(&person, &["unset", "v", "prefix"]);
    client.until("v_run", &["unknown tool `v_run`", "unknown tool: v_run"], "one");
    run(&person, &["unset", "v", "limits.fuel"]);
    assert_eq!(text(&person), "# mine\n[limits] # few\n");
}

#[cfg(unix)]
#[test]
fn decisions_at_once_all_stand() {
    let person = person();
    assert_eq!(person.run(&["approve", "--yes"]).code, 0);
    let decisions: [&[&str]; 6] = [
        &["grant", "v", "network", "https://a.example.org"],
        &["grant", "v", "network", "https://b.example.org"],
        &["set", "v", "limits.cpu", "2s"],
        &["set", "v", "limits.memory", "32MiB"],
        &["set", "v", "prefix", "mine"],
        &["set", "w", "limits.cpu", "3s"],
    ];
    std::thread::scope(|scope| {
        for decision in decisions {
            scope.spawn(|| run(&person, decision));
        }
    });
    let text = text(&person);
    for expected in
        ["https://a.example.org", "https://b.example.org", "\"2s\"", "\"32MiB\"", "\"mine\""]
    {
        assert!(text.contains(expected), "no {expected:?} in {text}");
    }
    // It exits with 1 where something is not accepted.
    run(&person, &["approve"]);
}

#[test]
fn what_cannot_be_decided_changes_nothing() {
    let person = person();
    fs::write(local(&person), "# mine\n").unwrap();
    refuses(
        &person,
        &["set", "vv", "prefix", "x"],
        2,
        "there is no plugin `vv`; did you mean `v`?",
    );
    refuses(&person, &["set", "v", "limits.memory", "lots"], 2, "error: limits.memory: expected");
    refuses(&person, &["set", "v", "limits.memroy", "1MiB"], 2, "did you mean `limits.memory`?");
    refuses(
        &person,
        &["set", "v", "tools.walk.hidden", "true"],
        2,
        "tools.walk: the plugin has no tool `walk`; its tools are `run`",
    );
    refuses(
        &person,
        &["set", "v", "prefix", "w"],
        1,
        "its tool `w_run` has the name of an installed one",
    );
    refuses(
        &person,
        &["grant", "v", "files", "~/x", "--at", "x"],
        2,
        "error: --at: expected an absolute path",
    );
    refuses(
        &person,
        &["grant", "v", "network", "example.org"],
        2,
        "error: URL: expected `https://`",
    );
    refuses(
        &person,
        &["grant", "v", "env", "LANG"],
        2,
        "KEY=VALUE: expected a name, `=` and a value",
    );
    refuses(
        &person,
        &["revoke", "v", "files", "/x"],
        2,
        "`files:/x` is not granted; granted are secret:TOKEN",
    );
    refuses(&person, &["unset", "v", "prefix"], 2, "does not decide `prefix`; it decides nothing");
    refuses(&person, &["revoke", "v", "file"], 2, "did you mean `files`?");
    refuses(&person, &["set", "v", "prefix"], 2, "say the value of `prefix`");
    for (typed, expected) in [
        (&["grant", "v", "files", "/"][..], "/: the whole file system is never granted"),
        (&["grant", "v", "~/mine"], "did you mean `toolrack grant v files '~/mine'`?"),
        (&["set", "v", "config.units=x"], "`toolrack grant v config units=x` decides of it"),
        (
            &["set", "v", "network", "https://a.example"],
            "`toolrack grant v network https://a.example`",
        ),
    ] {
        refuses(&person, typed, 2, expected);
    }
    fs::write(local(&person), "[limit]\n").unwrap();
    refuses(&person, &["set", "v", "prefix", "x"], 2, "v.local.toml:1:2: unknown key `limit`");
}

#[test]
fn a_key_of_configuration_that_the_plugin_does_not_read_is_warned_of() {
    let person = person();
    let manifest = "[plugin]\nconfig_keys = [\"city\"]\n[grants]\nconfig = { write = true }\n";
    fs::write(person.plugins().join("w.toml"), manifest).unwrap();
    let said = run(&person, &["grant", "w", "config", "wirte=false"]);
    let expected = "the manifest names no key `wirte` under [grants.config]; did you mean \
                    `write`? `toolrack grant w config write=false` sets that; `toolrack unset w config:wirte` \
                    takes it out";
    assert!(said.contains(expected), "{said}");
    let said = run(&person, &["check"]);
    assert!(said.contains(expected) && said.contains("w.local.toml"), "{said}");
    run(&person, &["unset", "w", "config:wirte"]);
    let said = run(&person, &["grant", "w", "config", "city=Bern"]);
    assert!(!said.contains("names no key"), "{said}");
}

#[test]
fn a_command_that_was_probably_meant_is_named() {
    let person = person();
    let manifest =
        "[plugin]\nconfig_keys = [\"city\"]\n[grants]\nconfig = { units = \"metric\" }\n";
    fs::write(person.plugins().join("w.toml"), manifest).unwrap();
    for (typed, expected) in [
        (
            &["set", "w", "units", "imperial"][..],
            "`units` is a key of the plugin's configuration; `toolrack grant w config units=imperial` sets it",
        ),
        (&["set", "w", "citty", "Bern"], "did you mean `toolrack grant w config city=Bern`?"),
        (
            &["revoke", "w", "config", "unit=metric"],
            "`config:unit` is not granted; did you mean `toolrack revoke w config units`?",
        ),
    ] {
        refuses(&person, typed, 2, expected);
    }
    let mine = tempfile::tempdir().unwrap();
    let absent = mine.path().join("notes").display().to_string();
    for (path, expected) in [
        ("\"~/notes\"".to_owned(), "did you mean `toolrack grant v files '~/notes'`?".to_owned()),
        (
            format!("{absent}:rw"),
            format!("did you mean `toolrack grant v files {absent} --write`?"),
        ),
        (format!("{absent}:ro"), format!("did you mean `toolrack grant v files {absent}`?")),
        (
            format!("{absent}:/n:rw"),
            format!("did you mean `toolrack grant v files {absent} --at /n --write`?"),
        ),
        (format!("file://{absent}"), format!("did you mean `toolrack grant v files {absent}`?")),
        (format!("“{absent}”"), format!("did you mean `toolrack grant v files {absent}`?")),
        #[cfg(not(windows))]
        (r"C:\Users\ada".into(), "a path of Windows".into()),
        #[cfg(not(windows))]
        ("C:/Users/ada".into(), "a path of Windows".into()),
    ] {
        refuses(&person, &["grant", "v", "files", &path], 2, &expected);
    }
    #[cfg(not(windows))]
    for path in [r"C:\Users\ada", "C:/Users/ada", r"\\server\share"] {
        refuses(&person, &["revoke", "v", "files", path], 2, "WHAT: a path of Windows");
    }
    let expected = format!("did you mean `toolrack grant v files {absent} --at /n --write`?");
    refuses(&person, &["grant", "v", "files", &absent, "--at", "/n:rw"], 2, &expected);
    for typed in [format!("{absent}:/notes:rw"), format!("\"{absent}\"")] {
        run(&person, &["grant", "v", "files", &absent]);
        run(&person, &["revoke", "v", "files", &typed]);
        assert_eq!(text(&person), "");
    }
    let said = run(&person, &["grant", "v", "files", &absent]);
    assert!(said.contains("`toolrack unset v files:/notes` takes the grant out"), "{said}");
    run(&person, &["unset", "v", &format!("files:{absent}")]);
    for (typed, expected) in [
        ("limits", "`toolrack check v` shows what is decided"),
        ("nonsense", "`nonsense` is nothing that is decided"),
        ("limits.memroy", "did you mean `limits.memory`?"),
        ("limits.memory=1MiB", "does not decide `limits.memory`"),
        ("files:~/notes", "does not decide `files:/"),
    ] {
        refuses(&person, &["unset", "v", typed], 2, expected);
    }
    let decided = format!("files:{absent}");
    for (grant, unset) in [
        (&["config", "units", "imperial"][..], &["config", "units"][..]),
        (&["env", "LANG", "C"], &["env", "LANG=C"]),
        (&["network", "https://a.example"], &["network", "https://a.example"]),
        (&["files", &absent], &[&decided]),
        (&["files", &absent], &["files", &absent]),
    ] {
        run(&person, &[&["grant", "v"], grant].concat());
        assert_ne!(text(&person), "");
        run(&person, &[&["unset", "v"], unset].concat());
        assert_eq!(text(&person), "");
    }
    run(&person, &["set", "v", "limits.cpu", "3s"]);
    run(&person, &["grant", "v", "config", "units=imperial"]);
    for (typed, expected) in [
        ("units", "did you mean `toolrack unset v config:units`?"),
        ("unitss", "did you mean `toolrack unset v config:units`?"),
        ("limits", "did you mean `toolrack unset v limits.cpu`?"),
    ] {
        refuses(&person, &["unset", "v", typed], 2, expected);
    }
    run(&person, &["unset", "v", "config:units"]);
    run(&person, &["unset", "v", "limits", "cpu"]);
    assert_eq!(text(&person), "");
    fs::write(person.plugins().join("bare.wasm"), answering("x")).unwrap();
    let expected = "bare.toml is missing beside its .wasm; create it";
    refuses(&person, &["set", "bare", "prefix", "x"], 2, expected);
    fs::remove_file(person.plugins().join("bare.wasm")).unwrap();
    let expected = "did you mean `toolrack set v limits.cpu 1s`?";
    refuses(&person, &["grant", "v", "limits.cpu", "1s"], 2, expected);
    refuses(&person, &["grant", "v.toml", "files", &absent], 2, "did you mean `v`?");
    refuses(&person, &["set", "v_run", "prefix", "x"], 2, "did you mean `v`?");
    let said = run(&person, &["revoke", "w", "config", "units=metric"]);
    assert!(said.contains("without = [\"config:units\"]"), "{said}");
    let said = run(&person, &["set", "w", "limits.memory=32MiB"]);
    assert!(said.contains("memory = \"32MiB\""), "{said}");
}

#[test]
fn the_examples_of_help_do_what_they_say_with_the_plugins_that_are_shipped() {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).unwrap();
    // It is named on the command line as a shell writes it, and is not toolrack's own.
    let mine = tempfile::tempdir().unwrap();
    fs::create_dir(mine.path().join("notes")).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
    for name in ["weather", "github", "fetch", "files"] {
        for file in [format!("{name}.toml"), format!("{name}.wasm")] {
            let copied = fs::copy(shipped.join(&file), person.plugins().join(&file));
            copied.expect("`cargo xtask build` made it");
        }
    }
    let notes = mine.path().join("notes").display().to_string();
    let mut played = 0;
    for command in ["grant", "set", "revoke", "grant", "unset"] {
        let help = person.run(&[command, "--help"]).out;
        let examples = help.split("Examples:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
        for example in examples.expect("examples").replace("\\\n", "").lines() {
            let words = example.split_whitespace().map(|word| word.trim_matches('\''));
            let words: Vec<_> =
                words.map(|word| if word == "~/notes" { &*notes } else { word }).collect();
            // A plugin of the reader's own.
            if words[2] == "my-program" {
                continue;
            }
            // A plugin that cannot do without what is taken away is told to be served no more.
            let is_last = words[1..] == ["revoke", "weather", "network"];
            let ran = person.run(&words[1..]);
            assert_eq!(ran.code, i32::from(is_last), "{example}: {}{}", ran.out, ran.err);
            assert!(!ran.out.contains("warning"), "{example}: {}", ran.out);
            played += 1;
        }
    }
    assert!(played >= 20, "{played}");
    assert_eq!(person.run(&["check"]).code, 0);
}

#[test]
fn a_token_is_no_name_of_a_secret_and_is_not_repeated() {
    let person = person();
    for token in [
        "ghp_aB3dE5gH7jK9",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-ant-api03-abc",
        "0123abc",
        "gsk_Zk3vQ8wLm2Rt6YbN1sHcWGdyb3FYx7Jp0uKe4aTf",
        "r8_Hw3kL9sQ2mZx7Vb1Nc5Tr8Yp0Df4Gj6Ke",
        "lin_api_q7Wm2Xk9Rt4Lz8Vb3Nc6Hs1Yp5Df0Gj",
        "pk_test_TYooMQauvdEDq54NiTphI7jx",
    ] {
        for typed in [
            &["grant", "v", "secret", token][..],
            &["revoke", "v", "secret", token],
            &["secret", "set", token, "--file"],
            &["set", "v", "secret", token],
        ] {
            let ran = person.run(typed);
            let said = format!("{}{}", ran.out, ran.err);
            assert!(ran.code == 2 && !said.contains(token), "{said}");
        }
    }
    assert!(!local(&person).exists());
    for name in ["sk_live_key", "ghp_token", "github_pat_work", "dop_v1_prod"] {
        let said = run(&person, &["grant", "v", "secret", name]);
        assert!(said.contains(&format!("it is told the secret {name}")), "{said}");
        run(&person, &["unset", "v", &format!("secret:{name}")]);
    }
    // A directory and a host are shown with the grant, so the difference hides neither.
    let folder = "/no/0f3a9c4b7d2e8615";
    let said = run(&person, &["grant", "v", "files", folder]);
    assert!(said.contains(&format!("path = \"{folder}\", at = \"/0f3a9c4b7d2e8615\"")), "{said}");
    run(&person, &["unset", "v", &format!("files:{folder}")]);
    let host = "https://0f3a9c4b7d2e8615.ngrok.app";
    let said = run(&person, &["grant", "v", "network", host]);
    assert!(said.contains(&format!("network = [\"{host}\"]")), "{said}");
    run(&person, &["unset", "v", &format!("network:{host}")]);
    // What is no secret's place is taken, warned of and not shown either.
    let token = "ghp_0123456789abcdefghij0123456789abcdef";
    for kind in ["config", "env"] {
        let ran = person.run(&["grant", "v", kind, &format!("KEY={token}")]);
        let said = format!("{}{}", ran.out, person.run(&["check", "v"]).out);
        assert!(ran.code == 0 && !said.contains(token), "{said}");
        assert!(ran.err.contains("looks like a secret") && !ran.err.contains(token), "{}", ran.err);
        for command in [
            &format!("`toolrack unset v {kind}:KEY`"),
            "`toolrack secret set KEY`",
            "`toolrack grant v secret KEY --for URL`",
        ] {
            assert!(ran.err.contains(command), "no {command} in {}", ran.err);
        }
        run(&person, &["unset", "v", &format!("{kind}:KEY")]);
    }
    // A name says as much as a shape; what is no secret is shown.
    for (kind, key) in [("config", "api_key"), ("env", "DB_PASSWORD"), ("env", "PW")] {
        let ran = person.run(&["grant", "v", kind, &format!("{key}=hunter2")]);
        assert!(ran.code == 0 && ran.err.contains("`toolrack secret set"), "{}", ran.err);
        let mut said = format!("{}{}", ran.out, ran.err);
        for arguments in [
            &["grant", "v", "env", "LANG=de"][..],
            &["check", "v"],
            &["check", "v", "--json"],
            &["unset", "v", "env:LANG"],
        ] {
            said += &run(&person, arguments);
        }
        assert!(!said.contains("hunter2") && said.contains("LANG = \"de\""), "{said}");
        run(&person, &["unset", "v", &format!("{kind}:{key}")]);
    }
    let bound = ["grant", "v", "secret", "T", "--for", "https://a.example", "--before"];
    let before = format!("Bearer {token}");
    let ran = person.run(&[&bound[..], &[&before]].concat());
    assert!(ran.code == 2 && !ran.err.contains(token), "{}", ran.err);
    assert!(ran.err.contains("--before: this looks like the secret itself"), "{}", ran.err);
}

#[test]
fn a_slip_in_a_switch_is_told_with_what_was_meant() {
    let person = person();
    fs::write(person.plugins().join("w.toml"), "[grants]\nconfig = { write = true }\n").unwrap();
    for (entry, expected) in [
        (
            "write=no",
            "`write` in [grants.config]: expected `true` or `false`, as in the manifest, found the text `no`; did you mean `false`?",
        ),
        ("write=False", "did you mean `false`?"),
        (
            "host_paths=yes",
            "`host_paths`: expected `true` or `false`, found the text `yes`; did you mean `true`?",
        ),
    ] {
        let ran = person.run(&["grant", "w", "config", entry]);
        assert!(ran.code == 2 && ran.err.contains(expected), "{}", ran.err);
    }
    run(&person, &["grant", "w", "config", " write=false"]);
    let text = fs::read_to_string(person.plugins().join("w.local.toml")).unwrap();
    assert_eq!(text, "[grants]\nconfig = { write = \"false\" }\n");
}

#[test]
fn a_hidden_tool_is_told_to_be_hidden() {
    let person = person();
    run(&person, &["set", "w", "tools.run.hidden", "true"]);
    let expected = "`w_run` is hidden, which w.local.toml decides; `toolrack unset w tools.run.hidden` shows it again";
    for command in ["call", "list"] {
        let ran = person.run(&[command, "w_run"]);
        assert!(ran.code == 2 && ran.err.contains(expected), "{}", ran.err);
    }
    run(&person, &["unset", "w", "tools.run.hidden"]);
    assert_eq!(person.run(&["call", "w_run"]).code, 0);
}

#[test]
fn a_value_of_configuration_that_the_plugin_does_not_know_is_warned_of() {
    let person = person();
    let manifest =
        "[plugin]\nconfig_keys = { units = [\"metric\", \"imperial\"], city = \"any\" }\n";
    fs::write(person.plugins().join("w.toml"), manifest).unwrap();
    let said = run(&person, &["grant", "w", "config", "units=imperal"]);
    let expected = "the plugin knows no `imperal` as `units` under [grants.config]; did you mean \
                    `imperial`? `toolrack grant w config units=imperial` sets it";
    assert!(said.contains(expected), "{said}");
    let said = run(&person, &["check"]);
    assert!(said.contains(expected) && said.contains("w.local.toml"), "{said}");
    for entry in ["units=imperial", "city=Bern"] {
        let said = run(&person, &["grant", "w", "config", entry]);
        assert!(!said.contains("warning"), "{said}");
    }
    let said = run(&person, &["grant", "w", "config", "units=SI"]);
    assert!(
        said.contains("it may be `metric`, `imperial`; `toolrack unset w config:units`"),
        "{said}"
    );
}

#[test]
fn a_decision_of_a_tool_holds_whatever_an_author_calls_it_and_its_prefix() {
    let person = person();
    let plugins = person.plugins();
    let hides = "[[tools]]\nname = \"run\"\nhidden = true\n";
    let shows = |name: &str| format!("[[tools]]\nname = \"{name}\"\nhidden = false\n");
    let is_hidden = |manifest: &str| {
        fs::write(plugins.join("v.toml"), manifest).unwrap();
        let listed = person.run(&["list"]).out;
        assert!(listed.contains("w_run"), "{listed}");
        assert_eq!(listed.matches("_run").count(), 1, "{manifest}: {listed}");
    };
    // The plugin's own name is written, whichever was typed.
    for typed in ["run", "v_run"] {
        run(&person, &["set", "v", &format!("tools.{typed}.hidden"), "true"]);
        assert_eq!(text(&person), hides);
    }
    is_hidden(&shows("run"));
    is_hidden(&shows("v_run"));
    is_hidden(&format!("[plugin]\nprefix = \"x\"\n{}", shows("x_run")));
    is_hidden(&format!("{}[[tools]]\nname = \"run\"\n", shows("v_run")));
    let refused = person.run(&["check"]).out;
    assert!(refused.contains("the tool `run` has a second [[tools]], as `run`"), "{refused}");
    // A public name that a person wrote by hand holds, too, also one from before.
    for written in ["v_run", "old_run"] {
        fs::write(local(&person), hides.replace("\"run", &format!("\"{written}"))).unwrap();
        is_hidden("");
        is_hidden(&shows("run"));
        is_hidden(&format!("[plugin]\nprefix = \"x\"\n{}", shows("run")));
    }
    // It is renamed when it is decided of again, and two blocks for one tool are refused.
    fs::write(plugins.join("v.toml"), "").unwrap();
    fs::write(local(&person), hides.replace("\"run", "\"v_run")).unwrap();
    run(&person, &["set", "v", "tools.v_run.rate", "1/h"]);
    assert_eq!(text(&person), format!("{hides}rate = \"1/h\"\n"));
    fs::write(local(&person), format!("{hides}{}", shows("v_run"))).unwrap();
    let refused = person.run(&["check"]).out;
    assert!(refused.contains("v.local.toml:5:"), "{refused}");
    assert!(refused.contains("the tool `run` has a second [[tools]], as `v_run`"), "{refused}");
    fs::write(local(&person), hides).unwrap();
    run(&person, &["unset", "v", "tools.v_run.hidden"]);
    assert_eq!(text(&person), "");
}

#[test]
fn a_manifest_goes_on_naming_tools_by_its_own_prefix() {
    let person = person();
    let title = "[[tools]]\nname = \"v_run\"\ntitle = \"Titled\"\n";
    fs::write(person.plugins().join("v.toml"), title).unwrap();
    run(&person, &["set", "v", "prefix", "mine"]);
    let listed = run(&person, &["list", "mine_run"]);
    assert!(listed.contains("Titled"), "{listed}");
}

#[test]
fn the_lock_follows_where_it_accepted_the_plugin_as_it_was_and_only_there() {
    let person = person();
    let lock = || fs::read_to_string(person.plugins().join("toolrack.lock")).unwrap();
    run(&person, &["approve", "--yes"]);
    let said = run(&person, &["grant", "v", "secret", "OTHER"]);
    assert!(said.contains("accepted in toolrack.lock"), "{said}");
    assert!(lock().contains("secret: OTHER"));
    assert_eq!(person.run(&["check", "--locked"]).code, 0);

    // Somebody else's change waits for its own approval, here of another plugin.
    replace(&person.plugins().join("w.wasm"), answering("six"));
    run(&person, &["set", "v", "limits.memory", "2MiB"]);
    let strict = person.run(&["check", "--locked"]).out;
    assert!(strict.contains("ok v") && strict.contains("w.toml\n     held back"), "{strict}");

    // And here of the one that is decided of.
    let before = lock();
    let said = run(&person, &["grant", "w", "secret", "MINE"]);
    assert!(said.contains("toolrack.lock is left as it is, since it does not accept"), "{said}");
    assert!(said.contains("hold it back until `toolrack approve w`"), "{said}");
    assert!(!said.contains("follows by itself") && !said.contains("start one"), "{said}");
    assert_eq!(lock(), before);
    assert!(person.run(&["check"]).out.contains("is granted `secret: MINE`"));
    fs::write(local(&person), "[grants]\nsecrets = [\"BY_HAND\"]\n").unwrap();
    run(&person, &["set", "v", "limits.memory", "3MiB"]);
    assert_eq!(lock(), before);
    assert_eq!(person.run(&["check"]).code, 1);
}

#[test]
fn what_is_as_it_was_accepted_needs_nobodys_word() {
    let person = person();
    assert_eq!(person.run(&["approve", "--yes"]).code, 0);
    fs::write(local(&person), "[grants]\nsecrets = [\"BY_HAND\"]\n").unwrap();
    let said = run(&person, &["grant", "v", "secret", "BY_HAND"]);
    assert!(said.contains("does not accept it yet: `toolrack approve v`"), "{said}");
    let said = run(&person, &["revoke", "v", "secret", "BY_HAND"]);
    assert!(said.contains("toolrack.lock accepts it as it is now"), "{said}");
    assert_eq!(person.run(&["check", "--locked"]).code, 0);
    let ran = person.run(&["update", "v"]);
    assert!(ran.code == 2 && ran.err.contains("`v` is installed; to update it"), "{}", ran.err);
}

#[test]
fn a_plugin_that_lacks_a_grant_gets_it_and_may_lose_it() {
    let person = person();
    // Its first memory alone takes more.
    fs::write(local(&person), "[limits]\nmemory = \"64KiB\"\n").unwrap();
    let wide = Wat { imports: WASI, ..Wat::default() }.build();
    install(
        &person.plugins(),
        "v",
        "[grants]\nfiles = [{ path = \"/proc\", at = \"/p\" }]\n",
        &wide,
    );
    assert_eq!(person.run(&["check"]).code, 1);
    // What is refused as it is may be on its way.
    let said = run(&person, &["set", "v", "limits.memory", "2MiB"]);
    assert!(
        said.contains("not served as it is now: v") && said.contains("cannot be given"),
        "{said}"
    );
    let said = run(&person, &["revoke", "v", "files", "/p"]);
    assert!(said.contains("ok v"), "{said}");
    assert_eq!(
        text(&person),
        "[limits]\nmemory = \"2MiB\"\n\n[grants]\nwithout = [\"files:/p\"]\nwithout_paths = [\"/proc\"]\n"
    );
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_what_cannot_be_written_is_said() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    let person = person();
    let kept = person.path("kept.toml");
    fs::write(&kept, "# kept elsewhere\n").unwrap();
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
    // Only root can give a file away; the others own it before and after.
    let _ = std::os::unix::fs::chown(&kept, Some(1), Some(1));
    let owner = fs::metadata(&kept).unwrap().uid();
    symlink(&kept, local(&person)).unwrap();
    run(&person, &["set", "v", "prefix", "mine"]);
    assert!(local(&person).is_symlink());
    let written = fs::read_to_string(&kept).unwrap();
    assert_eq!(written, "# kept elsewhere\n[plugin]\nprefix = \"mine\"\n");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&kept).unwrap().uid(), owner);
    // Nobody can make a file in what is no directory any more.
    fs::remove_file(local(&person)).unwrap();
    symlink(person.path("nowhere/kept.toml"), local(&person)).unwrap();
    let ran = person.run(&["set", "v", "prefix", "mine"]);
    assert!(
        ran.code == 1 && ran.out.contains("v.local.toml\n     it is missing; it is a link"),
        "{}",
        ran.out
    );
}

#[test]
fn what_is_taken_away_binds_the_version_that_serves_whatever_follows() {
    let (person, notes) = (person(), tempfile::tempdir().unwrap());
    let granted = |at: &str| {
        let path = notes.path().join(at);
        fs::create_dir_all(&path).unwrap();
        format!("{{ path = {:?}, at = \"/{at}\" }}", path.display().to_string())
    };
    let manifest = format!("[grants]\nfiles = [{}, {}]", granted("one"), granted("two"));
    let wasm = answering("ok");
    install(&person.plugins(), "v", &manifest, &wasm);
    let mut server = person.serve(&person.plugins());
    server.until("v_run", &[], "ok");
    // A grant that cannot be given refuses the version; it takes nothing away, so that the one before serves on.
    let forbidden = "[grants]\nfiles = [{ path = \"/\", at = \"/all\" }]";
    replace(&local(&person), forbidden);
    server.logs("not updated, the version before serves on");
    assert_eq!(server.text("v_run"), "ok");
    // This one takes a directory away, too: nobody serves with it any more.
    let less = format!("{forbidden}\nwithout = [\"files:/two\"]");
    replace(&local(&person), less);
    eventually("it is served no more", || {
        server.text("v_run").contains("unknown tool `v_run`").then_some(())
    });
    replace(&local(&person), "[grants]\nwithout = [\"files:/two\"]");
    server.until("v_run", &["unknown tool `v_run`"], "ok");
}

#[test]
fn a_directory_that_is_revoked_is_seen_under_no_other_name() {
    let (person, notes) = (person(), tempfile::tempdir().unwrap());
    let real = notes.path().canonicalize().unwrap();
    let manifest = |path: &std::path::Path, at: &str| {
        format!("[grants]\nfiles = [{{ path = {:?}, at = \"/{at}\" }}]\n", path.to_str().unwrap())
    };
    let wide = Wat { imports: WASI, ..Wat::default() }.build();
    install(&person.plugins(), "v", &manifest(&real, "one"), &wide);
    let said = run(&person, &["revoke", "v", "files", "/one"]);
    assert!(said.contains("it does not see"), "{said}");
    let written = text(&person);
    assert!(written.contains("without_paths = ["), "{written}");
    fs::write(person.plugins().join("v.toml"), manifest(&real, "two")).unwrap();
    let said = run(&person, &["check"]);
    assert!(!said.contains("as /two") && said.contains("it does not see"), "{said}");
    // Nor by another way there, which is seen when it is opened.
    #[cfg(unix)]
    {
        let link = person.path("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        fs::write(person.plugins().join("v.toml"), manifest(&link, "two")).unwrap();
        let said = run(&person, &["check"]);
        assert!(said.contains("is kept from it by `without_paths` in the local file"), "{said}");
    }
    let path = real.to_str().unwrap();
    run(&person, &["grant", "v", "files", path, "--at", "/mine"]);
    assert!(!text(&person).contains("without_paths"), "{}", text(&person));
}

#[cfg(unix)]
#[test]
fn a_directory_is_revoked_by_its_own_path_too() {
    let person = person();
    let notes = tempfile::tempdir().unwrap();
    let path = notes.path().to_str().unwrap();
    run(&person, &["grant", "v", "files", path, "--at", "/other"]);
    let said = run(&person, &["revoke", "v", "files", &format!("{path}/")]);
    assert!(!said.contains("as /other"), "{said}");
    refuses(&person, &["revoke", "v", "files", path], 2, "is not granted");

    // However it is written: by hand with `~`, by a shell in full.
    let home = std::env::home_dir().unwrap().join(".toolrack-test-notes");
    let home = home.to_str().unwrap();
    let by_hand = "[grants]\nfiles = [{ path = \"~/.toolrack-test-notes\", at = \"/notes\" }]\n";
    fs::write(local(&person), by_hand).unwrap();
    run(&person, &["grant", "v", "files", home, "--at", "/notes", "--write"]);
    assert!(text(&person).contains("~/.toolrack-test-notes") && text(&person).contains("write"));
    run(&person, &["revoke", "v", "files", home]);
    assert!(!text(&person).contains("notes"), "{}", text(&person));
}

#[test]
fn a_file_that_others_can_write_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let person = person();
    fs::write(local(&person), "").unwrap();
    fs::set_permissions(local(&person), fs::Permissions::from_mode(0o666)).unwrap();
    for command in [&["check"][..], &["check", "v"], &["doctor"]] {
        let said = person.run(command).out;
        assert!(said.contains("everybody on this machine can write"), "{command:?}: {said}");
    }
    let of_another = person.run(&["check", "w"]).out;
    assert!(!of_another.contains("everybody"), "{of_another}");
}

#[test]
fn a_local_file_that_comes_with_a_plugin_is_warned_of() {
    let person = person();
    let mut server = person.serve(&person.plugins());
    server.until("v_run", &[], "one");
    fs::write(person.plugins().join("n.local.toml"), "[limits]\nmemory = \"2MiB\"\n").unwrap();
    install(&person.plugins(), "n", "", &answering("new"));
    server.logs("n.local.toml lay there when the plugin came: it decides limits.memory");
}

#[test]
fn a_grant_may_be_typed_by_the_name_that_it_has_elsewhere() {
    let person = person();
    let elsewhere = tempfile::tempdir().unwrap();
    let word = elsewhere.path().join("notes");
    fs::create_dir_all(&word).unwrap();
    let word = format!("files:{}", word.to_str().unwrap());
    for (typed, expected) in [
        (&["grant", "v", &word, "--write"][..], "access = \"write\""),
        (&["grant", "v", "network:https://a.example"], "\"https://a.example\""),
        (&["grant", "v", "config:units=imperial"], "units = \"imperial\""),
        (&["grant", "v", "config:city", "Bonn"], "city = \"Bonn\""),
        (&["grant", "v", "env:LANG=de"], "LANG = \"de\""),
    ] {
        run(&person, typed);
        assert!(text(&person).contains(expected), "{typed:?}: {}", text(&person));
    }
    for name in ["network:https://a.example", "files:/notes", "config:units=imperial", "env:LANG"] {
        run(&person, &["revoke", "v", name]);
    }
    assert_eq!(text(&person), "[grants]\nconfig = { city = \"Bonn\" }\n");
    refuses(&person, &["grant", "v", "files:~/a", "b"], 2, "a word too many");
}

#[test]
fn a_value_in_the_place_of_a_name_or_a_directory_is_not_repeated() {
    let person = person();
    for arguments in [
        &["unset", "v", "network:https://u:hunter2@a.example"][..],
        &["unset", "v", "network:https://a.example?key=hunter2"],
        &["unset", "v", "network:https://a.example:hunter2"],
        &["unset", "v", "secret:hunter2!"],
        &["unset", "v", "env:hunter2 x"],
        &["unset", "v", "PW=hunter2"],
        &["set", "v", "network:https://u:hunter2@a.example", "x"],
        &["set", "v", "https://u:hunter2@a.example", "x"],
        &["revoke", "v", "network", "https://u:hunter2@a.example"],
        &["secret", "set", "A_TOKEN", "--file=hunter2"],
        &["secret", "set", "A_TOKEN", "hunter2"],
        &["secret", "remove", "A_TOKEN", "hunter2"],
        &["secret", "list", "hunter2"],
        &["secret", "A_TOKEN=hunter2"],
        &["register", "A_TOKEN=hunter2"],
        &["A_TOKEN=hunter2"],
        &["grant", "v", "files", "smb://u:hunter2@h/x"],
        &["revoke", "v", "files", "smb://u:hunter2@h/x"],
        &["grant", "v", "files", "//u:hunter2@h/x"],
        &["grant", "v", "files", "u:hunter2@h/x"],
        &["grant", "v", "files", "u@h:hunter2"],
        &["revoke", "v", "files", "//u:hunter2@h/x"],
        &["revoke", "v", "files", "u@h:hunter2"],
        &["unset", "v", "files:u@h:hunter2"],
        &["grant", "v", "network", r"https://a.example\hunter2"],
        &["grant", "v", "network", "https://a.example#hunter2"],
        &["grant", "v", "network", "https://a.example/hunter2"],
        &["grant", "v", "network", "https://a.example,hunter2"],
        &["grant", "v", "network", "https://a.example;hunter2"],
        &["grant", "v", "network", "a.example/hunter2"],
        &["grant", "v", "network", "ftp://a.example/hunter2"],
        &["grant", "v", "secret", "K", "--for", "https://a.example/hunter2"],
        &["revoke", "v", "network", r"https://a.example\hunter2"],
        &["unset", "v", "network:https://a.example#hunter2"],
        &["set", "v", "env:PW", "hunter2"],
        &["set", "v", "config.token", "hunter2"],
        &["set", "v", "secret", "hunter2"],
        &["unset", "v", "secret", "hunter2"],
        &["revoke", "v", "secret", "hunter2"],
        &["grant", "v", "config", "password:hunter2"],
        &["grant", "v", "config", "hunter2"],
        &["grant", "v", "secret", "K", "--for", "hunter2"],
        &["check", "password=hunter2"],
        &["check", "--token", "hunter2"],
        &["call", "v_run", "{\"token\":\"hunter2\""],
        &["add", "https://u:hunter2@x/y"],
        &["secret", "hunter2"],
    ] {
        let ran = person.run(arguments);
        let said = format!("{}{}", ran.out, ran.err);
        assert_eq!(ran.code, 2, "{arguments:?} {said}");
        assert!(!said.contains("hunter2"), "{arguments:?} {said}");
    }
    // A token is known wherever it stands.
    for arguments in [
        &["grant", "v", "@"][..],
        &["grant", "@", "secret", "X"],
        &["grant", "v", "config", "@"],
        &["revoke", "v", "config", "@"],
        &["revoke", "v", "files", "@"],
        &["grant", "v", "network", "https://@.example "],
        &["grant", "v", "network", "https://h,@"],
        &["grant", "v", r"network", r"https://h\@"],
        &["grant", "v", "secret", "K", "--for", "https://h.example", "--header", "@"],
        &["grant", "v", "secret", "K", "--for", "https://h.example", "--before", "@"],
        &["grant", "v", "env", "@=x"],
        &["set", "v", "limits.cpu", "@"],
        &["set", "@", "prefix", "x"],
        &["unset", "v", "@"],
        &["check", "@"],
        &["check", "./@"],
        &["list", "@"],
        &["call", "@"],
        &["call", "v_run", "@"],
        &["add", "@"],
        &["remove", "@"],
        &["approve", "@"],
        &["logs", "@"],
        &["inspect", "@"],
        &["pack", "@"],
        &["dev", "@"],
        &["register", "@"],
        &["secret", "list", "@"],
        &["--log", "@", "list"],
        &["@"],
    ] {
        for token in ["ghp_A1b2C3d4E5f6G7h8I9j0", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"] {
            let arguments: Vec<_> = arguments.iter().map(|word| word.replace('@', token)).collect();
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let ran = person.run(&arguments);
            let said = format!("{}{}", ran.out, ran.err);
            assert_ne!(ran.code, 0, "{arguments:?} {said}");
            let is_told =
                ["A1b2C3d4", "K7MDENG", "EXAMPLEKEY"].iter().any(|part| said.contains(part));
            assert!(!is_told, "{arguments:?} {said}");
        }
    }
    // A word that is no secret is repeated.
    let said = person.run(&["register", "emcas"]).err;
    assert!(said.contains("emcas"), "{said}");
}

#[test]
fn what_is_not_meant_so_is_told_with_what_is() {
    let person = person();
    let url = "https://a.example";
    run(&person, &["grant", "w", "secret", "KEY", "--for", url]);
    for (arguments, expected) in [
        (
            &["grant", "v", "secret", "K", "--for", url, "--before", "Bearer"][..],
            "write \"Bearer \"",
        ),
        (&["grant", "v", "secret", "K", "--for", url, "--before", "token"], "write \"token \""),
        (&["grant", "v", "network", "https://a.example,https://b.example"], "write each by itself"),
        (&["unset", "wether", "x"], "no plugin"),
        (&["unset", "v", "network:a.example"], "did you mean \"network:https://a.example\"?"),
        (&["unset", "v", "network:https://a.example/x"], "\"network:https://a.example\""),
        (&["grant", "~/notes", "files"], "there is no plugin `~/notes`"),
        (&["revoke", "nope", "x"], "there is no plugin `nope`"),
        (&["grant", "config", "v", "units=x"], "did you mean `toolrack grant v config units=x`?"),
        (&["grant", "secret", "v", "TOKEN"], "`toolrack grant v secret TOKEN --for URL`"),
        (&["grant", "config", "v", "token=hunter2"], "there is no plugin `config`"),
        (&["revoke", "secret", "v", "TOKEN"], "`toolrack revoke v secret TOKEN`"),
        (&["grant", "v", "read", "~/notes"], "did you mean `files`?"),
        (&["grant", "v", "files", "~/notes,~/docs"], "grant each by itself"),
        (&["grant", "v", "network", "*"], "did you mean \"https://*\"?"),
        (&["grant", "v", "network", "localhost:8080"], "did you mean \"http://localhost:8080\"?"),
        (&["grant", "v", "network", "127.0.0.1"], "did you mean \"http://127.0.0.1\"?"),
        (&["revoke", "v", "network", "a.example"], "did you mean \"https://a.example\"?"),
        (&["revoke", "v", "secret", "TOKN"], "did you mean `toolrack revoke v secret TOKEN`?"),
        (&["revoke", "w", "secret", "KYE"], "did you mean `toolrack revoke w secret KEY`?"),
        (&["grant", "v", "A_TOKEN"], "`toolrack grant v secret A_TOKEN --for URL`"),
        (&["grant", "v", "secret"], "toolrack grant v secret API_TOKEN --for URL"),
    ] {
        let ran = person.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?} {}{}", ran.out, ran.err);
        assert!(ran.err.contains(expected) && !ran.err.contains("check wether"), "{}", ran.err);
    }
    for (name, expected) in [
        ("network:a.example", "did you mean \"network:https://a.example\"?"),
        ("network:https://a.example/x", "\"network:https://a.example\""),
        ("files:~/notes", "did you mean \"files:/notes\"?"),
        ("files:notes", "did you mean \"files:/notes\"?"),
    ] {
        fs::write(local(&person), format!("grants.without = [\"{name}\"]")).unwrap();
        let said = person.run(&["check", "v"]).out;
        assert!(said.contains("`without` in [grants]: ") && said.contains(expected), "{said}");
    }
}

#[test]
fn a_revocation_without_a_server_and_a_blank_before_a_value_are_told_once() {
    let person = person();
    run(&person, &["grant", "v", "env", "LANG = C"]);
    assert!(text(&person).contains("LANG = \"C\""), "{}", text(&person));
    // Without what it had it is refused.
    fs::write(person.plugins().join("v.toml"), "[limits]\nmemory = \"64KiB\"\n").unwrap();
    fs::write(local(&person), "[limits]\nmemory = \"2MiB\"\n").unwrap();
    let wide = Wat { imports: WASI, ..Wat::default() }.build();
    fs::write(person.plugins().join("v.wasm"), wide).unwrap();
    let said = person.run(&["unset", "v", "limits.memory"]).out;
    assert!(said.contains("not served as it is now"), "{said}");
    assert!(said.contains("no running server serves it") && !said.contains("any more"), "{said}");
}

#[test]
fn a_directory_that_is_missing_is_not_said_to_be_read() {
    let person = person();
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("nots");
    let missing = missing.to_str().unwrap();
    let said = run(&person, &["grant", "v", "files", missing]);
    let may = format!("it may read {missing}, as /nots");
    let not_yet = format!("{may}, once there is such a directory\n");
    assert!(said.contains(&not_yet), "{said}");
    let said = person.run(&["check", "v"]).out;
    assert!(said.contains(&not_yet), "{said}");
    let near = home.path().join("notes");
    fs::create_dir(&near).unwrap();
    run(&person, &["unset", "v", "files:/nots"]);
    let warned = person.run(&["grant", "v", "files", missing]).err;
    let meant = format!("did you mean `toolrack grant v files {}`?", near.display());
    assert!(warned.contains(&meant), "{warned}");
    assert!(warned.contains("`toolrack unset v files:/nots` takes this one out"), "{warned}");
    fs::create_dir(missing).unwrap();
    let said = person.run(&["check", "v"]).out;
    assert!(said.contains(&format!("{may}\n")), "{said}");
}
