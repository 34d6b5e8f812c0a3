//! The real binary as clients see it over HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, HANG, toolrack};
use crate::guest::{self, PROGRESS, WASI, Wat};
use crate::http_peer::{
    HttpPeer, MODERN, OpenResponse, Response, modern, post, request, token, with_token,
};
use crate::person::eventually;
use crate::plugins;

/// A request of a session, as JSON.
fn call(id: u64, tool: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool } })
        .to_string()
}

#[test]
fn a_modern_client_lists_and_calls_with_one_request_each() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let list = peer.modern("tools/list", json!({}));
    assert_eq!((list.status, list.headers["content-type"].as_str()), (200, "application/json"));
    assert_eq!(list.json()["result"]["tools"][0]["name"], "good_other");
    let answer = peer.modern("tools/call", json!({ "name": "good_run" }));
    assert_eq!(answer.json()["result"]["content"][0]["text"], "ok");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(!answer.headers.contains_key("mcp-session-id"));
    let discovered = peer.modern("server/discover", json!({})).json();
    assert_eq!(discovered["result"]["supportedVersions"][0], MODERN);
    // The other spelling of the path, without a redirect.
    let body = modern("tools/list", json!({})).replacen(" /mcp ", " /mcp/ ", 1);
    assert_eq!(peer.bytes(body).status, 200);
}

#[test]
fn progress_comes_as_events_before_the_answer_and_not_at_all_as_json() {
    let plugins = plugins::mixed();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let params = json!({ "name": "step_run", "_meta": { "progressToken": "t" } });
    let events = peer.modern("tools/call", params.clone()).events();
    let (answer, progress) = events.split_last().expect("events");
    assert!(!progress.is_empty());
    assert!(progress.iter().all(|note| note["params"]["progressToken"] == "t"), "{events:?}");
    assert_eq!(answer["id"], 1);
    for (accept, kind) in [
        ("application/json", "application/json"),
        ("*/*", "text/event-stream"),
        ("text/event-stream", "text/event-stream"),
    ] {
        let bytes = modern("tools/call", params.clone()).replacen(
            "application/json, text/event-stream",
            accept,
            1,
        );
        assert_eq!(peer.bytes(bytes).headers["content-type"], kind, "{accept}");
    }
    // Where there is no progress, whoever takes only events gets the answer as one.
    let bytes = modern("tools/call", json!({ "name": "good_run" })).replacen(
        "application/json, text/event-stream",
        "text/event-stream",
        1,
    );
    assert_eq!(peer.bytes(bytes).events().len(), 1);
}

#[test]
fn the_revision_before_this_transport_is_not_agreed_on() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    for (wanted, agreed) in [
        ("2024-11-05", "2025-11-25"),
        ("2025-03-26", "2025-03-26"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
    ] {
        let params = json!({ "protocolVersion": wanted, "capabilities": {} });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let begun = peer.post(&[], &body.to_string());
        assert_eq!(begun.json()["result"]["protocolVersion"], agreed, "{wanted}");
        let session = begun.headers["mcp-session-id"].clone();
        assert_eq!(peer.in_session(&session, &call(1, "good_run")).status, 200, "{wanted}");
    }
    let session = peer.session();
    let headers = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", "2024-11-05")];
    let refused = peer.post(&headers, &call(1, "good_run"));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(-32022)));
    let supported = json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]);
    assert_eq!(refused.json()["error"]["data"]["supported"], supported);
    let discovered = peer.modern("server/discover", json!({})).json();
    assert_eq!(discovered["result"]["supportedVersions"], supported);
}

#[test]
fn an_error_calls_a_body_a_body() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    for (body, expected) in [
        ("{", "the body is not JSON: "),
        ("Content-Length: 5", "the body is not JSON: "),
        (" ", "the body is empty"),
        ("[]", "`Mcp-Session-Id`"),
    ] {
        let answer = peer.post(&[], body);
        let said = answer.json()["error"]["message"].as_str().expect("text").to_owned();
        assert_eq!(answer.status, 400, "{body}");
        assert!(said.contains(expected) && !said.contains("the line"), "{body}: {said}");
    }
    let session = peer.session();
    let said = peer.in_session(&session, "[]").json()["error"]["message"].to_string();
    assert!(said.contains("send each message by itself"), "{said}");
}

#[test]
fn status_says_at_which_address_a_server_is_reached() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().unwrap();
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home.path()).args(["serve", "--http", "127.0.0.1:0", "--plugins"]);
    let peer = HttpPeer::spawn(Client::spawn(command.arg(plugins.path())));
    let url = format!("http://127.0.0.1:{}/mcp", peer.port);
    let status = |options: &[&str]| {
        let mut command = toolrack();
        let ran = command.env("TOOLRACK_HOME", home.path()).arg("status").args(options).output();
        String::from_utf8(ran.unwrap().stdout).unwrap()
    };
    eventually("the address", || {
        status(&[]).contains(&format!("  clients reach it at {url}\n")).then_some(())
    });
    let told: Value = serde_json::from_str(&status(&["--json"])).unwrap();
    assert_eq!(told[0]["address"], url);
}

#[test]
fn a_legacy_session_survives_a_restart_and_ends_when_it_is_told_to() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = toolrack();
        command.env("TOOLRACK_HOME", home.path()).args([
            "serve",
            "--http",
            "127.0.0.1:0",
            "--plugins",
        ]);
        HttpPeer::spawn(Client::spawn(command.arg(plugins.path())))
    };
    let peer = start();
    let session = peer.session();
    let answer = peer.in_session(&session, &call(1, "good_run")).json();
    assert_eq!(answer["result"]["content"][0]["text"], "ok");
    drop(peer);
    let peer = start();
    assert_eq!(peer.in_session(&session, &call(2, "good_run")).status, 200);
    // Some clients go on to send their own newest revision, or none.
    for headers in [&[("MCP-Protocol-Version", "2025-03-26")][..], &[]] {
        let headers = [headers, &[("Mcp-Session-Id", &*session)]].concat();
        assert_eq!(peer.post(&headers, &call(3, "good_run")).status, 200, "{headers:?}");
    }
    let other = session.replacen(|_| true, if session.starts_with('B') { "C" } else { "B" }, 1);
    for (id, status) in [(None, 400), (Some("nonsense"), 404), (Some(&*other), 404)] {
        let headers: Vec<_> = id.map(|id| ("Mcp-Session-Id", id)).into_iter().collect();
        let refused = peer.post(&headers, &call(4, "good_run"));
        assert_eq!((refused.status, &refused.json()["id"]), (status, &json!(4)), "{id:?}");
    }
    let wrong = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", "2019-01-01")];
    // Without a session, too, the revision is what is told.
    for headers in [&wrong[..], &wrong[1..]] {
        let refused = peer.post(headers, &call(5, "good_run"));
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(-32022)));
    }
    let end = request("DELETE", "/mcp", &[("Mcp-Session-Id", &session)], "");
    assert_eq!(peer.bytes(&end).status, 204);
    assert_eq!(peer.in_session(&session, &call(6, "good_run")).status, 404);
    assert_eq!(peer.bytes(&end).status, 404);
}

#[test]
fn changes_are_told_to_listeners_of_both_eras() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let session = peer.session();
    let get = request(
        "GET",
        "/mcp",
        &[("Mcp-Session-Id", &session), ("Accept", "text/event-stream")],
        "",
    );
    let mut first = peer.open(&get);
    let mut second = peer.open(&get);
    assert_eq!(first.event(), None, "the second replaces it");
    let listen =
        modern("subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
    let mut listening = peer.open(listen);
    assert_eq!(listening.headers["x-accel-buffering"], "no");
    let begun = listening.event().expect("it is acknowledged");
    assert_eq!(begun["method"], "notifications/subscriptions/acknowledged");
    let wat = Wat::default().build();
    plugins::install(plugins.path(), "more", "", &wat);
    assert_eq!(second.event().expect("a change")["method"], "notifications/tools/list_changed");
    let told = listening.event().expect("a change");
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 1);
    // At the end of the server's life: a result for the one, the end for the other.
    peer.server.terminates();
    let ended = listening.event().expect("its result");
    assert_eq!((&ended["id"], &ended["result"]["resultType"]), (&json!(1), &json!("complete")));
    assert_eq!((listening.event(), second.event()), (None, None));
}

#[test]
fn a_call_ends_with_its_connection_or_by_a_cancellation_in_its_session() {
    let plugins = plugins::mixed();
    let mut peer = HttpPeer::start(plugins.path(), &[]);
    let busy = || peer.is_busy();
    // Modern: closing is cancelling.
    let mut gone = peer.connect();
    gone.write_all(modern("tools/call", json!({ "name": "spin_run" })).as_bytes()).unwrap();
    eventually("the call", || busy().then_some(()));
    drop(gone);
    eventually("the end of the call", || (!busy()).then_some(()));
    // Legacy: a notification is.
    let session = peer.session();
    let headers = [("Mcp-Session-Id", &*session)];
    let mut waiting = peer.connect();
    waiting.write_all(post(&headers, &call(7, "spin_run")).as_bytes()).unwrap();
    eventually("the call", || busy().then_some(()));
    let again = peer.post(&headers, &call(7, "good_run"));
    assert_eq!((again.status, &again.json()["error"]["code"]), (400, &json!(-32600)));
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
    // Another session's request of the same id is another request.
    assert_eq!(peer.in_session(&peer.session(), cancel).status, 202);
    std::thread::sleep(Duration::from_millis(200));
    eventually("the call that goes on", || busy().then_some(()));
    assert_eq!(peer.in_session(&session, cancel).status, 202);
    let mut rest = String::new();
    waiting.shutdown(std::net::Shutdown::Write).unwrap();
    waiting.read_to_string(&mut rest).unwrap();
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 202"), "{rest}");
    eventually("the end of the call", || (!busy()).then_some(()));
    // Either has its line.
    for said in ["ended, since its client has gone", "cancelled"] {
        let line = peer.server.logs(said);
        assert!(line.contains("plugin=\"spin\"") && line.contains("time_ms="), "{line}");
    }
}

#[test]
fn a_request_is_refused_with_the_status_that_clients_act_on() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let session = peer.session();
    let modern_ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping",
        "params": { "_meta": { "io.modelcontextprotocol/protocolVersion": MODERN } } });
    let with = |name: &'static str, value: &'static str| post(&[(name, value)], body);
    for (bytes, status, header) in [
        (request("GET", "/nowhere", &[], ""), 404, None),
        (request("POST", "/", &[], ""), 405, Some("allow")),
        (request("GET", "/.well-known/oauth-protected-resource", &[], ""), 404, None),
        (request("PUT", "/mcp", &[], ""), 405, Some("allow")),
        (request("POST", "/livez", &[], "x"), 405, Some("allow")),
        (request("GET", "/mcp", &[("MCP-Protocol-Version", MODERN)], ""), 405, Some("allow")),
        (request("DELETE", "/mcp", &[("MCP-Protocol-Version", MODERN)], ""), 405, Some("allow")),
        (request("GET", "/mcp", &[("Accept", "text/html")], ""), 406, None),
        (with("Accept", "text/html"), 406, None),
        (with("Content-Type", "text/plain"), 415, None),
        (with("Host", "evil.example"), 403, None),
        (with("Origin", "https://evil.example"), 403, None),
        (with("Origin", "null"), 403, None),
        (post(&[], "not JSON"), 400, None),
        (post(&[], "[]"), 400, None),
        (post(&[], "7"), 400, None),
        (post(&[("Mcp-Session-Id", &session)], &format!("[{modern_ping}]")), 400, None),
        (post(&[("MCP-Protocol-Version", MODERN)], &format!("[{body}]")), 400, None),
        (post(&[], body).replacen("Content-Length: 40", "Content-Length: 9999999", 1), 413, None),
    ] {
        let refused = peer.bytes(&bytes);
        assert_eq!(refused.status, status, "{bytes}\n{refused:?}");
        assert!(header.is_none_or(|header| refused.headers.contains_key(header)), "{refused:?}");
        assert!(!refused.body.is_empty());
    }
}

#[test]
fn a_page_of_this_machine_may_call_and_others_may_not() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &["--allow-origin", "https://app.example"]);
    for origin in ["http://localhost:6274", "https://app.example"] {
        let asked = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "content-type,mcp-param-zone"),
        ];
        let allowed = peer.bytes(request("OPTIONS", "/mcp", &asked, ""));
        assert_eq!(allowed.status, 204);
        assert_eq!(allowed.headers["access-control-allow-origin"], origin);
        assert!(allowed.headers["access-control-allow-headers"].contains("mcp-param-zone"));
        let answer = peer.post(&[("Origin", origin)], "not JSON");
        assert_eq!((answer.status, &*answer.headers["access-control-allow-origin"]), (400, origin));
        assert!(answer.headers["access-control-expose-headers"].contains("mcp-session-id"));
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    }
    let asked = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")];
    let refused = peer.bytes(request("OPTIONS", "/mcp", &asked, ""));
    assert_eq!(refused.status, 403);
    assert!(!refused.headers.contains_key("access-control-allow-origin"));
}

#[test]
fn an_address_of_other_machines_is_refused_unless_the_operator_insists() {
    let plugins = plugins::good();
    let mut command = toolrack();
    command.args(["serve", "--http", "0.0.0.0:0", "--plugins"]).arg(plugins.path());
    let ran = command.output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(said.contains("--allow-unauthenticated"), "{said}");
    command.arg("--allow-unauthenticated");
    let mut server = Client::spawn(&mut command);
    server.logs("listening on http://0.0.0.0:");
}

#[test]
fn requests_that_run_when_a_signal_comes_are_answered_and_what_says_nothing_is_not_waited_for() {
    let plugins = plugins::mixed();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let silent = peer.connect();
    let running = peer.begins("nap_run");
    let begun = Instant::now();
    peer.server.terminates();
    let answer = OpenResponse::read(running).whole();
    assert_eq!(answer.json()["result"]["content"][0]["text"], "ok");
    let (status, ..) = peer.server.end();
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed() < HANG / 10, "it waited for a client that says nothing");
    drop(silent);
}

/// Asks on a connection that stays open, and returns the answer.
fn asked(stream: &TcpStream) -> Response {
    let mut stream = stream.try_clone().expect("another handle");
    let call = modern("tools/call", json!({ "name": "good_run" }));
    stream.write_all(call.as_bytes()).expect("written");
    OpenResponse::read(stream).whole()
}

#[test]
fn a_request_that_is_on_its_way_when_a_signal_comes_is_answered() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let (used, unused) = (peer.connect(), peer.connect());
    assert!(!asked(&used).headers.contains_key("connection"));
    peer.server.terminates();
    eventually("the server stops listening", || {
        TcpStream::connect(("127.0.0.1", peer.port)).is_err().then_some(())
    });
    // It cannot have known yet, since no answer has told it.
    for stream in [used, unused] {
        let answer = asked(&stream);
        assert_eq!((answer.status, &*answer.headers["connection"]), (200, "close"));
        assert_eq!(answer.json()["result"]["content"][0]["text"], "ok");
    }
    let (status, ..) = peer.server.end();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_balancer_has_its_time_to_notice() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &["--drain-delay", "2"]);
    let idle = peer.connect();
    let listen =
        modern("subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
    let mut listening = peer.open(listen);
    assert!(listening.event().is_some());
    let begun = Instant::now();
    peer.server.terminates();
    eventually("the server is not ready", || (peer.get("/readyz").status == 503).then_some(()));
    assert_eq!(peer.get("/livez").status, 200);
    for answer in [peer.modern("tools/call", json!({ "name": "good_run" })), asked(&idle)] {
        assert_eq!((answer.status, &*answer.headers["connection"]), (200, "close"));
    }
    assert_eq!(listening.event().expect("its result")["result"]["resultType"], "complete");
    assert!(begun.elapsed() >= Duration::from_secs(2), "streams end afterwards");
    let (status, ..) = peer.server.end();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_request_that_does_not_end_is_ended_when_its_time_is_over() {
    let plugins = plugins::mixed();
    let peer = HttpPeer::start(plugins.path(), &["--grace", "1"]);
    let running = peer.begins("sleep_run");
    peer.server.terminates();
    let answer = OpenResponse::read(running).whole().json();
    let said = answer["result"]["content"][0]["text"].as_str().expect("an error");
    assert!(said.contains("shutting down"), "{said}");
    let (status, ..) = peer.server.end();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn stdio_and_http_are_served_beside_each_other() {
    let plugins = plugins::good();
    let mut peer = HttpPeer::start(plugins.path(), &["--stdio"]);
    peer.server.send_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\"}\n");
    peer.server.next();
    assert_eq!(peer.modern("tools/call", json!({ "name": "good_run" })).status, 200);
    assert_eq!(peer.server.text("good_run"), "ok");
    // That client goes, and others are served on.
    peer.server.close_input();
    let answer: Value = peer.modern("tools/call", json!({ "name": "good_run" })).json();
    assert_eq!(answer["result"]["content"][0]["text"], "ok");
}

#[test]
fn who_has_a_token_calls_what_it_allows_and_learns_of_nothing_else() {
    let plugins = plugins::mixed();
    let home = tempfile::tempdir().unwrap();
    let all = token(home.path(), &["ada"]);
    let some = token(home.path(), &["bob", "--allow", "good_r*", "--allow", "step_*"]);
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home.path());
    command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins.path());
    let peer = HttpPeer::spawn(Client::spawn(&mut command));
    let call = |name: &str| modern("tools/call", json!({ "name": name }));
    for (bytes, challenge) in [
        (call("good_run"), "Bearer"),
        (with_token(&call("good_run"), "trk_nonsense"), "Bearer error=\"invalid_token\""),
    ] {
        let refused = peer.bytes(bytes);
        assert_eq!((refused.status, &*refused.headers["www-authenticate"]), (401, challenge));
        let home = home.path().to_str().expect("UTF-8");
        assert!(refused.body.contains("token") && !refused.body.contains(home), "{}", refused.body);
    }
    // Without an authorization server, nothing may look like one.
    assert_eq!(peer.get("/.well-known/oauth-protected-resource/mcp").status, 404);
    let names = |token: &str| -> Vec<String> {
        let list = peer.bytes(with_token(&modern("tools/list", json!({})), token)).json();
        let tools = list["result"]["tools"].as_array().expect("tools").clone();
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").into()).collect()
    };
    eventually("all plugins", || (names(&all).len() > 4).then_some(()));
    assert_eq!(names(&some), ["good_run", "step_run"]);
    let text = |token: &str, name: &str| peer.bytes(with_token(&call(name), token)).body;
    assert!(text(&some, "good_run").contains(r#""text":"ok""#));
    // What it may not call is as unknown as what there is not, and what is near is no help.
    let unknown = |name: &str| format!("unknown tool `{name}`");
    for name in ["spin_run", "good_other", "no_such_tool", "spin_ru"] {
        let said = text(&some, name);
        assert!(said.contains(&unknown(name)), "{said}");
        assert!(!said.contains("spin_run`?") && !said.contains("good_other`?"), "{said}");
    }
    let told = peer.bytes(with_token(&modern("server/discover", json!({})), &some)).body;
    assert!(told.contains("- step (step_...)") && !told.contains("spin"), "{told}");
    // A session is its principal's alone.
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "protocolVersion": "2025-11-25" } });
    let begun = peer.bytes(with_token(&post(&[], &hello.to_string()), &all));
    let session = [("Mcp-Session-Id", &*begun.headers["mcp-session-id"])];
    let ping = post(&session, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    assert_eq!(peer.bytes(with_token(&ping, &all)).status, 200);
    assert_eq!(peer.bytes(with_token(&ping, &some)).status, 404);
    // A stream ends with its token, and the log knows only a digest.
    let listen =
        modern("subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
    let mut listening = peer.open(with_token(&listen, &some));
    assert!(listening.event().is_some());
    let mut remove = toolrack();
    remove.env("TOOLRACK_HOME", home.path()).args(["token", "remove", "bob"]);
    let removed = remove.output();
    assert!(removed.unwrap().status.success());
    assert_eq!(listening.event().expect("its result")["result"]["resultType"], "complete");
    assert_eq!(listening.event(), None);
    assert_eq!(peer.bytes(with_token(&call("good_run"), &some)).status, 401);
    assert_eq!(peer.bytes(with_token(&call("good_run"), &all)).status, 200);
    peer.server.terminates();
    let (_, _, log) = peer.server.end();
    let log = log.join("\n");
    assert!(log.contains("client="), "{log}");
    assert!(!log.contains(&all[4..]) && !log.contains(&some[4..]), "{log}");
}

#[test]
fn a_client_whose_calls_take_all_its_places_keeps_no_other_client_out() {
    let plugins = tempfile::tempdir().unwrap();
    // It says that it has begun, and sleeps.
    let call = format!(
        "(call $progress (f64.const 1) (i32.const 0) (f64.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
         {} (global.get $ok)",
        guest::sleep(3_600_000)
    );
    let imports = format!("{WASI}{PROGRESS}");
    let wat = Wat { call: &call, imports: &imports, ..Wat::default() };
    let patient = "[limits]\ntimeout = \"5m\"\nconcurrency = 32";
    plugins::install(plugins.path(), "slow", patient, &wat.build());
    let home = tempfile::tempdir().unwrap();
    let (ada, bob) = (token(home.path(), &["ada"]), token(home.path(), &["bob"]));
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home.path());
    command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins.path());
    let peer = HttpPeer::spawn(Client::spawn(&mut command));
    let params = json!({ "name": "slow_run", "_meta": { "progressToken": "t" } });
    let call = modern("tools/call", params);
    let begun = |stream: &std::net::TcpStream| {
        stream.set_nonblocking(true).expect("set");
        stream.peek(&mut [0]).is_ok_and(|read| read > 0)
    };
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = peer.connect();
            stream.write_all(with_token(&call, &ada).as_bytes()).expect("sent");
            stream
        })
        .collect();
    let count = || calls.iter().filter(|stream| begun(stream)).count();
    eventually("as many calls as one client has", || (count() >= 24).then_some(()));
    let mut other = peer.open(with_token(&call, &bob));
    assert_eq!(other.event().expect("it has begun")["method"], "notifications/progress");
    assert_eq!(count(), 24);
    // Whoever goes makes room for the next of the same client.
    drop(calls);
    let mut next = peer.open(with_token(&call, &ada));
    assert_eq!(next.event().expect("it has begun")["method"], "notifications/progress");
}

#[test]
fn a_server_for_other_machines_starts_with_a_token_and_asks_for_it() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().unwrap();
    let text = token(home.path(), &["ada", "--expires", "1h"]);
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home.path());
    command.args(["serve", "--http", "0.0.0.0:0", "--plugins"]).arg(plugins.path());
    let peer = HttpPeer::spawn(Client::spawn(&mut command));
    let call = modern("tools/call", json!({ "name": "good_run" })).replacen(
        "Host: localhost",
        "Host: 127.0.0.1",
        1,
    );
    assert_eq!(peer.bytes(&call).status, 401);
    assert_eq!(peer.bytes(with_token(&call, &text)).status, 200);
}

/// A server with a home of its own.
pub(crate) fn at_home(home: &std::path::Path, plugins: &std::path::Path) -> HttpPeer {
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home);
    command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins);
    HttpPeer::spawn(Client::spawn(&mut command))
}

#[test]
fn a_server_that_had_tokens_never_opens_and_one_that_gets_the_first_closes() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().unwrap();
    let list = modern("tools/list", json!({}));
    let closes = |peer: &HttpPeer| {
        eventually("the server", || (peer.bytes(&list).status == 401).then_some(()));
    };
    token(home.path(), &["ada"]);
    let peer = at_home(home.path(), plugins.path());
    // Nobody has asked before the last token goes.
    std::fs::remove_file(home.path().join("http/tokens.json")).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(peer.bytes(&list).status, 401);
    drop(peer);
    let peer = at_home(home.path(), plugins.path());
    assert_eq!(peer.bytes(&list).status, 200);
    let listen =
        modern("subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
    let mut listening = peer.open(listen);
    assert!(listening.event().is_some());
    token(home.path(), &["bob"]);
    closes(&peer);
    assert_eq!(listening.event().expect("its result")["result"]["resultType"], "complete");
}

#[test]
fn what_a_token_allows_is_followed() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().unwrap();
    let text = token(home.path(), &["ada", "--allow", "good_run"]);
    let peer = at_home(home.path(), plugins.path());
    let list = with_token(&modern("tools/list", json!({})), &text);
    assert!(!peer.bytes(&list).body.contains("good_other"));
    let listen =
        modern("subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
    let mut listening = peer.open(with_token(&listen, &text));
    assert!(listening.event().is_some());
    let file = home.path().join("http/tokens.json");
    let edited = std::fs::read_to_string(&file).unwrap().replace("good_run", "good_o*");
    plugins::replace(&file, edited);
    let told = listening.event().expect("a change");
    assert_eq!(told["method"], "notifications/tools/list_changed");
    let listed = peer.bytes(&list).body;
    assert!(listed.contains("good_other") && !listed.contains("good_run"), "{listed}");
}

#[test]
fn a_session_that_comes_to_a_server_with_other_tools_is_told_whenever_those_began() {
    let home = tempfile::tempdir().unwrap();
    let (few, more) = (plugins::good(), plugins::good());
    plugins::install(more.path(), "more", "", &Wat::default().build());
    // The server with other tools was there before, as in a rolling update.
    let whole = |plugins: &std::path::Path| {
        let peer = at_home(home.path(), plugins);
        eventually("all plugins", || {
            (peer.get("/health").json()["plugins"]["loading"] == 0).then_some(())
        });
        peer
    };
    let ahead = whole(more.path());
    let session = whole(few.path()).session();
    let headers = [("Mcp-Session-Id", &*session), ("Accept", "text/event-stream")];
    let mut stream = ahead.open(request("GET", "/mcp", &headers, ""));
    let told = stream.event().expect("a change");
    assert_eq!(told["method"], "notifications/tools/list_changed");
}

#[test]
fn an_array_is_cancelled_request_by_request_and_has_no_headers_of_one() {
    let plugins = plugins::mixed();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": { "protocolVersion": "2025-03-26" } });
    let begun = peer.post(&[], &hello.to_string());
    let session = [("Mcp-Session-Id", &*begun.headers["mcp-session-id"])];
    let batch = format!("[{},{}]", call(1, "spin_run"), call(2, "good_run"));
    for header in [("Mcp-Method", "ping"), ("Mcp-Name", "good_run")] {
        let refused = peer.post(&[session[0], header], &batch);
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(-32020)));
    }
    let mut waiting = peer.connect();
    waiting.write_all(post(&session, &batch).as_bytes()).unwrap();
    eventually("the call", || peer.is_busy().then_some(()));
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    assert_eq!(peer.post(&session, cancel).status, 202);
    let answers = OpenResponse::read(waiting).whole().json();
    let ids: Vec<_> = answers.as_array().expect("an array").iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [2]);
    eventually("the end of the call", || (!peer.is_busy()).then_some(()));
    let failed = hello.to_string().replace(r#"{"protocolVersion":"2025-03-26"}"#, "[]");
    let failed = peer.post(&[], &failed);
    assert_eq!((failed.status, failed.headers.get("mcp-session-id")), (400, None));
}

#[test]
fn what_is_refused_is_logged_without_anything_of_a_token_and_so_is_the_end() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().expect("a directory");
    let given = token(home.path(), &["ada"]);
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home.path());
    command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins.path());
    let mut peer = HttpPeer::spawn(Client::spawn(&mut command));
    let call = modern("tools/call", json!({ "name": "good_run" }));
    for _ in 0..20 {
        assert_eq!(peer.bytes(with_token(&call, "trk_hunter2hunter2")).status, 401);
    }
    let line = peer.server.logs("a request is refused with 401: ");
    assert!(line.contains("token list"), "{line}");
    let bare = call.replacen("\r\n", &format!("\r\nAuthorization: {given}\r\n"), 1);
    assert!(peer.bytes(bare).body.contains("`Bearer`"));
    assert_eq!(peer.bytes(call.replacen("Host: localhost", "Host: evil.example", 1)).status, 403);
    assert!(peer.server.logs("a request is refused with 403: ").contains("evil.example"));
    let zipped = post(&[("Content-Encoding", "gzip")], "x");
    let refused = peer.bytes(with_token(&zipped, &given));
    assert_eq!((refused.status, refused.body.contains("without compression")), (415, true));
    assert!(peer.server.logs("a request cannot be served: ").contains("Content-Encoding"));
    peer.server.terminates();
    peer.server.logs("the server is about to end");
    let (_, _, log) = peer.server.end();
    let log = log.join("\n");
    assert!(log.contains("a request is refused with 401, 20 times since the last line"), "{log}");
    assert!(log.contains("every connection has ended"), "{log}");
    assert!(!log.contains("hunter2") && !log.contains(&given[4..]), "{log}");
}

#[test]
fn a_client_that_sends_too_much_reads_the_refusal_whatever_it_is_refused_for() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().expect("a directory");
    let given = token(home.path(), &["ada"]);
    let mut command = toolrack();
    command.env("TOOLRACK_HOME", home.path());
    command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins.path());
    let peer = HttpPeer::spawn(Client::spawn(&mut command));
    let large = "x".repeat(30 * 1024 * 1024);
    for (token, status, said) in [(&*given, 413, "is longer than"), ("trk_other", 401, "token")] {
        let mut stream = peer.connect();
        let request = with_token(&post(&[], &large), token);
        stream.write_all(request.as_bytes()).expect("the server reads to the end");
        let refused = OpenResponse::read(stream).whole();
        assert_eq!((refused.status, refused.body.contains(said)), (status, true), "{refused:?}");
    }
}

#[test]
fn a_client_that_sends_much_to_a_path_that_takes_nothing_reads_the_answer() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let large = "x".repeat(5 * 1024 * 1024);
    let chunks = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    for (method, path, status) in [
        ("POST", "/mcpx", 404),
        ("PUT", "/register", 404),
        ("POST", "/livez", 405),
        ("GET", "/livez", 200),
        ("POST", "/.well-known/oauth-protected-resource", 404),
        ("PUT", "/mcp", 405),
    ] {
        let measured = request(method, path, &[], &large);
        let chunked = request(method, path, &[("Transfer-Encoding", "chunked")], "") + &chunks;
        for request in [measured, chunked] {
            let mut stream = peer.connect();
            stream.write_all(request.as_bytes()).expect("the server reads to the end");
            let answer = OpenResponse::read(stream).whole();
            assert_eq!(answer.status, status, "{method} {path} {answer:?}");
        }
    }
}

#[test]
fn who_asks_too_often_is_named_in_the_log() {
    let plugins = plugins::good();
    let home = tempfile::tempdir().expect("a directory");
    let given = token(home.path(), &["ada"]);
    std::fs::write(home.path().join("config.toml"), "[http]\nclient_rate = \"1/min\"\n")
        .expect("written");
    let mut peer = at_home(home.path(), plugins.path());
    let call = with_token(&modern("tools/call", json!({ "name": "good_run" })), &given);
    assert_eq!([peer.bytes(&call).status, peer.bytes(&call).status], [200, 429]);
    let line = peer.server.logs("a request is refused with 429: ");
    let client = line.split("client=").nth(1).unwrap_or_else(|| panic!("{line}"));
    let client = client.split('"').nth(1).unwrap_or_else(|| panic!("{line}"));
    let listed = toolrack().env("TOOLRACK_HOME", home.path()).args(["token", "list"]).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    assert!(listed.contains(client), "{client} {listed}");
}

#[test]
fn who_speaks_tls_where_http_is_spoken_is_told_of() {
    let plugins = plugins::good();
    let mut peer = HttpPeer::start(plugins.path(), &[]);
    // The beginning of a handshake.
    let mut stream = peer.connect();
    stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).expect("sent");
    let line = peer.server.logs("a client is refused, since it speaks HTTPS");
    assert!(line.contains("http://"), "{line}");
}

#[test]
fn what_is_no_page_of_the_server_is_told_in_json_to_who_posts() {
    let plugins = plugins::good();
    let peer = HttpPeer::start(plugins.path(), &[]);
    let answer = peer.bytes(request("POST", "/register", &[], "{}"));
    assert_eq!((answer.status, &answer.json()["error"]), (404, &json!("not_found")));
    let page = peer.post(&[("Origin", "null")], "{}");
    assert!(page.status == 403 && page.body.contains("serve the page over http"), "{page:?}");
}

#[test]
fn calls_that_wait_for_those_of_their_client_are_counted_as_waiting() {
    let (home, plugins) = (tempfile::tempdir().unwrap(), plugins::good());
    let ada = token(home.path(), &["ada"]);
    let spin = Wat { call: "(loop $again (br $again)) unreachable", ..Wat::default() };
    let limits =
        "[limits]\nfuel = 1_000_000_000_000\ncpu = \"5m\"\ntimeout = \"5m\"\nconcurrency = 1\n";
    plugins::install(plugins.path(), "spin", limits, &spin.build());
    let peer = at_home(home.path(), plugins.path());
    let spins =
        || peer.open(with_token(&modern("tools/call", json!({ "name": "spin_run" })), &ada));
    let stands = || {
        let status =
            toolrack().env("TOOLRACK_HOME", home.path()).args(["status", "--json"]).output();
        let status: Value =
            serde_json::from_slice(&status.expect("the binary").stdout).expect("JSON");
        let plugins = status[0]["plugins"].as_array().cloned().unwrap_or_default();
        let tool = plugins.iter().find(|plugin| plugin["name"] == "spin")?["tools"][0].clone();
        let count = |key: &str| tool[key].as_u64();
        Some([count("running")?, count("waiting")?, count("calls")?, count("cancelled")?])
    };
    let comes = |expected| eventually("the counts", || (stands() == Some(expected)).then_some(()));
    let runs = spins();
    comes([1, 0, 1, 0]);
    let waits = spins();
    comes([1, 1, 1, 0]);
    // Its client gives up.
    drop(waits);
    comes([1, 0, 2, 1]);
    drop(runs);
    comes([0, 0, 2, 2]);
}
