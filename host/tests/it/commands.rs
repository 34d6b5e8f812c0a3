//! The real binary as a person sees it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::toolrack;
use crate::guest::Wat;
use crate::person::Person;
use crate::plugins;

fn run(arguments: &[&str], plugins: &Path) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        toolrack().args(arguments).arg("--plugins").arg(plugins).output().expect("the binary");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("a code"), text(stdout), text(stderr))
}

#[test]
fn list_shows_tools_with_their_parameters() {
    let directory = plugins::good();
    let schema = r#"{"type":"object","properties":{"a":{},"b":{}},"required":["a"]}"#;
    let wat = Wat { input_schema: schema, ..Wat::default() };
    plugins::install(directory.path(), "params", "", &wat.build());
    let (code, out, _) = run(&["list"], directory.path());
    assert_eq!(code, 0);
    assert!(out.contains("good_run") && out.contains("a tool made for a test"), "{out}");
    assert!(out.contains("a [b]"), "{out}");
    let (_, out, _) = run(&["list", "--json"], directory.path());
    let tools: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(tools[2]["name"], "params_run");
    assert_eq!(tools[2]["inputSchema"]["required"][0], "a");
}

#[test]
fn list_shows_one_tool_in_full() {
    let directory = plugins::good();
    let schema = r#"{"type":"object","properties":{
        "a":{"type":"integer","minimum":1,"description":"How\nmany."},
        "b":{"enum":["x","y"]}
    },"required":["a"]}"#;
    let wat = Wat { input_schema: schema, ..Wat::default() };
    plugins::install(directory.path(), "params", "", &wat.build());
    let (code, out, err) = run(&["list", "params_run"], directory.path());
    assert_eq!(code, 0, "{err}");
    for part in [
        "params_run",
        "a tool made for a test",
        "  a  an integer (1 or more)\n      How many.",
        "  b  one of \"x\", \"y\", optional",
        "from the plugin params, version ",
        "params.toml",
    ] {
        assert!(out.contains(part), "no {part:?} in {out}");
    }
    assert!(!out.contains("good_run"), "{out}");
    let (_, out, _) = run(&["list", "params_run", "--json"], directory.path());
    let tool: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(tool["inputSchema"]["required"][0], "a");
    let (code, _, err) = run(&["list", "params_rum"], directory.path());
    assert!(code == 2 && err.contains("did you mean `params_run`?"), "{err}");
}

#[test]
fn check_says_what_is_served_and_fails_on_a_refusal() {
    let directory = plugins::good();
    let (code, out, _) = run(&["check"], directory.path());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("ok good") && out.contains("memory 64 MiB"), "{out}");
    assert!(out.contains("1 plugin with 2 tools served, 0 refused"), "{out}");
    plugins::install(directory.path(), "bad", "[limits]\nmemroy = 1\n", b"");
    std::fs::write(directory.path().join("stray.wasm"), b"").unwrap();
    let (code, out, _) = run(&["check"], directory.path());
    assert_eq!(code, 1);
    assert!(out.contains("bad.toml:2:1") && out.contains("`memory`"), "{out}");
    assert!(out.contains("stray.wasm") && out.contains("stray.toml"), "{out}");
    let (code, out, _) = run(&["check", "--json"], directory.path());
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, report["refusals"].as_array().unwrap().len()), (1, 2));
    assert_eq!(report["plugins"][0]["limits"]["memoryBytes"], 64 * 1024 * 1024);
}

#[test]
fn check_and_list_take_the_name_of_a_plugin() {
    let directory = plugins::good();
    plugins::install(directory.path(), "other", "", &Wat::default().build());
    fs::write(directory.path().join("bad.toml"), "nonsense").expect("a file");
    let (code, out, _) = run(&["check", "other"], directory.path());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("1 plugin with 1 tool served, 0 refused"), "{out}");
    assert!(!out.contains("good") && !out.contains("bad.toml"), "{out}");
    let (code, out, _) = run(&["check", "bad"], directory.path());
    assert!(code == 1 && out.contains("bad.toml:1"), "{out}");
    let (code, _, err) = run(&["check", "othre"], directory.path());
    assert!(
        code == 2 && err.contains("there is no plugin `othre`; did you mean `other`?"),
        "{err}"
    );
    let (code, _, err) = run(&["check", "./nosuch"], directory.path());
    assert!(code == 2 && err.contains("there is no file `./nosuch`"), "{err}");
    let (code, _, err) = run(&["check", "elsewhere/other.toml"], directory.path());
    assert!(code == 2 && err.contains("checked by their names: "), "{err}");
    let path = directory.path().to_str().expect("UTF-8");
    let (code, _, err) = run(&["check", path], directory.path());
    let told = format!(
        "`{path}` is a directory; `toolrack check --plugins {path}` checks the plugins in it"
    );
    assert!(code == 2 && err.contains(&told), "{err}");
    let (code, out, _) = run(&["list", "other"], directory.path());
    assert!(code == 0 && out.contains("other_run") && !out.contains("good_run"), "{out}");
    let (_, out, _) = run(&["list", "other", "--json"], directory.path());
    let tools: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(tools.as_array().map(Vec::len), Some(1));
}

#[test]
fn check_says_what_each_plugin_may_reach() {
    let (directory, notes) = (plugins::good(), tempfile::tempdir().unwrap());
    let shown = notes.path().to_str().unwrap();
    let manifest = format!("[grants]\nfiles = [{{ path = '{shown}', at = \"/notes\" }}]");
    plugins::install(directory.path(), "files", &manifest, &Wat::default().build());
    let around = directory.path().to_str().unwrap();
    let manifest = format!("[grants]\nfiles = [{{ path = '{around}', at = \"/x\" }}]");
    plugins::install(directory.path(), "greedy", &manifest, &Wat::default().build());
    let (code, out, _) = run(&["check"], directory.path());
    assert_eq!(code, 1, "{out}");
    assert!(out.contains(&format!("it may read {shown}, as /notes")), "{out}");
    assert!(out.contains("it can reach no files, no network and no environment"), "{out}");
    assert!(out.contains("it is the plugin directory"), "{out}");
    let (_, out, _) = run(&["check", "--json"], directory.path());
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["plugins"][0]["grants"]["files"][0]["at"], "/notes");
    assert_eq!(report["plugins"][1]["grants"]["files"].as_array().unwrap().len(), 0);
}

#[test]
fn a_plugin_without_a_served_tool_is_not_ok() {
    let directory = plugins::good();
    let same = Wat { tools: &["run", "other"], ..Wat::default() };
    plugins::install(directory.path(), "late", "[plugin]\nprefix = \"good\"", &same.build());
    let (code, out, _) = run(&["check"], directory.path());
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("no tools served late") && !out.contains("ok late"), "{out}");
}

#[test]
fn a_word_that_is_no_log_level_is_named() {
    let directory = plugins::good();
    let (code, _, error) = run(&["check", "--log", "bogus"], directory.path());
    assert_eq!(code, 2);
    assert!(error.contains("`bogus` is no log level; the levels are off, error"), "{error}");
}

#[test]
fn call_takes_json_or_pairs_and_prints_the_answer() {
    let directory = plugins::good();
    let schema = r#"{"type":"object","properties":{"n":{"type":"integer"},"s":{"type":"string"}},
        "additionalProperties":false}"#;
    // Answers with the arguments it got.
    let wat = Wat {
        input_schema: schema,
        call: "(call $text (local.get $arguments) (local.get $arguments_len))",
        ..Wat::default()
    };
    plugins::install(directory.path(), "echo", "", &wat.build());
    let check = |arguments: &[&str], code, out: &str, err: &str| {
        let arguments = [&["call", "echo_run"], arguments].concat();
        let (found, stdout, stderr) = run(&arguments, directory.path());
        assert_eq!((found, stdout.trim()), (code, out), "{stderr}");
        assert!(stderr.contains(err), "{stderr}");
    };
    check(&["n=3", "s=4"], 0, r#"{"n":3,"s":"4"}"#, "fuel");
    check(&[r#"{"n": 3}"#], 0, r#"{"n": 3}"#, "");
    check(&["n=three"], 1, "", "`n` takes an integer; \"three\" was given");
    check(&["what=3"], 1, "", "unknown argument `what`");
    check(&["nonsense"], 2, "", "neither a JSON object nor KEY=VALUE");
    check(&["=3"], 2, "", "neither a JSON object nor KEY=VALUE");
    check(&["{nonsense"], 2, "", "not a JSON object");
    check(&[r#"{"n": 3}"#, "s=4"], 2, "", "a JSON object is given alone");
    check(&["n=3", "n=4"], 2, "", "`n` is given twice");
    let text = directory.path().join("text");
    std::fs::write(&text, "no JSON").unwrap();
    let named = format!("@{}", text.display());
    let advice = format!("not a JSON object; as one of them: `toolrack call echo_run n={named}");
    check(&[&named], 2, "", &advice);
    let (_, _, stderr) = run(&["call", "echo_run", "n=three"], directory.path());
    assert!(!stderr.contains("fuel"), "nothing was spent: {stderr}");
    let list = plugins::suggested("list", directory.path());
    for (tool, err) in [
        ("no_such", &*format!("there is no tool `no_such`; {list} shows those there are")),
        ("echo_rnu", "there is no tool `echo_rnu`; did you mean `echo_run`?"),
    ] {
        let (code, _, stderr) = run(&["call", tool], directory.path());
        assert_eq!(code, 2);
        assert!(stderr.contains(err), "{stderr}");
    }
    let (_, out, _) = run(&["call", "--json", "good_run"], directory.path());
    let result: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(result["content"][0]["text"], "ok");
}

#[test]
fn call_takes_arguments_from_files_and_stdin() {
    use std::io::Write as _;
    use std::process::Stdio;
    let directory = plugins::good();
    let schema = r#"{"type":"object","properties":{"a":{"type":"string"},"n":{"type":"integer"}},"required":["a"]}"#;
    let wat = Wat { input_schema: schema, ..Wat::default() };
    plugins::install(directory.path(), "params", "", &wat.build());
    let file = directory.path().join("text.txt");
    let object = directory.path().join("object.json");
    fs::write(&file, "12").unwrap();
    fs::write(&object, r#"{"a": "b"}"#).unwrap();
    let (file, object) = (format!("@{}", file.display()), format!("@{}", object.display()));
    let call = |arguments: &[&str], input: &str| {
        let mut child = toolrack()
            .args(["call", "params_run"])
            .args(arguments)
            .arg("--plugins")
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        // It may end before it reads.
        let _ = child.stdin.take().expect("its stdin").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("its end");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (a, n) = (format!("a={file}"), format!("n={file}"));
    for (arguments, input, code, part) in [
        (&[&*a, &*n][..], "", Some(0), ""),
        (&["a=-"], "text", Some(0), ""),
        (&[&*object], "", Some(0), ""),
        (&["-"], r#"{"a": "b"}"#, Some(0), ""),
        (&["a=x", "n=-"], "no number", Some(1), "`n`"),
        (&["a=-", "n=-"], "1", Some(2), "already"),
        (&[&*file], "", Some(1), "object"),
        (&["-"], "nothing", Some(2), "not a JSON object"),
        (&["a=@/nonexistent"], "", Some(2), "`a=@/nonexistent`"),
    ] {
        let (found, err) = call(arguments, input);
        assert!(found == code && err.contains(part), "{arguments:?}: {found:?} {err}");
    }
}

#[test]
fn json_of_a_guest_cannot_steer_the_terminal_and_keeps_its_value() {
    let directory = plugins::good();
    let call = "(call $structured (local.get $arguments) (local.get $arguments_len))";
    plugins::install(directory.path(), "echo", "", &Wat { call, ..Wat::default() }.build());
    let given = "{\"s\":\t\"\u{9b}31m\u{202e}x\u{200b}\"}";
    for options in [&["call"][..], &["call", "--json"]] {
        let arguments = [options, &["echo_run", given]].concat();
        let (code, out, _) = run(&arguments, directory.path());
        assert_eq!(code, 0);
        assert!(!out.contains(['\u{9b}', '\u{202e}', '\u{200b}']), "{out:?}");
        let found: Value = serde_json::from_str(&out).expect("JSON");
        let found = found.get("structuredContent").unwrap_or(&found);
        assert_eq!(*found, serde_json::from_str::<Value>(given).unwrap());
    }
}

#[test]
fn a_missing_directory_is_named_and_costs_nothing_else() {
    let directory = plugins::good();
    let missing = directory.path().join("missing");
    let missing = missing.to_str().unwrap();
    let (code, out, _) = run(&["check", "--plugins", missing], directory.path());
    assert_eq!(code, 1);
    assert!(out.contains("no such directory") && out.contains("ok good"), "{out}");
    let missing = Path::new(missing);
    let (code, out, err) = run(&["list"], missing);
    assert_eq!((code, out), (0, no_tools_in(missing)), "{err}");
    let (code, _, err) = run(&["call", "good_run"], missing);
    let check = plugins::suggested("check", missing);
    let told = format!(
        "there is no tool `good_run`; a plugin directory or its lock cannot be used; {check} says what and why"
    );
    assert!(code == 2 && err.contains(&told), "{err}");
    let (code, _, err) = run(&["approve"], missing);
    let told = format!("{}: there is no such directory; create it", missing.display());
    assert!(code == 2 && err.contains(&told), "{err}");
}

fn no_tools_in(directory: &Path) -> String {
    let shown = directory.display();
    let add = plugins::suggested("add FILE", directory);
    format!("no tools: copy a plugin's .toml and .wasm to {shown}, or use {add}\n")
}

#[test]
fn what_to_do_is_told_where_nothing_lies_and_only_there() {
    let directory = tempfile::tempdir().unwrap();
    let advice = no_tools_in(directory.path());
    let (code, out, _) = run(&["list"], directory.path());
    assert_eq!((code, &*out), (0, &*advice));
    let (code, out, _) = run(&["check"], directory.path());
    assert!(code == 0 && out.ends_with(&advice["no tools: ".len()..]), "{out}");
    plugins::install(directory.path(), "bad", "bad", b"");
    let (_, out, err) = run(&["list", "--locked"], directory.path());
    assert_eq!(out, "no tools\n");
    let check = plugins::suggested("check --locked", directory.path());
    assert_eq!(err, format!("1 plugin not served; {check} says what and why\n"));
    let (_, out, _) = run(&["check"], directory.path());
    assert!(!out.contains("toolrack add"), "{out}");
}

#[test]
fn the_environment_names_directories_where_the_command_line_does_not() {
    let directory = plugins::good();
    let output = toolrack().arg("list").env("TOOLRACK_PLUGINS", directory.path()).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("good_run"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_an_error_in_words() {
    let directory = plugins::good();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut list = toolrack();
    list.arg("list").arg("--plugins").arg(directory.path());
    let Output { status, stderr, .. } = list.stdout(full()).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert!(stderr.starts_with("error: stdout cannot be written: No space left"), "{stderr}");
    let status = toolrack().args(["call", "no_such"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_page_without_tools_is_refused_in_words() {
    let directory = plugins::good();
    let (code, _, err) = run(&["serve", "--page-size", "0"], directory.path());
    assert!(code == 2 && err.contains("expected a whole number, 1 or more"), "{err}");
}

#[test]
fn new_takes_a_directory_by_its_point_and_no_other_crate_for_the_sdk() {
    let home = tempfile::tempdir().unwrap();
    let roman = home.path().join("roman");
    std::fs::create_dir(&roman).unwrap();
    let new = |arguments: &[&str]| {
        let output = toolrack().arg("new").args(arguments).current_dir(&roman).output().unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), out, err)
    };
    std::fs::write(home.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    let (code, _, err) = new(&[".", "--sdk", ".."]);
    assert!(code == Some(2) && err.contains("`..` is not toolrack-sdk"), "{err}");
    let (code, out, err) = new(&["."]);
    assert_eq!((code, &*err), (Some(0), ""));
    assert!(out.ends_with("--sdk DIR takes it from a clone.\n"), "{out}");
    assert!(roman.join("roman.toml").is_file());
}

#[test]
fn help_teaches_with_examples() {
    for (arguments, expected) in [
        (&["--help"][..], "toolrack register claude"),
        (&["register", "--help"], "toolrack unregister"),
        (&["serve", "--help"], "`toolrack call` calls them"),
        (&["call", "--help"], "KEY=VALUE"),
        (&["check", "--help"], "Exits with 1"),
        (&["status", "--help"], "toolrack status --json"),
        (&["add", "--help"], "toolrack add ./manifests"),
        (&["remove", "--help"], "toolrack remove weather"),
        (&["dev", "--help"], "toolrack dev ./roman"),
    ] {
        let output = toolrack().args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(expected), "{text}");
    }
    let wrong = toolrack().arg("frobnicate").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn shells_and_manuals_are_told_of_every_command() {
    let text = |arguments: &[&str]| {
        let output = toolrack().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let help = text(&["--help"]);
    let commands = help.split("Commands:").nth(1).expect("commands").split("\n\n").next().unwrap();
    let commands: Vec<_> =
        commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 15 && commands.contains(&"register"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&["completions", shell]);
        for command in &commands {
            assert!(script.contains(command), "{shell} is not told of {command}");
        }
        // The others complete no arguments.
        let is_told = !["bash", "zsh"].contains(&shell) || script.contains("claude-desktop");
        assert!(is_told, "{shell} is not told of clients");
    }
    assert!(text(&["man"]).contains("toolrack \\- One MCP server"));
    let directory = tempfile::tempdir().unwrap();
    text(&["man", directory.path().to_str().unwrap()]);
    for command in commands.iter().filter(|command| **command != "help") {
        let page = fs::read_to_string(directory.path().join(format!("toolrack-{command}.1")));
        assert!(page.is_ok_and(|page| page.contains(".SH DESCRIPTION")), "{command}");
    }
    let missing = toolrack().args(["man", "/nonexistent"]).output().unwrap();
    let error = String::from_utf8(missing.stderr).unwrap();
    assert!(missing.status.code() == Some(2) && error.contains("make it first"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn secret_says_where_values_are_and_what_to_do_without_a_keyring() {
    let (directory, home) = (plugins::good(), tempfile::tempdir().unwrap());
    let manifest = "[grants]\nsecrets = [\"IN_FILE\", \"IN_VARIABLE\", \"NOWHERE\"]";
    plugins::install(directory.path(), "keys", manifest, &Wat::default().build());
    let file = directory.path().join(".env");
    std::fs::write(&file, "IN_FILE=the-value-in-a-file\n").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = toolrack();
        // No bus, so no keyring: this test touches nobody's.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        command.env("TOOLRACK_HOME", home.path()).env("IN_VARIABLE", "the-value-in-a-variable");
        let output =
            command.args(arguments).arg("--plugins").arg(directory.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, out, err) = run(&["secret", "list"]);
    assert_eq!(code, 0, "{err}");
    let path = file.to_str().unwrap();
    let set = plugins::suggested("secret set NOWHERE --file", directory.path());
    for line in [
        &format!("IN_FILE      in {path}"),
        "IN_VARIABLE  in the environment",
        &format!("NOWHERE      no value; {set} gives it one"),
    ] {
        assert!(out.contains(line), "{out}");
    }
    assert!(out.contains("granted to keys") && !out.contains("the-value"), "{out}");
    let (code, out, _) = run(&["check"]);
    assert_eq!(code, 0);
    let told: Vec<_> = out.lines().filter(|line| line.contains("has no value")).collect();
    let line = format!(
        "     the secret `NOWHERE` has no value; this machine has no keyring: give it one with {set}"
    );
    assert_eq!(told, [line]);
    let (_, out, _) = run(&["check", "--json"]);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    let keys = report["plugins"].as_array().unwrap().iter().find(|plugin| plugin["name"] == "keys");
    assert_eq!(keys.expect("it is served")["secretsWithoutValue"], serde_json::json!(["NOWHERE"]));
    let (_, out, _) = run(&["secret", "list", "--json"]);
    let rows: Value = serde_json::from_str(&out).expect("JSON");
    let sources: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| row["source"].clone()).collect();
    assert_eq!(sources, [Value::from("file"), Value::from("environment"), Value::Null]);
    std::fs::remove_file(directory.path().join("keys.toml")).unwrap();
    let (_, out, _) = run(&["secret", "list"]);
    // What the keyring has is not known.
    assert_eq!(out, "no secrets: no installed plugin is granted one\n");
    let (code, _, err) = run(&["secret", "set", "NOWHERE"]);
    let advice = format!("the secret is not kept; keep it in a file with {set}");
    assert!(code == 2 && err.contains(&advice), "{err}");
    assert!(err.contains("this machine has no keyring that can be reached"), "{err}");
    assert!(!err.contains("zbus") && !err.contains("unix:path"), "{err}");
    let (code, _, err) = run(&["secret", "remove", "no-name"]);
    // It may be the secret itself.
    assert!(code == 2 && err.contains("NAME: expected a letter"), "{err}");
    assert!(!err.contains("no-name"), "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_secret_is_kept_in_a_file_where_there_is_no_keyring() {
    use std::io::Write as _;
    use std::process::Stdio;
    let person = Person::new();
    let directory = person.plugins();
    std::fs::create_dir_all(&directory).unwrap();
    let manifest = "[grants]\nsecrets = [\"KEY\"]";
    plugins::install(&directory, "keys", manifest, &Wat::default().build());
    let run = |arguments: &[&str], input: &str| {
        let mut command = person.command(arguments);
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, _, err) = run(&["secret", "set", "KEY", "--file"], "\"Bearer the-value\" \n");
    for part in ["blanks", "quotation marks", "`Bearer `", "say it again with the value alone"] {
        assert!(code == 0 && err.contains(part) && !err.contains("the-value"), "{err}");
    }
    let (code, out, err) = run(&["secret", "set", "KEY", "--file"], "the-value-of-the-key\n");
    let file = person.path("secrets").join("KEY");
    assert_eq!(out, format!("KEY is kept in {}\n", file.display()), "{err}");
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "the-value-of-the-key");
    let (_, out, err) = run(&["secret", "list"], "");
    assert_eq!(out, format!("KEY  in {}\n     granted to keys\n", file.display()));
    assert_eq!(err, "");
    let (_, out, _) = run(&["check"], "");
    assert!(!out.contains("no value"), "{out}");
    std::fs::write(directory.join(".env"), "KEY=another-value\n").unwrap();
    let (_, _, err) = run(&["secret", "set", "KEY", "--file"], "the-value-of-the-key");
    assert!(err.contains(".env has a value for it as well, and that one counts"), "{err}");
    std::fs::remove_file(directory.join(".env")).unwrap();
    for (name, expected) in [
        (
            "KYE",
            "did you mean KEY, which is granted to keys? `toolrack secret remove KYE` takes this one out",
        ),
        (
            "OTHER_TOKEN",
            "`toolrack grant PLUGIN secret OTHER_TOKEN --for URL` puts it into requests to that URL",
        ),
    ] {
        let (_, _, err) = run(&["secret", "set", name, "--file"], "the-value-of-the-key");
        assert!(err.contains(expected), "{err}");
        run(&["secret", "remove", name], "");
    }
    let (code, out, err) = run(&["secret", "remove", "KEY"], "");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("KEY is gone: ") && !file.exists(), "{out}");
    let (code, _, err) = run(&["secret", "remove", "KEY"], "");
    let secrets = person.path("secrets");
    let neither = format!(
        "error: neither the system's keyring (which cannot be reached) nor {} has a secret `KEY`; ",
        secrets.display()
    );
    let expected = format!("{neither}`toolrack secret list` shows which secrets have a value\n");
    assert_eq!((code, err), (2, expected));
    let dot_env = directory.join(".env");
    std::fs::write(&dot_env, "KEY=another-value\n").unwrap();
    let (code, _, err) = run(&["secret", "remove", "KEY"], "");
    let there = format!("{neither}it has its value in {}: remove it there\n", dot_env.display());
    assert!(code == 2 && err.contains(&there), "{err}");
    run(&["secret", "set", "KEY", "--file"], "the-value-of-the-key");
    let (code, _, err) = run(&["secret", "remove", "KEY"], "");
    let still = format!("{} still has a value for it, and that one counts\n", dot_env.display());
    assert!(code == 0 && err.contains(&still), "{err}");
}

#[test]
fn inspect_says_what_any_file_is_and_begins_its_manifest() {
    let directory = tempfile::tempdir().unwrap();
    let function = r#"(component
        (core module $m (func (export "f") (result i32) (i32.const 7)))
        (core instance $i (instantiate $m))
        (func (export "seven") (result u32) (canon lift (core func $i "f"))))"#;
    let program = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    let large = r#"(module (memory (export "memory") 2000) (func (export "_start")))"#;
    for (name, wasm, words, tool) in [
        ("own", Wat::default().build(), "made for toolrack", Some("own_run")),
        ("num", wat::parse_str(function).unwrap(), "whose functions are tools", Some("num_seven")),
        ("prog", wat::parse_str(program).unwrap(), "a WASI program", None),
        ("large", wat::parse_str(large).unwrap(), "`memory = \"128MiB\"` under [limits]", None),
    ] {
        let file = directory.path().join(name).with_extension("wasm");
        std::fs::write(&file, wasm).unwrap();
        let path = file.to_str().unwrap();
        let (code, out, err) = run(&["inspect", path], directory.path());
        assert_eq!(code, 0, "{err}");
        assert!(out.contains(words), "{out}");
        let (_, out, _) = run(&["inspect", path, "--json"], directory.path());
        let report: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(report["tools"][0]["name"].as_str(), tool, "{out}");
        let (_, manifest, _) = run(&["inspect", path, "--manifest"], directory.path());
        std::fs::write(file.with_extension("toml"), manifest).unwrap();
    }
    let number = directory.path().join("num.wasm");
    let world = "package a:b;\nworld w {\n  /// Always seven.\n  export seven: func() -> u32;\n}";
    for (wit, in_out, in_err) in
        [(world, "Always seven.", ""), ("world {", "num_seven", "num.wit:1:7: expected")]
    {
        std::fs::write(number.with_extension("wit"), wit).unwrap();
        let (code, out, err) = run(&["inspect", number.to_str().unwrap()], directory.path());
        assert!(code == 0 && out.contains(in_out) && err.contains(in_err), "{out}{err}");
    }
    std::fs::remove_file(number.with_extension("wit")).unwrap();
    // The file of a version, whose name is no plugin's.
    let version = directory.path().join("python-3.12.0.wasm");
    std::fs::copy(&number, &version).unwrap();
    let (_, manifest, _) =
        run(&["inspect", version.to_str().unwrap(), "--manifest"], directory.path());
    std::fs::write(directory.path().join("python-3.12.0.toml"), manifest).unwrap();
    // The manifests are good as they are, but for the limit that was told.
    let (_, out, _) = run(&["check"], directory.path());
    assert!(out.contains("4 plugins with 4 tools served, 1 refused"), "{out}");
    assert!(out.contains("python-3-12-0"), "{out}");
    let text = directory.path().join("notes.txt");
    std::fs::write(&text, "no Wasm").unwrap();
    let (code, _, err) = run(&["inspect", text.to_str().unwrap()], directory.path());
    assert!(code == 2 && err.contains("this is text, not WebAssembly"), "{err}");
    let (code, _, err) = run(&["inspect", "no.wasm"], directory.path());
    assert!(code == 2 && err.contains("no.wasm: there is no such file or directory"), "{err}");
    let path = directory.path().to_str().unwrap();
    let (_, _, err) = run(&["inspect", path], directory.path());
    assert!(err.contains(": it is a directory, not a file"), "{err}");
}

#[test]
fn a_tilde_is_the_home_directory_whatever_starts_the_server() {
    let (person, home) = (Person::new(), TempDir::new().unwrap());
    let directory = home.path().join("mine");
    fs::create_dir(&directory).unwrap();
    plugins::install(&directory, "p", "", &Wat::default().build());
    let list = |configure: &dyn Fn(&mut Command)| {
        let mut command = person.command(&["list"]);
        command.env("HOME", home.path()).env("USERPROFILE", home.path());
        configure(&mut command);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let named = list(&|command| _ = command.args(["--plugins", "$HOME/mine"]));
    assert!(named.contains("p_run"), "{named}");
    let option = list(&|command| _ = command.args(["--plugins", "~/mine"]));
    assert!(option.contains("p_run"), "{option}");
    let variable = list(&|command| _ = command.env("TOOLRACK_PLUGINS", "~/mine"));
    assert!(variable.contains("p_run"), "{variable}");
}

#[test]
fn a_directory_that_is_named_from_the_working_directory_is_told_with_that() {
    let (person, here) = (Person::new(), TempDir::new().unwrap());
    let mut command = person.command(&["check", "--plugins", "mine"]);
    let out = command.current_dir(here.path()).output().unwrap().stdout;
    let out = String::from_utf8(out).unwrap();
    let here = here.path().canonicalize().unwrap();
    let told = format!("there is no such directory below {}", here.display());
    assert!(out.contains(&told), "{out}");
}
