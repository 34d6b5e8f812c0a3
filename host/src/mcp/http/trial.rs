//! A server within the process, and requests for it, as tests and fuzzers need them.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::bounds::HttpBounds;
use super::request::authentication::TokenNeed;
use super::request::host_policy::HostPolicy;
use super::server::{HttpServer, HttpSettings};
use super::socket::address::{HttpAddress, Listener};
use super::socket::socket_locks::SocketLocks;
use crate::catalog::{Catalog, ResultCache, SharedRates};
use crate::fuzz::guest::{WASI, Wat, sleep};
use crate::mcp::calls::client_shares::ClientShares;
use crate::mcp::calls::executor::Executor;
use crate::mcp::engine::Settings;
use crate::mcp::http::SessionKeyFiles;

/// A server that runs on the `LocalSet` that it was started in.
pub(super) struct TrialServer {
    pub(super) address: SocketAddr,
    pub(super) executor: Rc<Executor>,
    /// The time at which another catalog was served first.
    pub(super) published: Rc<Cell<u64>>,
    end: oneshot::Sender<()>,
    served: JoinHandle<()>,
    /// The catalog that it serves.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(super) catalog: watch::Sender<Option<Arc<Catalog>>>,
}

/// Settings with no tokens, no TLS and no rates, on an address of this machine.
pub(super) fn settings(bounds: HttpBounds) -> HttpSettings {
    HttpSettings {
        host_policy: HostPolicy::new(&local(), Vec::new(), Vec::new()),
        engine: Settings::default(),
        key: SessionKeyFiles::default().key(None).expect("a key"),
        grace: Duration::from_millis(100),
        drain_delay: Duration::ZERO,
        tokens: None,
        need: TokenNeed::OnceThereAre,
        tls: None,
        oauth: None,
        page: Some(Arc::default()),
        rate_of_one: None,
        rates: SharedRates::default(),
        redis: None,
        refusals: Arc::default(),
        bounds,
    }
}

/// A free port of this machine.
pub(super) fn local() -> HttpAddress {
    "127.0.0.1:0".parse().expect("an address")
}

impl TrialServer {
    /// Starts a server whose calls run on `guests`.
    pub(super) async fn start(
        settings: HttpSettings,
        guests: tokio::runtime::Handle,
        catalog: Arc<Catalog>,
    ) -> Self {
        let listener = Listener::bind(&local(), &SocketLocks::default()).await.expect("a port");
        let HttpAddress::Tcp(address) = *listener.address() else { panic!("no port") };
        let executor =
            Rc::new(Executor::new(guests, ClientShares::new(None, None), ResultCache::usual()));
        let (catalog, published) = watch::channel(Some(catalog));
        let server = HttpServer::new(listener, settings, executor.clone(), published);
        let server = server.expect("tokens and TLS can be read");
        let published = server.published();
        let (end, asked) = oneshot::channel::<()>();
        let served = tokio::task::spawn_local(server.run(async { drop(asked.await) }));
        Self { address, executor, published, end, served, catalog }
    }

    /// Ends the server, which has `time` for it.
    #[cfg(test)]
    pub(super) async fn end(self, time: Duration) {
        self.end.send(()).expect("it serves");
        timeout(time, self.served).await.expect("it ends").expect("no panic");
    }
}

/// `echo_run` answers with its arguments, `sleep_run` sleeps for an hour, `large_run` answers with 200 KiB.
pub(super) fn plugins() -> TempDir {
    let directory = TempDir::new().expect("a directory");
    let call = format!("{} (global.get $ok)", sleep(3_600_000));
    let sleeping = Wat { call: &call, imports: WASI, ..Wat::default() };
    let echo = "(call $text (local.get $arguments) (local.get $arguments_len))";
    let echo = Wat { call: echo, ..Wat::default() };
    let fill = "(memory.fill (i32.const 70000) (i32.const 120) (i32.const 204800))
        (call $text (i32.const 70000) (i32.const 204800))";
    let grow = format!("(drop (memory.grow (i32.const 8))) {fill}");
    let large = Wat { call: &grow, ..Wat::default() };
    let patient = "[limits]\ntimeout = \"5m\"\nconcurrency = 32";
    for (name, wat) in [("echo", echo), ("sleep", sleeping), ("large", large)] {
        let file = |suffix| directory.path().join(name).with_extension(suffix);
        std::fs::write(file("toml"), patient).expect("a manifest");
        std::fs::write(file("wasm"), wat.build()).expect("a module");
    }
    directory
}

/// A request with further headers and this body.
pub(super) fn request(head: &str, body: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{head}\r\n{body}"
    )
}

/// The same with the length of the body.
pub(super) fn measured(head: &str, body: &str) -> String {
    request(&format!("{head}Content-Length: {}\r\n", body.len()), body)
}

/// A request of the newest revision, with further headers.
pub(super) fn modern(method: &str, name: Option<&str>, mut params: Value, headers: &str) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let name = name.map(|name| format!("Mcp-Name: {name}\r\n")).unwrap_or_default();
    let head =
        format!("MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n{name}{headers}");
    measured(&head, &body)
}

/// A call without arguments.
pub(super) fn call(tool: &str, headers: &str) -> String {
    modern("tools/call", Some(tool), json!({ "name": tool }), headers)
}

/// A request for a stream of changes.
pub(super) fn listen() -> String {
    modern("subscriptions/listen", None, json!({ "notifications": {} }), "")
}

/// The first message of a session.
pub(super) fn initialize(version: &str) -> String {
    let client = json!({ "name": "c", "version": "1" });
    let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string()
}

/// The id of the session that an answer began.
pub(super) fn session_begun(answer: &str) -> &str {
    let id = answer.split("mcp-session-id: ").nth(1).and_then(|rest| rest.split('\r').next());
    id.unwrap_or_else(|| panic!("no session: {answer}"))
}
