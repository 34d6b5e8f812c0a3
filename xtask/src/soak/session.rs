//! One client of the host: what is on its way, how it ended, what was lost.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::stage::Stage;
use super::traffic::Kind;
use crate::client::Client;
use crate::command;

/// A request that is not answered for so long is lost.
const LOST: Duration = Duration::from_secs(30);
/// How long a call runs before it is cancelled.
const CANCELLED: Duration = Duration::from_millis(10);

/// A running host and what it was asked.
pub(crate) struct Session {
    client: Client,
    last_id: u64,
    pending: HashMap<u64, (Kind, Instant)>,
    /// Of lines that are answered without an id, in order.
    nameless: VecDeque<(Kind, Instant)>,
    /// Calls to be cancelled, in order.
    to_cancel: VecDeque<(u64, Instant)>,
    /// The request that asks a plugin's new version, where one is on its way.
    asked_new: Option<u64>,
    ended: BTreeMap<Kind, usize>,
    /// How long good calls took since this was taken last.
    latencies: Vec<Duration>,
    pub(crate) reloads: Vec<Duration>,
}

impl Session {
    pub(crate) fn start(host: &Path, stage: &Stage) -> Result<Self> {
        let mut command = Command::new(host);
        command.args(["serve", "--stdio", "--http", "127.0.0.1:0"]);
        command.arg("--plugins").arg(stage.plugins());
        command.env("TOOLRACK_HOME", stage.home()).env_remove("TOOLRACK_LOG");
        // Its log would otherwise hold every crash.
        command.args(["--log", "error"]);
        let mut client = Client::start(&mut command, &stage.log())?;
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "soak", "version": "0"}});
        client.ask("initialize", &params)?;
        client.notify("notifications/initialized")?;
        Ok(Self {
            client,
            last_id: 1_000_000,
            pending: HashMap::new(),
            nameless: VecDeque::new(),
            to_cancel: VecDeque::new(),
            asked_new: None,
            ended: BTreeMap::new(),
            latencies: Vec::new(),
            reloads: Vec::new(),
        })
    }

    /// Waits until so many tools are listed.
    pub(crate) fn until_tools(&mut self, tools: usize) -> Result<()> {
        let start = Instant::now();
        loop {
            let listed = self.client.ask("tools/list", &json!({}))?.result;
            let listed = listed["tools"].as_array().map_or(0, Vec::len);
            if listed == tools {
                return Ok(());
            }
            ensure!(start.elapsed() < LOST, "{listed} tools of {tools}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.client.pid()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.pending.len() + self.nameless.len()
    }

    /// Asks, without waiting.
    pub(crate) fn play(&mut self, kind: Kind) -> Result<()> {
        self.last_id += 1;
        let (id, at) = (self.last_id, Instant::now());
        self.client.write_line(&kind.line(id))?;
        if kind.has_id() {
            self.pending.insert(id, (kind, at));
        } else {
            self.nameless.push_back((kind, at));
        }
        if kind == Kind::Cancelled {
            self.to_cancel.push_back((id, at));
        }
        Ok(())
    }

    /// Takes what comes within this time, and cancels what is due.
    pub(crate) fn take(&mut self, wait: Duration) -> Result<()> {
        let until = Instant::now() + wait;
        loop {
            self.cancel()?;
            let due = self.to_cancel.front().map(|(_, at)| *at + CANCELLED);
            let now = Instant::now();
            let left = due.map_or(until, |due| due.min(until)).saturating_duration_since(now);
            match self.client.next(left)? {
                Some((at, line)) => {
                    self.ended(at, &line)?;
                    if self.in_flight() < super::WIDTH {
                        return Ok(());
                    }
                }
                None if Instant::now() >= until => return self.find_lost(),
                None => {}
            }
        }
    }

    fn cancel(&mut self) -> Result<()> {
        while let Some((id, at)) = self.to_cancel.front().copied()
            && at.elapsed() >= CANCELLED
        {
            self.to_cancel.pop_front();
            self.client.write_line(
                &json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
                    "params": {"requestId": id}})
                .to_string(),
            )?;
            self.pending.remove(&id);
            *self.ended.entry(Kind::Cancelled).or_default() += 1;
        }
        Ok(())
    }

    fn ended(&mut self, at: Instant, line: &Value) -> Result<()> {
        if line.get("method").is_some() {
            return Ok(());
        }
        let (id, kind, asked) = match line["id"].as_u64() {
            Some(id) if Some(id) == self.asked_new => return Ok(()),
            Some(id) => {
                let found = self.pending.remove(&id);
                let Some((kind, asked)) = found else {
                    anyhow::bail!("an answer that nobody waits for: {line}")
                };
                (id, kind, asked)
            }
            None => {
                let Some((kind, asked)) = self.nameless.pop_front() else {
                    anyhow::bail!("an answer to nothing: {line}")
                };
                (0, kind, asked)
            }
        };
        ensure!(kind.fits(id, line), "{} ended otherwise: {line}", kind.name());
        *self.ended.entry(kind).or_default() += 1;
        if kind == Kind::Good {
            self.latencies.push(at.saturating_duration_since(asked));
        }
        Ok(())
    }

    fn find_lost(&self) -> Result<()> {
        let waiting = self.pending.values().chain(&self.nameless);
        for (kind, at) in waiting {
            ensure!(at.elapsed() < LOST, "no answer for {LOST:?}: one of the {}", kind.name());
        }
        Ok(())
    }

    /// Whether the tool of a new version answers.
    pub(crate) fn serves(&mut self, tool: &str) -> Result<bool> {
        self.last_id += 1;
        let id = self.last_id;
        self.asked_new = Some(id);
        self.client.write_line(
            &json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
                "params": {"name": tool, "arguments": {"text": "new"}}})
            .to_string(),
        )?;
        let start = Instant::now();
        loop {
            self.cancel()?;
            if let Some((at, line)) = self.client.next(CANCELLED)? {
                if line["id"] == id {
                    return Ok(line["result"]["content"][0]["text"] == "new");
                }
                self.ended(at, &line)?;
            }
            ensure!(start.elapsed() < LOST, "a call of the new version is not answered");
        }
    }

    /// Waits for all that is on its way.
    pub(crate) fn drain(&mut self) -> Result<()> {
        let start = Instant::now();
        while self.in_flight() > 0 && start.elapsed() < LOST {
            self.cancel()?;
            if let Some((at, line)) = self.client.next(CANCELLED)? {
                self.ended(at, &line)?;
            }
        }
        Ok(())
    }

    pub(crate) fn lost(&self) -> usize {
        self.in_flight()
    }

    /// How long good calls took since the last time.
    pub(crate) fn latencies(&mut self) -> Vec<Duration> {
        std::mem::take(&mut self.latencies)
    }

    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        for (kind, count) in &self.ended {
            text += &format!("{count:>9} {}\n", kind.name());
        }
        if let Some(longest) = self.reloads.iter().max() {
            let reloads = self.reloads.len();
            text += &format!("{reloads:>9} reloads, the longest {} ms\n", longest.as_millis());
        }
        text + &format!("{:>9} requests without an answer", self.lost())
    }

    /// The host ends in order, and promptly. The end of its input is not enough, since others come over HTTP.
    pub(crate) fn end(self) -> Result<()> {
        command::run(Command::new("kill").arg(self.pid().to_string()), "`kill` is a program here")?;
        let (status, took) = self.client.end()?;
        ensure!(status.success(), "the host ended with {status}");
        ensure!(took < Duration::from_secs(5), "it took {took:?} to end");
        Ok(())
    }
}
