//! From the start of a server to its first answer, and to a complete list of tools.

use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use super::line::Line;
use super::options::Options;
use super::process;
use super::programs::{Programs, Server};
use super::stage::{Stage, TOOLS};
use super::table::{Table, Unit};

/// Starts everything in turns, on all cores.
pub(crate) fn measure(
    programs: &Programs,
    stage: &Stage,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    for _ in 0..options.rounds() {
        for server in [Server::Floor, Server::Rmcp] {
            let mut command = programs.command(server, stage);
            let tools = if server.works() { TOOLS } else { 0 };
            let started = list(&mut command, stage, tools)?;
            add(table, ", warm cache", &server.name(), &started);
            started.line.end()?;
        }
        for plugins in [1, 20, 100] {
            let server = Server::Host(plugins);
            let mut command = programs.command(server, stage);
            let started = list(&mut command, stage, plugins * TOOLS)?;
            add(table, ", warm cache", &server.name(), &started);
            started.line.end()?;
        }
    }
    for _ in 0..options.long_rounds() {
        for plugins in [1, 20, 100] {
            let home = stage.empty_home()?;
            let mut command = programs.host(&stage.plugins(plugins), &home);
            let started = list(&mut command, stage, plugins * TOOLS)?;
            let name = Server::Host(plugins).name();
            add(table, ", empty cache", &name, &started);
            if process::KNOWN {
                let spent = process::spent(started.line.pid())?;
                let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
                table.add(SHARED_OUT, &name, Unit::Millis, spent.as_secs_f64() * 1e3 / cores);
            }
            started.line.end()?;
        }
    }
    Ok(())
}

/// What compiling cost the processor until the list was complete, as if all cores had shared it.
pub(crate) const SHARED_OUT: &str = "processor time over cores, empty cache";

/// A server that has answered.
struct Started {
    line: Line,
    answered_ms: f64,
    listed_ms: f64,
}

fn list(command: &mut Command, stage: &Stage, tools: usize) -> Result<Started> {
    let at = Instant::now();
    let mut line = Line::start(command, &stage.log())?;
    line.initialize()?;
    let answered = at.elapsed();
    if tools > 0 {
        line.complete_list(tools)?;
    }
    let [answered_ms, listed_ms] = [answered, at.elapsed()].map(|took| took.as_secs_f64() * 1e3);
    Ok(Started { line, answered_ms, listed_ms })
}

fn add(table: &mut Table, cache: &str, server: &str, started: &Started) {
    let answer = "start to first answer";
    table.add(&format!("{answer}{cache}"), server, Unit::Millis, started.answered_ms);
    let list = "start to complete tools/list";
    table.add(&format!("{list}{cache}"), server, Unit::Millis, started.listed_ms);
}
