//! The cost of many clients over HTTP: calls on few and many connections, sessions that do nothing, streams that stay open.
//!
//! All servers are asked by the same client, `bench/load`, in turns in one run.

mod document;
mod load;
mod memory;
mod servers;

pub(crate) use document::write;
pub(crate) use memory::{SESSION, STREAM};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::options::Options;
use super::programs::Programs;
use super::stage::Stage;
use super::table::{Table, Unit};
use load::Load;
use servers::{HttpServer, Running};

/// The numbers of connections. Each has a session of its own and one call at a time.
const CONNECTIONS: [usize; 3] = [1, 64, 1000];
/// The number that the goals are about.
const BUSY: usize = 64;

/// A figure of calls on so many connections.
fn figure(connections: usize, what: &str) -> String {
    match connections {
        1 => format!("HTTP, 1 connection, {what}"),
        more => format!("HTTP, {more} connections, {what}"),
    }
}

/// The figure of calls a second with many connections, and that of the time of half of them.
pub(crate) fn busy_figures() -> [String; 2] {
    [figure(BUSY, RATE), figure(BUSY, P50)]
}

const RATE: &str = "calls";
const P50: &str = "p50";
const P99: &str = "p99";

/// Starts every server anew in each round, and calls it on few and on many connections.
pub(crate) fn measure(
    programs: &Programs,
    stage: &Stage,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    let servers = HttpServer::all(programs);
    for _ in 0..options.rounds() {
        for server in &servers {
            let running = Running::start(*server, programs, stage)?;
            for connections in CONNECTIONS {
                let said = Load::calls(programs, running.host(), connections, options.seconds())?;
                let of = |key: &str| said[key].as_f64().with_context(|| format!("no {key}"));
                let rate = of("per_second")?;
                let name = server.name();
                table.add(&figure(connections, RATE), name, Unit::PerSecond, rate);
                // A server may be so slow that no call ends in the time.
                if rate > 0.0 {
                    table.add(&figure(connections, P50), name, Unit::Micros, of("p50_us")?);
                    table.add(&figure(connections, P99), name, Unit::Micros, of("p99_us")?);
                }
            }
        }
    }
    for server in &servers {
        memory::measure(*server, programs, stage, table)?;
    }
    Ok(())
}

/// Reads a line of JSON.
fn json(line: &str) -> Result<Value> {
    serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))
}
