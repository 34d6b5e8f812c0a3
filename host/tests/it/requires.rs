//! Tools that can only fail for want of a grant or of a secret's value: not listed, said why, and listed when that is over.

use std::fs;

use serde_json::json;

use crate::client::Client;
use crate::guest::Wat;
use crate::person::Person;
use crate::plugins::{install, replace};

const MANIFEST: &str = r#"
[grants]
secrets = ["REQUIRED_TOKEN"]

[[tools]]
name = "write"
requires = ["files:write"]

[[tools]]
name = "ask"
requires = ["secret:REQUIRED_TOKEN"]
"#;

/// A person with the plugin `v`, of whose tools `run` requires nothing.
fn person(manifest: &str) -> Person {
    let person = Person::new();
    fs::create_dir_all(person.plugins()).unwrap();
    let wat = Wat { tools: &["run", "write", "ask"], ..Wat::default() };
    install(&person.plugins(), "v", manifest, &wat.build());
    person
}

#[track_caller]
fn run(person: &Person, arguments: &[&str]) -> String {
    let ran = person.run(arguments);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran.out
}

fn listed(person: &Person) -> Vec<String> {
    let check = run(person, &["check", "--json"]);
    let check: serde_json::Value = serde_json::from_str(&check).unwrap();
    serde_json::from_value(check["plugins"][0]["tools"].clone()).unwrap()
}

#[test]
fn the_first_list_of_a_server_lacks_what_can_only_fail() {
    for _ in 0..5 {
        let person = person(MANIFEST);
        let mut client =
            Client::spawn(person.command(&["serve", "--plugins"]).arg(person.plugins()));
        client.request("initialize", json!({ "protocolVersion": "2025-11-25" }));
        let list = client.request("tools/list", json!({}));
        let tools = list["result"]["tools"].as_array().unwrap();
        let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["v_run"]);
    }
}

#[test]
fn what_can_only_fail_is_not_listed_and_it_is_said_what_to_do() {
    let person = person(MANIFEST);
    assert_eq!(listed(&person), ["v_run"]);
    let said = run(&person, &["check"]);
    for expected in [
        "the tool `v_write` is not listed, since it can only fail without `files:write` (toolrack grant v files DIRECTORY --write)",
        "the tool `v_ask` is not listed, since it can only fail without a value of the secret REQUIRED_TOKEN (toolrack secret set REQUIRED_TOKEN",
        "1 plugin with 1 tool served, 0 refused",
    ] {
        assert!(said.contains(expected), "no {expected:?} in {said}");
    }
    assert_eq!(said.matches("not listed /").count(), 1, "one line names the file: {said}");
    // With or without a keyring, one command is told.
    assert_eq!(
        said.contains("REQUIRED_TOKEN --file)"),
        said.contains("REQUIRED_TOKEN --file`"),
        "{said}"
    );
    // A server says it once, however many tools there are.
    let mut client = person.serve(&person.plugins());
    client.logs("v.toml: 2 tools are not listed for want of a grant");
    let (_, _, log) = client.end();
    assert!(!log.concat().contains("the tool `v_write` is not listed"), "{log:?}");
    let call = person.run(&["call", "v_write"]);
    assert!(
        call.code == 2 && call.err.contains("toolrack grant v files DIRECTORY --write"),
        "{}",
        call.err
    );

    let notes = tempfile::tempdir().unwrap();
    let path = &notes.path().to_str().unwrap().to_owned();
    run(&person, &["grant", "v", "files", path, "--at", "/notes"]);
    assert_eq!(listed(&person), ["v_run"]);
    run(&person, &["grant", "v", "files", path, "--at", "/notes", "--write"]);
    assert_eq!(listed(&person), ["v_run", "v_write"]);
    // A directory that is gone lets it do nothing.
    drop(notes);
    assert_eq!(listed(&person), ["v_run"]);
    let said = run(&person, &["check"]);
    let expected = format!(
        "can only fail without `files:write`, which is granted, but there is no directory {path}; make it, or change `path`"
    );
    assert!(said.contains(&expected) && !said.contains("toolrack grant v files"), "{said}");
    assert!(said.contains("`toolrack set v ungranted show` lists it"), "{said}");
    run(&person, &["set", "v", "ungranted", "show"]);
    assert_eq!(listed(&person), ["v_ask", "v_run", "v_write"]);
    run(&person, &["unset", "v", "ungranted"]);
    fs::write(person.plugins().join(".env"), "REQUIRED_TOKEN=0123456789\n").unwrap();
    assert_eq!(listed(&person), ["v_ask", "v_run"]);
    // A secret that is not granted helps nobody.
    run(&person, &["revoke", "v", "secret", "REQUIRED_TOKEN"]);
    let said = run(&person, &["check"]);
    let expected =
        "`secret:REQUIRED_TOKEN`, which you took away (toolrack unset v secret:REQUIRED_TOKEN)";
    assert!(said.contains(expected), "{said}");
    run(&person, &["unset", "v", "secret:REQUIRED_TOKEN"]);
    assert_eq!(listed(&person), ["v_ask", "v_run"]);
}

#[test]
fn a_value_that_the_plugin_does_not_know_switches_nothing_on() {
    let person = person(
        "[plugin]\nconfig_keys = { delete = [true, false] }\n[[tools]]\nname = \"write\"\nrequires = [\"config:delete\"]\n",
    );
    let told = "`config:delete` (toolrack grant v config delete=true)";
    assert!(run(&person, &["check"]).contains(told));
    for value in ["VALUE", "no", "False", "false"] {
        run(&person, &["grant", "v", "config", &format!("delete={value}")]);
        assert_eq!(listed(&person), ["v_ask", "v_run"], "{value}");
        assert!(run(&person, &["check"]).contains(told));
    }
    run(&person, &["grant", "v", "config", "delete=true"]);
    assert_eq!(listed(&person), ["v_ask", "v_run", "v_write"]);
}

#[test]
fn a_server_lists_it_as_soon_as_it_can_do_more_than_fail() {
    let person = person(MANIFEST);
    run(&person, &["approve", "--yes"]);
    let mut client = person.serve(&person.plugins());
    person.status_when(|status| {
        status[0]["plugins"][0]["tools"].as_array().is_some_and(|tools| tools.len() == 1)
    });
    assert_eq!(client.tools(), ["v_run"]);
    let refused = client.request("tools/call", json!({ "name": "v_ask", "arguments": {} }));
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("toolrack secret set REQUIRED_TOKEN"), "{message}");
    // What is locked is all of the plugin: its value coming changes nothing that somebody would have to accept.
    replace(&person.plugins().join(".env"), "REQUIRED_TOKEN=0123456789\n");
    person.status_when(|status| {
        status[0]["plugins"][0]["tools"].as_array().is_some_and(|tools| tools.len() == 2)
    });
    assert_eq!(client.tools(), ["v_ask", "v_run"]);
    fs::remove_file(person.plugins().join(".env")).unwrap();
    person.status_when(|status| {
        status[0]["plugins"][0]["tools"].as_array().is_some_and(|tools| tools.len() == 1)
    });
    assert_eq!(client.tools(), ["v_run"]);
    assert_eq!(person.run(&["check", "--locked"]).code, 0);
}

#[test]
fn a_secret_that_the_manifest_binds_is_never_told_to_the_plugin_by_a_suggestion() {
    const URL: &str = "https://api.example.org";
    let manifest = format!(
        "[grants]\nnetwork = [{{ url = \"{URL}\", secret = \"BOUND_TOKEN\", query = \"key\" }}]\n\
         [[tools]]\nname = \"ask\"\nrequires = [\"secret:BOUND_TOKEN\"]\n"
    );
    let person = person(&manifest);
    // What a person binds there under another name is what the tool requires.
    run(&person, &["grant", "v", "secret", "MY_TOKEN", "--for", URL]);
    let said = run(&person, &["check"]);
    assert!(
        said.contains("a value of the secret MY_TOKEN (toolrack secret set MY_TOKEN"),
        "{said}"
    );
    assert!(!said.contains("BOUND_TOKEN"), "{said}");
    // Where nothing is bound, the command binds it.
    let local = person.plugins().join("v.local.toml");
    fs::write(&local, format!("[grants]\nnetwork = [\"{URL}\"]\n")).unwrap();
    let said = run(&person, &["check"]);
    let expected =
        format!("`secret:BOUND_TOKEN` (toolrack grant v secret BOUND_TOKEN --for {URL})");
    assert!(said.contains(&expected), "{said}");
    run(&person, &["grant", "v", "secret", "BOUND_TOKEN", "--for", URL]);
    let said = run(&person, &["check"]);
    assert!(said.contains("a value of the secret BOUND_TOKEN"), "{said}");
    let local = fs::read_to_string(local).unwrap_or_default();
    assert!(!local.contains("secrets"), "{local}");
    // A person who tells it all the same is told what that means.
    let told = person.run(&["grant", "v", "secret", "BOUND_TOKEN"]);
    assert!(told.err.contains("unset v secret:BOUND_TOKEN"), "{}{}", told.out, told.err);
}
