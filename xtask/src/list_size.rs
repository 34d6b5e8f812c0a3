//! What the shipped plugins' tools cost a model: the bytes of each in `tools/list`, against the plugin's budget.
//!
//! The budget stands in the plugin's `Cargo.toml`, `[package.metadata.toolrack]`, `list-bytes`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::client::Client;
use crate::command::step;
use crate::places::{Places, Plugin};

/// A token is some four bytes of English and JSON.
const BYTES_PER_TOKEN: usize = 4;

/// Prints what each plugin costs, and fails where one costs more than its budget.
pub(crate) fn check(places: &Places, host: &Path) -> Result<()> {
    step("what the shipped tools cost a model that lists them");
    let mut over = Vec::new();
    let mut whole = 0;
    let workspace = places.workspace()?;
    for plugin in &workspace.plugins {
        let manifest = places.manifests.join(format!("{}.toml", plugin.name));
        if !manifest.exists() {
            continue;
        }
        let (tools, bytes) = cost(places, host, &manifest, &plugin.name)?;
        let budget = plugin.list_bytes.with_context(|| no_budget(plugin))?;
        println!("{:10} {tools:2} tools {bytes:6} bytes of {budget}", plugin.name);
        whole += bytes;
        if bytes > budget {
            over.push(plugin.name.as_str());
        }
    }
    println!("{:10} {whole:15} bytes, some {} tokens", "all", whole / BYTES_PER_TOKEN);
    if !over.is_empty() {
        bail!(
            "{} over the budget\n  help: say it shorter, or raise `list-bytes` in the plugin's Cargo.toml for a reason",
            over.join(", ")
        );
    }
    Ok(())
}

fn no_budget(plugin: &Plugin) -> String {
    format!(
        "{} has no budget\n  help: write `list-bytes` under [package.metadata.toolrack] in its Cargo.toml",
        plugin.name
    )
}

/// How many tools a plugin has, and how many bytes they take in the answer to `tools/list`.
fn cost(places: &Places, host: &Path, manifest: &Path, name: &str) -> Result<(usize, usize)> {
    let stage = places.target()?.join("list-size");
    let plugins = stage.join("plugins");
    let _ = fs::remove_dir_all(&plugins);
    fs::create_dir_all(&plugins)?;
    for ending in ["toml", "wasm"] {
        fs::copy(manifest.with_extension(ending), plugins.join(name).with_extension(ending))?;
    }
    // Tools that wait for a grant cost the same once they have it.
    fs::write(plugins.join(format!("{name}.local.toml")), "[plugin]\nungranted = \"show\"\n")?;
    let mut command = Command::new(host);
    command.args(["serve", "--plugins"]).arg(&plugins).env("TOOLRACK_HOME", stage.join("home"));
    let mut client = Client::start(&mut command, &stage.join("log"))?;
    let about = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "xtask", "version": "0" }
    });
    client.ask("initialize", &about)?;
    client.notify("notifications/initialized")?;
    let result = client.ask("tools/list", &json!({}))?.result;
    client.end()?;
    let tools = result["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok((tools.len(), Value::from(tools).to_string().len()))
}
