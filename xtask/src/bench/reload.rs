//! What a change of a plugin costs, from the file in place to the answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::options::Options;
use super::programs::{HOST, Programs, measured};
use super::stage::Stage;
use super::table::{Table, Unit};
use crate::client::Client;
use crate::places::Places;

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

/// Changes a plugin under a running host, in every way by turns.
pub(crate) fn measure(
    places: &Places,
    programs: &Programs,
    stage: &Stage,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    let plugins = stage.path().join("changed");
    fs::create_dir_all(&plugins).with_context(|| format!("cannot create {}", plugins.display()))?;
    let mut bench = Bench { plugins, wasm: fs::read(measured(places)?)?, version: 0 };
    bench.put(Change::New)?;
    let mut host = programs.host(&bench.plugins, &stage.home());
    let mut client = Client::start(&mut host, &stage.log())?;
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "bench", "version": "0"}});
    client.ask("initialize", &params)?;
    client.notify("notifications/initialized")?;
    client.ask("tools/list", &json!({}))?;
    let changes = [
        ("manifest alone", Change::Manifest),
        ("Wasm known before", Change::Known),
        ("Wasm never seen", Change::New),
    ];
    for _ in 0..2 {
        bench.put_and_wait(Change::Known, &mut client)?;
    }
    for _ in 0..options.rounds() {
        for (name, change) in changes {
            let (told, answered) = bench.put_and_wait(change, &mut client)?;
            for (event, took) in [("list_changed", told), ("first new answer", answered)] {
                let figure = format!("reload, {name}: {event}");
                table.add(&figure, HOST, Unit::Millis, took.as_secs_f64() * 1e3);
            }
        }
    }
    client.end()?;
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
        let call = json!({"name": format!("v{}_echo", self.version), "arguments": {"text": "Ada"}});
        client.ask("tools/call", &call)?;
        Ok((told, at.elapsed()))
    }
}

/// The same code in other bytes: a custom section, which means nothing, is added.
pub(crate) fn marked(wasm: &[u8], mark: u32) -> Vec<u8> {
    let mut bytes = wasm.to_vec();
    // Section 0, ten bytes: a name of five, and the mark.
    bytes.extend([0, 10, 5, b'b', b'e', b'n', b'c', b'h']);
    bytes.extend(mark.to_le_bytes());
    bytes
}

pub(crate) fn rename_into(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, path).with_context(|| format!("cannot replace {}", path.display()))
}
