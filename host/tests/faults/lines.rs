//! A client's lines: broken, odd, in the wrong place, too many. Each gets the answer of its class, once.

use serde_json::{Value, json};

use crate::bench::{Bench, Seen};
use crate::case::cases;
use crate::client::toolrack;
use crate::plugins::{SHIPPED_TOOLS, shipped};
use crate::usage::Usage;

cases! {
    "The client's lines";
    "lines that are no JSON: cut, garbage, invalid UTF-8, NUL" => no_json,
        "each is answered with -32700 and no id";
    "lines that are JSON, but no message" => no_message, "each is answered with -32600";
    "empty lines, blanks, CRLF" => empty_lines, "nothing is said to them; a request with CRLF is answered";
    "nesting 100,000 deep" => deep, "-32600 for arrays, which are no batch here, -32700 for objects";
    "duplicate keys" => duplicate_keys, "one answer each";
    "numbers beyond every type, lone surrogates" => odd_values, "one answer each";
    "ids of every kind" => odd_ids, "strings and whole numbers come back as they came; others are refused with -32600";
    "a line of 64 MiB" => huge_line, "-32600; memory stays below 64 MiB more";
    "64 MiB without a newline, then one" => endless_line, "-32600; memory stays below 64 MiB more";
    "100,000 requests while nothing is read" => nothing_read,
        "the pipe pushes back; memory stays below 64 MiB more; all are answered in the end";
    "20,000 requests, 2,000 of them for a list of 50 KB, while nothing is read, beside all plugins of this repository"
        => lists_unread, "the pipe pushes back; memory stays below 64 MiB more; all are answered in the end";
}

pub(crate) fn plain() -> Bench {
    Bench::with(|_| {})
}

/// Sends bytes that are to be answered with this code and no id, or the id given.
#[track_caller]
pub(crate) fn refused(bench: &mut Bench, id: &Value, bytes: &[u8]) -> i64 {
    bench.client.asks(id.clone(), bytes);
    let response = bench.client.next();
    assert_eq!(response["id"], *id, "{response}");
    response["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {response}"))
}

fn no_json() -> Seen {
    let mut bench = plain();
    for line in [
        &b"{\n"[..],
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"\n",
        b"garbage\n",
        b"\xff\xfe\n",
        b"\0\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xffng\"}\n",
        b"{}}\n",
        b"'{}'\n",
        b"nul\n",
        b"{}\xef\xbb\xbf\n",
        b"\x1b[2J\n",
    ] {
        assert_eq!(refused(&mut bench, &Value::Null, line), -32700, "{line:?}");
    }
    bench.after("each is answered with -32700 and no id")
}

fn no_message() -> Seen {
    let mut bench = plain();
    for line in ["null", "1", "\"ping\"", "true", "{}", r#"{"jsonrpc":"1.0","method":"ping"}"#] {
        assert_eq!(
            refused(&mut bench, &Value::Null, format!("{line}\n").as_bytes()),
            -32600,
            "{line}"
        );
    }
    for line in [r#"{"id":7}"#, r#"{"jsonrpc":"2.0","id":7}"#, r#"{"id":7,"method":"ping"}"#] {
        assert_eq!(
            refused(&mut bench, &json!(7), format!("{line}\n").as_bytes()),
            -32600,
            "{line}"
        );
    }
    bench.after("each is answered with -32600")
}

fn empty_lines() -> Seen {
    let mut bench = plain();
    bench.client.send_bytes(b"\n\r\n  \n\t\r\n");
    bench
        .client
        .asks(json!("crlf"), b"{\"jsonrpc\":\"2.0\",\"id\":\"crlf\",\"method\":\"ping\"}\r\n");
    assert_eq!(bench.client.next()["id"], "crlf");
    bench.after("nothing is said to them; a request with CRLF is answered")
}

fn deep() -> Seen {
    let mut bench = plain();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let line = format!("{}1{}\n", open.repeat(100_000), close.repeat(100_000));
        let code = refused(&mut bench, &Value::Null, line.as_bytes());
        assert!(code == -32600 || code == -32700, "{code}");
    }
    bench.after("-32600 for arrays, which are no batch here, -32700 for objects")
}

fn duplicate_keys() -> Seen {
    let mut bench = plain();
    for (number, line) in [
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"good_run","name":"x"}}"#,
    ]
    .iter()
    .enumerate()
    {
        bench.client.send_bytes(format!("{line}\n").as_bytes());
        let id = bench.client.next()["id"].clone();
        assert!(id.is_null() || id == 1 || id == 2, "{number}: {id}");
        bench.client.asks(id, b"");
    }
    bench.after("one answer each")
}

fn odd_values() -> Seen {
    let call = |arguments: &str, id: u64| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"good_run","arguments":{arguments}}}}}"#
        )
    };
    let lines = [
        call(r#"{"a":1e400}"#, 1),
        call(r#"{"a":-1e-400}"#, 2),
        call(&format!(r#"{{"a":{}}}"#, "9".repeat(5000)), 3),
        call(r#"{"a":"\ud800"}"#, 4),
        call(r#"{"a":"\udc00\ud800"}"#, 5),
        call(r#"{"\u0000":"\u0000"}"#, 6),
    ];
    let mut bench = plain();
    for (number, line) in lines.iter().enumerate() {
        bench.client.send_bytes(format!("{line}\n").as_bytes());
        let id = bench.client.next()["id"].clone();
        assert!(id.is_null() || id == number + 1, "{line}: {id}");
        bench.client.asks(id, b"");
    }
    bench.after("one answer each")
}

fn odd_ids() -> Seen {
    let mut bench = plain();
    for id in
        ["\"\"", "\"\\u0000\"", "0", "-1", "9007199254740993", "\"a\\nb\"", "18446744073709551615"]
    {
        let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        bench.client.asks(id.parse().unwrap(), format!("{line}\n").as_bytes());
        let response = bench.client.next();
        assert_eq!(
            response["id"].to_string(),
            id.parse::<Value>().unwrap().to_string(),
            "{response}"
        );
    }
    for id in ["1.5", "[]", "{}", "true", "1e400"] {
        let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
        let code = refused(&mut bench, &Value::Null, line.as_bytes());
        assert!(code == -32600 || code == -32700, "{id}: {code}");
    }
    bench.after("strings and whole numbers come back as they came; others are refused with -32600")
}

/// Sends so many MiB of one line, and looks at the memory that is taken meanwhile.
fn long_line(start: &[u8], end: &[u8]) -> Seen {
    let mut bench = plain();
    let pid = bench.client.pid();
    let before = Usage::of(pid).peak_kib;
    let filling = vec![b'x'; 1 << 20];
    bench.client.send_bytes(start);
    for _ in 0..64 {
        bench.client.send_bytes(&filling);
    }
    bench.client.send_bytes(end);
    let response = bench.client.next();
    assert_eq!(response["error"]["code"], -32600, "{response}");
    bench.client.asks(response["id"].clone(), b"");
    let after = Usage::of(pid).peak_kib;
    assert!(after < before + 64 * 1024, "{before}, then {after} KiB");
    bench.after("-32600; memory stays below 64 MiB more")
}

fn huge_line() -> Seen {
    long_line(br#"{"jsonrpc":"2.0","id":"huge","method":"ping","params":{"x":""#, b"\"}}\n")
}

fn endless_line() -> Seen {
    long_line(b"", b"\n")
}

/// Sends so many requests while nothing is read, and looks at the memory that is taken meanwhile.
fn unread(mut bench: Bench, requests: u64, request: fn(u64) -> Value) -> Seen {
    let before = Usage::of(bench.client.pid()).peak_kib;
    bench.client.floods(requests, request, |pid| {
        let peak = Usage::of(pid).peak_kib;
        assert!(peak < before + 64 * 1024, "{before}, then {peak} KiB");
    });
    bench.after("the pipe pushes back; memory stays below 64 MiB more; all are answered in the end")
}

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Beyond every queue. Every fiftieth is a call.
fn nothing_read() -> Seen {
    unread(plain(), 100_000, |id| match id % 50 {
        0 => request(id, "tools/call", json!({ "name": "good_run" })),
        _ => request(id, "ping", json!({})),
    })
}

/// Lists fill the queue of answers a few at a time, so it is written to its end again and again.
fn lists_unread() -> Seen {
    let mut bench = Bench::of_two(&mut toolrack(), &shipped());
    bench.client.hears_of_tools(SHIPPED_TOOLS);
    bench.marks();
    unread(bench, 20_000, |id| match id % 50 {
        0 => request(id, "tools/call", json!({ "name": "good_run" })),
        1..=5 => request(id, "tools/list", json!({})),
        _ => request(id, "ping", json!({})),
    })
}
