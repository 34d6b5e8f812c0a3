//! The commands that messages suggest: each is copied into a shell as it stands, and acts on the directory that the
//! message is about.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guest::Wat;
use crate::person::Person;
use crate::plugins::install;

const MANIFEST: &str = r#"
[plugin]
config_keys = { units = ["metric", "imperial"], on = "any" }

[grants]
network = ["https://a.example"]

[[tools]]
name = "write"
requires = ["config:on"]
"#;

/// A person with the plugin `v` in the default directory, and in another whose name a shell would divide.
fn person() -> (Person, PathBuf) {
    let person = Person::new();
    let other = person.path("it's another");
    let wasm = Wat { tools: &["run", "write"], ..Wat::default() }.build();
    for directory in [&person.plugins(), &other] {
        fs::create_dir_all(directory).unwrap();
        install(directory, "v", MANIFEST, &wasm);
    }
    (person, other)
}

/// The files of a directory.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// The commands that stand in `text`, between backticks or brackets or at its end.
fn commands(text: &str) -> Vec<String> {
    let starts =
        text.match_indices("toolrack ").filter(|(at, _)| text[..*at].ends_with(['`', '(', ' ']));
    let ends = |(at, _): (usize, &str)| {
        let home = text[..at].rfind("TOOLRACK_HOME=");
        let home = home.filter(|home| !text[*home..at].trim_end().contains(char::is_whitespace));
        let at = home.unwrap_or(at);
        let end = match text[..at].chars().next_back() {
            Some('`') => text[at..].find('`'),
            Some('(') => text[at..].find(')'),
            _ => text[at..].find('\n'),
        };
        text[at..at + end.unwrap_or(text.len() - at)].to_owned()
    };
    starts.map(ends).collect()
}

/// Runs `command` in a shell, in which `toolrack` is this one.
fn copied(person: &Person, command: &str) -> std::process::Output {
    let program = Path::new(env!("CARGO_BIN_EXE_toolrack"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = program.parent().unwrap().to_owned();
    let path = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut shell = Command::new("sh");
    shell.env_remove("TOOLRACK_PLUGINS").env_remove("TOOLRACK_LOG").env("PATH", path);
    shell.env("TOOLRACK_HOME", person.path("")).current_dir("/").args(["-c", command]);
    shell.stdin(std::process::Stdio::null()).output().expect("a shell")
}

/// Expects that `said` suggests a command that begins so, and that it decides in `other` alone.
#[track_caller]
fn decides(person: &Person, other: &Path, said: &str, begins: &str) {
    let all = commands(said);
    let command = all.iter().find(|command| command.starts_with(begins));
    let command = command.unwrap_or_else(|| panic!("no {begins:?} in {said}"));
    let (default, before) = (tree(&person.plugins()), tree(other));
    let done = copied(person, command);
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command}: {told}");
    assert_eq!(tree(&person.plugins()), default, "{command} changes the default directory");
    assert_ne!(tree(other), before, "{command} changes nothing");
}

#[test]
fn a_command_decides_where_the_one_that_suggests_it_looked() {
    let (person, other) = person();
    for (local, words, begins) in [
        ("grants.config = { units = \"imperal\" }", &["check", "v"][..], "toolrack grant v config"),
        (
            "grants.config = { unitz = \"metric\" }",
            &["check", "v"],
            "toolrack unset v config:unitz",
        ),
        (
            "grants.without = [\"network\"]\n[[tools]]\nname = \"run\"\nhidden = true\n",
            &["call", "v_run"],
            "toolrack unset v tools.run",
        ),
        ("", &["check", "v"], "toolrack grant v config on="),
        ("", &["call", "v_write"], "toolrack set v ungranted"),
        ("", &["grant", "v", "https://b.example"], "toolrack grant v network"),
        ("", &["grant", "v", "limits.cpu", "3s"], "toolrack set v limits.cpu"),
        ("", &["set", "v", "network", "https://b.example"], "toolrack grant v network"),
        ("", &["set", "v", "units", "imperial"], "toolrack grant v config"),
        ("", &["set", "v", "limits.cpu"], "toolrack set v limits.cpu"),
        ("", &["revoke", "v", "network", "https://aa.example"], "toolrack revoke v network"),
        ("limits.cpu = \"3s\"", &["unset", "v", "cpv"], "toolrack unset v limits.cpu"),
        ("grants.env = { A = \"b\" }", &["unset", "v", "A"], "toolrack unset v env:A"),
        ("", &["grant", "v", "config", "api_key=hunter2"], "toolrack unset v config:api_key"),
    ] {
        let file = other.join("v.local.toml");
        if local.is_empty() {
            drop(fs::remove_file(&file))
        } else {
            fs::write(&file, local).unwrap()
        }
        let ran = person.run(&[&["--plugins", other.to_str().unwrap()], words].concat());
        decides(&person, &other, &format!("{}{}", ran.out, ran.err), begins);
    }
}

#[test]
fn a_command_that_changes_a_plugin_of_several_directories_names_the_one_that_serves() {
    let (person, other) = person();
    let default = person.plugins();
    let words = ["--plugins", other.to_str().unwrap(), "--plugins", default.to_str().unwrap()];
    let ran = person.run(&[&words[..], &["check", "v"]].concat());
    let said = format!("{}{}", ran.out, ran.err);
    for begins in ["toolrack grant v config on=", "toolrack set v ungranted show"] {
        decides(&person, &other, &said, begins);
    }
}

#[test]
fn a_command_looks_where_the_one_that_suggests_it_looked() {
    let (person, other) = person();
    let word = other.to_str().unwrap();
    fs::write(person.plugins().join("v.toml"), "[plugin]\nprefix = \"default\"\n").unwrap();
    for (words, begins) in [
        (&["call", "nope"][..], "toolrack list"),
        (&["check", "nope"], "toolrack check"),
        (&["unset", "v", "nope"], "toolrack check v"),
    ] {
        let ran = person.run(&[&["--plugins", word], words].concat());
        let all = commands(&ran.err);
        let command = all.iter().find(|command| command.starts_with(begins));
        let command = command.unwrap_or_else(|| panic!("no {begins:?} in {}", ran.err));
        let out = copied(&person, command).stdout;
        let out = String::from_utf8_lossy(&out);
        assert!(out.contains("v_run") && !out.contains("default_run"), "{command}: {out}");
    }
    // With a lock there, what differs is shown of that directory.
    assert_eq!(person.run(&["--plugins", word, "approve", "--yes"]).code, 0);
    fs::write(other.join("v.toml"), format!("{MANIFEST}\n[limits]\ncpu = \"3s\"\n")).unwrap();
    let said = person.run(&["--plugins", word, "doctor"]).out;
    let all = commands(&said);
    let approve = all.iter().find(|command| command.starts_with("toolrack approve"));
    let out = copied(&person, approve.unwrap_or_else(|| panic!("no command in {said}"))).stdout;
    assert!(String::from_utf8_lossy(&out).contains(word), "{out:?}");
}

#[test]
fn a_server_suggests_commands_for_the_directories_that_it_serves() {
    let (person, other) = person();
    let said = person.serve(&other).text("v_write");
    // A client may have told the server a home that no shell knows.
    let home = person.named_home();
    decides(&person, &other, &said, &format!("{home}toolrack grant v config on="));
}

#[test]
fn the_default_directory_is_not_named() {
    let (person, other) = person();
    let word = other.to_str().unwrap();
    let suggested = |command: &mut Command| {
        let output = command.output().expect("the binary");
        commands(&String::from_utf8_lossy(&output.stderr)).concat()
    };
    assert_eq!(suggested(&mut person.command(&["call", "nope"])), "toolrack list");
    let quoted = format!("toolrack list --plugins '{}'", word.replace('\'', r"'\''"));
    let mut named = person.command(&["call", "nope"]);
    assert_eq!(suggested(named.env("TOOLRACK_PLUGINS", word)), quoted);
    // A shell that has the variable would otherwise act on what that names.
    let default = person.plugins();
    let default = default.to_str().unwrap();
    let mut named = person.command(&["--plugins", default, "call", "nope"]);
    let expected = format!("toolrack list --plugins {default}");
    assert_eq!(suggested(named.env("TOOLRACK_PLUGINS", word)), expected);
}
