//! `cargo xtask soak`: hours of mixed load in minutes. Good calls, crashes, limits, time-outs, cancellations,
//! reloads and a client's mistakes go on beside each other; memory, descriptors and threads have to stay
//! where they were, and every request gets its one answer.

mod flat;
mod http;
mod options;
mod over_http;
mod plot;
mod session;
mod stage;
mod traffic;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::bench::process;
use crate::command::step;
use crate::places::Places;
use crate::{bench, build};
use flat::Samples;
use options::{Options, Play};
use over_http::HttpLoad;
use session::Session;
use stage::Stage;
use traffic::{Kind, Traffic};

/// Requests on their way at once.
const WIDTH: usize = 24;
/// How often another version of a plugin is put in place.
const RELOAD: Duration = Duration::from_secs(10);
/// How often what the host takes is looked at.
const SAMPLE: Duration = Duration::from_millis(500);
/// A reload that takes longer is a fault.
const RELOADED: Duration = Duration::from_secs(20);
/// Warming up ends, a leak does not: what grew is given so many rounds to stop, and each is judged alone.
const ROUNDS: usize = 4;
/// A step of the loop waits no longer for an answer.
const TICK: Duration = Duration::from_millis(20);

/// Builds, plays, and says whether all was flat and nothing lost.
pub(crate) fn run(places: &Places, words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    ensure!(process::KNOWN, "what a process takes is read from /proc: the soak runs on Linux");
    let host = build::host(places, options.host.as_deref())?;
    let mut stage = Stage::lay_out(places)?;
    let mut session = Session::start(&host, &stage)?;
    session.until_tools(stage::TOOLS)?;
    let mut samples = Samples::default();
    let mut over_http = String::new();
    match options.play {
        Play::Mixed(time) => {
            step(&format!("{} s of mixed load, over stdio and HTTP", time.as_secs()));
            let mut load = HttpLoad::start(&host, &stage)?;
            mixed(&mut session, &mut load, &mut stage, &mut samples, time)?;
            for _ in 1..ROUNDS {
                let Err(grown) = samples.check() else { break };
                step(&format!("{grown}: as long again, for what leaks goes on to grow"));
                samples.next_round();
                mixed(&mut session, &mut load, &mut stage, &mut samples, time)?;
            }
            over_http = load.end(session.reloads.len())?;
        }
        Play::Counted => {
            for (kind, count) in traffic::COUNTED {
                step(&format!("{count} {}", kind.name()));
                counted(&mut session, &mut samples, kind, count)?;
            }
        }
    }
    session.drain()?;
    samples.add(&mut session)?;
    let lost = session.lost();
    let summary = format!("{}\n{over_http}\n{}", session.summary(), samples.summary());
    println!("\n{summary}");
    if let Some(file) = &options.svg {
        bench::write(file, &plot::svg(&samples))?;
        step(&format!("the picture is {}", file.display()));
    }
    let flat = samples.check();
    session.end()?;
    ensure!(lost == 0, "{lost} requests were never answered");
    flat
}

/// All kinds by turns, for this time, with a reload every now and then.
fn mixed(
    session: &mut Session,
    load: &mut HttpLoad,
    stage: &mut Stage,
    samples: &mut Samples,
    time: Duration,
) -> Result<()> {
    let mut traffic = Traffic::default();
    let start = Instant::now();
    let (mut sampled, mut reloaded) = (start, start);
    let mut reloading: Option<Instant> = None;
    while start.elapsed() < time {
        while session.in_flight() < WIDTH {
            session.play(traffic.next())?;
        }
        session.take(TICK)?;
        if sampled.elapsed() >= SAMPLE {
            sampled = Instant::now();
            samples.add(session)?;
            load.check()?;
        }
        match reloading {
            None if reloaded.elapsed() >= RELOAD => {
                stage.change()?;
                reloading = Some(Instant::now());
            }
            None => {}
            Some(since) => {
                if session.serves(&stage.changed_tool())? {
                    session.reloads.push(since.elapsed());
                    (reloading, reloaded) = (None, Instant::now());
                }
                ensure!(since.elapsed() < RELOADED, "the new version is not served");
            }
        }
    }
    Ok(())
}

/// So many of one kind.
fn counted(session: &mut Session, samples: &mut Samples, kind: Kind, count: usize) -> Result<()> {
    let (mut left, mut sampled) = (count, Instant::now());
    while left > 0 {
        while left > 0 && session.in_flight() < WIDTH {
            session.play(kind)?;
            left -= 1;
        }
        session.take(TICK).context(kind.name())?;
        if sampled.elapsed() >= SAMPLE {
            sampled = Instant::now();
            samples.add(session)?;
        }
    }
    session.drain()
}
