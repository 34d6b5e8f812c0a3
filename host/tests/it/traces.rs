//! Traces of the real binary by OTLP: spans that hang together, and collectors that are away, slow, broken or deaf.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, toolrack};
use crate::guest::Wat;
use crate::http_peer::{HttpPeer, MODERN, modern, request};
use crate::otlp_receiver::{Manner, ReceivedSpan, Receiver};
use crate::person::eventually;
use crate::plugins;
use crate::web::{Reply, Speech, Web, authority, closed_port};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
/// Stands where nothing of it may be told.
const MARKER: &str = "M4rk3r";

const SERVER: u64 = 2;
const INTERNAL: u64 = 1;
const CLIENT: u64 = 3;
const ERROR: u64 = 2;

/// `serve` with these variables of OpenTelemetry.
fn traced(plugins: &Path, url: &str, variables: &[(&str, &str)]) -> std::process::Command {
    let mut command = toolrack();
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", url).env("OTEL_BSP_SCHEDULE_DELAY", "50");
    command.envs(variables.iter().copied());
    command.arg("serve").arg("--plugins").arg(plugins);
    command
}

fn started(plugins: &Path, url: &str, variables: &[(&str, &str)]) -> Client {
    Client::spawn(&mut traced(plugins, url, variables)).shakes_hands()
}

fn parent(flags: &str) -> Value {
    json!({ "traceparent": format!("00-{TRACE}-{SPAN}-{flags}") })
}

fn one<'a>(spans: &'a [ReceivedSpan], name: &str) -> &'a ReceivedSpan {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {spans:#?}");
    found[0]
}

fn attribute<'a>(span: &'a ReceivedSpan, key: &str) -> Option<&'a str> {
    span.attributes.get(key).map(String::as_str)
}

/// Ends a server, and returns its log with the time that the end took.
fn ended(server: Client) -> (Vec<String>, Duration) {
    let began = Instant::now();
    let (status, _, log) = server.end();
    assert!(status.success(), "{log:?}");
    (log, began.elapsed())
}

/// What a scrape of metrics at this port reads.
fn scrape(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    let asked = request("GET", "/metrics", &[("Connection", "close")], "");
    stream.write_all(asked.as_bytes()).expect("written");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_a_request_is_one_trace_that_hangs_together() {
    let web = Web::start(Speech::Plain, Reply::text("tea")).await;
    let origin = format!("http://127.0.0.1:{}", web.port);
    let directory = TempDir::new().expect("a directory");
    for file in ["fetch.toml", "fetch.wasm"] {
        let from = plugins::shipped().join(file);
        std::fs::copy(from, directory.path().join(file)).expect("copied");
    }
    let local = format!("[grants]\nnetwork = [{origin:?}]\n");
    std::fs::write(directory.path().join("fetch.local.toml"), local).expect("written");
    let receiver = Receiver::start(Manner::Answers(200));
    let mut server = started(
        directory.path(),
        &receiver.url(),
        &[
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%2Cb"),
            ("OTEL_SERVICE_NAME", "tools"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ],
    );
    let before = SystemTime::now().duration_since(UNIX_EPOCH).expect("now").as_nanos();
    let meta = json!({
        "traceparent": format!("00-{TRACE}-{SPAN}-01"), "tracestate": "vendor=1,other=x y",
    });
    let url = format!("{origin}/{MARKER}?q={MARKER}");
    let call = json!({ "name": "fetch_page", "arguments": { "url": url }, "_meta": meta });
    let answer = server.request("tools/call", call);
    assert_ne!(answer["result"]["isError"], true, "{answer}");
    let after = SystemTime::now().duration_since(UNIX_EPOCH).expect("now").as_nanos();
    let spans = receiver.spans_when(4);
    assert_eq!(spans.len(), 4, "{spans:#?}");
    let [call, wait, guest, sent] =
        ["tools/call fetch_page", "toolrack.wait", "toolrack.guest", "GET"]
            .map(|name| one(&spans, name));
    for span in &spans {
        assert_eq!((&*span.trace, &*span.state), (TRACE, "vendor=1,other=x y"), "{span:#?}");
        assert!(span.id.len() == 16 && span.times[0] <= span.times[1], "{span:#?}");
        let within = before..=after;
        assert!(span.times.iter().all(|time| within.contains(&u128::from(*time))), "{span:#?}");
        assert!(call.times[0] <= span.times[0] && span.times[1] <= call.times[1], "{spans:#?}");
        assert_eq!((span.resource["service.name"].as_str(), span.status), ("tools", 0));
        assert_eq!(span.resource["deployment.environment.name"], "test");
    }
    assert_eq!((&*call.parent, call.kind, call.flags), (SPAN, SERVER, 0x301));
    assert_eq!((&wait.parent, wait.kind, wait.flags), (&call.id, INTERNAL, 0x101));
    assert_eq!((&guest.parent, guest.kind), (&call.id, INTERNAL));
    assert_eq!((&sent.parent, sent.kind), (&guest.id, CLIENT));
    for (span, key, expected) in [
        (call, "mcp.method.name", "tools/call"),
        (call, "gen_ai.operation.name", "execute_tool"),
        (call, "gen_ai.tool.name", "fetch_page"),
        (call, "jsonrpc.request.id", "tools/call-2"),
        (call, "mcp.protocol.version", "2025-11-25"),
        (call, "network.transport", "pipe"),
        (call, "toolrack.plugin.name", "fetch"),
        (call, "toolrack.outcome", "answered"),
        (sent, "http.request.method", "GET"),
        (sent, "server.address", "127.0.0.1"),
        (sent, "server.port", &web.port.to_string()),
        (sent, "http.response.status_code", "200"),
    ] {
        assert_eq!(attribute(span, key), Some(expected), "{key} {span:#?}");
    }
    for key in ["toolrack.fuel", "toolrack.memory.peak"] {
        let number = attribute(guest, key).and_then(|text| text.parse::<u64>().ok());
        assert!(number > Some(0), "{key} {guest:#?}");
    }
    let request = &receiver.requests()[0];
    let head = request.head.to_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nx-key: a,b\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/x-protobuf\r\n"), "{head}");
    assert!(!receiver.has_seen(MARKER), "a path or a query was told");
    let (log, _) = ended(server);
    assert!(!log.iter().any(|line| line.contains("a,b") || line.contains(MARKER)), "{log:?}");
}

#[test]
fn over_http_the_requests_own_trace_is_a_link_and_a_session_is_told_by_its_digest() {
    let plugins = plugins::mixed();
    let fails = Wat { call: "unreachable", ..Wat::default() };
    plugins::install(plugins.path(), "crash", "", &fails.build());
    let receiver = Receiver::start(Manner::Answers(200));
    let mut command = traced(plugins.path(), &receiver.url(), &[]);
    command.args(["--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]);
    let mut server = Client::spawn(&mut command);
    let metrics = server.logs("metrics are at http://127.0.0.1:");
    let peer = HttpPeer::spawn(server);
    let other = "0af7651916cd43dd8448eb211c80319d";
    let link = format!("Traceparent: 00-{other}-{SPAN}-01\r\n");
    let with_link = |request: String| request.replacen("\r\n", &format!("\r\n{link}"), 1);
    let call = json!({ "name": "good_run", "arguments": { "a": MARKER }, "_meta": parent("01") });
    // The request's own meta comes with those of the revision.
    let call = with_link(modern("tools/call", call));
    assert_eq!(peer.bytes(call).status, 200);
    let spans = receiver.spans_when(3);
    let call = one(&spans, "tools/call good_run");
    assert_eq!((&*call.trace, &*call.parent), (TRACE, SPAN));
    assert_eq!(call.links, [[other.to_owned(), SPAN.to_owned()]]);
    for (key, expected) in [
        ("network.transport", Some("tcp")),
        ("network.protocol.name", Some("http")),
        ("mcp.protocol.version", Some(MODERN)),
        ("mcp.session.id", None),
    ] {
        assert_eq!(attribute(call, key), expected, "{key} {call:#?}");
    }
    // Ways to fail, in a session, whose parents are broken.
    let session = peer.session();
    let ask = |id: u32, tool: &str| {
        let meta = json!({ "traceparent": format!("00-{TRACE}-{SPAN}-0") });
        let params = json!({ "name": tool, "_meta": meta });
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        peer.in_session(&session, &body.to_string());
    };
    ask(1, "crash_run");
    ask(2, MARKER);
    let spans = receiver.spans_when(7);
    let crash = one(&spans, "tools/call crash_run");
    assert_eq!((attribute(crash, "error.type"), crash.status), (Some("tool_error"), ERROR));
    assert_eq!(attribute(crash, "toolrack.outcome"), Some("crash"));
    assert!(crash.trace != TRACE && crash.parent.is_empty() && crash.links.is_empty());
    let guest = spans.iter().find(|span| span.parent == crash.id && span.name == "toolrack.guest");
    let guest = guest.expect("it had a guest");
    assert_eq!((attribute(guest, "error.type"), guest.status), (Some("crash"), ERROR));
    let unknown = one(&spans, "tools/call _OTHER");
    assert_eq!((attribute(unknown, "error.type"), unknown.status), (Some("-32602"), ERROR));
    let digest = attribute(unknown, "mcp.session.id").expect("a session");
    assert!(digest.len() == 16 && attribute(crash, "mcp.session.id") == Some(digest));
    assert!(!receiver.has_seen(MARKER) && !receiver.has_seen(&session));
    let port = metrics.rsplit(':').next().and_then(|rest| rest.strip_suffix("/metrics"));
    let port: u16 = port.and_then(|port| port.parse().ok()).expect("a port");
    // It counts what was taken once the collector has said so.
    eventually("the count of spans", || {
        let scraped = scrape(port);
        assert!(scraped.contains("toolrack_spans_total{result=\"lost\"} 0\n"), "{scraped}");
        let sent = scraped.lines().find_map(|line| {
            line.strip_prefix("toolrack_spans_total{result=\"sent\"} ")?.parse::<u64>().ok()
        });
        sent.filter(|sent| *sent >= 7)
    });
    peer.server.terminates();
    ended(peer.server);
}

#[test]
fn other_requests_have_a_span_each_and_their_errors_a_code() {
    let plugins = plugins::good();
    let receiver = Receiver::start(Manner::Answers(200));
    let mut server = started(plugins.path(), &receiver.url(), &[]);
    server.request("tools/list", json!({ "_meta": parent("01") }));
    server.request("tools/list", json!({ "cursor": MARKER }));
    server.request("tools/call", json!({ "arguments": { "a": MARKER } }));
    server.send(&json!({ "jsonrpc": "2.0", "id": 7, "method": MARKER }));
    server.response(&json!(7));
    server.ping();
    ended(server);
    let spans = receiver.spans();
    let of = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    assert_eq!(spans.len(), 5, "{spans:#?}");
    let begun = one(&spans, "initialize");
    assert_eq!(attribute(begun, "mcp.method.name"), Some("initialize"));
    assert_eq!((begun.kind, begun.status, begun.flags), (SERVER, 0, 0x101));
    let [listed, refused] = of("tools/list")[..] else { panic!("{spans:#?}") };
    assert_eq!((&*listed.trace, &*listed.parent, listed.status), (TRACE, SPAN, 0));
    assert_eq!(attribute(listed, "mcp.protocol.version"), Some("2025-11-25"));
    for (span, code) in
        [(refused, "-32602"), (of("tools/call")[0], "-32602"), (of("_OTHER")[0], "-32601")]
    {
        assert_eq!((attribute(span, "error.type"), span.status), (Some(code), ERROR), "{span:#?}");
        assert_eq!(attribute(span, "gen_ai.tool.name"), None);
    }
    assert!(!receiver.has_seen(MARKER));
}

#[test]
fn whose_parent_is_not_kept_or_who_wants_none_has_no_trace() {
    let plugins = plugins::good();
    let receiver = Receiver::start(Manner::Answers(200));
    let mut server = started(plugins.path(), &receiver.url(), &[]);
    let mut call = |meta: Value| {
        let call = json!({ "name": "good_run", "_meta": meta });
        assert_eq!(server.request("tools/call", call)["result"]["content"][0]["text"], "ok");
    };
    call(parent("00"));
    call(parent("01"));
    let (_, _) = ended(server);
    let spans = receiver.spans();
    assert_eq!(one(&spans, "tools/call good_run").flags, 0x301);
    for variables in [
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
    ] {
        let receiver = Receiver::start(Manner::Answers(200));
        let mut server = started(plugins.path(), &receiver.url(), &[variables]);
        let call = json!({ "name": "good_run", "_meta": parent("01") });
        server.request("tools/call", call);
        ended(server);
        assert!(receiver.requests().is_empty(), "{variables:?}");
    }
}

#[test]
fn a_collector_that_takes_nothing_delays_no_call_and_little_of_the_end_and_is_told_once() {
    let plugins = plugins::good();
    for (manner, why) in [
        (None, "no connection to"),
        (Some(Manner::Answers(500)), "answers with the status 500"),
        (Some(Manner::Answers(503)), "answers with the status 503"),
        (Some(Manner::Answers(302)), "redirects are not followed"),
        (Some(Manner::Silent), "no answer came in"),
        (Some(Manner::Deaf), "no answer came in"),
    ] {
        let receiver = manner.map(Receiver::start);
        let url = receiver
            .as_ref()
            .map_or_else(|| format!("http://127.0.0.1:{}", closed_port()), Receiver::url);
        let variables = [("OTEL_BSP_MAX_QUEUE_SIZE", "60"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "300")];
        let mut server = started(plugins.path(), &url, &variables);
        let began = Instant::now();
        for _ in 0..100 {
            assert_eq!(server.text("good_run"), "ok", "{why}");
        }
        // A wait for the collector would be one of 300 ms each time.
        assert!(began.elapsed() < Duration::from_secs(10), "{why}: {:?}", began.elapsed());
        let told = server.logs("traces cannot be sent to");
        assert!(told.contains(why), "{why}: {told}");
        for _ in 0..20 {
            assert_eq!(server.text("good_run"), "ok", "{why}");
        }
        let (log, time) = ended(server);
        assert!(time < Duration::from_secs(4), "{why}: {time:?}");
        let count = |part: &str| log.iter().filter(|line| line.contains(part)).count();
        assert_eq!(count("traces cannot be sent"), 0, "{why}: {log:#?}");
        assert!(count("spans were lost") >= 1, "{why}: {log:#?}");
    }
}

#[test]
fn spans_of_an_outage_are_sent_once_it_is_over_as_far_as_they_had_room() {
    let plugins = plugins::good();
    let receiver = Receiver::start(Manner::Answers(503));
    let variables = [("OTEL_BSP_MAX_QUEUE_SIZE", "30"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "30")];
    let mut server = started(plugins.path(), &receiver.url(), &variables);
    server.text("good_run");
    server.logs("traces cannot be sent to");
    let refused = receiver.requests().len();
    receiver.becomes(Manner::Answers(200));
    for _ in 0..30 {
        assert_eq!(server.text("good_run"), "ok");
    }
    server.logs("traces reach");
    let told = server.logs("spans were lost");
    let (log, _) = ended(server);
    let lost = |line: &String| -> Option<usize> {
        let spans = line.contains("spans were lost").then(|| line.split("spans=").nth(1)).flatten();
        spans?.split(' ').next()?.parse().ok()
    };
    let lost: usize = [told].iter().chain(&log).filter_map(lost).sum();
    let taken = receiver.spans_since(refused);
    assert!(!taken.is_empty() && lost > 0, "{log:?}");
    // The handshake, and three spans for each of 31 calls.
    assert_eq!(taken.len() + lost, 1 + 3 * 31, "{log:?}");
    let ids: std::collections::BTreeSet<_> = taken.iter().map(|span| &span.id).collect();
    assert_eq!(ids.len(), taken.len(), "a span was sent twice");
}

#[test]
fn a_collector_that_takes_only_a_part_is_told_once_and_steers_no_terminal() {
    let plugins = plugins::good();
    let receiver = Receiver::start(Manner::TakesInPart);
    let mut server = started(plugins.path(), &receiver.url(), &[]);
    for calls in 1..4 {
        server.text("good_run");
        eventually("a request", || (receiver.requests().len() >= calls).then_some(()));
    }
    let told = server.logs("has not taken all spans of a request");
    assert!(told.contains("no\\u{1b}[2Jno"), "{told}");
    let (log, _) = ended(server);
    assert!(!log.iter().any(|line| line.contains("has not taken")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_collector_has_to_prove_its_name() {
    let plugins = plugins::good();
    let mut web = Web::start(Speech::Tls, Reply::text("")).await;
    let url = format!("https://localhost:{}", web.port);
    let mut server = started(plugins.path(), &url, &[]);
    server.text("good_run");
    let told = server.logs("traces cannot be sent to");
    assert!(told.contains("the certificate of localhost is not accepted"), "{told}");
    ended(server);
    let file = plugins.path().join("authority.pem");
    let encoded = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(authority())
    };
    let pem = format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n");
    std::fs::write(&file, pem).expect("written");
    let file = file.to_str().expect("UTF-8");
    let mut server = started(plugins.path(), &url, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", file)]);
    server.text("good_run");
    assert!(web.head().await.starts_with("POST /v1/traces "));
    ended(server);
    // A file that is none is a warning, and the server serves.
    let mut server =
        started(plugins.path(), &url, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem")]);
    server.logs("there are no traces: OTEL_EXPORTER_OTLP_CERTIFICATE: /nowhere.pem");
    assert_eq!(server.text("good_run"), "ok");
    ended(server);
}

#[test]
fn a_variable_that_cannot_be_used_is_a_warning_that_names_it() {
    let plugins = plugins::good();
    for (variable, value, told) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "expected a URL with `http`"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "expected `http/protobuf`"),
        ("OTEL_TRACES_SAMPLER", "some", "expected `always_on`"),
    ] {
        let url = format!("http://127.0.0.1:{}", closed_port());
        let mut server = started(plugins.path(), &url, &[(variable, value)]);
        let line = server.logs(variable);
        assert!(line.contains(told) && line.contains("WARN"), "{line}");
        assert_eq!(server.text("good_run"), "ok");
        ended(server);
    }
}
