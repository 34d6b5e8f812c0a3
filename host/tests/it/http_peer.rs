//! A client of the real binary over HTTP, which sends bytes as a test writes them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::{Client, HANG, toolrack};

/// The newest revision.
pub(crate) const MODERN: &str = "2026-07-28";

/// A server on a port of its own.
pub(crate) struct HttpPeer {
    pub(crate) server: Client,
    pub(crate) port: u16,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The messages of its events.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert_eq!(self.headers["content-type"], "text/event-stream", "{self:?}");
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).expect("JSON")).collect()
    }
}

/// A connection on which one response is being read.
pub(crate) struct OpenResponse {
    reader: BufReader<TcpStream>,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
}

impl HttpPeer {
    /// Starts a server of these plugins, with further arguments.
    pub(crate) fn start(plugins: &Path, arguments: &[&str]) -> Self {
        let mut command = toolrack();
        command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins).args(arguments);
        Self::spawn(Client::spawn(&mut command))
    }

    /// The server that says its port first.
    pub(crate) fn spawn(mut server: Client) -> Self {
        let line = server.logs("listening on http://");
        let port = line.rsplit(':').next().and_then(|rest| rest.strip_suffix("/mcp"));
        let port = port.and_then(|port| port.parse().ok()).expect("a port");
        let peer = Self { server, port };
        crate::person::eventually("the server", || {
            (peer.get("/readyz").status == 200).then_some(())
        });
        peer
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        stream.set_read_timeout(Some(HANG)).expect("set");
        stream
    }

    /// Sends bytes on a connection of their own, and reads a response.
    pub(crate) fn bytes(&self, bytes: impl AsRef<[u8]>) -> Response {
        self.open(bytes).whole()
    }

    /// The same, up to the end of the head.
    pub(crate) fn open(&self, bytes: impl AsRef<[u8]>) -> OpenResponse {
        let mut stream = self.connect();
        // A server that refuses does not read to the end.
        let _ = stream.write_all(bytes.as_ref());
        OpenResponse::read(stream)
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.bytes(request("GET", path, &[], ""))
    }

    /// Posts a body with these headers beside the usual ones.
    pub(crate) fn post(&self, headers: &[(&str, &str)], body: &str) -> Response {
        self.bytes(post(headers, body))
    }

    /// A request of the newest revision with the headers that belong to it.
    pub(crate) fn modern(&self, method: &str, params: Value) -> Response {
        self.bytes(modern(method, params))
    }

    /// Begins a call on a connection that the server knows already.
    pub(crate) fn begins(&self, tool: &str) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(request("GET", "/livez", &[], "").as_bytes()).expect("written");
        let mut read = stream.try_clone().expect("another handle");
        let mut answer = [0; 1024];
        assert!(read.read(&mut answer).expect("an answer") > 0);
        let call = modern("tools/call", json!({ "name": tool }));
        stream.write_all(call.as_bytes()).expect("written");
        stream
    }

    /// True if a guest of the server computes.
    pub(crate) fn is_busy(&self) -> bool {
        let ticks = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.server.pid()));
            let stat = stat.expect("it runs");
            let after_name = stat.rsplit_once(") ").expect("a name").1;
            after_name.split(' ').nth(11).and_then(|user| user.parse::<u64>().ok()).expect("ticks")
        };
        let before = ticks();
        std::thread::sleep(std::time::Duration::from_millis(200));
        // A tick is 10 ms.
        ticks() - before >= 5
    }

    /// Begins a legacy session, and returns its id.
    pub(crate) fn session(&self) -> String {
        self.session_of("2025-11-25")
    }

    /// Begins a session of this revision.
    pub(crate) fn session_of(&self, version: &str) -> String {
        let params = json!({ "protocolVersion": version, "capabilities": {},
            "clientInfo": { "name": "test", "version": "0" } });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let begun = self.post(&[], &body.to_string());
        assert_eq!(begun.json()["result"]["serverInfo"]["name"], "toolrack");
        let session = begun.headers["mcp-session-id"].clone();
        let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert_eq!(self.in_session(&session, ready).status, 202);
        session
    }

    /// Posts a body within a session.
    pub(crate) fn in_session(&self, session: &str, body: &str) -> Response {
        self.post(&[("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-11-25")], body)
    }
}

impl OpenResponse {
    /// Reads a head.
    pub(crate) fn read(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).expect("a status");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {line:?}"));
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        Self { reader, status, headers }
    }

    /// Reads the rest.
    pub(crate) fn whole(mut self) -> Response {
        let mut body = Vec::new();
        if self.headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            while let Some(chunk) = self.chunk() {
                body.extend(chunk);
            }
        } else {
            let length =
                self.headers.get("content-length").map_or(0, |n| n.parse().expect("a number"));
            body.resize(length, 0);
            self.reader.read_exact(&mut body).expect("a body");
        }
        let body = String::from_utf8(body).expect("UTF-8");
        Response { status: self.status, headers: self.headers, body }
    }

    /// The next chunk; `None` at the end.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a length");
        let length = usize::from_str_radix(line.trim(), 16).expect("a length");
        let mut chunk = vec![0; length + 2];
        self.reader.read_exact(&mut chunk).expect("a chunk");
        chunk.truncate(length);
        (length > 0).then_some(chunk)
    }

    /// The next chunk as text; `None` at the end.
    pub(crate) fn text(&mut self) -> Option<String> {
        self.chunk().map(|chunk| String::from_utf8(chunk).expect("UTF-8"))
    }

    /// The next message of a stream of events, each of which comes as a chunk; `None` at its end.
    pub(crate) fn event(&mut self) -> Option<Value> {
        loop {
            let chunk = String::from_utf8(self.chunk()?).expect("UTF-8");
            if let Some(data) = chunk.lines().find_map(|line| line.strip_prefix("data: ")) {
                return Some(serde_json::from_str(data).expect("JSON"));
            }
            assert_eq!(chunk, ":\n\n");
        }
    }
}

/// A request, as bytes.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        text.push_str("Host: localhost\r\n");
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text + "\r\n" + body
}

/// Makes a token of the server with this home, and returns its text.
pub(crate) fn token(home: &Path, arguments: &[&str]) -> String {
    let ran = toolrack().env("TOOLRACK_HOME", home).args(["token", "add"]).args(arguments).output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// The same request with this token.
pub(crate) fn with_token(bytes: &str, token: &str) -> String {
    bytes.replacen("\r\n", &format!("\r\nAuthorization: Bearer {token}\r\n"), 1)
}

pub(crate) fn post(headers: &[(&str, &str)], body: &str) -> String {
    let has = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let mut all = headers.to_vec();
    if !has("content-type") {
        all.push(("Content-Type", "application/json"));
    }
    if !has("accept") {
        all.push(("Accept", "application/json, text/event-stream"));
    }
    request("POST", "/mcp", &all, body)
}

/// A request of the newest revision, as bytes.
pub(crate) fn modern(method: &str, mut params: Value) -> String {
    let name = params["name"].as_str().unwrap_or_default().to_owned();
    let meta = &mut params["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = MODERN.into();
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut headers = vec![("MCP-Protocol-Version", MODERN), ("Mcp-Method", method)];
    if !name.is_empty() {
        headers.push(("Mcp-Name", &name));
    }
    post(&headers, &body.to_string())
}
