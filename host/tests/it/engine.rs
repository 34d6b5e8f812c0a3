//! The protocol in memory: lines in, actions out.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toolrack::catalog::{Catalog, Coming, ComingPlugin};
use toolrack::host::Host;
use toolrack::lockfile::LockPolicy;
use toolrack::mcp::{Action, CallKey, Engine, InputLine, Settings};
use toolrack::name::PluginName;
use toolrack::protected::Protected;
use toolrack::sandbox::Compiler;
use toolrack::sandbox::Readiness;
use toolrack::tool::{CallError, Content, Media, Output, Progress, ResourceLink, Usage};

use crate::compiling::slow_plugin;
use crate::guest::Wat;
use crate::packed::{listing, packed};
use crate::plugins;

/// A catalog with `good_other` and `good_run`, the latter with schemas.
pub(crate) static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| load(&plugins::good()));

fn load(directory: &tempfile::TempDir) -> Arc<Catalog> {
    load_until(directory, |_| false)
}

/// What is served of a directory once that is `enough`, or when all is loaded.
fn load_until(directory: &tempfile::TempDir, enough: impl Fn(&Catalog) -> bool) -> Arc<Catalog> {
    let host =
        Host::start(Compiler::in_process(), Protected::default(), Arc::default(), None).unwrap();
    let mut loader = host.load(&[directory.path().to_owned()], LockPolicy::Ignored);
    let catalog = host.guests().block_on(async {
        while !enough(&loader.catalog()) && loader.step().await {}
        loader.catalog()
    });
    host.stop();
    assert!(catalog.refusals().is_empty(), "{:?}", catalog.refusals());
    Arc::new(catalog)
}

/// An engine with what it wants done.
struct Bench {
    engine: Engine,
    /// True if calls enter their plugin at once.
    enters: bool,
    calls: Vec<(CallKey, String)>,
    cancelled: Vec<CallKey>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self::without_catalog(Settings::default());
        bench.engine.publish(CATALOG.clone());
        bench
    }

    fn without_catalog(settings: Settings) -> Self {
        let engine = Engine::new(settings);
        Self { engine, enters: true, calls: Vec::new(), cancelled: Vec::new() }
    }

    fn legacy(version: &str) -> Self {
        let mut bench = Self::new();
        let id = json!("handshake");
        let answers = bench.send(&json!({
            "jsonrpc": "2.0", "id": id, "method": "initialize",
            "params": { "protocolVersion": version, "capabilities": {}, "clientInfo": {} },
        }));
        assert_eq!(answers[0]["result"]["protocolVersion"], version);
        bench
    }

    fn send(&mut self, message: &Value) -> Vec<Value> {
        self.raw(message.to_string().as_bytes())
    }

    fn raw(&mut self, line: &[u8]) -> Vec<Value> {
        self.engine.line(&InputLine::Whole(line.to_vec()));
        self.sent()
    }

    fn sent(&mut self) -> Vec<Value> {
        let mut sent = Vec::new();
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::Notify(line) | Action::Answer(line) => {
                    sent.push(serde_json::from_str(&line).expect("JSON"))
                }
                Action::Call(call) => {
                    assert!(!self.enters || call.entry.take(), "taken back before it began");
                    self.calls.push((call.key, call.request));
                }
                Action::Cancel(key) => self.cancelled.push(key),
            }
        }
        sent
    }

    /// Ends the oldest call.
    fn finish_call(&mut self, outcome: Result<Output, CallError>) -> Vec<Value> {
        let (key, _) = self.calls.remove(0);
        let is_sent = self.engine.outcome(key, outcome, Usage::default());
        let sent = self.sent();
        assert_eq!(is_sent, !sent.is_empty(), "{sent:?}");
        sent
    }
}

fn text(text: &str) -> Output {
    Output { content: vec![Content::Text(text.into())], ..Output::default() }
}

fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params })
}

fn modern(id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    request(id, method, params)
}

/// Sends a raw line to a fresh engine after a handshake and looks at the error it is answered with.
#[track_caller]
fn check_error(line: &[u8], id: Value, code: i64) {
    let mut bench = Bench::legacy("2025-11-25");
    let answers = bench.raw(line);
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0]["id"], id, "{answers:?}");
    assert_eq!(answers[0]["error"]["code"], code, "{answers:?}");
    assert!(answers[0].get("id").is_some());
}

#[test]
fn a_byte_order_mark_is_passed_over_and_a_header_is_named() {
    let mut bench = Bench::legacy("2025-11-25");
    let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(bench.raw(&[&b"\xef\xbb\xbf"[..], ping].concat())[0]["id"], 1);
    assert!(bench.raw(b"\xef\xbb\xbf\r\n").is_empty());
    for header in ["Content-Length: 52\r", "content-type: application/vscode-jsonrpc"] {
        let answer = &bench.raw(header.as_bytes())[0]["error"];
        assert_eq!(answer["code"], -32700);
        let told = answer["message"].as_str().expect("a message");
        assert!(told.starts_with("the line is a header, and MCP over stdio has none"), "{told}");
    }
}

#[test]
fn malformed_lines_get_the_error_of_their_class() {
    check_error(b"nonsense", Value::Null, -32700);
    check_error(b"{\"jsonrpc\":\"2.0\",\"id\":1", Value::Null, -32700);
    check_error(b"\xff\xfe", Value::Null, -32700);
    check_error(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\0", Value::Null, -32700);
    check_error(br#""text""#, Value::Null, -32600);
    check_error(b"7", Value::Null, -32600);
    check_error(br#"{"id":1,"method":"ping"}"#, json!(1), -32600);
    check_error(br#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#, json!("a"), -32600);
    check_error(br#"{"jsonrpc":"2.0","id":1}"#, json!(1), -32600);
    check_error(br#"{"jsonrpc":"2.0","id":1,"method":7}"#, json!(1), -32600);
    check_error(br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, Value::Null, -32600);
    check_error(br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, Value::Null, -32600);
    check_error(br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, Value::Null, -32600);
    check_error(br#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#, Value::Null, -32600);
    check_error(br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, json!(1), -32600);
    check_error(br#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#, json!(1), -32601);
    check_error(br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, json!(1), -32602);
    check_error(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, json!(1), -32602);
    let call = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{params}}}"#)
    };
    check_error(call(r#"{"arguments":{}}"#).as_bytes(), json!(0), -32602);
    check_error(call(r#"{"name":7}"#).as_bytes(), json!(0), -32602);
    check_error(call(r#"{"name":"good_run","arguments":[]}"#).as_bytes(), json!(0), -32602);
    check_error(call(r#"{"name":"no_such"}"#).as_bytes(), json!(0), -32602);
    check_error(call(r#"{"name":"good_run","_meta":7}"#).as_bytes(), json!(0), -32602);
    let list = br#"{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{"cursor":"nonsense"}}"#;
    check_error(list, json!(0), -32602);
    check_error(br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, Value::Null, -32600);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check_error(deep.as_bytes(), Value::Null, -32600);
}

#[test]
fn a_line_that_is_too_long_is_answered_by_its_id_where_that_can_be_read() {
    for (start, id) in [
        (r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"xxx"#, json!(7)),
        (r#"{"method":"tools/call","params":{"name":"xxx"#, Value::Null),
        ("xxxxxxxx", Value::Null),
    ] {
        let mut bench = Bench::new();
        bench.engine.line(&InputLine::TooLong(start.into()));
        let answers = bench.sent();
        assert_eq!((&answers[0]["id"], &answers[0]["error"]["code"]), (&id, &json!(-32600)));
    }
}

#[test]
fn ids_come_back_exactly_as_they_came() {
    for id in ["0", "-1", "12345678901234567890123", r#""""#, r#""a\u0041\n""#, r#""ä""#] {
        let mut bench = Bench::new();
        let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        bench.engine.line(&InputLine::Whole(line.into_bytes()));
        match bench.engine.next_action() {
            Some(Action::Answer(line)) => {
                assert_eq!(line, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nothing_is_said_to_what_needs_no_answer() {
    let mut bench = Bench::legacy("2025-11-25");
    for line in [
        "",
        "  \r",
        r#"{"jsonrpc":"2.0","method":"notifications/unknown"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}"#,
    ] {
        assert_eq!(bench.raw(line.as_bytes()), [] as [Value; 0], "{line}");
    }
}

#[test]
fn a_handshake_settles_the_version_or_offers_the_newest() {
    for (asked, got) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let mut bench = Bench::new();
        let params = json!({ "protocolVersion": asked });
        let answers = bench.send(&request(1, "initialize", params));
        assert_eq!(answers[0]["result"]["protocolVersion"], got);
        assert_eq!(answers[0]["result"]["capabilities"]["tools"]["listChanged"], true);
    }
    let answers = Bench::new().send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize" }));
    assert_eq!(answers[0]["result"]["protocolVersion"], "2025-11-25");
}

#[test]
fn before_a_handshake_only_ping_is_answered() {
    let mut bench = Bench::new();
    let answers = bench.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }));
    assert_eq!(answers, [json!({ "jsonrpc": "2.0", "id": 1, "result": {} })]);
    for method in ["server/discover", "tools/list", "no/such"] {
        let answers = bench.send(&request(1, method, json!({})));
        assert_eq!(answers[0]["error"]["code"], -32602);
        let message = answers[0]["error"]["message"].as_str().unwrap();
        assert!(message.contains("protocolVersion") && message.contains("2024-11-05"), "{message}");
    }
}

#[test]
fn a_modern_request_says_all_it_must() {
    let mut bench = Bench::new();
    let mut wrong = modern(1, "tools/list", json!({}));
    wrong["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("v999");
    let error = &bench.send(&wrong)[0]["error"];
    assert_eq!(error["code"], -32022);
    assert_eq!(error["data"]["requested"], "v999");
    assert_eq!(error["data"]["supported"].as_array().unwrap().len(), 5);
    let mut lacking = modern(1, "tools/list", json!({}));
    let meta = lacking["params"]["_meta"].as_object_mut().unwrap();
    meta.remove("io.modelcontextprotocol/clientCapabilities");
    assert_eq!(bench.send(&lacking)[0]["error"]["code"], -32602);
    for method in ["initialize", "ping", "logging/setLevel", "prompts/list", "no/such"] {
        assert_eq!(bench.send(&modern(1, method, json!({})))[0]["error"]["code"], -32601);
    }
}

#[test]
fn modern_results_are_complete_and_say_who_answers() {
    let mut bench = Bench::new();
    let discover = bench.send(&modern(1, "server/discover", json!({})))[0]["result"].clone();
    assert_eq!(discover["supportedVersions"][0], "2026-07-28");
    let list = bench.send(&modern(2, "tools/list", json!({})))[0]["result"].clone();
    assert_eq!(list["tools"][0]["name"], "good_other");
    assert_eq!(list["tools"][1]["annotations"]["openWorldHint"], false);
    for result in [&discover, &list] {
        assert_eq!(result["resultType"], "complete");
        assert!(result["ttlMs"].is_u64() && result["cacheScope"] == "private");
        assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "toolrack");
    }
    bench.send(&modern(3, "tools/call", json!({ "name": "good_run" })));
    let result = &bench.finish_call(Ok(text("done")))[0]["result"];
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["content"], json!([{ "type": "text", "text": "done" }]));
    assert!(result["_meta"]["toolrack/usage"]["fuel"].is_u64());
}

#[test]
fn legacy_results_have_no_modern_members() {
    let mut bench = Bench::legacy("2025-06-18");
    let result = &bench.send(&request(1, "tools/list", json!({})))[0]["result"];
    assert_eq!(result.as_object().unwrap().keys().collect::<Vec<_>>(), ["tools"]);
}

#[test]
fn pages_follow_each_other_to_the_end() {
    let settings = Settings { page: std::num::NonZeroUsize::new(1), ..Settings::default() };
    let mut bench = Bench::without_catalog(settings);
    bench.engine.publish(CATALOG.clone());
    let first = bench.send(&modern(1, "tools/list", json!({})))[0]["result"].clone();
    assert_eq!(first["tools"].as_array().unwrap().len(), 1);
    let params = json!({ "cursor": first["nextCursor"] });
    let second = bench.send(&modern(2, "tools/list", params))[0]["result"].clone();
    assert_eq!(second["tools"][0]["name"], "good_run");
    assert!(second.get("nextCursor").is_none());
}

/// A plugin of this name and prefix is being loaded.
fn coming(name: &str, prefix: &str, is_provisional: bool) -> Coming {
    let name = PluginName::new(name).expect("a name");
    let loading = vec![ComingPlugin { name, prefix: prefix.into(), changes_list: true }];
    Coming { loading, is_provisional }
}

/// What is served of [`CATALOG`] while a plugin of this name and prefix is loaded.
fn beside(name: &str, prefix: &str) -> Catalog {
    Catalog::build(CATALOG.plugins().to_vec(), Vec::new(), coming(name, prefix, false), None)
}

/// What `server/discover` tells of the plugins.
fn instructions(bench: &mut Bench) -> String {
    let answers = bench.send(&modern("d", "server/discover", json!({})));
    answers[0]["result"]["instructions"].as_str().expect("a text").to_owned()
}

#[test]
fn instructions_name_the_plugins_or_those_that_were_known_last() {
    let known = "the plugins of the last time";
    let settings = || Settings { instructions: Some(known.into()), ..Settings::default() };
    let mut bench = Bench::without_catalog(settings());
    assert_eq!(instructions(&mut bench), known);
    bench.engine.publish(Arc::new(Catalog::unscanned()));
    assert_eq!(instructions(&mut bench), known);
    let early = Catalog::build(Vec::new(), Vec::new(), coming("good", "good", true), None);
    bench.engine.publish(Arc::new(early));
    assert_eq!(instructions(&mut bench), known, "nothing is known of `good` yet");
    bench.engine.publish(CATALOG.clone());
    let told = instructions(&mut bench);
    assert!(told.ends_with("Plugins and their tools:\n- good (good_...): other, run"), "{told}");
    bench.engine.publish(Arc::new(Catalog::default()));
    let none = instructions(&mut bench);
    assert!(none.ends_with("can change while you are connected."), "{none}");
    assert_eq!(instructions(&mut Bench::without_catalog(Settings::default())), none);
}

#[test]
fn instructions_of_many_plugins_name_each_as_long_as_there_is_room() {
    let titled: Vec<String> = (0..20).map(|n| format!("t{n:02}_{}", "x".repeat(20))).collect();
    let tools: Vec<&str> = titled.iter().map(String::as_str).collect();
    for (count, more) in [(10, None), (200, Some("\n- and "))] {
        let directory = tempfile::tempdir().unwrap();
        let wasm = Wat { tools: &tools[..if count > 20 { 2 } else { 20 }], ..Wat::default() };
        let wasm = wasm.build();
        for plugin in 0..count {
            plugins::install(directory.path(), &format!("plugin{plugin:03}"), "", &wasm);
        }
        let mut bench = Bench::new();
        bench.engine.publish(load(&directory));
        let told = instructions(&mut bench);
        assert!((1500..=2048).contains(&told.len()), "{} {told}", told.len());
        match more {
            None => {
                assert!(told.contains("\n- plugin009 (plugin009_...): t00_"), "{told}");
                assert!(told.ends_with(", ..."), "{told}");
            }
            Some(more) => {
                assert!(told.contains("\n- plugin009 (plugin009_...)\n"), "{told}");
                let named = told.matches("\n- plugin").count();
                assert!(told.ends_with(&format!("{more}{} more", count - named)), "{told}");
            }
        }
    }
}

#[test]
fn a_call_that_has_not_entered_its_plugin_begins_anew_and_one_that_has_goes_on() {
    let other = load(&plugins::good());
    for enters in [false, true] {
        let mut bench = Bench { enters, ..Bench::new() };
        bench.send(&modern(1, "tools/call", json!({ "name": "good_other" })));
        let (key, _) = bench.calls[0];
        bench.engine.publish(other.clone());
        assert!(bench.sent().is_empty());
        match enters {
            true => assert_eq!((bench.calls.len(), &bench.cancelled[..]), (1, &[][..])),
            false => assert_eq!((bench.calls.len(), &bench.cancelled[..]), (2, &[key][..])),
        }
    }
}

#[test]
fn a_call_waits_for_plugins_no_longer_because_they_change() {
    let directory = plugins::good();
    let section = listing(|_| {});
    plugins::install(directory.path(), "slow", "", &packed(slow_plugin(800), &section));
    let is_there = |catalog: &Catalog| catalog.tool("slow_run").is_some();
    let slow = load_until(&directory, is_there);
    let plugin = &slow.tool("slow_run").expect("it is listed").plugin;
    // Its host has ended, and the compilation with it.
    assert!(matches!(plugin.readiness(), Readiness::AwaitsCode | Readiness::FailedForNow));
    let mut bench = Bench { enters: false, ..Bench::new() };
    bench.engine.publish(slow);
    bench.send(&modern(1, "tools/call", json!({ "name": "slow_run" })));
    let due = bench.engine.next_wait_end().expect("it waits");
    let waited = |bench: &mut Bench, now| {
        bench.engine.at(now);
        bench.engine.end_long_waits();
        bench.sent()
    };
    assert!(waited(&mut bench, due - Duration::from_secs(20)).is_empty());
    // Another version is on its way.
    bench.engine.publish(Arc::new(beside("slow", "slow")));
    assert_eq!(bench.engine.next_wait_end(), Some(due));
    assert!(waited(&mut bench, due - Duration::from_millis(1)).is_empty());
    assert_eq!(bench.cancelled, [bench.calls[0].0]);
    let told = waited(&mut bench, due)[0]["error"]["message"].to_string();
    assert!(told.contains("this request has waited for 50s"), "{told}");
    assert_eq!(bench.engine.in_flight(), 0);
}

#[test]
fn a_call_that_waits_too_long_for_its_plugins_code_is_ended() {
    let directory = plugins::good();
    let section = listing(|_| {});
    plugins::install(directory.path(), "slow", "", &packed(slow_plugin(800), &section));
    let slow = load_until(&directory, |catalog| catalog.tool("slow_run").is_some());
    for enters in [false, true] {
        let mut bench = Bench { enters, ..Bench::new() };
        bench.engine.publish(slow.clone());
        bench.send(&modern(1, "tools/call", json!({ "name": "slow_run" })));
        let due = bench.engine.next_wait_end();
        assert_eq!(due.is_none(), enters);
        let due = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(60));
        bench.engine.at(due - Duration::from_millis(1));
        bench.engine.end_long_waits();
        assert!(bench.sent().is_empty());
        bench.engine.at(due);
        bench.engine.end_long_waits();
        // What a plugin does with a call has other limits.
        let sent = bench.sent();
        assert_eq!((sent.len(), bench.engine.in_flight()), if enters { (0, 1) } else { (1, 0) });
        // As the call itself would say.
        let says = |answer: &Value| answer["result"]["isError"] == true;
        assert!(sent.iter().all(says), "{sent:?}");
    }
}

#[test]
fn a_tool_that_may_turn_out_to_be_another_s_waits_for_that() {
    for (name, prefix, tools) in [
        ("other", "other", 2),
        ("other", "goo", 2),
        ("other", "good", 0),
        ("other", "good-run", 1),
        ("other", "", 2),
        ("good", "other", 0),
    ] {
        let catalog = beside(name, prefix);
        assert_eq!(catalog.tools().len(), tools, "{name}, {prefix}");
        // What was served before stays.
        let later = |is_provisional| {
            let plugins = CATALOG.plugins().to_vec();
            let coming = coming(name, prefix, is_provisional);
            Catalog::build(plugins, Vec::new(), coming, Some(&CATALOG)).tools().len()
        };
        assert_eq!((later(false), later(true)), (2, 2), "{prefix}");
    }
    // One without a prefix may have any name, and is waited for as long as that is not for long.
    let plugins = CATALOG.plugins().to_vec();
    let catalog = Catalog::build(plugins, Vec::new(), coming("other", "", true), None);
    assert_eq!(catalog.tools().len(), 0);
}

#[test]
fn calls_are_served_at_once_and_lists_and_news_as_a_whole() {
    let mut bench = Bench::without_catalog(Settings::default());
    let provisional = |name, plugins: &[_], before: Option<&Catalog>| {
        let coming = coming(name, name, true);
        Arc::new(Catalog::build(plugins.to_vec(), Vec::new(), coming, before))
    };
    let plugins = CATALOG.plugins();
    let wants = json!({ "notifications": { "toolsListChanged": true } });
    bench.send(&modern("s", "subscriptions/listen", wants));
    assert!(bench.send(&modern(1, "tools/list", json!({}))).is_empty());
    assert!(bench.send(&modern(2, "tools/call", json!({ "name": "good_run" }))).is_empty());
    bench.engine.publish(provisional("good", plugins, None));
    assert!(bench.sent().is_empty() && bench.calls.is_empty(), "its tools are another's, perhaps");
    bench.engine.publish(provisional("slow", plugins, None));
    assert!(bench.sent().is_empty(), "the first list waits for the whole");
    assert_eq!(bench.finish_call(Ok(text("done")))[0]["id"], 2);
    bench.engine.publish(CATALOG.clone());
    let sent = bench.sent();
    assert_eq!(sent.len(), 1, "and is no news: {sent:?}");
    assert_eq!(sent[0]["id"], 1);

    bench.engine.publish(provisional("slow", &[], Some(&CATALOG)));
    assert!(bench.sent().is_empty(), "more is about to change");
    let list = bench.send(&modern(3, "tools/list", json!({})));
    assert_eq!(list[0]["result"]["tools"], json!([]), "whoever asks is not kept waiting");
    bench.engine.publish(Arc::new(Catalog::default()));
    assert_eq!(bench.sent()[0]["method"], "notifications/tools/list_changed");
}

#[test]
fn a_call_waits_for_the_plugin_that_may_have_its_tool_and_for_no_other() {
    let mut bench = Bench::without_catalog(Settings::default());
    bench.engine.publish(Arc::new(beside("slow", "slow")));
    let call = |id, tool: &str| modern(id, "tools/call", json!({ "name": tool }));
    assert!(bench.send(&call(1, "slow_run")).is_empty());
    assert_eq!(bench.engine.await_plugins(), 1);
    assert!(bench.send(&call(2, "good_run")).is_empty());
    assert_eq!(bench.finish_call(Ok(text("done")))[0]["id"], 2);
    let answer = bench.send(&call(3, "no_such"));
    assert_eq!(answer[0]["error"]["message"], "unknown tool `no_such`");
    assert_eq!(bench.send(&modern(4, "tools/list", json!({})))[0]["id"], 4);
    // It did not become a plugin after all.
    bench.engine.publish(CATALOG.clone());
    let answer = bench.sent();
    assert_eq!(answer[0]["id"], 1);
    assert_eq!(answer[0]["error"]["message"], "unknown tool `slow_run`");
    assert_eq!(bench.engine.await_plugins(), 0);
}

#[test]
fn a_call_waits_where_the_directories_were_not_looked_at_yet() {
    let mut bench = Bench::without_catalog(Settings::default());
    bench.engine.publish(Arc::new(Catalog::unscanned()));
    assert!(bench.send(&modern(1, "tools/call", json!({ "name": "good_run" }))).is_empty());
    let list = bench.send(&modern(2, "tools/list", json!({})));
    assert_eq!(list[0]["result"]["tools"], json!([]));
    bench.engine.publish(CATALOG.clone());
    assert!(bench.sent().is_empty());
    assert_eq!(bench.finish_call(Ok(text("done")))[0]["id"], 1);
}

#[test]
fn requests_before_the_catalog_wait_for_it_in_order() {
    let mut bench = Bench::without_catalog(Settings::default());
    assert!(bench.send(&modern(1, "tools/list", json!({}))).is_empty());
    assert!(bench.send(&modern(2, "tools/call", json!({ "name": "good_run" }))).is_empty());
    assert!(bench.send(&modern(3, "tools/list", json!({}))).is_empty());
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": 3 } });
    assert!(bench.send(&cancel).is_empty());
    bench.engine.publish(CATALOG.clone());
    let sent = bench.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["id"], 1);
    assert_eq!(bench.finish_call(Ok(text("done")))[0]["id"], 2);
}

#[test]
fn an_id_in_flight_cannot_be_used_again() {
    let mut bench = Bench::new();
    bench.send(&modern("a", "tools/call", json!({ "name": "good_run" })));
    let line =
        modern("a", "server/discover", json!({})).to_string().replace("\"a\"", r#""\u0061""#);
    assert_eq!(bench.raw(line.as_bytes())[0]["error"]["code"], -32600);
    assert_eq!(bench.finish_call(Ok(text("done"))).len(), 1);
    assert!(bench.send(&modern("a", "server/discover", json!({})))[0].get("result").is_some());
}

#[test]
fn a_cancelled_call_is_ended_and_not_answered() {
    let mut bench = Bench::new();
    bench.send(&modern(1, "tools/call", json!({ "name": "good_run" })));
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": 1, "reason": "enough" } });
    assert!(bench.send(&cancel).is_empty());
    assert_eq!(bench.cancelled, [bench.calls[0].0]);
    assert!(bench.finish_call(Ok(text("late"))).is_empty());
    assert!(bench.send(&cancel).is_empty());
}

#[test]
fn progress_increases_carries_its_token_and_ends_with_the_answer() {
    let mut bench = Bench::legacy("2025-11-25");
    let params = json!({ "name": "good_run", "_meta": { "progressToken": 0 } });
    bench.send(&request(1, "tools/call", params));
    let key = bench.calls[0].0;
    let mut told = Vec::new();
    for value in [0.0, 1.0, 1.0, 0.5, 2.0] {
        let progress = Progress { value, total: Some(2.0), message: None };
        bench.engine.progress(key, progress);
        told.extend(bench.sent());
    }
    let values: Vec<_> = told.iter().map(|m| m["params"]["progress"].as_f64().unwrap()).collect();
    assert_eq!(values, [0.0, 1.0, 2.0]);
    assert_eq!(told[0]["params"]["progressToken"], 0);
    bench.finish_call(Ok(text("done")));
    bench.engine.progress(key, Progress { value: 3.0, total: None, message: None });
    assert!(bench.sent().is_empty());
}

#[test]
fn without_a_token_there_is_no_progress() {
    let mut bench = Bench::legacy("2025-11-25");
    bench.send(&request(1, "tools/call", json!({ "name": "good_run" })));
    let key = bench.calls[0].0;
    bench.engine.progress(key, Progress { value: 1.0, total: None, message: None });
    assert!(bench.sent().is_empty());
}

#[test]
fn a_subscription_is_acknowledged_before_anything_is_loaded() {
    let mut bench = Bench::without_catalog(Settings::default());
    let wants = json!({ "notifications": { "toolsListChanged": true } });
    let sent = bench.send(&modern("s", "subscriptions/listen", wants));
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0]["method"], "notifications/subscriptions/acknowledged");
    bench.engine.publish(CATALOG.clone());
    assert!(bench.sent().is_empty(), "the first list is no change");
}

#[test]
fn a_subscription_hears_of_changes_and_is_answered_at_the_end() {
    let mut bench = Bench::new();
    let wants = json!({ "notifications": { "toolsListChanged": true } });
    let other = json!({ "notifications": { "promptsListChanged": true } });
    let acknowledged = bench.send(&modern("s", "subscriptions/listen", wants));
    assert_eq!(acknowledged[0]["method"], "notifications/subscriptions/acknowledged");
    let id = &acknowledged[0]["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"];
    assert_eq!(id, "s");
    assert_eq!(acknowledged[0]["params"]["notifications"], json!({ "toolsListChanged": true }));
    let acknowledged = bench.send(&modern("t", "subscriptions/listen", other));
    assert_eq!(acknowledged[0]["params"]["notifications"], json!({}));
    let missing = bench.send(&modern("u", "subscriptions/listen", json!({})));
    assert_eq!(missing[0]["error"]["code"], -32602);

    bench.engine.publish(CATALOG.clone());
    assert!(bench.sent().is_empty(), "nothing changed");
    bench.engine.publish(Arc::new(Catalog::default()));
    let told = bench.sent();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["method"], "notifications/tools/list_changed");
    assert_eq!(told[0]["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "s");

    bench.engine.finish(std::iter::empty());
    let mut ended: Vec<_> = bench.sent();
    ended.sort_by_key(|message| message["id"].to_string());
    assert_eq!(ended.len(), 2);
    assert_eq!(ended[0]["result"]["resultType"], "complete");
    assert_eq!(ended[0]["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "s");
}

#[test]
fn a_legacy_client_hears_of_changes_once_it_is_ready() {
    let mut bench = Bench::legacy("2025-11-25");
    bench.engine.publish(Arc::new(Catalog::default()));
    assert!(bench.sent().is_empty());
    bench.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    bench.engine.publish(CATALOG.clone());
    let expected = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    assert_eq!(bench.sent(), [expected]);
}

#[test]
fn a_batch_is_answered_as_one_when_all_is_done() {
    let mut bench = Bench::legacy("2025-03-26");
    let batch = json!([
        request(1, "ping", json!({})),
        request(2, "tools/call", json!({ "name": "good_run" })),
        7,
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        request(3, "initialize", json!({})),
    ]);
    assert!(bench.send(&batch).is_empty());
    let answers = bench.finish_call(Ok(text("done")));
    assert_eq!(answers.len(), 1);
    let ids: Vec<_> = answers[0].as_array().unwrap().iter().map(|a| a["id"].clone()).collect();
    assert_eq!(ids, [json!(1), Value::Null, json!(3), json!(2)]);
    assert_eq!(bench.send(&json!([]))[0]["error"]["code"], -32600);
    let silent = json!([{ "jsonrpc": "2.0", "method": "notifications/initialized" }]);
    assert!(bench.send(&silent).is_empty());
}

#[test]
fn a_batch_does_not_wait_for_what_was_cancelled_before_the_catalog() {
    let mut bench = Bench::without_catalog(Settings::default());
    bench.send(&request(0, "initialize", json!({ "protocolVersion": "2025-03-26" })));
    let batch = json!([request(1, "ping", json!({})), request(2, "tools/list", json!({}))]);
    assert!(bench.send(&batch).is_empty());
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": 2 } });
    let answers = bench.send(&cancel);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].as_array().unwrap().len(), 1);
    assert_eq!(answers[0][0]["id"], 1);
}

/// A batch of two calls, whose answer comes when both have ended.
fn two_calls(first: u64) -> Value {
    let call = |id| request(id, "tools/call", json!({ "name": "good_run" }));
    json!([call(first), call(first + 1)])
}

#[test]
fn four_batches_are_open_at_once() {
    let mut bench = Bench::legacy("2025-03-26");
    for batch in 0..4 {
        assert!(bench.send(&two_calls(10 * batch)).is_empty());
    }
    let refused = bench.send(&two_calls(50));
    assert_eq!(refused.len(), 1);
    assert!(refused[0]["error"]["message"].as_str().unwrap().contains("4 batches still run"));
    assert!(bench.finish_call(Ok(text("done"))).is_empty());
    assert_eq!(bench.finish_call(Ok(text("done")))[0].as_array().unwrap().len(), 2);
    assert!(bench.send(&two_calls(60)).is_empty());
}

#[test]
fn what_open_batches_hold_of_answers_is_bounded() {
    let mut bench = Bench::legacy("2025-03-26");
    for batch in 0..3 {
        bench.send(&two_calls(10 * batch));
    }
    // The first calls of all batches end before the second ones.
    bench.calls = [0, 2, 4, 1, 3, 5].map(|at: usize| bench.calls[at].clone()).to_vec();
    let large = "x".repeat(3 * 1024 * 1024);
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.extend(bench.finish_call(Ok(text(&large))));
    }
    let answers: Vec<_> = answers.iter().flat_map(|batch| batch.as_array().unwrap()).collect();
    assert_eq!(answers.len(), 6, "each is answered");
    let refused = |answer: &&&Value| {
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        message.contains("too large together; ask for this alone")
    };
    let refused = answers.iter().filter(refused).count();
    // The third first one, and a second one that still finds two held.
    assert_eq!(refused, 2);
}

#[test]
fn a_server_that_ends_answers_what_is_open() {
    let mut bench = Bench::new();
    bench.send(&modern(1, "tools/call", json!({ "name": "good_run" })));
    let unread = modern(2, "tools/list", json!({})).to_string().into_bytes();
    bench.engine.finish([InputLine::Whole(unread)].into_iter());
    let sent = bench.sent();
    assert_eq!((&sent[0]["id"], sent[0]["error"]["code"].is_i64()), (&json!(2), true));
    assert_eq!((&sent[1]["id"], &sent[1]["result"]["isError"]), (&json!(1), &json!(true)));
    assert_eq!(bench.cancelled.len(), 1);
    assert_eq!(bench.engine.in_flight(), 0);
}

#[test]
fn content_of_every_kind_has_its_shape_in_each_revision() {
    let media = Media { data: vec![1, 2, 3], mime_type: "image/png".into() };
    let link = ResourceLink {
        uri: "https://example.com".into(),
        name: "example".into(),
        title: None,
        description: None,
        mime_type: None,
        size: Some(5),
    };
    let output = Output {
        content: vec![
            Content::Image(media.clone()),
            Content::Audio(media),
            Content::ResourceLink(link),
            Content::TextResource { uri: "a:b".into(), mime_type: None, text: "t".into() },
            Content::BlobResource { uri: "a:c".into(), mime_type: None, data: vec![1, 2, 3] },
        ],
        ..Output::default()
    };
    let mut bench = Bench::new();
    bench.send(&modern(1, "tools/call", json!({ "name": "good_run" })));
    let answer = &bench.finish_call(Ok(output.clone()))[0]["result"]["content"];
    assert_eq!(
        *answer,
        json!([
            { "type": "image", "data": "AQID", "mimeType": "image/png" },
            { "type": "audio", "data": "AQID", "mimeType": "image/png" },
            { "type": "resource_link", "uri": "https://example.com", "name": "example", "size": 5 },
            { "type": "resource", "resource": { "uri": "a:b", "text": "t" } },
            { "type": "resource", "resource": { "uri": "a:c", "blob": "AQID" } },
        ])
    );
    let mut bench = Bench::legacy("2024-11-05");
    bench.send(&request(1, "tools/call", json!({ "name": "good_run" })));
    let answer = &bench.finish_call(Ok(output))[0]["result"]["content"];
    let kinds: Vec<_> = answer.as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["image", "text", "text", "resource", "resource"]);
}

#[test]
fn structured_content_goes_where_the_revision_allows_and_into_text_elsewhere() {
    let structured = |json: &str| Output {
        structured: Some(serde_json::value::RawValue::from_string(json.into()).unwrap()),
        ..Output::default()
    };
    for (version, json, carried) in [
        ("2025-11-25", r#"{"a":1}"#, true),
        ("2025-11-25", "[1]", false),
        ("2025-03-26", r#"{"a":1}"#, false),
    ] {
        let mut bench = Bench::legacy(version);
        bench.send(&request(1, "tools/call", json!({ "name": "good_run" })));
        let result = &bench.finish_call(Ok(structured(json)))[0]["result"];
        assert_eq!(result.get("structuredContent").is_some(), carried, "{version} {json}");
        assert_eq!(result["content"][0]["text"], json, "{version}");
    }
    let mut bench = Bench::new();
    bench.send(&modern(1, "tools/call", json!({ "name": "good_run" })));
    let result = &bench.finish_call(Ok(structured("[1]")))[0]["result"];
    assert_eq!(result["structuredContent"], json!([1]));
    // Who says it in words, too, is not read three times.
    let told = Output { content: vec![Content::Text("one".into())], ..structured(r#"{"a":1}"#) };
    for (version, texts) in [("2025-11-25", 1), ("2025-03-26", 2)] {
        let mut bench = Bench::legacy(version);
        bench.send(&request(1, "tools/call", json!({ "name": "good_run" })));
        let result = &bench.finish_call(Ok(told.clone()))[0]["result"];
        assert_eq!(result["content"].as_array().unwrap().len(), texts, "{version}");
    }
}

#[test]
fn schemas_pass_byte_for_byte_on_one_line() {
    let directory = tempfile::TempDir::new().unwrap();
    let input = "{\"type\":\"object\", \"properties\":{\"z\":{\"const\":1.50},\"a\":{}}}";
    let wat = Wat {
        input_schema: input,
        output_schema: Some("{\n\"type\":\"array\"}"),
        ..Wat::default()
    };
    plugins::install(directory.path(), "p", "", &wat.build());
    let catalog = load(&directory);
    for (modern_era, has_output) in [(true, true), (false, false)] {
        let mut bench = if modern_era { Bench::new() } else { Bench::legacy("2025-11-25") };
        bench.engine.publish(catalog.clone());
        bench.sent();
        let message = if modern_era {
            modern(1, "tools/list", json!({}))
        } else {
            request(1, "tools/list", json!({}))
        };
        bench.engine.line(&InputLine::Whole(message.to_string().into_bytes()));
        let Some(Action::Answer(line)) = bench.engine.next_action() else { panic!("no answer") };
        assert!(line.contains(input), "{line}");
        assert!(!line.contains('\n'));
        assert_eq!(line.contains("outputSchema"), has_output, "{line}");
    }
}
