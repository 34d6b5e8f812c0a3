//! Any bytes on a connection: what comes back is HTTP with whole messages of the protocol, nothing is answered that was not
//! asked, nothing is left of the client, and the next one is served.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use super::bounds::HttpBounds;
use super::run::health::HealthReport;
use super::socket::paced::Pace;
use super::trial::{
    TrialServer, call, initialize, listen, measured, modern, plugins, request, session_begun,
    settings,
};
use crate::fuzz::{Seen, started};
use crate::host::Host;
use crate::mcp::calls::places::PLACES;

/// The text of an input that stands for the id of a session that has just begun.
const SESSION_MARK: &str = "=SESSION=";
/// The revision of sessions.
const LEGACY: &str = "2025-11-25";
/// The time in which the server of a fuzzer loses patience.
const FUZZED_TIME: Duration = Duration::from_millis(50);
/// The time for which a client waits for more before it says that it has said all.
const QUIET: Duration = Duration::from_millis(15);
/// A time that is never reached, unless something waits for ever.
const FUZZED_HANG: Duration = Duration::from_secs(20);
/// More headers than an answer here has.
const MAX_ANSWER_HEADERS: usize = 64;

/// The statuses that docs/http.md tells of, and those that hyper gives to what is no HTTP.
const STATUSES: [u16; 15] =
    [200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 429, 431];
/// The status of a server that is busy, and nothing that a client can do to it makes it fail in another way.
const BUSY_STATUS: u16 = 503;

/// A server, for as long as the thread lives.
struct FuzzedServer {
    runtime: Runtime,
    local: LocalSet,
    server: TrialServer,
    _host: Host,
}

thread_local! {
    static SERVER: FuzzedServer = FuzzedServer::start();
}

/// Sends `bytes` to a server, in pieces of as many as the first one says.
pub fn http(bytes: &[u8]) -> Seen {
    let Some((&size, stream)) = bytes.split_first() else { return Seen::Refused };
    SERVER.with(|server| server.local.block_on(&server.runtime, server.try_one(size, stream)))
}

/// Requests of both eras, and what stands around them.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let session = &format!("MCP-Protocol-Version: {LEGACY}\r\nMcp-Session-Id: {SESSION_MARK}\r\n");
    let legacy = |method: &str, params| {
        let message = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        measured(session, &message.to_string())
    };
    let arguments = json!({ "name": "echo_run", "arguments": { "text": "Hello", "n": [1, null] } });
    let listed = json!({"jsonrpc": "2.0", "id": "a", "method": "tools/list"}).to_string();
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    let body = json!([{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}]);
    let chunks = format!("{:x}\r\n{listed}\r\n0\r\n\r\n", listed.len());
    let bare = |line: &str| {
        format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{session}Accept: text/event-stream\r\n\r\n")
    };
    let requests = [
        call("echo_run", ""),
        call("sleep_run", "Accept: text/event-stream\r\n"),
        call("large_run", "Accept: application/json\r\n"),
        modern("tools/call", Some("=?base64?ZWNob19ydW4=?="), arguments.clone(), ""),
        modern("server/discover", None, json!({}), "Origin: http://localhost:1\r\n"),
        modern("tools/list", None, json!({ "cursor": "x" }), "Connection: close\r\n"),
        listen(),
        measured("", &initialize(LEGACY)),
        legacy("tools/list", json!({})),
        legacy("tools/call", arguments),
        measured(session, &cancelled.to_string()),
        measured("Mcp-Protocol-Version: 2025-03-26\r\n", &body.to_string()),
        request(&format!("{session}Transfer-Encoding: chunked\r\n"), &chunks),
        request("Expect: 100-continue\r\nContent-Length: 9999999\r\n", &listed),
        bare("GET /mcp"),
        bare("DELETE /mcp/"),
        bare("OPTIONS /mcp"),
        bare("GET /livez"),
        bare("GET /readyz"),
        bare("GET /health"),
        bare("GET /.well-known/oauth-protected-resource"),
    ];
    let pipelined = requests.concat();
    let sent = requests.into_iter().chain([pipelined]);
    sent.flat_map(|request| [b"\xff", b"\x07"].map(|size| [size, request.as_bytes()].concat()))
        .collect()
}

impl FuzzedServer {
    fn start() -> Self {
        let bounds = HttpBounds {
            head_time: FUZZED_TIME,
            body_time: FUZZED_TIME,
            pace: Pace { time: FUZZED_TIME * 4, ..HttpBounds::default().pace },
            silence: FUZZED_TIME,
            keep_alive: FUZZED_TIME,
            hang_up_look: FUZZED_TIME,
            ..HttpBounds::default()
        };
        let directory = plugins();
        let (host, catalog) = started(directory.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (runtime, local) = (runtime.expect("a runtime"), LocalSet::new());
        let guests = host.guests().clone();
        let server =
            local.block_on(&runtime, TrialServer::start(settings(bounds), guests, catalog));
        Self { runtime, local, server, _host: host }
    }

    async fn try_one(&self, size: u8, stream: &[u8]) -> Seen {
        let sent = self.with_session(stream).await;
        let came = self.exchanged(usize::from(size) + 1, &sent).await;
        let asked = sent.windows(7).filter(|window| window == b"HTTP/1.").count();
        // The body of an answer to HEAD never comes, whatever its length says.
        let is_read = !sent.windows(5).any(|window| window == b"HEAD ");
        let seen = if is_read { judged(&came, asked) } else { Seen::Refused };
        let begun = Instant::now();
        while self.server.executor.load() != (0, PLACES) {
            assert!(begun.elapsed() < FUZZED_HANG, "left: {:?}", self.server.executor.load());
            sleep(Duration::from_millis(1)).await;
        }
        let next = call("echo_run", "Connection: close\r\n");
        loop {
            let answer = self.exchanged(usize::MAX, next.as_bytes()).await;
            if answer.starts_with(b"HTTP/1.1 200 ") {
                return seen;
            }
            // A machine that has no time for it for longer than the server waits is no fault.
            let is_late = answer.is_empty() && begun.elapsed() < FUZZED_HANG;
            assert!(is_late, "{}", String::from_utf8_lossy(&answer));
        }
    }

    /// Puts the id of a new session where one is named.
    async fn with_session(&self, stream: &[u8]) -> Vec<u8> {
        let mark = SESSION_MARK.as_bytes();
        let mut parts = Vec::new();
        let mut rest = stream;
        while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
            parts.push(&rest[..at]);
            rest = &rest[at + mark.len()..];
        }
        if parts.is_empty() {
            return stream.to_vec();
        }
        parts.push(rest);
        let hello = measured("Connection: close\r\n", &initialize(LEGACY));
        let begun = self.exchanged(usize::MAX, hello.as_bytes()).await;
        let begun = String::from_utf8_lossy(&begun);
        parts.join(session_begun(&begun).as_bytes())
    }

    /// All that comes back for `bytes`, sent in pieces of at most `size`.
    async fn exchanged(&self, size: usize, bytes: &[u8]) -> Vec<u8> {
        let stream = TcpStream::connect(self.server.address).await.expect("a connection");
        stream.set_nodelay(true).expect("set");
        let (mut read, mut write) = stream.into_split();
        let send = async {
            for piece in bytes.chunks(size) {
                // A server that refuses may close what it did not read.
                if write.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            write
        };
        let receive = async {
            let mut came = Vec::new();
            let begun = Instant::now();
            loop {
                assert!(begun.elapsed() < FUZZED_HANG, "it never ends");
                match timeout(QUIET, read.read_buf(&mut came)).await {
                    Ok(Ok(0) | Err(_)) => break (came, true),
                    Ok(Ok(_)) if begun.elapsed() < FUZZED_TIME * 3 => {}
                    // Streams go on for ever.
                    Ok(Ok(_)) | Err(_) => break (came, false),
                }
            }
        };
        let (write, (mut came, is_over)) = tokio::join!(send, receive);
        drop(write);
        if !is_over {
            let rest = timeout(FUZZED_HANG, read.read_to_end(&mut came)).await;
            drop(rest.expect("a connection ends with its client"));
        }
        came
    }
}

/// Reads what came as answers, no more than requests that may have been `asked`. The last may have been cut.
fn judged(came: &[u8], asked: usize) -> Seen {
    let (mut rest, mut answers, mut seen) = (came, 0, Seen::Refused);
    while !rest.is_empty() {
        let shown = String::from_utf8_lossy(&rest[..rest.len().min(400)]).into_owned();
        let mut headers = [httparse::EMPTY_HEADER; MAX_ANSWER_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(end) = head.parse(rest).expect(&shown) else { break };
        let status = head.code.expect("a status");
        rest = &rest[end..];
        if status == 100 {
            continue;
        }
        answers += 1;
        assert!(STATUSES.contains(&status) || status == BUSY_STATUS, "{shown}");
        let header = |name: &str| {
            let mut named =
                head.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
            let value = named.next().map(|header| std::str::from_utf8(header.value).expect("text"));
            assert!(named.next().is_none(), "`{name}` stands twice: {shown}");
            value
        };
        let (kind, length) = (header("content-type"), header("content-length"));
        let (body, is_whole) = match length {
            Some(length) => {
                let length: usize = length.parse().expect("a number");
                let (body, further) = rest.split_at(length.min(rest.len()));
                let is_whole = body.len() == length;
                rest = further;
                (body.to_vec(), is_whole)
            }
            None if header("transfer-encoding").is_some() => {
                let (body, further) = chunks(rest);
                rest = further.unwrap_or_default();
                (body, further.is_some())
            }
            None => (Vec::new(), true),
        };
        let has_result = match kind {
            Some("application/json") if is_whole => is_message(&body),
            Some("text/event-stream") => are_events(&body),
            _ => false,
        };
        if has_result && status == 200 {
            seen = Seen::Accepted;
        }
    }
    // What is no HTTP at all is answered, too.
    assert!(answers <= asked + 1, "{answers} answers for {asked} requests");
    seen
}

/// The bytes of all chunks, and what follows the last of them, if it has come.
fn chunks(mut rest: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let mut body = Vec::new();
    loop {
        let size = httparse::parse_chunk_size(rest).expect("a size");
        let httparse::Status::Complete((start, size)) = size else { return (body, None) };
        let size = usize::try_from(size).expect("a size");
        if rest.len() < start + size + 2 {
            body.extend(&rest[start..rest.len().min(start + size)]);
            return (body, None);
        }
        body.extend(&rest[start..start + size]);
        rest = &rest[start + size + 2..];
        if size == 0 {
            return (body, Some(rest));
        }
    }
}

/// Checks the events that have come whole. True if there was a result among them.
fn are_events(body: &[u8]) -> bool {
    let mut has_result = false;
    let whole = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    for line in body[..whole].split(|byte| *byte == b'\n') {
        match line.strip_prefix(b"data: ") {
            Some(message) => has_result |= is_message(message),
            None => {
                assert!(line.is_empty() || line == b":" || line.starts_with(b"event: "), "{line:?}")
            }
        }
    }
    has_result
}

/// Checks that a body is a message of the protocol, or an array of them, or what everybody is told who looks for an
/// authorization server or asks for the server's health. True if there is a result.
fn is_message(body: &[u8]) -> bool {
    let text = std::str::from_utf8(body).expect("text");
    let messages: Vec<&RawValue> = match text.starts_with('[') {
        true => serde_json::from_str(text).expect(text),
        false => vec![serde_json::from_str(text).expect(text)],
    };
    messages.into_iter().fold(false, |any, message| {
        let message: BTreeMap<String, &RawValue> = serde_json::from_str(message.get()).expect(text);
        let is_told = message.get("error").is_some_and(|error| error.get() == r#""not_found""#);
        let is_version = message.get("jsonrpc").is_some_and(|version| version.get() == r#""2.0""#);
        let is_health = || HealthReport::read(body).is_some();
        assert!(is_told || is_version || is_health(), "{text}");
        any || message.contains_key("result")
    })
}
