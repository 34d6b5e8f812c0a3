//! Resident memory, idle and at its peak, and the sizes of the programs.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::line::{Line, Request};
use super::options::Options;
use super::process;
use super::programs::{HOST, Programs, RMCP, Server};
use super::stage::{Stage, TOOLS};
use super::table::{Table, Unit};

/// After the list of tools.
pub(crate) const IDLE: &str = "memory, idle";
/// The same without pages of the program itself.
const PRIVATE: &str = "memory, idle, without the program's own pages";
/// After every plugin was called once: only then is its code in memory.
const CALLED: &str = "memory, idle, every plugin called once";
/// After many calls at a time.
const PEAK: &str = "memory, peak with 64 in flight";
pub(crate) const FURTHER: &str = "memory of each further plugin";
const FURTHER_CALLED: &str = "memory of each further plugin, called once";

/// Starts everything in turns. Compiled code comes from the cache.
pub(crate) fn measure(
    programs: &Programs,
    stage: &Stage,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    // Compiling leaves memory behind: the first start only fills the cache.
    for plugins in [1, 100] {
        look(programs, stage, Server::Host(plugins), 1)?;
    }
    for _ in 0..options.rounds() {
        let mut before: Option<Seen> = None;
        for server in [Server::Floor, Server::Rmcp, Server::Host(1), Server::Host(100)] {
            let seen = look(programs, stage, server, options.calls(4000))?;
            let name = server.name();
            table.add(IDLE, &name, Unit::Mib, seen.idle);
            table.add(PRIVATE, &name, Unit::Mib, seen.private);
            if let Some(called) = seen.called {
                table.add(CALLED, &name, Unit::Mib, called);
            }
            table.add(PEAK, &name, Unit::Mib, seen.peak);
            if let (Server::Host(100), Some(one)) = (server, &before) {
                let each = |all: f64, one: f64| (all - one) / 99.0;
                table.add(FURTHER, HOST, Unit::Mib, each(seen.idle, one.idle));
                let [all, one] = [seen.called, one.called].map(Option::unwrap_or_default);
                table.add(FURTHER_CALLED, HOST, Unit::Mib, each(all, one));
            }
            before = Some(seen);
        }
    }
    for (name, program) in [(HOST, &programs.host), (RMCP, &programs.native)] {
        table.add("size of the program", name, Unit::Mib, mib(program)?);
    }
    Ok(())
}

/// What one process took, in MiB.
struct Seen {
    idle: f64,
    private: f64,
    /// Only where there are plugins to call.
    called: Option<f64>,
    peak: f64,
}

fn look(programs: &Programs, stage: &Stage, server: Server, calls: usize) -> Result<Seen> {
    let mut line = Line::start(&mut programs.command(server, stage), &stage.log())?;
    line.initialize()?;
    let mut called = None;
    if let Server::Host(plugins) = server {
        line.complete_list(plugins * TOOLS)?;
    }
    let process::Memory { resident: idle, private, .. } = process::memory(line.pid())?;
    if let Server::Host(plugins) = server {
        line.ask(&echo("echo"))?;
        for further in 1..plugins {
            line.ask(&echo(&format!("p{further:03}_echo")))?;
        }
        called = Some(process::memory(line.pid())?.resident);
    }
    line.calls(&echo("echo"), calls, 64)?;
    let peak = process::memory(line.pid())?.peak;
    line.end()?;
    Ok(Seen { idle, private, called, peak })
}

fn echo(tool: &str) -> Request {
    Request::new("tools/call", &json!({"name": tool, "arguments": {"text": "Hello, Ada!"}}))
}

fn mib(file: &Path) -> Result<f64> {
    Ok(fs::metadata(file)?.len() as f64 / (1024.0 * 1024.0))
}
