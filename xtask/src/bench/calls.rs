//! What a call costs: one at a time, many in flight, with large arguments, with much to compute.
//!
//! Every server gets a turn in every round.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::line::{Line, Request};
use super::options::Options;
use super::pin::Pinned;
use super::programs::{Programs, Server};
use super::stage::{Stage, TOOLS};
use super::table::{Table, Unit};

/// With client and server on any core, as they mostly are. Waking the other side is part of it.
const APART: &str = "echo, one at a time, on all cores, p50";

/// What is asked of every server, and how often in a round.
struct Work {
    figure: String,
    request: Request,
    /// What a server that works answers; where it is not known, any text does.
    answer: Option<String>,
    calls: usize,
}

/// What the calls of one part share.
pub(crate) struct Calls<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) stage: &'a Stage,
    pub(crate) options: &'a Options,
    pub(crate) table: &'a mut Table,
}

impl Calls<'_> {
    /// A short string, one at a time.
    pub(crate) fn latency(&mut self) -> Result<()> {
        use Server::{Bare, BareFuel, Floor, Host, Rmcp, RmcpPipes};
        let servers = [Host(1), Host(100), Rmcp, RmcpPipes, Bare, BareFuel, Floor];
        let servers = [&servers, &self.programs.sdks()[..]].concat();
        let work = echo("echo, one at a time", "Hello, Ada!".into(), self.options.calls(4000));
        self.on_one_core(&servers, &[work], &[("p50", 0.5), ("p90", 0.9), ("p99", 0.99)])
    }

    /// A large string, one at a time.
    pub(crate) fn large(&mut self) -> Result<()> {
        use Server::{Bare, Host, Rmcp, RmcpPipes};
        let work =
            [(64 * 1024, "64 KiB", 200), (1 << 20, "1 MiB", 30)].map(|(size, name, calls)| {
                // Just under, because what JSON puts around it counts too.
                let text = "0123456789abcdef".repeat(size / 16 - 64);
                echo(&format!("echo of {name}"), text, self.options.calls(calls))
            });
        self.on_one_core(&[Host(1), Rmcp, RmcpPipes, Bare], &work, &[("p50", 0.5)])
    }

    /// Tools that compute, one at a time.
    pub(crate) fn compute(&mut self) -> Result<()> {
        use Server::{Bare, BareFuel, Host, Rmcp};
        let work = computing("", self.options.calls(8));
        self.on_one_core(&[Host(1), Bare, BareFuel, Rmcp], &work, &[("p50", 0.5)])
    }

    /// What calls cost until optimized code is there.
    pub(crate) fn baseline(&mut self) -> Result<()> {
        use Server::{Baseline, Host};
        const WHEN: &str = ", before and after optimizing";
        let figure = format!("echo{WHEN}");
        let echo = echo(&figure, "Hello, Ada!".into(), self.options.calls(4000));
        let computing = computing(WHEN, self.options.calls(8));
        let work: Vec<_> = [echo].into_iter().chain(computing).collect();
        self.on_one_core(&[Host(1), Baseline], &work, &[("p50", 0.5)])
    }

    /// Calls per second with so many in flight, on all cores.
    pub(crate) fn in_flight(&mut self) -> Result<()> {
        use Server::{Bare, Floor, Host, Rmcp, RmcpPipes};
        let servers = [Host(1), Host(100), Rmcp, RmcpPipes, Bare, Floor];
        let calls = self.options.calls(8000);
        let servers = [&servers, &self.programs.sdks()[..]].concat();
        let work = echo("echo", "Hello, Ada!".into(), calls);
        let mut running = self.start(&servers, &work)?;
        for _ in 0..self.options.rounds() {
            for width in [1, 8, 64] {
                for (server, line) in &mut running {
                    let calls = server.share(calls);
                    let (mut times, all) = line.calls(&work.request, calls, width)?;
                    let rate = calls as f64 / all.as_secs_f64();
                    let figure = format!("echo, {width} in flight");
                    self.table.add(&figure, &server.name(), Unit::PerSecond, rate);
                    if width == 1 {
                        times.sort_unstable();
                        let p50 = at(&times, 0.5).as_secs_f64() * 1e6;
                        self.table.add(APART, &server.name(), Unit::Micros, p50);
                    }
                }
            }
        }
        running.into_iter().try_for_each(|(_, line)| line.end())
    }

    /// Runs `work` on every server, all of them and the client on one core.
    fn on_one_core(
        &mut self,
        servers: &[Server],
        work: &[Work],
        quantiles: &[(&str, f64)],
    ) -> Result<()> {
        let pinned = Pinned::to_one_core();
        let mut running = self.start(servers, &work[0])?;
        for work in work {
            for round in 0..=self.options.rounds() {
                for (server, line) in &mut running {
                    let calls = server.share(work.calls);
                    let (mut times, _) = line.calls(&work.request, calls, 1)?;
                    // The first round warms up; its answers are looked at instead.
                    if round == 0 {
                        check(*server, work, line)?;
                        continue;
                    }
                    times.sort_unstable();
                    for (name, quantile) in quantiles {
                        let figure = format!("{}, {name}", work.figure);
                        let value = at(&times, *quantile).as_secs_f64() * 1e6;
                        self.table.add(&figure, &server.name(), Unit::Micros, value);
                    }
                }
            }
        }
        running.into_iter().try_for_each(|(_, line)| line.end())?;
        pinned.map_or(Ok(()), Pinned::release)
    }

    /// Starts the servers and sees that each does its work.
    fn start(&self, servers: &[Server], work: &Work) -> Result<Vec<(Server, Line)>> {
        let start = |server: &Server| {
            let mut command = self.programs.command(*server, self.stage);
            let mut line = Line::start(&mut command, &self.stage.log())?;
            line.initialize()?;
            match server {
                Server::Host(plugins) => line.complete_list(plugins * TOOLS)?,
                Server::Baseline => line.complete_list(TOOLS)?,
                Server::Rmcp
                | Server::RmcpPipes
                | Server::Floor
                | Server::Bare
                | Server::BareFuel => {}
                Server::Python | Server::TypeScript => {}
            }
            check(*server, work, &mut line)?;
            Ok((*server, line))
        };
        servers.iter().map(start).collect()
    }
}

/// Work for the processor; each figure's name ends so.
fn computing(end: &str, calls: usize) -> [Work; 3] {
    [("primes", 200_000), ("sieve", 4_000_000), ("sha256", 4096)].map(|(tool, n)| {
        let params = json!({"name": tool, "arguments": {"n": n}});
        let request = Request::new("tools/call", &params);
        Work { figure: format!("{tool}{end}"), request, answer: None, calls }
    })
}

fn echo(figure: &str, text: String, calls: usize) -> Work {
    let params = json!({"name": "echo", "arguments": {"text": text}});
    let request = Request::new("tools/call", &params);
    Work { figure: figure.into(), request, answer: Some(text), calls }
}

/// A server that fails is fast: what it says has to be right before it counts.
fn check(server: Server, work: &Work, line: &mut Line) -> Result<()> {
    let result = line.ask(&work.request)?;
    let text = result["content"][0]["text"].as_str();
    let right = match &work.answer {
        Some(answer) => text == Some(answer),
        None => text.is_some() && result["isError"] != true,
    };
    let said: String = result.to_string().chars().take(300).collect();
    ensure!(right || !server.works(), "{} does not work: {said}", server.name());
    Ok(())
}

fn at(sorted: &[Duration], quantile: f64) -> Duration {
    let index = (sorted.len() as f64 * quantile) as usize;
    sorted.get(index.min(sorted.len() - 1)).copied().unwrap_or_default()
}
