//! Clients over HTTP beside the one over stdio, each a thread: calls of both eras and their mistakes, sessions that nobody
//! ends, calls that end with their connection, and subscriptions, of which one hears of every reload.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};

use super::http::{Connection, Head};
use super::stage::Stage;
use super::traffic::{Kind, Traffic};

const VERSION: &str = "2026-07-28";
const LEGACY_VERSION: &str = "2025-11-25";
/// Clients that call.
const CALLERS: usize = 4;
/// Requests on one connection, before another is opened.
const REQUESTS: usize = 50;
/// The time for which a call runs before its connection is closed.
const CANCELLED: Duration = Duration::from_millis(10);
/// A change is told no later than this.
const TOLD: Duration = Duration::from_secs(10);
/// The pause between two that are left, each of which keeps a port of this machine busy for a minute.
const PAUSE: Duration = Duration::from_millis(10);
/// The host says its address no later than this.
const STARTED: Duration = Duration::from_secs(30);

/// The number of requests of each kind that ended as they have to.
type Counts = BTreeMap<&'static str, usize>;

/// The clients.
pub(crate) struct HttpLoad {
    is_over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Result<Counts>>>,
    /// Changes that the subscription has heard of, and the connection by which it ends.
    heard: Arc<AtomicUsize>,
    listening: TcpStream,
}

impl HttpLoad {
    /// Starts them at the address that `host` tells of the server on this stage.
    pub(crate) fn start(host: &Path, stage: &Stage) -> Result<Self> {
        let address = address(host, stage)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let heard = Arc::new(AtomicUsize::new(0));
        let mut clients = Vec::new();
        let mut spawn = |client: fn(&str, &AtomicBool) -> Result<Counts>| {
            let (address, is_over) = (address.clone(), is_over.clone());
            clients.push(std::thread::spawn(move || client(&address, &is_over)));
        };
        (0..CALLERS).for_each(|_| spawn(call));
        spawn(begin_sessions);
        spawn(subscribe_and_leave);
        let mut connection = Connection::open(&address)?;
        let listening = connection.handle()?;
        subscribe(&mut connection)?;
        let (heard_there, over_there) = (heard.clone(), is_over.clone());
        clients
            .push(std::thread::spawn(move || listen(&mut connection, &heard_there, &over_there)));
        Ok(Self { is_over, clients, heard, listening })
    }

    /// Fails if a client has ended, which none does by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.clients.iter().position(JoinHandle::is_finished) {
            Some(ended) => {
                joined(self.clients.swap_remove(ended))?;
                Err(anyhow!("a client over HTTP has ended"))
            }
            None => Ok(()),
        }
    }

    /// Ends them. Returns what they did, in words. The subscription has to have heard of so many reloads.
    pub(crate) fn end(self, reloads: usize) -> Result<String> {
        let heard = || self.heard.load(Ordering::Relaxed);
        let start = Instant::now();
        // The last may be on its way.
        while heard() < reloads && start.elapsed() < TOLD {
            std::thread::sleep(PAUSE);
        }
        let heard = heard();
        ensure!(heard >= reloads, "a subscription over HTTP heard of {heard} of {reloads} reloads");
        self.is_over.store(true, Ordering::Relaxed);
        self.listening.shutdown(Shutdown::Both)?;
        let mut counts = Counts::new();
        for client in self.clients {
            for (kind, count) in joined(client)? {
                *counts.entry(kind).or_default() += count;
            }
        }
        let counts = counts.iter().map(|(kind, count)| format!("{count} {kind}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        Ok(format!("over HTTP: {counts}; {heard} changes heard of"))
    }
}

/// The status of the server that was started on this stage, as `host` tells it.
fn address(host: &Path, stage: &Stage) -> Result<String> {
    let start = Instant::now();
    loop {
        let told = Command::new(host)
            .args(["status", "--json"])
            .env("TOOLRACK_HOME", stage.home())
            .output()
            .context("`status` cannot be asked")?;
        let told: Value = serde_json::from_slice(&told.stdout).unwrap_or_default();
        let url = told[0]["address"].as_str().unwrap_or_default();
        if let Some(address) = url.strip_prefix("http://").and_then(|url| url.strip_suffix("/mcp"))
        {
            return Ok(address.to_owned());
        }
        ensure!(start.elapsed() < STARTED, "the host tells no address: {told}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// All kinds by turns, on connections that stay open for a while.
fn call(address: &str, is_over: &AtomicBool) -> Result<Counts> {
    let (mut counts, mut traffic, mut id) = (Counts::new(), Traffic::default(), 0);
    while !is_over.load(Ordering::Relaxed) {
        let mut connection = Connection::open(address)?;
        for _ in 0..REQUESTS {
            let kind = traffic.next();
            id += 1;
            if !play(&mut connection, kind, id).with_context(|| kind.name())? {
                *counts.entry(kind.name()).or_default() += 1;
                break;
            }
            *counts.entry(kind.name()).or_default() += 1;
        }
    }
    Ok(counts)
}

/// Asks and reads the answer. Returns false if the connection is not to be used any more.
fn play(connection: &mut Connection, kind: Kind, id: u64) -> Result<bool> {
    let line = kind.line(id);
    let message: Value = serde_json::from_str(&line).unwrap_or_default();
    match message {
        Value::Object(_) => post_modern(connection, message)?,
        _ => connection.post(&[("MCP-Protocol-Version", VERSION)], &line)?,
    }
    if kind == Kind::Cancelled {
        std::thread::sleep(CANCELLED);
        return Ok(false);
    }
    let head = connection.head()?;
    let answer = connection.message(&head)?;
    ensure!(kind.fits(id, &answer), "it ended otherwise, with {}: {answer}", head.status);
    let status = match kind {
        Kind::UnknownMethod => 404,
        Kind::Garbage | Kind::Batch => 400,
        _ => 200,
    };
    ensure!(head.status == status, "its status is {}: {answer}", head.status);
    Ok(!head.is_last)
}

/// Posts a request of the stateless revision, with the headers that repeat it.
fn post_modern(connection: &mut Connection, mut message: Value) -> Result<()> {
    let meta = &mut message["params"]["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = VERSION.into();
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (method, name) = (text(&message["method"]), text(&message["params"]["name"]));
    let mut headers = vec![("MCP-Protocol-Version", VERSION), ("Mcp-Method", &*method)];
    if !name.is_empty() {
        headers.push(("Mcp-Name", &name));
    }
    connection.post(&headers, &message.to_string())
}

/// One session after another, each on a connection of its own. None is ended.
fn begin_sessions(address: &str, is_over: &AtomicBool) -> Result<Counts> {
    let mut sessions = 0;
    while !is_over.load(Ordering::Relaxed) {
        let mut connection = Connection::open(address)?;
        let params = json!({"protocolVersion": LEGACY_VERSION, "capabilities": {},
            "clientInfo": {"name": "soak", "version": "0"}});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
            .to_string();
        connection.post(&[], &body)?;
        let head = connection.head()?;
        let begun = connection.message(&head)?;
        ensure!(begun["result"]["protocolVersion"] == LEGACY_VERSION, "{begun}");
        let session = head.session.context("no session")?;
        let headers = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", LEGACY_VERSION)];
        connection.post(&headers, &Kind::Good.line(2))?;
        let head = connection.head()?;
        let answer = connection.message(&head)?;
        ensure!(Kind::Good.fits(2, &answer), "in a session: {answer}");
        sessions += 1;
        std::thread::sleep(PAUSE);
    }
    Ok(Counts::from([("sessions", sessions)]))
}

/// One subscription after another, each left as soon as it is acknowledged.
fn subscribe_and_leave(address: &str, is_over: &AtomicBool) -> Result<Counts> {
    let mut subscriptions = 0;
    while !is_over.load(Ordering::Relaxed) {
        subscribe(&mut Connection::open(address)?)?;
        subscriptions += 1;
        std::thread::sleep(PAUSE);
    }
    Ok(Counts::from([("subscriptions", subscriptions)]))
}

/// Opens a subscription to the list of tools, and waits until it is acknowledged.
fn subscribe(connection: &mut Connection) -> Result<()> {
    let params = json!({"notifications": {"toolsListChanged": true}});
    let listen =
        json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params});
    post_modern(connection, listen)?;
    let Head { status, .. } = connection.head()?;
    ensure!(status == 200, "a subscription is refused with {status}");
    let begun = connection.event()?.unwrap_or_default();
    ensure!(begun["method"] == "notifications/subscriptions/acknowledged", "{begun}");
    Ok(())
}

/// Counts what a subscription hears, until its connection is closed.
fn listen(
    connection: &mut Connection,
    heard: &AtomicUsize,
    is_over: &AtomicBool,
) -> Result<Counts> {
    loop {
        match connection.event() {
            Ok(Some(event)) if event["method"] == "notifications/tools/list_changed" => {
                heard.fetch_add(1, Ordering::Relaxed);
            }
            Ok(event) => return Err(anyhow!("a subscription ends, or hears {event:?}")),
            Err(_) if is_over.load(Ordering::Relaxed) => return Ok(Counts::new()),
            Err(error) => return Err(error.context("a subscription")),
        }
    }
}

fn joined(client: JoinHandle<Result<Counts>>) -> Result<Counts> {
    client.join().unwrap_or_else(|_| Err(anyhow!("a client over HTTP panicked")))
}
