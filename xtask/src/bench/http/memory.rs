//! Memory of sessions that do nothing, and of streams on which nothing is sent.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

use super::BUSY;
use super::load::Load;
use super::servers::{HttpServer, Running};
use crate::bench::process;
use crate::bench::programs::Programs;
use crate::bench::stage::Stage;
use crate::bench::table::{Table, Unit};

pub(crate) const FEW_SESSIONS: &str = "HTTP, memory with 1,000 idle sessions";
pub(crate) const MANY_SESSIONS: &str = "HTTP, memory with 10,000 idle sessions";
pub(crate) const SESSION: &str = "HTTP, memory of each idle session";
pub(crate) const STREAM: &str = "HTTP, memory of each open stream";

const FEW: usize = 1000;
const MANY: usize = 10_000;
const STREAMS: usize = 1000;

/// The time for which servers put away what was ended.
const REST: Duration = Duration::from_secs(2);
const BYTES_PER_MIB: f64 = 1024.0 * 1024.0;
const KIB_PER_MIB: f64 = 1024.0;

/// Begins sessions and opens streams. What all of them share is there before the first is counted.
pub(crate) fn measure(
    server: HttpServer,
    programs: &Programs,
    stage: &Stage,
    table: &mut Table,
) -> Result<()> {
    match server {
        // It keeps what the one without the option keeps.
        HttpServer::Floor | HttpServer::RmcpNoDelay => return Ok(()),
        HttpServer::Host | HttpServer::Rmcp | HttpServer::RmcpJson => {}
        HttpServer::TypeScript | HttpServer::Python => {}
    }
    let name = server.name();
    let running = begun(server, programs, stage)?;
    let few = rested(&running)?;
    // Before there are more sessions, which may move what streams are kept in.
    if let Some(streams) = Load::streams(programs, running.host(), STREAMS)? {
        let open = rested(&running)?;
        table.add(STREAM, name, Unit::Kib, (open - few) * KIB_PER_MIB / STREAMS as f64);
        drop(streams);
    }
    drop(running);
    let running = begun(server, programs, stage)?;
    let few = rested(&running)?;
    Load::sessions(programs, running.host(), MANY - FEW)?;
    let many = rested(&running)?;
    table.add(FEW_SESSIONS, name, Unit::Mib, few);
    table.add(MANY_SESSIONS, name, Unit::Mib, many);
    let each = ((many - few) * BYTES_PER_MIB / (MANY - FEW) as f64).max(0.0);
    table.add(SESSION, name, Unit::Bytes, each);
    Ok(())
}

/// Starts a server, lets it serve for a moment, and begins the first sessions.
fn begun(server: HttpServer, programs: &Programs, stage: &Stage) -> Result<Running> {
    const MOMENT: f64 = 0.5;
    let running = Running::start(server, programs, stage)?;
    Load::calls(programs, running.host(), BUSY, MOMENT)?;
    Load::sessions(programs, running.host(), FEW)?;
    Ok(running)
}

/// The memory of a server, in MiB and without pages of its program, once it rests.
fn rested(running: &Running) -> Result<f64> {
    sleep(REST);
    Ok(process::memory(running.pid())?.private)
}
