//! A client of the host for demo, bench and soak: MCP by lines over pipes, with the time of every answer.
//!
//! What is asked, and how it is shown, is not known here.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};

/// Longer than any limit of a plugin that the demo calls.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running host.
pub(crate) struct Client {
    child: Child,
    /// Taken to end the session.
    stdin: Option<ChildStdin>,
    incoming: Receiver<Line>,
    /// Answers to other requests than the one that was waited for.
    parked: Vec<(Instant, Value)>,
    last_id: u64,
    log: PathBuf,
}

/// A line of the host, and when it came.
type Line = (Instant, Result<Value>);

/// A request on its way.
pub(crate) struct Sent {
    id: u64,
    at: Instant,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) result: Value,
    pub(crate) took: Duration,
}

impl Client {
    /// Starts `host`; its log goes to the file `log`.
    pub(crate) fn start(host: &mut Command, log: &Path) -> Result<Self> {
        let stderr =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        host.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut child =
            host.spawn().with_context(|| format!("cannot start {:?}", host.get_program()))?;
        let stdout = child.stdout.take().context("the host has no stdout")?;
        let (sender, incoming) = channel();
        thread::spawn(move || listen(stdout, &sender));
        let stdin = child.stdin.take();
        Ok(Self { child, stdin, incoming, parked: Vec::new(), last_id: 0, log: log.into() })
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn send(&mut self, method: &str, params: &Value) -> Result<Sent> {
        self.last_id += 1;
        let (id, at) = (self.last_id, Instant::now());
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        Ok(Sent { id, at })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a line, whatever it is.
    pub(crate) fn write_line(&mut self, line: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().context("the session is over")?;
        writeln!(stdin, "{line}").map_err(|_| self.gone())
    }

    /// The next line of the host, whatever it is, if one comes in this time.
    pub(crate) fn next(&mut self, wait: Duration) -> Result<Option<(Instant, Value)>> {
        match self.incoming.recv_timeout(wait) {
            Ok((at, line)) => Ok(Some((at, line?))),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(self.gone()),
        }
    }

    /// Sends a notification.
    pub(crate) fn notify(&mut self, method: &str) -> Result<()> {
        self.write(&json!({"jsonrpc": "2.0", "method": method}))
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Result<Answer> {
        let sent = self.send(method, params)?;
        self.answer(&sent)
    }

    /// Waits for the answer to `sent`.
    pub(crate) fn answer(&mut self, sent: &Sent) -> Result<Answer> {
        loop {
            if let Some(answer) = self.poll(sent, PATIENCE)? {
                return Ok(answer);
            }
            if sent.at.elapsed() > PATIENCE {
                bail!("no answer within {PATIENCE:?}; the host's log is {}", self.log.display());
            }
        }
    }

    /// Waits for the answer to `sent` at most for `wait`.
    pub(crate) fn poll(&mut self, sent: &Sent, wait: Duration) -> Result<Option<Answer>> {
        let is_it = |line: &Value| line["id"] == sent.id;
        let end = Instant::now() + wait;
        loop {
            if let Some(index) = self.parked.iter().position(|(_, line)| is_it(line)) {
                let (at, mut line) = self.parked.swap_remove(index);
                if let Some(error) = line.get("error") {
                    bail!("the host refused the request: {error}");
                }
                let took = at.saturating_duration_since(sent.at);
                return Ok(Some(Answer { result: line["result"].take(), took }));
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.incoming.recv_timeout(left) {
                Ok((at, line)) => self.parked.push((at, line?)),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => return Err(self.gone()),
            }
        }
    }

    /// Waits for a notification that was not waited for before, and says when it came.
    pub(crate) fn notified(&mut self, method: &str) -> Result<Instant> {
        let is_it = |line: &Value| line["method"] == method;
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(index) = self.parked.iter().position(|(_, line)| is_it(line)) {
                return Ok(self.parked.swap_remove(index).0);
            }
            match self.incoming.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((at, line)) => self.parked.push((at, line?)),
                Err(RecvTimeoutError::Timeout) => {
                    bail!(
                        "no {method} within {PATIENCE:?}; the host's log is {}",
                        self.log.display()
                    )
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.gone()),
            }
        }
    }

    /// Ends the session as a client does, by closing stdin.
    pub(crate) fn end(mut self) -> Result<(ExitStatus, Duration)> {
        let at = Instant::now();
        drop(self.stdin.take());
        // The host's stdout closes when it ends; whatever it still says is of no interest.
        while self.incoming.recv_timeout(PATIENCE).is_ok() {}
        Ok((self.child.wait()?, at.elapsed()))
    }

    fn write(&mut self, line: &Value) -> Result<()> {
        self.write_line(&line.to_string())
    }

    fn gone(&self) -> anyhow::Error {
        anyhow!("the host has ended; its log is {}", self.log.display())
    }
}

/// A demo that fails leaves no host behind.
impl Drop for Client {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

fn listen(stdout: ChildStdout, sender: &Sender<Line>) {
    for line in BufReader::new(stdout).lines() {
        let line = line.context("the host's stdout cannot be read").and_then(|line| {
            serde_json::from_str(&line).with_context(|| format!("a line that is not JSON: {line}"))
        });
        if sender.send((Instant::now(), line)).is_err() {
            return;
        }
    }
}
