//! Many clients on one executor, over channels in memory: each has its own answers, and the process its bounds.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::timeout;

use super::driver::{Driver, LoopEnd};
use crate::catalog::ResultCache;
use crate::fuzz::guest::{WASI, Wat, sleep};
use crate::fuzz::started;
use crate::mcp::calls::client_shares::ClientShares;
use crate::mcp::calls::executor::Executor;
use crate::mcp::calls::places::PLACES;
use crate::mcp::engine::{Engine, Settings};
use crate::mcp::rpc::lines::InputLine;
use crate::mcp::transport::{Gone, LineInput, LineOutput, Piece, Transport};

const MANY: usize = 1000;
/// The calls of each client that do not end by themselves: more in sum than there is room for.
const SLEEPERS: usize = 4;
/// The pieces that a client can be given before it has read one.
const MAX_PIECES: usize = 4;
/// A time that is never reached, unless something waits for ever.
pub(super) const PATIENCE: Duration = Duration::from_secs(100);

/// A connection: lines come by one channel, and pieces of lines go by another.
struct Channels {
    lines: mpsc::UnboundedReceiver<InputLine>,
    pieces: mpsc::Sender<Vec<u8>>,
}

struct LinesIn(mpsc::UnboundedReceiver<InputLine>);

struct PiecesOut(mpsc::Sender<Vec<u8>>);

impl Transport for Channels {
    type Input = LinesIn;
    type Output = PiecesOut;

    fn split(self) -> (LinesIn, PiecesOut) {
        (LinesIn(self.lines), PiecesOut(self.pieces))
    }
}

impl LineInput for LinesIn {
    async fn lines(&mut self) -> Option<Vec<InputLine>> {
        self.0.recv().await.map(|line| vec![line])
    }

    async fn hung_up(&self, _: Duration) {
        std::future::pending().await
    }
}

impl LineOutput for PiecesOut {
    async fn ready(&mut self) -> Result<(), Gone> {
        self.0.reserve().await.map(drop).map_err(|_| Gone)
    }

    fn is_ready(&self) -> bool {
        self.0.capacity() > 0
    }

    fn has_rest(&self) -> bool {
        false
    }

    fn give(&mut self, piece: Piece) -> Result<(), Gone> {
        self.0.try_send(piece.bytes).map_err(|_| Gone)
    }

    async fn closed(&self) {
        self.0.closed().await;
    }

    async fn close(self, _: Duration) -> bool {
        true
    }
}

/// A client, as it sees its connection, and the loop that serves it.
pub(super) struct ManyClient {
    lines: mpsc::UnboundedSender<InputLine>,
    pieces: mpsc::Receiver<Vec<u8>>,
    /// The text that was read and is no line yet.
    unread: String,
    shutdown: oneshot::Sender<()>,
    served: JoinHandle<LoopEnd>,
}

impl ManyClient {
    /// One more client of an executor, to be served on this thread.
    pub(super) fn connect(
        executor: &Executor,
        catalog: &watch::Sender<Option<std::sync::Arc<crate::catalog::Catalog>>>,
    ) -> Self {
        let (lines, input) = mpsc::unbounded_channel();
        let (output, pieces) = mpsc::channel(MAX_PIECES);
        let (shutdown, asked) = oneshot::channel::<()>();
        let observed = !executor.observers().is_empty();
        let engine = Engine::new(Settings { observed, ..Settings::default() });
        let transport = Channels { lines: input, pieces: output };
        let driver = Driver::new(engine, transport, catalog.subscribe(), executor.client());
        let served = tokio::task::spawn_local(driver.run(async { drop(asked.await) }));
        Self { lines, pieces, unread: String::new(), shutdown, served }
    }

    pub(super) fn send(&self, message: &Value) {
        let line = InputLine::Whole(message.to_string().into_bytes());
        self.lines.send(line).expect("the loop reads");
    }

    pub(super) fn ask(&self, id: usize, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }

    pub(super) fn call(&self, id: usize, tool: &str, arguments: &Value) {
        self.ask(id, "tools/call", &json!({"name": tool, "arguments": arguments}));
    }

    /// The next message that it is sent.
    async fn next(&mut self) -> Value {
        loop {
            if let Some((line, rest)) = self.unread.split_once('\n') {
                let message = serde_json::from_str(line).expect("JSON");
                self.unread = rest.to_owned();
                return message;
            }
            let piece = timeout(PATIENCE, self.pieces.recv()).await.expect("an answer");
            let piece = piece.expect("the loop goes on");
            write!(self.unread, "{}", String::from_utf8(piece).expect("UTF-8")).expect("a string");
        }
    }

    /// Reads the answer of this request, which must come next.
    pub(super) async fn answer(&mut self, id: usize) -> Value {
        let answer = self.next().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer["result"].clone()
    }

    /// Ends the session as a signal does.
    pub(super) async fn end(self) {
        self.shutdown.send(()).expect("the loop listens");
        let end = timeout(PATIENCE, self.served).await.expect("it ends");
        assert_eq!(end.expect("no panic"), LoopEnd::Finished);
    }
}

/// A directory with `echo_run`, which answers with its arguments, and `sleep_run`, which sleeps for an hour.
pub(super) fn plugins() -> TempDir {
    let directory = TempDir::new().expect("a directory");
    let call = format!("{} (global.get $ok)", sleep(3_600_000));
    let sleeping = Wat { call: &call, imports: WASI, ..Wat::default() };
    let echo = "(call $text (local.get $arguments) (local.get $arguments_len))";
    let echo = Wat { call: echo, ..Wat::default() };
    let patient = "[limits]\ntimeout = \"5m\"";
    for (name, manifest, wat) in [("echo", "", echo), ("sleep", patient, sleeping)] {
        let file = |suffix| directory.path().join(name).with_extension(suffix);
        std::fs::write(file("toml"), manifest).expect("a manifest");
        std::fs::write(file("wasm"), wat.build()).expect("a module");
    }
    directory
}

/// Runs a test with so many clients, who greet and have been answered.
fn with_clients(test: impl AsyncFnOnce(&Executor, &mut Vec<ManyClient>)) {
    let directory = plugins();
    let (host, catalog) = started(directory.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let executor = Executor::new(
            host.guests().clone(),
            ClientShares::new(None, None),
            ResultCache::usual(),
        );
        let (catalog, _) = watch::channel(Some(catalog));
        let connect = |_| ManyClient::connect(&executor, &catalog);
        let mut clients: Vec<_> = (0..MANY).map(connect).collect();
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "one of many", "version": "0"},
        });
        clients.iter().for_each(|client| client.ask(0, "initialize", &hello));
        for client in &mut clients {
            client.answer(0).await;
        }
        test(&executor, &mut clients).await;
        for client in clients {
            client.end().await;
        }
        assert_eq!(executor.load(), (0, PLACES), "nothing is left of clients that have gone");
    });
    host.stop();
}

#[test]
fn each_of_a_thousand_clients_has_its_own_answers() {
    with_clients(async |_, clients| {
        for (number, client) in clients.iter().enumerate() {
            // All use the same ids.
            for id in 1..=3 {
                client.call(id, "echo_run", &json!({"client": number, "id": id}));
            }
        }
        for (number, client) in clients.iter_mut().enumerate() {
            let mut ids: Vec<usize> = Vec::new();
            for _ in 1..=3 {
                let answer = client.next().await;
                let id = answer["id"].as_u64().expect("an id") as usize;
                let text = answer["result"]["content"][0]["text"].as_str().expect("text");
                let echoed: Value = serde_json::from_str(text).expect("JSON");
                assert_eq!(echoed, json!({"client": number, "id": id}));
                ids.push(id);
            }
            ids.sort_unstable();
            assert_eq!(ids, [1, 2, 3]);
        }
    });
}

#[test]
fn calls_of_a_thousand_clients_are_bounded_in_sum_and_none_is_starved() {
    with_clients(async |executor, clients| {
        for client in &*clients {
            (1..=SLEEPERS).for_each(|id| client.call(id, "sleep_run", &json!({})));
            client.ask(10, "ping", &json!({}));
        }
        // A ping needs no place, however many calls wait for theirs.
        for client in &mut *clients {
            client.answer(10).await;
        }
        let (running, free) = executor.load();
        assert!(running <= PLACES, "{running} of {} run", MANY * SLEEPERS);
        assert!(running > PLACES / 4 && free <= 1, "{running} run, and {free} places are free");
        for client in &*clients {
            for id in 1..=SLEEPERS {
                let cancelled = json!({"requestId": id});
                let method = "notifications/cancelled";
                client.send(&json!({"jsonrpc": "2.0", "method": method, "params": cancelled}));
            }
            client.call(20, "echo_run", &json!({}));
        }
        for client in clients {
            let answer = client.answer(20).await;
            assert_eq!(answer["content"][0]["text"], "{}");
        }
    });
}
