//! A client of the real binary: writes lines, reads lines, ends what it started.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A limit that only a hang reaches.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// The binary under test, with its log off the terminal.
pub(crate) fn toolrack() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_toolrack"));
    command.env_remove("TOOLRACK_PLUGINS").env_remove("TOOLRACK_LOG");
    // Where tests run in a container, what is tested does not.
    command.env_remove("container");
    // Nor does a collector of this machine hear of it.
    for endpoint in ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] {
        command.env_remove(endpoint);
    }
    command.env("TOOLRACK_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/home"));
    // The policy of this machine's administrator is not what is tested.
    command.env("TOOLRACK_TEST_ADMINISTRATORS_FILE", concat!(env!("CARGO_TARGET_TMPDIR"), "/none"));
    command
}

/// A server whose streams a test handles itself; the log is off.
pub(crate) fn bare(plugins: &Path) -> Child {
    toolrack()
        .args(["--log", "error", "--plugins"])
        .arg(plugins)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A running server.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    /// Nothing is read from stdout while this is held.
    ear: Arc<Mutex<()>>,
    stderr: mpsc::Receiver<String>,
    /// The ids of the requests that were sent, but for those sent as bytes.
    asked: Vec<Value>,
    /// How many of them got an id of their own.
    numbered: u64,
    /// What came on stdout and stderr so far.
    heard: Vec<Value>,
    logged: Vec<String>,
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
        let ear = Arc::new(Mutex::new(()));
        let lines = read_by(child.stdout.take().expect("its stdout"), ear.clone());
        let stderr = read(child.stderr.take().expect("its stderr"));
        let (asked, heard, logged) = (Vec::new(), Vec::new(), Vec::new());
        let stdin = child.stdin.take();
        Self { child, stdin, lines, ear, stderr, asked, numbered: 0, heard, logged }
    }

    /// Starts and shakes hands.
    pub(crate) fn initialized(plugins: &Path) -> Self {
        Self::start(plugins).shakes_hands()
    }

    pub(crate) fn shakes_hands(mut self) -> Self {
        let response = self.request(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "test", "version": "0" },
            }),
        );
        assert_eq!(response["result"]["serverInfo"]["name"], "toolrack");
        self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        self
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the signal that asks the server to end.
    #[cfg(unix)]
    pub(crate) fn terminates(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::TERM)
            .expect("it runs");
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("open input");
        stdin.write_all(bytes).expect("written");
        stdin.flush().expect("flushed");
    }

    pub(crate) fn send(&mut self, message: &Value) {
        if message.get("method").is_some() {
            self.asked.extend(message.get("id").cloned());
        }
        self.send_bytes(format!("{message}\n").as_bytes());
    }

    /// Sends a request with an id of its own and waits for its response.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.numbered += 1;
        let id = format!("{method}-{}", self.numbered);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.response(&json!(id))
    }

    pub(crate) fn call(&mut self, id: u64, tool: &str) {
        self.send(&json!({
            "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool },
        }));
    }

    /// Sends a request whose answer is accounted for by this id, as bytes.
    pub(crate) fn asks(&mut self, id: Value, bytes: &[u8]) {
        self.asked.push(id);
        self.send_bytes(bytes);
    }

    /// Cancels a request that still runs: nothing may answer it.
    pub(crate) fn cancels(&mut self, id: u64) {
        self.asked.retain(|asked| *asked != id);
        self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": { "requestId": id } }));
    }

    /// Sends so many requests, with ids from 0 on, while nothing is read; once the pipe pushes back, `rests` is
    /// called. Then all answers are read.
    pub(crate) fn floods(
        &mut self,
        requests: u64,
        request: fn(u64) -> Value,
        rests: impl FnOnce(u32),
    ) {
        let ear = self.ear.clone();
        let deaf = ear.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stdin = self.stdin.take().expect("open input");
        let (progress, written) = mpsc::channel();
        let writer = std::thread::spawn(move || {
            for id in 0..requests {
                writeln!(stdin, "{}", request(id)).expect("written");
                let _ = progress.send(id);
            }
            stdin
        });
        let mut last = 0;
        while let Ok(id) = written.recv_timeout(Duration::from_secs(2)) {
            last = id;
        }
        assert!(last + 1 < requests, "nothing pushed back");
        rests(self.pid());
        drop(deaf);
        self.asked.extend((0..requests).map(Value::from));
        let mut left = requests;
        while left > 0 {
            left -= u64::from(self.next_in_short());
        }
        self.stdin = Some(writer.join().expect("all written"));
    }

    /// Leaves answers of batches to whoever has read them.
    pub(crate) fn forgets_batches(&mut self) {
        self.heard.retain(|message| !message.is_array());
    }

    pub(crate) fn ping(&mut self) {
        assert_eq!(self.request("ping", json!({}))["result"], json!({}));
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(HANG).expect("a line before the hang limit");
        self.hear(&line)
    }

    /// Reads the next message; true if it is a response. Its result, which may be long, is not kept.
    fn next_in_short(&mut self) -> bool {
        #[derive(serde::Deserialize, serde::Serialize)]
        struct Short {
            jsonrpc: Value,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            method: Option<Value>,
        }
        let line = self.lines.recv_timeout(HANG).expect("a line before the hang limit");
        let short: Short = serde_json::from_str(&line).expect("a message");
        let is_response = short.method.is_none();
        self.heard.push(json!(short));
        is_response
    }

    fn hear(&mut self, line: &str) -> Value {
        let message: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        self.heard.push(message.clone());
        message
    }

    /// The response with this id, which may have come; other messages are passed over.
    pub(crate) fn response(&mut self, id: &Value) -> Value {
        let is_it = |message: &Value| message["id"] == *id && message.get("method").is_none();
        if let Some(message) = self.heard.iter().rfind(|message| is_it(message)) {
            return message.clone();
        }
        loop {
            let message = self.next();
            if is_it(&message) {
                return message;
            }
        }
    }

    /// The response with this id, if it has come.
    pub(crate) fn response_now(&mut self, id: &Value) -> Option<Value> {
        while let Ok(line) = self.lines.try_recv() {
            self.hear(&line);
        }
        let is_it = |message: &&Value| message["id"] == *id && message.get("method").is_none();
        self.heard.iter().rfind(is_it).cloned()
    }

    /// Calls a tool; its text, or the error's.
    pub(crate) fn text(&mut self, tool: &str) -> String {
        let answer = self.request("tools/call", json!({ "name": tool }));
        let text = answer["result"]["content"][0].get("text");
        let text = text.unwrap_or(&answer["error"]["message"]);
        text.as_str().unwrap_or_else(|| panic!("no text in {answer}")).to_owned()
    }

    /// Calls a tool until its text holds `answer`. Before, only texts that begin like one of `known` may come.
    #[track_caller]
    pub(crate) fn until(&mut self, tool: &str, known: &[&str], answer: &str) {
        let started = Instant::now();
        loop {
            let text = self.text(tool);
            if text.contains(answer) {
                return;
            }
            assert!(known.iter().any(|known| text.starts_with(known)), "{tool} answers {text:?}");
            assert!(started.elapsed() < HANG, "{tool} still answers {text:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The public names of all tools.
    pub(crate) fn tools(&mut self) -> Vec<String> {
        let list = self.request("tools/list", json!({}));
        let tools = list["result"]["tools"].as_array().expect("tools");
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// Waits until so many tools are served, or more.
    pub(crate) fn hears_of_tools(&mut self, count: usize) {
        while self.tools().len() < count {
            self.next();
        }
    }

    /// Waits until so many messages said that the list of tools has changed.
    #[track_caller]
    pub(crate) fn hears_of_changes(&mut self, count: usize) {
        while self.changes() < count {
            self.next();
        }
        assert_eq!(self.changes(), count, "{:?}", self.heard);
    }

    /// How many messages said so, up to now.
    pub(crate) fn changes(&mut self) -> usize {
        while let Ok(line) = self.lines.try_recv() {
            self.hear(&line);
        }
        let told = |message: &&Value| message["method"] == "notifications/tools/list_changed";
        self.heard.iter().filter(told).count()
    }

    /// Waits for the next line of the log that holds `part`.
    #[track_caller]
    pub(crate) fn logs(&mut self, part: &str) -> String {
        let limit = Instant::now() + HANG;
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            let Ok(line) = self.stderr.recv_timeout(left) else {
                panic!("no line with {part:?} in {:#?}", self.logged);
            };
            self.logged.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// A line of the log with this part, also one that was read already.
    pub(crate) fn has_logged(&mut self, part: &str) -> String {
        let known = self.logged.iter().find(|line| line.contains(part)).cloned();
        known.unwrap_or_else(|| self.logs(part))
    }

    /// The log up to now: whole, since a call that is made last is told last.
    pub(crate) fn log(&mut self) -> &[String] {
        let id = 1_000_000_000 + self.asked.len() as u64;
        self.call(id, "good_run");
        self.response(&json!(id));
        self.logs(&id.to_string());
        &self.logged
    }

    /// How many lines of the log up to now hold `part`, after the time.
    pub(crate) fn logged(&mut self, part: &str) -> usize {
        let after_time =
            |line: &String| line.split_once(' ').is_some_and(|(_, rest)| rest.contains(part));
        self.log().iter().filter(|line| after_time(line)).count()
    }

    /// What has to hold after each case, whatever it was: the server lives, `good_run` answers, stdout
    /// held nothing but messages, each request got one response, the log is lines of text.
    #[track_caller]
    pub(crate) fn survives(mut self) {
        assert_eq!(self.request("ping", json!({}))["result"], json!({}));
        assert_eq!(self.text("good_run"), "ok");
        let (status, rest, log) = self.wait();
        assert_eq!(status.code(), Some(0));
        for line in rest {
            self.hear(&line);
        }
        let mut answered = Vec::new();
        for message in &self.heard {
            assert_eq!(message["jsonrpc"], "2.0", "{message}");
            match message["method"].as_str() {
                Some(method) => assert!(method.starts_with("notifications/"), "{message}"),
                None => answered.push(message["id"].to_string()),
            }
        }
        let mut asked: Vec<_> = self.asked.iter().map(Value::to_string).collect();
        asked.sort();
        answered.sort();
        assert_eq!(asked, answered, "one response each");
        for line in self.logged.iter().chain(&log) {
            let starts = line.len() > 20 && line.as_bytes()[10] == b'T' && line.contains('Z');
            assert!(starts, "a line that nobody logged: {line:?}");
            assert!(!line.contains(|c: char| c.is_control()), "unescaped: {line:?}");
            assert!(!line.contains("panicked") && !line.contains(" ERROR "), "{line:?}");
        }
    }

    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for the end of the process; the rest of its output and its log.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
        self.wait()
    }

    /// Waits for the end of the process, and returns its whole log.
    pub(crate) fn whole_log(mut self) -> Vec<String> {
        let (_, _, rest) = self.wait();
        std::mem::take(&mut self.logged).into_iter().chain(rest).collect()
    }

    fn wait(&mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
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
    read_by(stream, Arc::default())
}

/// The same, but nothing while `ear` is held.
fn read_by(
    stream: impl std::io::Read + Send + 'static,
    ear: Arc<Mutex<()>>,
) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            drop(ear.lock());
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
