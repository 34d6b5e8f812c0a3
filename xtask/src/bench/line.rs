//! The measuring client: lines over pipes, written and read by one thread without parsing, so that
//! what is measured is the server.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

/// Longer than a hundred plugins compile.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running server.
pub(crate) struct Line {
    child: Child,
    /// Taken to end the session.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// The answer that was read last.
    answer: Vec<u8>,
    last_id: u64,
    log: PathBuf,
}

impl Line {
    /// Starts `server`; its log goes to the file `log`.
    pub(crate) fn start(server: &mut Command, log: &Path) -> Result<Self> {
        let stderr =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        server.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut child =
            server.spawn().with_context(|| format!("cannot start {:?}", server.get_program()))?;
        let stdout = child.stdout.take().context("the server has no stdout")?;
        let stdout = BufReader::with_capacity(64 * 1024, stdout);
        let stdin = child.stdin.take();
        Ok(Self { child, stdin, stdout, answer: Vec::new(), last_id: 0, log: log.into() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The handshake, until the first answer.
    pub(crate) fn initialize(&mut self) -> Result<()> {
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "bench", "version": "0"}});
        self.ask(&Request::new("initialize", &params))?;
        self.write(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")
    }

    /// Sends one request and gives its answer, parsed.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Value> {
        self.last_id += 1;
        let mut line = Vec::new();
        request.append(self.last_id, &mut line);
        self.write(&line)?;
        self.read()?;
        let mut answer: Value = serde_json::from_slice(&self.answer)?;
        Ok(answer["result"].take())
    }

    /// Lists the tools until there are so many: plugins may still be compiled.
    pub(crate) fn complete_list(&mut self, tools: usize) -> Result<()> {
        let list = Request::new("tools/list", &json!({}));
        let start = Instant::now();
        loop {
            let listed = self.ask(&list)?;
            let listed = listed["tools"].as_array().context("no list of tools")?;
            if listed.len() >= tools {
                return Ok(());
            }
            let (log, listed) = (self.log.display(), listed.len());
            ensure!(start.elapsed() < PATIENCE, "{listed} tools of {tools}; see {log}");
            sleep(Duration::from_millis(2));
        }
    }

    /// Sends `request` over and over, `width` at a time, until it was answered `calls` times. Gives
    /// how long each answer took from the write before it, and how long all took.
    pub(crate) fn calls(
        &mut self,
        request: &Request,
        calls: usize,
        width: usize,
    ) -> Result<(Vec<Duration>, Duration)> {
        let mut times = Vec::with_capacity(calls);
        let (mut sent, mut length, mut batch) = (0, None, Vec::new());
        let start = Instant::now();
        while times.len() < calls {
            batch.clear();
            let more = (width - (sent - times.len())).min(calls - sent);
            for _ in 0..more {
                self.last_id += 1;
                request.append(self.last_id, &mut batch);
            }
            sent += more;
            let at = Instant::now();
            self.write(&batch)?;
            loop {
                self.read()?;
                times.push(at.elapsed());
                let first = *length.get_or_insert(self.answer.len());
                // What a call spent is in its answer, so that lengths differ by some digits.
                ensure!(first.abs_diff(self.answer.len()) < 48, "unlike: {}", self.shown());
                if self.stdout.buffer().is_empty() || times.len() == calls {
                    break;
                }
            }
        }
        Ok((times, start.elapsed()))
    }

    /// Ends the session by closing stdin.
    pub(crate) fn end(mut self) -> Result<()> {
        drop(self.stdin.take());
        self.child.wait()?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let stdin = self.stdin.as_mut().context("the session is over")?;
        stdin.write_all(bytes).with_context(|| format!("it has ended; see {}", self.log.display()))
    }

    /// Reads the next answer; notifications are passed over.
    fn read(&mut self) -> Result<()> {
        loop {
            self.answer.clear();
            if self.stdout.read_until(b'\n', &mut self.answer)? == 0 {
                bail!("the server has ended; its log is {}", self.log.display());
            }
            // A notification's method stands in front, where no answer has one.
            let head = &self.answer[..self.answer.len().min(40)];
            if !head.windows(8).any(|window| window == b"\"method\"") {
                return Ok(());
            }
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.answer[..self.answer.len().min(300)]).into_owned()
    }
}

/// A bench that fails leaves no server behind.
impl Drop for Line {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// A request but for its id: no two on their way may have the same.
pub(crate) struct Request(String);

impl Request {
    pub(crate) fn new(method: &str, params: &Value) -> Self {
        Self(format!(",\"method\":\"{method}\",\"params\":{params}}}\n"))
    }

    fn append(&self, id: u64, line: &mut Vec<u8>) {
        line.extend(b"{\"jsonrpc\":\"2.0\",\"id\":");
        line.extend(id.to_string().as_bytes());
        line.extend(self.0.as_bytes());
    }
}
