//! Guests whose answers and lists are hostile: too large, out of range, no text, not what was asked for.

use crate::bench::{Bench, Seen, called};
use crate::case::cases;
use crate::guest::Wat;
use crate::plugins::install;

cases! {
    "Hostile answers";
    "a text of a gigabyte" => gigabyte, "the plugin crashed: string pointer/length out of bounds of memory";
    "a text beyond the end of memory" => beyond_memory, "…out of bounds…";
    "a text that is not UTF-8" => text_not_utf8, "…utf-8…";
    "a text one byte above the output limit" => above_the_output_limit,
        "the tool was stopped: it handed over more at once than its output limit of 64 KiB…";
    "terminal control, bidirectional and zero-width characters in an answer" => hidden_characters,
        "it comes as it is, escaped in JSON only";
    "structured content that is no JSON" => broken_structure, "the plugin gave an unusable answer: its structured content is not valid JSON: EOF while parsing an object at line 1 column 7";
    "JSON with a second message behind it" => message_behind_json, "the plugin gave an unusable answer: its structured content is not valid JSON: trailing characters at line 1 column 10";
    "a list of a billion tools" => billion_tools, "`bad.wasm`: listing its tools failed: the plugin crashed: list pointer/length out of bounds of memory";
    "a list of 600 tools" => six_hundred_tools, "`bad.wasm`: it lists 600 tools; the most is 512";
    "a list that loops" => looping_list, "`bad.wasm`: listing its tools failed: the tool was stopped: it used up its fuel, a measure of work, of 20_000_000…";
    "a start function that loops" => looping_start, "`bad.wasm`: listing its tools failed: the tool was stopped: it used up its fuel, a measure of work, of 20_000_000…";
    "a start function that crashes" => crashing_start, "…unreachable…";
    "a tool whose name no client accepts" => bad_name, "`bad.wasm`: its tool `a b\\u{1b}[2J` has a bad name: `a b\\u{1b}[2J` is not a name: expected a letter or `_`, then letters, digits, `_` or `-`, at most 48 characters";
    "an input schema that is no schema" => bad_schema, "its tool `run` has an input schema that is not valid JSON Schema: \"no such type\" is not valid under any of the schemas listed in the 'anyOf' keyword";
    "an input schema that is no JSON" => schema_no_json, "`bad.wasm`: its tool `run` has an input schema that is not JSON: EOF while parsing a value at line 1 column 8";
    "an input schema nested a thousand deep" => deep_schema, "`bad.wasm`: its tool `run` has an input schema that is not JSON: recursion limit exceeded at line 1 column 890";
    "a hidden character in a schema's description" => hidden_in_schema, "`bad.wasm`: its tool `run` has an input schema that cannot be shown: it holds U+202E, a character that controls, reorders or hides text";
}

fn gigabyte() -> Seen {
    called("", &call("(call $text (i32.const 0) (i32.const 1073741824))"))
}

fn beyond_memory() -> Seen {
    called("", &call("(call $text (i32.const 65000) (i32.const 1000))"))
}

fn text_not_utf8() -> Seen {
    let fields = r#"(data (i32.const 200) "\ff\fe")"#;
    called(
        "",
        &Wat { call: "(call $text (i32.const 200) (i32.const 2))", fields, ..Wat::default() },
    )
}

fn above_the_output_limit() -> Seen {
    let body =
        "(drop (memory.grow (i32.const 2))) (call $text (i32.const 65536) (i32.const 65537))";
    called("[limits]\noutput = \"64KiB\"", &call(body))
}

/// It is the client that shows an answer; the protocol carries it whole, on one line.
fn hidden_characters() -> Seen {
    let wat = Wat {
        call: "(call $text (i32.const 200) (i32.const 12))",
        fields: r#"(data (i32.const 200) "\1b[2J\0d\0a\e2\80\aeab\00")"#,
        ..Wat::default()
    };
    let mut bench = Bench::beside("", &wat);
    assert_eq!(bench.client.text("bad_run"), "\u{1b}[2J\r\n\u{202e}ab\0");
    bench.after("it comes as it is, escaped in JSON only")
}

fn structured(text: &str) -> Seen {
    let wat = Wat {
        call: &format!("(call $structured (i32.const 200) (i32.const {}))", text.len()),
        fields: &format!(r#"(data (i32.const 200) "{}")"#, text.replace('"', "\\\"")),
        ..Wat::default()
    };
    called("", &wat)
}

fn broken_structure() -> Seen {
    structured(r#"{"a": 1"#)
}

fn message_behind_json() -> Seen {
    structured(r#"{"a": 1} {"jsonrpc":"2.0","id":1,"result":{}}"#)
}

fn billion_tools() -> Seen {
    let list = "(i32.store (i32.const 512) (i32.const 0))
        (i32.store (i32.const 516) (i32.const 1000000000)) (i32.const 512)";
    refused("", &Wat { list, ..Wat::default() })
}

fn six_hundred_tools() -> Seen {
    let names: Vec<_> = (0..600).map(|number| format!("t{number}")).collect();
    let tools: Vec<_> = names.iter().map(String::as_str).collect();
    let wat = Wat { tools: &tools, ..Wat::default() };
    refused("", &wat)
}

const SPIN: &str = "(loop $l (br $l)) unreachable";
const LITTLE: &str = "[limits]\nfuel = 20_000_000";

fn looping_list() -> Seen {
    refused(LITTLE, &Wat { list: SPIN, ..Wat::default() })
}

fn looping_start() -> Seen {
    let fields = "(func $spin (loop $l (br $l))) (start $spin)";
    refused(LITTLE, &Wat { fields, ..Wat::default() })
}

fn crashing_start() -> Seen {
    refused("", &Wat { fields: "(func $crash unreachable) (start $crash)", ..Wat::default() })
}

fn bad_name() -> Seen {
    refused("", &Wat { tools: &["a b\u{1b}[2J"], ..Wat::default() })
}

const BAD: &str = r#"{"type":"object","properties":{"a":{"type":"no such type"}}}"#;

fn bad_schema() -> Seen {
    refused("", &Wat { input_schema: BAD, ..Wat::default() })
}

fn schema_no_json() -> Seen {
    refused("", &Wat { input_schema: r#"{"type":"#, ..Wat::default() })
}

fn deep_schema() -> Seen {
    let schema = format!("{}{}{}", r#"{"not":"#.repeat(1000), "{}", "}".repeat(1000));
    refused("", &Wat { input_schema: &schema, ..Wat::default() })
}

fn hidden_in_schema() -> Seen {
    let schema = "{\"type\":\"object\",\"description\":\"a\u{202e}b\"}";
    refused("", &Wat { input_schema: schema, ..Wat::default() })
}

fn call(body: &str) -> Wat<'_> {
    Wat { call: body, ..Wat::default() }
}

/// Serves a directory with this guest; what the log says of it.
pub(crate) fn refused(manifest: &str, wat: &Wat<'_>) -> Seen {
    refused_file(manifest, &wat.build())
}

pub(crate) fn refused_file(manifest: &str, wasm: &[u8]) -> Seen {
    let mut bench = Bench::with(|path| install(path, "bad", manifest, wasm));
    let line = bench.client.logs("bad.toml");
    assert_eq!(bench.client.tools(), ["good_other", "good_run"]);
    let (_, reason) = line.split_once("bad.toml").unwrap();
    bench.after(reason.trim_start_matches(": "))
}
