//! `cargo xtask bench`: what the host costs, beside a native server, a bare loop and a floor.
//!
//! Times are of this machine at this moment. What is compared does the same work in turns in one run,
//! and what counts are ratios.

mod calls;
pub(crate) mod chart;
mod cold;
mod goals;
mod http;
mod line;
mod memory;
mod options;
mod pin;
pub(crate) mod process;
pub(crate) mod programs;
pub(crate) mod reload;
mod stage;
mod start;
pub(crate) mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::command::step;
use crate::places::Places;
use calls::Calls;
use options::Options;
use programs::{Programs, Server};
use stage::{Stage, TOOLS};
use table::Table;

/// What is measured, in order.
#[derive(Clone, Copy)]
enum Part {
    Latency,
    InFlight,
    Large,
    Compute,
    Start,
    Cold,
    Baseline,
    Memory,
    Reload,
    Http,
}

impl Part {
    const ALL: [Self; 10] = [
        Self::Latency,
        Self::InFlight,
        Self::Large,
        Self::Compute,
        Self::Start,
        Self::Cold,
        Self::Baseline,
        Self::Memory,
        Self::Reload,
        Self::Http,
    ];

    /// Its name on the command line.
    fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::InFlight => "in-flight",
            Self::Large => "large",
            Self::Compute => "compute",
            Self::Start => "start",
            Self::Cold => "cold",
            Self::Baseline => "baseline",
            Self::Memory => "memory",
            Self::Reload => "reload",
            Self::Http => "http",
        }
    }
}

/// Builds, measures, prints the table and the goals.
pub(crate) fn run(places: &Places, words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    ensure!(
        Part::ALL.iter().any(|part| options.wants(part.name())),
        "no part of the bench matches; there are {}",
        Part::ALL.map(Part::name).join(", ")
    );
    let programs = Programs::build(places, &options)?;
    if let Some(missing) = programs.missing() {
        step(missing);
    }
    let stage = Stage::lay_out(places)?;
    step("compiling what is measured, once");
    let numbers = if options.is_http_alone() { &[1][..] } else { &[1, 20, 100] };
    for &plugins in numbers {
        let mut command = programs.command(Server::Host(plugins), &stage);
        cold::warm_up(&mut command, &stage, &stage.home(), plugins * TOOLS, plugins)?;
    }
    let mut table = Table::default();
    for part in Part::ALL.into_iter().filter(|part| options.wants(part.name())) {
        step(&format!("measuring: {}", part.name()));
        let (programs, stage, options) = (&programs, &stage, &options);
        let mut calls = Calls { programs, stage, options, table: &mut table };
        match part {
            Part::Latency => calls.latency()?,
            Part::InFlight => calls.in_flight()?,
            Part::Large => calls.large()?,
            Part::Compute => calls.compute()?,
            Part::Start => start::measure(programs, stage, options, &mut table)?,
            Part::Cold => cold::measure(places, programs, stage, options, &mut table)?,
            Part::Baseline => calls.baseline()?,
            Part::Memory if !process::KNOWN => step("memory is measured on Linux only"),
            Part::Memory => memory::measure(programs, stage, options, &mut table)?,
            Part::Reload => reload::measure(places, programs, stage, options, &mut table)?,
            Part::Http if !process::KNOWN => step("HTTP is measured on Linux only"),
            Part::Http => http::measure(programs, stage, options, &mut table)?,
        }
    }
    table.print();
    println!("\n{}", conditions(&options));
    let goals = goals::of(&table);
    goals::print(&goals);
    if let Some(file) = &options.json {
        let goals: Vec<_> = goals.iter().map(goals::Goal::json).collect();
        let all = json!({"conditions": conditions(&options), "rows": table.json(), "goals": goals});
        write(file, &format!("{all:#}\n"))?;
    }
    if let Some(file) = &options.svg {
        write(file, &chart::svg(&table))?;
    }
    if options.document {
        http::write(&table, &places.root.join("docs/performance.md"))?;
    }
    Ok(())
}

/// What a reader has to know of the run.
fn conditions(options: &Options) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let pinned = pin::Pinned::to_one_core().is_some_and(|pinned| pinned.release().is_ok());
    let one = if pinned { "client and server share one core" } else { "on any core: no `taskset`" };
    format!(
        "{} rounds in turns; one at a time: {one}; in flight: all {cores} cores; load {load}",
        options.rounds()
    )
}

pub(crate) fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
