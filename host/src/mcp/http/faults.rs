//! Clients that do what no good client does, each beside one that is served meanwhile; and nothing is left of them.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use super::bounds::HttpBounds;
use super::legacy_session::session_id::now;
use super::server::HttpSettings;
use super::socket::paced::Pace;
use super::trial::{
    TrialServer, call, initialize, listen, measured, modern, plugins, request, session_begun,
    settings,
};
use crate::catalog::{BucketName, Catalog, SharedBuckets, SharedFuture, SharedRates};
use crate::fs::stated::Stated;
use crate::fuzz::started;
use crate::manifest::Rate;
use crate::mcp::calls::executor::Executor;
use crate::mcp::calls::places::PLACES;
use crate::mcp::http::{SessionKeyFiles, TlsFiles};

/// A time that is never reached, unless something waits for ever.
const NEVER_REACHED: Duration = Duration::from_secs(100);
/// A short time, after which these servers lose theirs.
const SHORT: Duration = Duration::from_millis(400);

/// Bounds that a test reaches.
fn small() -> HttpBounds {
    HttpBounds {
        connections: 20,
        tls_time: SHORT,
        head_time: SHORT,
        body_time: SHORT,
        unasked: 128 * 1024,
        bodies: 256 * 1024,
        answers: 512 * 1024,
        pace: Pace { bytes: 16 * 1024, time: SHORT },
        requests: 12,
        requests_of_one: 10,
        streams: 6,
        streams_of_one: 4,
        silence: SHORT,
        keep_alive: SHORT,
        ..HttpBounds::default()
    }
}

/// A server within this process.
struct Bench {
    address: String,
    published: Rc<Cell<u64>>,
    catalog: watch::Sender<Option<Arc<Catalog>>>,
    executor: Rc<Executor>,
}

/// Runs a test against a server with these bounds. Afterwards, nothing is left of its clients.
fn serves(bounds: HttpBounds, test: impl AsyncFnOnce(&Bench)) {
    serves_with(settings(bounds), async |bench| {
        test(bench).await;
        bench.is_answered().await;
    });
}

/// Runs a test against a server with these settings. Returns the time that it takes to end afterwards.
fn serves_with<R>(settings: HttpSettings, test: impl AsyncFnOnce(&Bench) -> R) -> (R, Duration) {
    let directory = plugins();
    let (host, catalog) = started(directory.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let server = TrialServer::start(settings, host.guests().clone(), catalog).await;
        let (address, executor) = (server.address.to_string(), server.executor.clone());
        let (published, catalog) = (server.published.clone(), server.catalog.clone());
        let bench = Bench { address, published, catalog, executor };
        let result = timeout(NEVER_REACHED, test(&bench)).await.expect("it ends");
        let began = Instant::now();
        server.end(NEVER_REACHED).await;
        bench.is_idle().await;
        (result, began.elapsed())
    });
    host.stop();
    ended
}

/// The files of a server that is called `localhost`.
fn tls_files(directory: &TempDir) -> TlsFiles {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("one");
    let file = |name: &str, text: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        Stated { value: path, place: name.into() }
    };
    TlsFiles {
        certificate: file("own.pem", own.cert.pem()),
        key: file("own.key", own.signing_key.serialize_pem()),
        client_ca: None,
    }
}

/// The beginning of a handshake.
const HALF_HANDSHAKE: [u8; 11] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

#[test]
fn a_client_that_does_not_agree_on_tls_is_closed_and_makes_room_for_others() {
    let directory = TempDir::new().expect("a directory");
    let bounds = HttpBounds { tls_time: Duration::from_secs(2), ..small() };
    let settings = HttpSettings { tls: Some(tls_files(&directory)), ..settings(bounds) };
    serves_with(settings, async |bench| {
        // It says nothing, or half of something, or speaks in the clear.
        let clear = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
        for said in [&b""[..], &HALF_HANDSHAKE, clear] {
            let answer = rest(bench.sends(said).await).await;
            assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
        }
        // As many as there may be keep none out: the one that was silent the longest goes.
        let began = Instant::now();
        let mut silent = Vec::new();
        for _ in 0..bounds.connections + 3 {
            silent.push(bench.connect().await);
        }
        for first in silent.drain(..3) {
            assert_eq!(rest(first).await, "");
        }
        assert!(began.elapsed() < bounds.tls_time, "they were closed to make room");
    });
}

#[test]
fn a_client_that_agrees_on_tls_late_has_its_time_for_all_of_it() {
    let directory = TempDir::new().expect("a directory");
    let bounds = HttpBounds { tls_time: SHORT * 5, ..small() };
    let settings = HttpSettings { tls: Some(tls_files(&directory)), ..settings(bounds) };
    serves_with(settings, async |bench| {
        let mut late = bench.connect().await;
        let began = Instant::now();
        sleep(SHORT * 4).await;
        late.write_all(&HALF_HANDSHAKE).await.expect("sent");
        assert_eq!(rest(late).await, "");
        let time = began.elapsed();
        assert!(time < SHORT * 8, "{time:?}");
    });
}

#[test]
fn the_end_of_a_server_waits_for_no_client_that_goes_meanwhile() {
    let settings = HttpSettings {
        grace: NEVER_REACHED * 2,
        ..settings(HttpBounds { hang_up_look: SHORT / 8, ..small() })
    };
    let ((), time) = serves_with(settings, async |bench| {
        let client = bench.sends(call("sleep_run", "") + &call("echo_run", "")).await;
        bench.runs(1).await;
        // The server is about to end by then.
        tokio::task::spawn_local(async move {
            sleep(SHORT).await;
            drop(client);
        });
    });
    assert!(SHORT / 2 < time && time < NEVER_REACHED / 10, "{time:?}");
}

#[test]
fn the_end_of_a_server_waits_for_no_handshake() {
    let directory = TempDir::new().expect("a directory");
    let settings = HttpSettings {
        tls: Some(tls_files(&directory)),
        grace: NEVER_REACHED * 2,
        ..settings(HttpBounds { tls_time: NEVER_REACHED * 2, ..small() })
    };
    let (_silent, time) = serves_with(settings, async |bench| {
        let silent = [bench.sends("").await, bench.sends(HALF_HANDSHAKE).await];
        sleep(SHORT).await;
        silent
    });
    assert!(time < NEVER_REACHED / 10, "{time:?}");
}

impl Bench {
    /// True if a stream of this session tells of a change before it tells of nothing.
    async fn is_told_at_once(&self, session: &str) -> bool {
        let accept = "Accept: text/event-stream";
        let get = format!("GET /mcp HTTP/1.1\r\nHost: localhost\r\n{accept}\r\n{session}\r\n");
        let mut stream = self.sends(get).await;
        let mut heard = String::new();
        // A comment comes where nothing else does.
        while !heard.contains(":\n\n") && !heard.contains("list_changed") {
            let mut bytes = [0; 1024];
            let count = stream.read(&mut bytes).await.expect("bytes");
            assert!(count > 0, "{heard}");
            heard += std::str::from_utf8(&bytes[..count]).expect("text");
        }
        heard.contains("list_changed")
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.expect("a connection")
    }

    /// Opens a connection and sends these bytes.
    async fn sends(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.expect("sent");
        stream
    }

    /// All that comes back until the server closes the connection.
    async fn answers(&self, bytes: impl AsRef<[u8]>) -> String {
        rest(self.sends(bytes).await).await
    }

    /// The headers of a session with arrays of messages, which has just begun.
    async fn session(&self) -> String {
        let hello = measured("Connection: close\r\n", &initialize("2025-03-26"));
        format!("Mcp-Session-Id: {}\r\n", session_begun(&self.answers(hello).await))
    }

    /// Waits until so many calls run.
    async fn runs(&self, calls: usize) {
        let begun = Instant::now();
        while self.executor.load().0 != calls {
            assert!(begun.elapsed() < NEVER_REACHED, "{:?}", self.executor.load());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// A good client is served.
    async fn is_answered(&self) {
        for _ in 0..100 {
            let answer = self.answers(call("echo_run", "Connection: close\r\n")).await;
            if answer.starts_with("HTTP/1.1 200") {
                assert!(answer.contains(r#""text":"{}""#), "{answer}");
                return;
            }
            // It is told to come again.
            assert!(answer.is_empty() || answer.contains("retry-after"), "{answer}");
            sleep(SHORT / 4).await;
        }
        panic!("nobody is served any more");
    }

    /// No call runs, and no place is taken.
    async fn is_idle(&self) {
        let begun = Instant::now();
        while self.executor.load() != (0, PLACES) {
            assert!(begun.elapsed() < NEVER_REACHED, "{:?}", self.executor.load());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Reads all that comes until the server closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A server that refuses may reset what it did not read.
    let _ = timeout(NEVER_REACHED, stream.read_to_end(&mut answer)).await.expect("it is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn connections_that_say_nothing_make_room_for_those_that_ask() {
    // None of them loses its time.
    serves(HttpBounds { head_time: NEVER_REACHED * 2, ..small() }, async |bench| {
        let mut silent = Vec::new();
        for _ in 0..small().connections * 3 {
            silent.push(bench.connect().await);
            // One in three began to say something.
            if silent.len() % 3 == 0 {
                let last = silent.last_mut().expect("one");
                last.write_all(b"POST /mcp HTTP/1.1\r\nHo").await.expect("sent");
            }
        }
        bench.is_answered().await;
    });
}

#[test]
fn refused_requests_whose_bodies_never_come_keep_nobody_out() {
    // None of them loses its time.
    let bounds = HttpBounds { body_time: NEVER_REACHED * 2, ..small() };
    serves(bounds, async |bench| {
        let foreign = "POST /mcp HTTP/1.1\r\nHost: elsewhere.example";
        let nowhere = "POST /nowhere HTTP/1.1\r\nHost: localhost";
        for (head, refusal) in [(foreign, b"HTTP/1.1 403"), (nowhere, b"HTTP/1.1 404")] {
            let mut waiting = Vec::new();
            for _ in 0..bounds.connections {
                let begun = Instant::now();
                let mut client =
                    bench.sends(format!("{head}\r\nContent-Length: 70000\r\n\r\n{{")).await;
                let mut answer = [0; 12];
                client.read_exact(&mut answer).await.expect("an answer");
                assert_eq!(&answer, refusal);
                assert!(begun.elapsed() < Duration::from_secs(3), "the body was waited for");
                waiting.push(client);
            }
            let answer = bench.answers(call("echo_run", "Connection: close\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    });
}

#[test]
fn unfinished_bodies_of_one_client_leave_connections_to_others() {
    // None of them loses its time.
    let bounds = HttpBounds { body_time: NEVER_REACHED * 2, ..small() };
    serves(bounds, async |bench| {
        let mut waiting = Vec::new();
        for _ in 0..bounds.connections {
            waiting.push(bench.sends(request("Content-Length: 1000\r\n", "{")).await);
        }
        let alive = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        assert!(bench.answers(alive).await.starts_with("HTTP/1.1 200"));
        let mut refused = 0;
        for client in &mut waiting {
            let mut answer = [0; 12];
            let read = timeout(SHORT / 8, client.read_exact(&mut answer)).await;
            refused +=
                usize::from(read.is_ok_and(|read| read.is_ok()) && &answer == b"HTTP/1.1 429");
        }
        assert_eq!(refused, bounds.connections - bounds.requests_of_one);
    });
}

#[test]
fn heads_that_are_not_whole_take_no_more_together_than_they_may() {
    let bounds = HttpBounds { head_time: NEVER_REACHED * 2, ..small() };
    serves(bounds, async |bench| {
        let head = format!("POST /mcp HTTP/1.1\r\nX: {}", "x".repeat(30 * 1024));
        let mut open = Vec::new();
        for _ in 0..bounds.connections / 2 {
            open.push(bench.sends(&head).await);
        }
        bench.is_answered().await;
        let mut left = 0;
        for stream in &mut open {
            left += usize::from(timeout(SHORT / 8, stream.read_u8()).await.is_err());
        }
        assert!(left * head.len() <= bounds.unasked && left > 0, "{left} are left");
        // A client that sends a little is served beside them, and so is one with a large head once they have gone.
        bench.is_answered().await;
        drop(open);
        let large = format!("Connection: close\r\nX: {}\r\n", "x".repeat(50 * 1024));
        let answer = bench.answers(call("echo_run", &large)).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
}

#[test]
fn a_large_head_is_served_beside_half_heads_of_others_that_are_all_there_may_be() {
    let bounds = HttpBounds { head_time: NEVER_REACHED * 2, ..small() };
    serves(bounds, async |bench| {
        let head = format!("POST /mcp HTTP/1.1\r\nX: {}", "x".repeat(30 * 1024));
        let mut open = Vec::new();
        for _ in 0..4 {
            open.push(bench.sends(&head).await);
        }
        for _ in 0..3 {
            let large = format!("Connection: close\r\nX: {}\r\n", "x".repeat(10 * 1024));
            let answer = bench.answers(call("echo_run", &large)).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            open.push(bench.sends(&head).await);
        }
    });
}

#[test]
fn half_heads_behind_requests_and_buffers_of_large_heads_count() {
    let bounds = HttpBounds { head_time: NEVER_REACHED * 2, ..small() };
    serves(bounds, async |bench| {
        let alive = |pad| format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: {pad}\r\n\r\n");
        let (small, large) = (alive(String::new()), alive("x".repeat(30 * 1024)));
        for behind in ["", &large[..30 * 1024]] {
            let mut open = Vec::new();
            for _ in 0..bounds.connections / 2 {
                let mut client = bench.connect().await;
                for sent in [&large, &large, &(small.clone() + behind)] {
                    if client.write_all(sent.as_bytes()).await.is_err() {
                        break;
                    }
                    let mut answer = [0; 1024];
                    let _ = client.read(&mut answer).await;
                }
                open.push(client);
            }
            bench.is_answered().await;
            let mut left = 0;
            for client in &mut open {
                left += usize::from(timeout(SHORT / 8, client.read_u8()).await.is_err());
            }
            assert!(left * large.len() <= bounds.unasked && left > 0, "{left} are left");
        }
    });
}

#[test]
fn heads_and_bodies_have_their_time_and_their_size() {
    serves(small(), async |bench| {
        let unfinished = bench.sends("POST /mcp HTTP/1.1\r\nHost: localhost\r\n").await;
        let slow = bench.sends(request("Content-Length: 10\r\n", "{")).await;
        let begun = Instant::now();
        assert!(rest(slow).await.starts_with("HTTP/1.1 408"));
        assert!(!rest(unfinished).await.starts_with("HTTP/1.1 2"));
        assert!(begun.elapsed() < NEVER_REACHED / 10);
        let long = format!("X-Long: {}\r\n", "x".repeat(80 * 1024));
        assert!(bench.answers(request(&long, "")).await.starts_with("HTTP/1.1 431"));
        let claims = request("Content-Length: 99999999999\r\n", "");
        assert!(bench.answers(claims).await.starts_with("HTTP/1.1 413"));
        // Chunks say no length; the body is measured as it comes.
        let mut endless = bench.sends(request("Transfer-Encoding: chunked\r\n", "")).await;
        let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, "x".repeat(64 * 1024));
        for _ in 0..100 {
            if endless.write_all(chunk.as_bytes()).await.is_err() {
                break;
            }
        }
        let refused = rest(endless).await;
        assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 503"), "{refused}");
    });
}

#[test]
fn who_does_not_read_is_cut_off_and_holds_nothing() {
    // Their answers are more than what the system keeps for a connection.
    const REQUESTS: usize = 80;
    serves(small(), async |bench| {
        let mut deaf = Vec::new();
        for _ in 0..8 {
            // A small window, so that the answer does not fit into what the system keeps.
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.set_recv_buffer_size(4096).expect("set");
            let address = bench.address.parse().expect("an address");
            let mut stream = socket.connect(address).await.expect("a connection");
            for _ in 0..REQUESTS {
                stream.write_all(call("large_run", "").as_bytes()).await.expect("sent");
            }
            deaf.push(stream);
        }
        bench.is_answered().await;
        bench.is_idle().await;
        // Between two of their requests the server is idle, too: what the system keeps for eight of them fills first.
        sleep(SHORT * 12).await;
        for stream in deaf {
            let read = rest(stream).await.len();
            assert!(
                read < REQUESTS * 200 * 1024 / 2,
                "all of it was kept for a client that did not read: {read}"
            );
        }
    });
}

#[test]
fn calls_end_when_their_clients_go_however_they_go() {
    serves(small(), async |bench| {
        for half in [true, false] {
            let mut clients = Vec::new();
            for _ in 0..4 {
                clients.push(bench.sends(call("sleep_run", "")).await);
            }
            while bench.executor.load().0 < 4 {
                sleep(Duration::from_millis(10)).await;
            }
            for client in &mut clients {
                if half {
                    client.shutdown().await.expect("half closed");
                }
            }
            if !half {
                clients.clear();
            }
            bench.is_idle().await;
        }
    });
}

#[test]
fn a_call_ends_when_its_client_goes_even_if_more_was_sent_behind_it() {
    let bounds = HttpBounds { hang_up_look: SHORT / 8, ..small() };
    serves(bounds, async |bench| {
        for behind in ["G".to_owned(), call("echo_run", ""), "x".repeat(300_000)] {
            let client = bench.sends(call("sleep_run", "") + &behind).await;
            while bench.executor.load().0 < 1 {
                sleep(Duration::from_millis(10)).await;
            }
            // A client that is there is waited for.
            sleep(bounds.hang_up_look * 4).await;
            assert_eq!(bench.executor.load().0, 1);
            drop(client);
            bench.is_idle().await;
        }
    });
}

fn calls_of(tool: &str, ids: &[u32]) -> Vec<Value> {
    let call = |id: &u32| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool }});
    ids.iter().map(call).collect()
}

fn cancels(id: u32) -> Value {
    let params = json!({ "requestId": id });
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
}

#[test]
fn an_array_ends_when_all_of_it_is_answered_or_cancelled() {
    serves(small(), async |bench| {
        let session = bench.session().await + "Connection: close\r\n";
        let cancel = |messages: Value| measured(&session, &messages.to_string());
        // Its call is cancelled by itself, by another array, and by a message.
        for cancelled in [None, Some(json!([cancels(7)])), Some(cancels(7))] {
            let mut messages = calls_of("sleep_run", &[7]);
            messages.extend(cancelled.is_none().then(|| cancels(7)));
            let waiting = bench.sends(measured(&session, &json!(messages).to_string())).await;
            if let Some(cancelled) = cancelled {
                bench.runs(1).await;
                assert!(bench.answers(cancel(cancelled)).await.starts_with("HTTP/1.1 202"));
            }
            let answer = rest(waiting).await;
            assert!(answer.starts_with("HTTP/1.1 202") || answer.contains("event-stream"));
            bench.is_idle().await;
        }
        // One that is cancelled more than once takes none of the others with it.
        let both = json!([calls_of("sleep_run", &[1, 2])].concat()).to_string();
        let waiting = bench.sends(measured(&session, &both)).await;
        bench.runs(2).await;
        for _ in 0..4 {
            assert!(bench.answers(cancel(cancels(1))).await.starts_with("HTTP/1.1 202"));
        }
        bench.runs(1).await;
        sleep(Duration::from_secs(2)).await;
        assert_eq!(bench.executor.load().0, 1);
        assert!(bench.answers(cancel(json!([cancels(2)]))).await.starts_with("HTTP/1.1 202"));
        rest(waiting).await;
    });
}

/// A bucket that servers share, which answers when it is let.
struct SlowBucket {
    asked: Semaphore,
    let_go: Semaphore,
}

impl SharedBuckets for SlowBucket {
    fn take<'a>(
        &'a self,
        _: BucketName<'a>,
        _: Rate,
        _: u32,
    ) -> SharedFuture<'a, Option<Result<(), Duration>>> {
        self.asked.add_permits(1);
        Box::pin(async {
            self.let_go.acquire().await.expect("open").forget();
            Some(Ok(()))
        })
    }

    fn put_back<'a>(&'a self, _: BucketName<'a>, _: Rate) -> SharedFuture<'a, ()> {
        Box::pin(async {})
    }
}

#[test]
fn a_call_is_cancelled_while_a_shared_rate_is_asked_for_it() {
    let bucket = Arc::new(SlowBucket { asked: Semaphore::new(0), let_go: Semaphore::new(0) });
    let settings = HttpSettings {
        rate_of_one: Some("100/min".parse().expect("a rate")),
        rates: SharedRates::new(bucket.clone()),
        ..settings(small())
    };
    serves_with(settings, async |bench| {
        let session = bench.session().await + "Connection: close\r\n";
        let send = |messages: Value| measured(&session, &messages.to_string());
        let waiting = bench.sends(send(json!(calls_of("sleep_run", &[7])))).await;
        bucket.asked.acquire().await.expect("open").forget();
        assert!(bench.answers(send(cancels(7))).await.starts_with("HTTP/1.1 202"));
        bucket.let_go.add_permits(1);
        let answer = rest(waiting).await;
        assert!(answer.starts_with("HTTP/1.1 202") || answer.contains("event-stream"), "{answer}");
        bench.is_idle().await;
    });
}

#[test]
fn an_array_that_the_session_does_not_have_is_refused() {
    serves(small(), async |bench| {
        let hello = measured("Connection: close\r\n", &initialize("2025-11-25"));
        let begun = bench.answers(hello).await;
        let without = format!("Mcp-Session-Id: {}\r\n", session_begun(&begun));
        for (session, messages) in
            [(without, json!(calls_of("echo_run", &[1]))), (bench.session().await, json!([]))]
        {
            let head = session + "Connection: close\r\n";
            let answer = bench.answers(measured(&head, &messages.to_string())).await;
            assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("-32600"), "{answer}");
        }
    });
}

#[test]
fn a_stream_that_is_opened_after_a_change_tells_of_it() {
    serves(small(), async |bench| {
        let session = bench.session().await;
        for (published, is_told) in [(0, false), (now() - 60_000, false), (now(), true)] {
            bench.published.set(published);
            assert_eq!(bench.is_told_at_once(&session).await, is_told);
        }
    });
}

#[test]
fn a_session_that_began_before_the_first_list_is_told_at_another_server() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("key");
    std::fs::write(&path, "k".repeat(64)).expect("a key");
    let file = Stated { value: path, place: "`session_key_file`".into() };
    let files = SessionKeyFiles { first: Some(file), second: None };
    let keyed = || HttpSettings { key: files.key(None).expect("a key"), ..settings(small()) };
    serves_with(keyed(), async |bench| {
        let whole = bench.catalog.send_replace(Some(Arc::new(Catalog::unscanned())));
        let session = bench.session().await;
        let guests = tokio::runtime::Handle::current();
        for catalog in [whole.expect("a catalog"), Arc::new(Catalog::unscanned())] {
            let server = TrialServer::start(keyed(), guests.clone(), catalog).await;
            let other = Bench {
                address: server.address.to_string(),
                published: server.published.clone(),
                catalog: server.catalog.clone(),
                executor: server.executor.clone(),
            };
            assert!(other.is_told_at_once(&session).await);
            server.end(NEVER_REACHED).await;
        }
        assert!(!bench.is_told_at_once(&session).await);
    });
}

#[test]
fn the_first_list_is_no_change_for_a_session_that_waits_for_it() {
    serves(small(), async |bench| {
        let whole = bench.catalog.borrow().clone();
        bench.catalog.send_replace(Some(Arc::new(Catalog::unscanned())));
        // A change in the millisecond of a handshake counts as one after it.
        tokio::time::sleep(SHORT).await;
        let session = bench.session().await;
        bench.catalog.send_replace(whole.clone());
        assert!(!bench.is_told_at_once(&session).await);
        bench.catalog.send_replace(whole);
        assert!(bench.is_told_at_once(&session).await);
    });
}

#[test]
fn a_subscription_keeps_no_room_among_the_bodies() {
    serves(small(), async |bench| {
        let mut streams = Vec::new();
        for _ in 0..small().streams_of_one {
            let spaces = " ".repeat(200_000);
            let params = json!({ "notifications": {}, "x": spaces });
            let mut stream = bench.sends(modern("subscriptions/listen", None, params, "")).await;
            let mut begin = [0; 12];
            stream.read_exact(&mut begin).await.expect("a head");
            assert_eq!(&begin, b"HTTP/1.1 200");
            streams.push(stream);
        }
        let large = format!("Connection: close\r\nX: {}\r\n", "x".repeat(1000));
        let params = json!({ "name": "echo_run", "x": " ".repeat(200_000) });
        let answer = bench.answers(modern("tools/call", Some("echo_run"), params, &large)).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
}

#[test]
fn a_request_that_two_servers_may_read_differently_is_not_served_twice() {
    let smuggled = call("echo_run", "");
    let chunked = format!("0\r\n\r\n{smuggled}");
    serves(small(), async |bench| {
        for (head, body) in [
            ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n".into(), &chunked),
            ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n".into(), &chunked),
            (format!("Content-Length: 0\r\nContent-Length: {}\r\n", smuggled.len()), &smuggled),
            ("Transfer-Encoding: xchunked\r\n".into(), &chunked),
            ("Transfer-Encoding: chunked, identity\r\n".into(), &chunked),
            ("Content-Length : 0\r\n".into(), &smuggled),
            ("Content-Length: +0\r\n".into(), &smuggled),
            ("Content-Length: 0, 0\r\nX: \0\r\n".into(), &smuggled),
            ("X: 1\r\n Content-Length: 0\r\n".into(), &smuggled),
        ] {
            let answer = bench.answers(request(&head, body)).await;
            assert!(!answer.contains("200 OK"), "{head}{answer}");
        }
    });
}

#[test]
fn streams_and_requests_of_one_client_are_bounded_and_room_comes_back() {
    let bounds = small();
    serves(bounds, async |bench| {
        let mut streams = Vec::new();
        for _ in 0..bounds.streams_of_one {
            let mut stream = bench.sends(listen()).await;
            let mut begin = [0; 12];
            stream.read_exact(&mut begin).await.expect("a head");
            assert_eq!(&begin, b"HTTP/1.1 200");
            streams.push(stream);
        }
        let refused = bench.sends(listen()).await;
        let mut begin = [0; 12];
        let mut refused = refused;
        refused.read_exact(&mut begin).await.expect("a head");
        assert_eq!(&begin, b"HTTP/1.1 429");
        let mut calls = Vec::new();
        for _ in 0..bounds.requests_of_one {
            calls.push(bench.sends(call("sleep_run", "")).await);
        }
        while bench.executor.load().0 < bounds.requests_of_one {
            sleep(Duration::from_millis(10)).await;
        }
        let busy = bench.answers(call("echo_run", "Connection: close\r\n")).await;
        assert!(busy.starts_with("HTTP/1.1 429") && busy.contains("retry-after: "), "{busy}");
        drop((streams, calls));
        bench.is_idle().await;
        bench.is_answered().await;
    });
}

#[test]
fn what_takes_long_becomes_a_stream_that_is_never_silent_for_long() {
    serves(small(), async |bench| {
        let mut waiting = bench.sends(call("sleep_run", "")).await;
        let mut heard = String::new();
        while heard.matches(":\n\n").count() < 3 {
            let mut bytes = [0; 1024];
            let count = waiting.read(&mut bytes).await.expect("comments");
            assert!(count > 0, "{heard}");
            heard += std::str::from_utf8(&bytes[..count]).expect("text");
        }
        assert!(heard.contains("text/event-stream"), "{heard}");
    });
}

#[test]
fn a_stream_ends_when_it_is_old() {
    serves(HttpBounds { stream_age: SHORT, ..small() }, async |bench| {
        let ended =
            rest(bench.sends(listen().replacen("\r\n", "\r\nConnection: close\r\n", 1)).await);
        assert!(ended.await.contains(r#""resultType":"complete""#));
    });
}

#[test]
fn closed_connections_are_none_of_those_that_are_open() {
    let bounds = HttpBounds { head_time: NEVER_REACHED * 2, ..small() };
    serves(bounds, async |bench| {
        for _ in 0..bounds.connections * 10 {
            drop(bench.connect().await);
        }
        let mut silent = Vec::new();
        for _ in 0..bounds.connections * 3 {
            silent.push(bench.connect().await);
        }
        bench.is_answered().await;
        let mut closed = 0;
        for stream in &mut silent {
            let read = timeout(Duration::from_millis(5), stream.read_u8()).await;
            closed += usize::from(read.is_ok_and(|read| read.is_err()));
        }
        assert!(closed >= bounds.connections, "{closed} were closed");
    });
}

#[test]
fn a_body_counts_as_far_as_it_has_come_whatever_was_claimed_and_however_it_comes() {
    serves(small(), async |bench| {
        let mut claims = Vec::new();
        for _ in 0..8 {
            claims.push(bench.sends(request("Content-Length: 200000\r\n", "")).await);
        }
        let good = call("echo_run", "Connection: close\r\n");
        assert!(bench.answers(&good).await.starts_with("HTTP/1.1 200"));
        let (head, body) = good.split_once("\r\n\r\n").expect("a body");
        let head = head.replace("Content-Length", "Transfer-Encoding: chunked\r\nX-Length");
        let chunks: String = body.chars().map(|c| format!("1\r\n{c}\r\n")).collect();
        let answer = bench.answers(format!("{head}\r\n\r\n{chunks}0\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
}
