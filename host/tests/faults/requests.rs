//! A client's requests: whole lines, but unknown, too early, of wrong types, cancelled, in batches. Each gets the
//! answer of its class, once.

use serde_json::{Value, json};

use crate::bench::{Bench, Seen, text_of};
use crate::case::cases;
use crate::client::{Client, toolrack};
use crate::guest::{WASI, Wat, sleep};
use crate::lines::{plain, refused};
use crate::plugins;

cases! {
    "The client's requests";
    "an id that is in use" => used_id, "the second is refused with -32600; the first is answered";
    "2 MiB of arguments" => huge_arguments, "invalid arguments: they are 2097160 bytes of JSON; the most is 1048576";
    "unknown methods and notifications" => unknown, "requests get -32601; notifications nothing";
    "calls before the handshake" => too_early, "-32600 or -32002; then the handshake succeeds";
    "versions that do not exist" => wrong_version, "the newest is offered, or the request refused";
    "parameters of wrong types" => wrong_types, "each is answered with -32602";
    "an unknown tool" => unknown_tool, "…nobody_here…";
    "responses to nothing, and cancellations of finished, unknown and odd requests" => to_nothing,
        "nothing is said";
    "cancellation of 64 running and waiting calls" => cancel_many, "none is answered";
    "batches where there are none" => batch_refused, "-32600";
    "five batches at once, on the revision that has them" => five_batches,
        "four are answered, the fifth is refused until one ends";
    "a batch of 257, an empty one, and one of nothing valid" => odd_batches, "each is answered once";
}

/// A server with a tool that takes its time.
fn with_sleep() -> Bench {
    let call = format!("{} (global.get $ok)", sleep(400));
    let wat = Wat { call: &call, imports: WASI, ..Wat::default() };
    Bench::beside("[limits]\nconcurrency = 4", &wat)
}

fn used_id() -> Seen {
    let mut bench = with_sleep();
    bench.client.call(5, "bad_run");
    bench.client.call(5, "good_run");
    let (second, first) = (bench.client.next(), bench.client.next());
    assert_eq!((&second["id"], &second["error"]["code"]), (&json!(5), &json!(-32600)), "{second}");
    assert_eq!(text_of(&first), "ok");
    bench.after("the second is refused with -32600; the first is answered")
}

fn huge_arguments() -> Seen {
    let mut bench = plain();
    let long = "x".repeat(2 << 20);
    let answer = bench
        .client
        .request("tools/call", json!({ "name": "good_run", "arguments": { "a": long } }));
    let text = text_of(&answer);
    bench.after(text)
}

fn unknown() -> Seen {
    let mut bench = plain();
    for method in [
        "",
        "tools",
        "tools/list\u{0}",
        "resources/list",
        "prompts/get",
        "rpc.discover",
        "\u{1b}[2J",
    ] {
        let answer = bench.client.request(method, json!({}));
        assert_eq!(answer["error"]["code"], -32601, "{answer}");
    }
    for method in ["notifications/unknown", "", "notifications/initialized", "tools/list"] {
        bench
            .client
            .send_bytes(format!("{}\n", json!({ "jsonrpc": "2.0", "method": method })).as_bytes());
    }
    bench.after("requests get -32601; notifications nothing")
}

fn too_early() -> Seen {
    let plugins = plugins::good();
    let mut client = Client::spawn(toolrack().args(["serve", "--plugins"]).arg(plugins.path()));
    for method in ["tools/list", "tools/call", "resources/list"] {
        let answer = client.request(method, json!({ "name": "good_run" }));
        assert!(answer["error"]["code"].is_i64(), "{answer}");
    }
    client.shakes_hands().survives();
    // The same, with the oracle on a server that shook hands before.
    plain().after("-32600 or -32002; then the handshake succeeds")
}

fn wrong_version() -> Seen {
    let mut bench = plain();
    for version in [json!("1999-01-01"), json!(""), json!(7), json!(null), json!("\u{1b}[2J")] {
        let answer = bench.client.request(
            "initialize",
            json!({ "protocolVersion": version,
            "capabilities": {}, "clientInfo": { "name": "test", "version": "0" } }),
        );
        assert!(answer["result"]["protocolVersion"].is_string() || answer["error"].is_object());
    }
    bench.after("the newest is offered, or the request refused")
}

fn wrong_types() -> Seen {
    let mut bench = plain();
    for params in [
        json!({}),
        json!({ "name": 7 }),
        json!({ "name": null }),
        json!([]),
        json!({ "name": "good_run", "arguments": [] }),
        json!({ "name": "good_run", "arguments": "x" }),
        json!({ "name": "good_run", "arguments": 7 }),
    ] {
        let answer = bench.client.request("tools/call", params.clone());
        assert_eq!(answer["error"]["code"], -32602, "{params}: {answer}");
    }
    bench.after("each is answered with -32602")
}

fn unknown_tool() -> Seen {
    let mut bench = plain();
    let text = bench.client.text("nobody_here");
    bench.client.text("\u{1b}[2J\u{202e}");
    bench.after(text)
}

fn to_nothing() -> Seen {
    let mut bench = plain();
    bench.client.call(1, "good_run");
    bench.client.response(&json!(1));
    for message in [
        json!({ "jsonrpc": "2.0", "id": 99, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": "x", "error": { "code": 1, "message": "\u{1b}[2J" } }),
    ] {
        bench.client.send_bytes(format!("{message}\n").as_bytes());
    }
    for id in [json!(1), json!(12345), json!("x"), json!(null), json!([]), json!(1.5)] {
        bench.client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": { "requestId": id, "reason": "\u{1b}[2J" } }));
    }
    bench.client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled" }));
    bench.after("nothing is said")
}

fn cancel_many() -> Seen {
    let call = format!("{} (global.get $ok)", sleep(3_600_000));
    let wat = Wat { call: &call, imports: WASI, ..Wat::default() };
    let mut bench = Bench::beside("[limits]\nconcurrency = 4", &wat);
    for id in 0..64 {
        bench.client.call(id, "bad_run");
    }
    bench.is_prompt();
    for id in 0..64 {
        bench.client.cancels(id);
    }
    bench.after("none is answered")
}

fn batch_refused() -> Seen {
    let mut bench = plain();
    let line = b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]\n";
    assert_eq!(refused(&mut bench, &Value::Null, line), -32600);
    bench.after("-32600")
}

/// A server to which a client speaks 2025-03-26, the revision with batches.
fn with_batches() -> Bench {
    let mut bench = with_sleep();
    let answer = bench.client.request(
        "initialize",
        json!({ "protocolVersion": "2025-03-26",
        "capabilities": {}, "clientInfo": { "name": "test", "version": "0" } }),
    );
    assert_eq!(answer["result"]["protocolVersion"], "2025-03-26", "{answer}");
    bench
}

fn batch(ids: std::ops::Range<u64>, tool: &str) -> String {
    let calls: Vec<_> = ids
        .map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool } }))
        .collect();
    format!("{}\n", Value::Array(calls))
}

fn five_batches() -> Seen {
    let mut bench = with_batches();
    for number in 0..5 {
        let first = 100 * number;
        bench.client.send_bytes(batch(first..first + 2, "bad_run").as_bytes());
    }
    let refused = bench.client.next();
    assert_eq!(
        (&refused["id"], &refused["error"]["code"]),
        (&Value::Null, &json!(-32600)),
        "{refused}"
    );
    bench.client.asks(Value::Null, b"");
    for _ in 0..4 {
        let answers = bench.client.next();
        assert_eq!(answers.as_array().map(Vec::len), Some(2), "{answers}");
    }
    bench.client.send_bytes(batch(900..902, "good_run").as_bytes());
    assert_eq!(bench.client.next().as_array().map(Vec::len), Some(2));
    bench.client.forgets_batches();
    bench.after("four are answered, the fifth is refused until one ends")
}

fn odd_batches() -> Seen {
    let mut bench = with_batches();
    for line in [batch(0..257, "good_run"), "[]\n".to_owned()] {
        assert_eq!(refused(&mut bench, &Value::Null, line.as_bytes()), -32600);
    }
    bench.client.send_bytes(b"[1,null,{}]\n");
    assert_eq!(bench.client.next().as_array().map(Vec::len), Some(3));
    bench.client.forgets_batches();
    bench.after("each is answered once")
}
