//! `cargo xtask bench`: what a change of a plugin costs, from the file in place to the answer.
//!
//! Times are of this machine at this moment; what is compared is measured in turn, in one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::build;
use crate::client::Client;
use crate::command::step;
use crate::places::Places;

const ROUNDS: usize = 15;
/// The host waits for so long after the last change: part of every figure, by design.
const QUIET: Duration = Duration::from_millis(300);
const CHANGED: &str = "notifications/tools/list_changed";

/// What is put in place.
#[derive(Clone, Copy)]
enum Change {
    /// A manifest beside a Wasm file that stays.
    Manifest,
    /// Wasm that was served before, and its manifest.
    Known,
    /// Wasm that was never seen, and its manifest.
    New,
}

/// Builds, measures and prints a table.
pub(crate) fn run(places: &Places) -> Result<()> {
    build::all(places)?;
    let stage = places.target()?.join("bench");
    let _ = fs::remove_dir_all(&stage);
    let plugins = stage.join("plugins");
    fs::create_dir_all(&plugins).with_context(|| format!("cannot create {}", plugins.display()))?;
    let wasm = fs::read(places.manifests.join("hello.wasm"))?;
    let mut bench = Bench { plugins, wasm, version: 0 };
    bench.put(Change::New)?;
    let mut host = Command::new(places.binary()?);
    host.arg("serve").arg("--plugins").arg(&bench.plugins);
    host.env("TOOLRACK_HOME", stage.join("home"));
    let mut client = Client::start(&mut host, &stage.join("log.txt"))?;
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "bench", "version": "0"}});
    client.ask("initialize", &params)?;
    client.notify("notifications/initialized")?;
    client.ask("tools/list", &json!({}))?;
    step(&format!("changing a plugin of {} bytes, {ROUNDS} times in each way", bench.wasm.len()));
    let changes = [
        ("manifest alone", Change::Manifest),
        ("Wasm known before", Change::Known),
        ("Wasm never seen", Change::New),
    ];
    let mut figures = vec![(Vec::new(), Vec::new()); changes.len()];
    bench.put_and_wait(Change::Known, &mut client)?;
    for _ in 0..ROUNDS {
        for ((_, change), (told, answered)) in changes.iter().zip(&mut figures) {
            let (at_told, at_answer) = bench.put_and_wait(*change, &mut client)?;
            told.push(at_told);
            answered.push(at_answer);
        }
    }
    client.end()?;
    println!("\nfrom the rename to        list_changed (ms)          first new answer (ms)");
    println!("                          median  least   most       median  least   most");
    for ((name, _), (told, answered)) in changes.iter().zip(figures) {
        println!("{name:<24}{}     {}", spread(told), spread(answered));
    }
    println!("\nof each, {} ms are the quiet that the host waits for", QUIET.as_millis());
    Ok(())
}

struct Bench {
    plugins: PathBuf,
    wasm: Vec<u8>,
    version: u32,
}

impl Bench {
    /// Renames the files of a new version into place; its tool has another name.
    fn put(&mut self, change: Change) -> Result<()> {
        self.version += 1;
        let mark = match change {
            Change::Manifest => None,
            Change::Known => Some(self.version % 2),
            Change::New => Some(self.version + 2),
        };
        if let Some(mark) = mark {
            rename_into(&self.plugins.join("bench.wasm"), &marked(&self.wasm, mark))?;
        }
        let manifest = format!("[plugin]\nprefix = \"v{}\"\n", self.version);
        rename_into(&self.plugins.join("bench.toml"), manifest.as_bytes())
    }

    /// How long until the client was told, and until it had an answer of the new version.
    fn put_and_wait(
        &mut self,
        change: Change,
        client: &mut Client,
    ) -> Result<(Duration, Duration)> {
        self.put(change)?;
        let at = Instant::now();
        let told = client.notified(CHANGED)?.saturating_duration_since(at);
        let call =
            json!({"name": format!("v{}_greet", self.version), "arguments": {"name": "Ada"}});
        client.ask("tools/call", &call)?;
        Ok((told, at.elapsed()))
    }
}

/// The same code in other bytes: a custom section, which means nothing, is added.
fn marked(wasm: &[u8], mark: u32) -> Vec<u8> {
    let mut bytes = wasm.to_vec();
    // Section 0, ten bytes: a name of five, and the mark.
    bytes.extend([0, 10, 5, b'b', b'e', b'n', b'c', b'h']);
    bytes.extend(mark.to_le_bytes());
    bytes
}

fn rename_into(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, path).with_context(|| format!("cannot replace {}", path.display()))
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let shown = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let (median, least, most) =
        (shown(times.get(times.len() / 2)), shown(times.first()), shown(times.last()));
    format!("{median:>8.1}{least:>7.1}{most:>7.1}")
}
