//! A client of the real binary: writes lines, reads lines, ends what it started.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A limit that only a hang reaches.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// The binary under test, with its log off the terminal.
pub(crate) fn toolrack() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_toolrack"));
    command.env_remove("TOOLRACK_PLUGINS").env_remove("TOOLRACK_LOG");
    command.env("TOOLRACK_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/home"));
    command
}

/// A running server.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    stderr: mpsc::Receiver<String>,
}

impl Client {
    /// Starts `toolrack serve` on a plugin directory.
    pub(crate) fn start(plugins: &Path) -> Self {
        Self::spawn(toolrack().arg("serve").arg("--plugins").arg(plugins))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server");
        let lines = read(child.stdout.take().expect("its stdout"));
        let stderr = read(child.stderr.take().expect("its stderr"));
        Self { stdin: child.stdin.take(), child, lines, stderr }
    }

    /// Starts and shakes hands.
    pub(crate) fn initialized(plugins: &Path) -> Self {
        let mut client = Self::start(plugins);
        let response = client.request(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "test", "version": "0" },
            }),
        );
        assert_eq!(response["result"]["serverInfo"]["name"], "toolrack");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("open input");
        stdin.write_all(bytes).expect("written");
        stdin.flush().expect("flushed");
    }

    pub(crate) fn send(&mut self, message: &Value) {
        self.send_bytes(format!("{message}\n").as_bytes());
    }

    /// Sends a request with an id of its own and waits for its response.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = format!("{method}-{:?}", Instant::now());
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.response(&json!(id))
    }

    pub(crate) fn call(&mut self, id: u64, tool: &str) {
        self.send(&json!({
            "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool },
        }));
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(HANG).expect("a line before the hang limit");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
    }

    /// The response with this id; other messages are passed over.
    pub(crate) fn response(&mut self, id: &Value) -> Value {
        loop {
            let message = self.next();
            if message["id"] == *id && message.get("method").is_none() {
                return message;
            }
        }
    }

    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for the end of the process; the rest of its output and its log.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
        self.stdin = None;
        let started = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a status") {
                Some(status) => break status,
                None if started.elapsed() > HANG => panic!("the server does not end"),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        (status, self.lines.iter().collect(), self.stderr.iter().collect())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Only this child, and only if the test did not end it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a stream, as they come.
pub(crate) fn read(stream: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
