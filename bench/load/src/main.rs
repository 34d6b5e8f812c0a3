//! Many clients of an MCP server over HTTP, as cheap as they can be: one thread, no parsing of JSON.
//!
//! `bench-load calls HOST:PORT CONNECTIONS SECONDS` calls the tool `echo` on so many connections, one call at a time on
//! each, and prints a line of JSON. `sessions HOST:PORT NUMBER` begins so many sessions and closes its connections;
//! `streams HOST:PORT NUMBER` opens so many streams. Both print a line when they are ready, and end with their stdin.

mod answer;
mod client;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use tokio::task::LocalSet;

use client::Client;

/// Connections on which sessions are begun beside each other.
const BEGINNERS: usize = 8;
/// The part of the time that warms up and is not counted.
const WARM_UP: f64 = 0.25;
/// Longer than plugins take to compile.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match words[..] {
        ["calls", host, connections, seconds] => {
            let (connections, seconds) = (connections.parse()?, seconds.parse()?);
            let measured = LocalSet::new().block_on(&runtime, calls(host, connections, seconds))?;
            println!("{measured}");
        }
        ["sessions", host, number] => {
            LocalSet::new().block_on(&runtime, sessions(host, number.parse()?))?;
            wait("ready")?;
        }
        ["streams", host, number] => {
            let streams = LocalSet::new().block_on(&runtime, streams(host, number.parse()?))?;
            wait(if streams.is_some() { "ready" } else { "no streams" })?;
            drop(streams);
        }
        _ => bail!("expected calls, sessions or streams, a server and numbers"),
    }
    Ok(())
}

/// Says a word, and waits until stdin ends.
fn wait(word: &str) -> Result<()> {
    println!("{word}");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

/// The parts that the clients share.
struct Run {
    counts_from: Instant,
    ends: Instant,
    /// The time that each answer took that came between the two, in nanoseconds.
    times: RefCell<Vec<u64>>,
}

async fn calls(host: &str, connections: usize, seconds: f64) -> Result<serde_json::Value> {
    let clients = begun(host, connections).await?;
    let started = Instant::now();
    let counts_from = started + Duration::from_secs_f64(seconds * WARM_UP);
    let run = Rc::new(Run {
        counts_from,
        ends: counts_from + Duration::from_secs_f64(seconds),
        times: RefCell::default(),
    });
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::task::spawn_local(call_on(client, run.clone())))
        .collect();
    for task in tasks {
        task.await??;
    }
    let mut times = run.times.take();
    times.sort_unstable();
    let at = |quantile: f64| {
        let index = (times.len() as f64 * quantile) as usize;
        times.get(index.min(times.len().saturating_sub(1))).map(|time| *time as f64 / 1e3)
    };
    Ok(json!({"per_second": times.len() as f64 / seconds, "p50_us": at(0.5), "p99_us": at(0.99),
        "client_us": processor_time()?.as_secs_f64() * 1e6 / times.len() as f64}))
}

/// Calls over and over, until the time is over.
async fn call_on(mut client: Client, run: Rc<Run>) -> Result<()> {
    loop {
        let begun = Instant::now();
        client.call().await?;
        let ended = Instant::now();
        if ended >= run.ends {
            return Ok(());
        }
        if ended >= run.counts_from {
            run.times.borrow_mut().push(u64::try_from((ended - begun).as_nanos())?);
        }
    }
}

/// Clients whose first call was answered as it has to be.
async fn begun(host: &str, number: usize) -> Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(number);
    let started = Instant::now();
    while clients.len() < number {
        let mut client = Client::begin(host).await?;
        match client.call().await {
            Ok(()) => clients.push(client),
            // Its plugins may still be compiled.
            Err(_) if clients.is_empty() && started.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(clients)
}

async fn sessions(host: &str, number: usize) -> Result<()> {
    let tasks: Vec<_> = (0..BEGINNERS)
        .map(|at| {
            let host = host.to_owned();
            let mine = number / BEGINNERS + usize::from(at < number % BEGINNERS);
            tokio::task::spawn_local(async move {
                let mut client = Client::begin(&host).await?;
                for _ in 1..mine {
                    client.renew().await?;
                }
                client.call().await
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// Streams that stay open as long as what is returned. `None` if the server has none.
async fn streams(host: &str, number: usize) -> Result<Option<Vec<Client>>> {
    let mut open = Vec::with_capacity(number);
    for _ in 0..number {
        let mut client = Client::begin(host).await?;
        if !client.stream().await? {
            return Ok(None);
        }
        open.push(client);
    }
    Ok(Some(open))
}

/// The processor time of this process so far, as the kernel counts it.
fn processor_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = stat.split(' ').next().and_then(|count| count.parse().ok());
    nanoseconds.map(Duration::from_nanos).context("an unknown form of schedstat")
}
