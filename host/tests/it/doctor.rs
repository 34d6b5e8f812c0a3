//! What usually goes wrong, as `toolrack doctor` tells it.

use std::fs;

use serde_json::Value;

use crate::client::Client;
use crate::guest::Wat;
use crate::machine::{Machine, write};
use crate::plugins;

/// A computer on which nothing is wrong.
fn healthy() -> Machine {
    let machine = Machine::new();
    let directory = machine.path("toolrack/plugins");
    fs::create_dir_all(&directory).unwrap();
    plugins::install(&directory, "good", "", &Wat::default().build());
    machine.does(&["register", "cursor"]);
    machine
}

/// What `toolrack doctor` with `arguments` says, each finding on a line.
fn findings(machine: &Machine, arguments: &[&str]) -> (i32, Vec<String>) {
    let mut command = machine.command(&["doctor", "--json"]);
    // No bus, so no keyring: this test touches nobody's.
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus").args(arguments);
    let output = command.output().expect("the binary");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let code = output.status.code().expect("a code");
    assert_eq!(report["isWrong"], code == 1, "{report}");
    let line = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}; {}", text("level"), text("topic"), text("text"), text("advice"))
    };
    (code, report["findings"].as_array().expect("a list").iter().map(line).collect())
}

/// Expects one finding that begins with `level`, and holds all `parts`.
#[track_caller]
fn finds(machine: &Machine, arguments: &[&str], level: &str, parts: &[&str]) {
    let (code, found) = findings(machine, arguments);
    let is_it =
        |line: &&String| line.starts_with(level) && parts.iter().all(|part| line.contains(part));
    assert!(found.iter().any(|line| is_it(&line)), "no {parts:?} in {found:#?}");
    assert_eq!(code, i32::from(found.iter().any(|line| line.starts_with("wrong"))), "{found:#?}");
}

#[test]
fn where_nothing_is_wrong_each_thing_has_its_line() {
    let machine = healthy();
    let before = machine.tree();
    let (code, found) = findings(&machine, &[]);
    assert_eq!(code, 0, "{found:#?}");
    for (level, topic) in [
        ("ok", "program"),
        ("ok", "clients"),
        ("ok", "plugin directory"),
        ("ok", "cache"),
        ("ok", "plugins"),
    ] {
        let start = format!("{level} {topic}:");
        assert!(found.iter().any(|line| line.starts_with(&start)), "no {start:?} in {found:#?}");
    }
    assert_eq!(machine.tree(), before, "it changes nothing");
    let out = machine.run(&["doctor"]).out;
    assert!(out.contains("ok    plugins: 1 plugin with 1 tool\n"), "{out}");
    assert!(out.ends_with("nothing is wrong\n"), "{out}");
}

#[test]
fn a_variable_that_names_no_file_of_a_secret_is_told() {
    let machine = healthy();
    let manifest = "[grants]\nsecrets = [\"A_TOKEN\"]\n";
    plugins::install(&machine.path("toolrack/plugins"), "v", manifest, &Wat::default().build());
    let mut command = machine.command(&["doctor"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let output = command.env("A_TOKEN_FILE", "/nonexistent/hunter2").output().expect("the binary");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("A_TOKEN_FILE: there is no file at the path that it holds"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn plugin_directories_are_looked_at() {
    let machine = healthy();
    finds(
        &machine,
        &["--plugins", "/nonexistent"],
        "wrong plugin directory",
        &["/nonexistent is missing", "`toolrack add FILE --plugins /nonexistent`"],
    );
    write(&machine.path("file"), "");
    let file = machine.path("file");
    finds(
        &machine,
        &["--plugins", file.to_str().unwrap()],
        "wrong plugin directory",
        &["is no directory"],
    );
    write(&machine.path("toolrack/plugins/bad.toml"), "[limits]\nmemroy = 1\n");
    finds(&machine, &[], "wrong plugins", &["bad.toml", "`memory`", "`toolrack check`"]);
}

#[cfg(unix)]
#[test]
fn who_may_write_is_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = healthy();
    let plugins = machine.path("toolrack/plugins");
    let cache = machine.path("toolrack/cache");
    findings(&machine, &[]);
    for (directory, mode, expected, part) in [
        (&plugins, 0o777, "wrong plugin directory", "everybody on this machine can write"),
        (&plugins, 0o775, "note plugin directory", "chmod go-w"),
        (&plugins, 0o755, "ok plugin directory", ""),
        (&cache, 0o777, "wrong cache", "others can write into it"),
    ] {
        fs::set_permissions(directory, fs::Permissions::from_mode(mode)).unwrap();
        finds(&machine, &[], expected, &[part]);
    }
}

#[test]
fn entries_of_clients_are_compared_with_this_program() {
    let machine = healthy();
    let file = machine.path("home/.cursor/mcp.json");
    let own = env!("CARGO_BIN_EXE_toolrack");
    let other = machine.path("bin/other");
    write(&other, "");
    let elsewhere = machine.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let elsewhere = elsewhere.to_str().unwrap();
    let home = machine.path("toolrack");
    let home = home.to_str().unwrap();
    for (command, args, level, part) in [
        (
            "/gone/toolrack",
            "\"serve\"",
            "wrong",
            "/gone/toolrack, which is missing; `toolrack register cursor` corrects it",
        ),
        ("toolrack", "\"serve\"", "wrong", "toolrack, which is missing"),
        (other.to_str().unwrap(), "\"serve\"", "wrong", "starts another program"),
        (
            own,
            "\"serve\", \"--plugins\", \"/elsewhere\"",
            "wrong",
            "serves /elsewhere, which is missing",
        ),
        (
            own,
            &format!("\"serve\", \"--plugins\", {elsewhere:?}"),
            "note",
            &format!("serves {elsewhere}, not "),
        ),
        (own, "\"serve\"", "note", "without --stdio"),
        (own, "\"serve\", \"--stdio\"", "ok", "starts this program"),
    ] {
        let entry = format!(
            r#"{{"command": {command:?}, "args": [{args}], "env": {{"TOOLRACK_HOME": {home:?}}}}}"#
        );
        write(&file, format!(r#"{{"mcpServers": {{"toolrack": {entry}}}}}"#));
        finds(&machine, &[], &format!("{level} clients: Cursor"), &[part]);
    }
    write(&file, "{");
    finds(&machine, &[], "wrong clients: Cursor", &["mcp.json:1:"]);
    fs::remove_file(&file).unwrap();
    finds(&machine, &[], "note clients", &["none on this machine", "`toolrack register`"]);
    let alone = Machine::new();
    let expected = ["none on this machine", "`toolrack register CLIENT` writes the entry of one"];
    finds(&alone, &[], "note clients", &expected);
    let project = machine.path("project").canonicalize().unwrap();
    let local = |entry: &str| {
        format!(
            r#"{{"projects": {{{project:?}: {{"mcpServers": {{"toolrack": {entry}}}, "disabledMcpServers": ["toolrack"]}}}}}}"#
        )
    };
    let claude = machine.path("home/.claude.json");
    write(&claude, local(r#"{"command": "/old/toolrack", "args": ["serve"]}"#));
    let advice = "`claude mcp remove --scope local toolrack` removes it";
    finds(&machine, &[], "wrong clients: Claude Code", &["/old/toolrack serve", advice]);
    let switched_off = "`toolrack` is switched off in this directory";
    finds(&machine, &[], "note clients: Claude Code", &[switched_off]);
    fs::remove_file(&claude).unwrap();
    write(
        &machine.path("project/.mcp.json"),
        r#"{"mcpServers": {"tools": {"command": "/gone/toolrack"}}}"#,
    );
    finds(
        &machine,
        &[],
        "wrong clients: Claude Code",
        &["register claude --scope project --name tools"],
    );
}

#[test]
fn a_clients_file_is_looked_at_once_where_the_home_directory_is_the_project() {
    let machine = healthy();
    let mut command = machine.command(&["doctor"]);
    let output = command.current_dir(machine.path("home")).output().expect("the binary");
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(out.matches("clients: Cursor").count(), 1, "{out}");
}

#[test]
fn a_directory_of_secrets_that_is_none_is_told_without_what_was_put_there() {
    let machine = healthy();
    let mut command = machine.command(&["doctor"]);
    let token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
    command.env("TOOLRACK_SECRETS", token).env("CREDENTIALS_DIRECTORY", machine.path("home"));
    let out = String::from_utf8(command.output().expect("the binary").stdout).expect("UTF-8");
    assert!(out.contains("TOOLRACK_SECRETS names no directory"), "{out}");
    assert!(!out.contains("CREDENTIALS_DIRECTORY") && !out.contains(token), "{out}");
}

#[test]
fn tools_that_wait_for_a_grant_are_one_note_a_plugin() {
    let machine = healthy();
    let tool = |name: &str| format!("[[tools]]\nname = \"{name}\"\nrequires = [\"files\"]\n");
    let manifest = ["one", "two"].map(tool).concat();
    let wasm = Wat { tools: &["one", "two"], ..Wat::default() }.build();
    plugins::install(&machine.path("toolrack/plugins"), "waits", &manifest, &wasm);
    let (code, found) = findings(&machine, &[]);
    assert_eq!(code, 0, "{found:#?}");
    let notes = found.iter().filter(|line| line.contains("waits.toml")).collect::<Vec<_>>();
    assert!(
        matches!(&notes[..], [note] if note.starts_with("note plugins: ") && note.contains("`toolrack check`")),
        "{found:#?}"
    );
}

#[test]
fn open_questions_of_the_lock_and_missing_secrets_are_told() {
    let machine = healthy();
    machine.does(&["approve", "--yes"]);
    finds(&machine, &[], "ok lock", &["as it was accepted"]);
    let directory = machine.path("toolrack/plugins");
    plugins::install(
        &directory,
        "keys",
        "[grants]\nsecrets = [\"A_KEY\"]",
        &Wat::default().build(),
    );
    finds(&machine, &[], "wrong plugins", &["keys.toml", "held back", "`toolrack approve keys`"]);
    finds(&machine, &[], "note secrets", &["A_KEY has no value", "granted to keys"]);
    // A slip in the name of one that is kept, and a line that is none, are findings and no log.
    let own = machine.path("toolrack");
    fs::create_dir_all(own.join("secrets")).unwrap();
    write(&own.join("secrets/AA_KEY"), "abcdefgh");
    write(&own.join(".env"), "B=c\nwrong\n");
    let slip = ["AA_KEY is kept", "did you mean A_KEY", "`toolrack secret remove AA_KEY`"];
    finds(&machine, &[], "note secrets", &slip);
    finds(&machine, &[], "note secrets", &[".env: line 2 is not `NAME=value`", "mend it"]);
    let ran = machine.command(&["doctor"]).output().expect("the binary");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(!told.contains("WARN"), "{told}");
    fs::remove_file(own.join("secrets/AA_KEY")).unwrap();
    fs::remove_file(own.join(".env")).unwrap();
    machine.does(&["approve", "--yes"]);
    // Other code is served, and told.
    plugins::install(
        &directory,
        "keys",
        "[grants]\nsecrets = [\"A_KEY\"]",
        &plugins::answering("other"),
    );
    finds(&machine, &[], "note lock", &["not as it was accepted: keys", "`toolrack approve`"]);
    write(&directory.join("toolrack.lock"), "{");
    finds(&machine, &[], "wrong lock", &["toolrack.lock", "line 1"]);
}

#[test]
fn servers_that_serve_something_else_are_told() {
    let machine = healthy();
    let mut client = Client::spawn(machine.command(&["serve"]).arg("--no-optimize"));
    client.request("initialize", serde_json::json!({ "protocolVersion": "2025-11-25" }));
    client.hears_of_tools(1);
    crate::person::eventually("the server's status", || {
        let (code, found) = findings(&machine, &[]);
        let is_told = found.iter().any(|line| line.contains("serves the plugin directory"));
        (code == 0 && is_told).then_some(())
    });
    let other = machine.path("other");
    fs::create_dir(&other).unwrap();
    finds(
        &machine,
        &["--plugins", other.to_str().unwrap()],
        "note servers",
        &["serves ", "--plugins"],
    );
}
