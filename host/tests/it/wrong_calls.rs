//! Calls as models get them wrong, on the shipped plugins and on guests of every kind: `tests/wrong_calls.txt` holds each
//! with its answer, which has to let the next call be right.
//!
//! After a change of words, `BLESS=1 cargo test --test it wrong_calls` rewrites the answers: read the diff.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, toolrack};
use crate::plugins::{install, shipped};
use crate::wit;

/// How much of an answer that was given is shown, in bytes.
const MAX_ANSWER: usize = 60;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong_calls.txt")
}

/// A component whose function takes a record, and a program whose arguments its manifest declares.
fn guests() -> TempDir {
    let directory = TempDir::new().unwrap();
    let types =
        "enum color { red, blue } record t { name: string, color: color, note: option<string> }";
    install(directory.path(), "fun", "", &wit::echo(types, "t"));
    let program = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    let manifest = "[[tools]]\nname = \"cut\"\ndescription = \"Cuts.\"\nargs = [\"--size={size}\", \"--unit={unit}\"]\n\
        [tools.parameters]\nsize = \"integer\"\nunit = { type = \"string\", enum = [\"mm\", \"inch\"], default = \"mm\" }\n";
    install(directory.path(), "prog", manifest, &wat::parse_str(program).unwrap());
    directory
}

/// The answer to a call, on one line.
fn answer(client: &mut Client, tool: &str, arguments: Value) -> String {
    let answer = client.request("tools/call", json!({ "name": tool, "arguments": arguments }));
    let text = &answer["result"]["content"][0]["text"];
    let text = text.as_str().unwrap_or_default().replace('\n', " / ");
    match answer["result"]["isError"] == true {
        true => text,
        false if answer["result"].is_null() => answer["error"]["message"].to_string(),
        false => format!("answered: {}", &text[..text.floor_char_boundary(MAX_ANSWER)]),
    }
}

#[test]
fn each_wrong_call_is_answered_so_that_the_next_can_be_right() {
    let guests = guests();
    let mut command = toolrack();
    command.args(["serve", "--plugins"]).arg(shipped()).arg("--plugins").arg(guests.path());
    let mut client = Client::spawn(&mut command).shakes_hands();
    client.tools();
    let kept = fs::read_to_string(golden()).expect("the calls");
    let mut found = String::new();
    let mut calls = 0;
    for line in kept.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()) {
        if line.starts_with('#') {
            let _ = writeln!(found, "\n{line}");
            continue;
        }
        let (tool, arguments) = line.split_once(' ').expect("a tool and its arguments");
        let arguments = serde_json::from_str(arguments).unwrap_or_else(|_| panic!("{line}"));
        let _ = writeln!(found, "{line}\n    {}", answer(&mut client, tool, arguments));
        calls += 1;
    }
    let found = found.trim_start().to_owned();
    assert!(calls >= 30, "{calls}");
    if std::env::var_os("BLESS").is_some() {
        fs::write(golden(), &found).expect("a writable folder");
    }
    let kept = fs::read_to_string(golden()).expect("the calls");
    assert!(found == kept, "BLESS=1 accepts the new answers: {found}");
    client.end();
}
