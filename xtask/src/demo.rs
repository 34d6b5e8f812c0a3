//! `cargo xtask demo`: one session with the host, shown as it happens.
//!
//! It checks what it shows: a demo that goes wrong ends in an error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::build;
use crate::client::{Answer, Client};
use crate::command::step;
use crate::places::Places;
use crate::scenes::{
    DROPPED, DROPPING, ENDLESS, GREEDY, HOARDING, LOOPING, MISTAKE, MISTAKEN, SCENES, Scene,
};

/// How often the demo pings while a tool runs away.
const PING_EVERY: Duration = Duration::from_millis(400);

const CHANGED: &str = "notifications/tools/list_changed";

/// Builds, plays the session and says how to register the host.
pub(crate) fn run(places: &Places, words: &[&str]) -> Result<()> {
    let given = match words {
        [] => None,
        ["--host", file] => Some(std::path::absolute(file)?),
        _ => bail!("`demo` takes nothing but --host FILE"),
    };
    let host = match given {
        Some(given) => build::host(places, Some(&given))?,
        None => build::for_demo(places)?,
    };
    let stage = stage(places)?;
    step(
        "a session, as an MCP client has it: -> is what the client sends, <- what the host answers",
    );
    let mut command = Command::new(&host);
    command.arg("serve").arg("--plugins").arg(&places.manifests).arg("--plugins").arg(&stage);
    let mut client = Client::start(&mut command, &stage.join("log.txt"))?;
    open(&mut client)?;
    for scene in &SCENES {
        play(&mut client, scene, End::Succeeds)?;
    }
    title(MISTAKEN);
    play(&mut client, &MISTAKE, End::Fails)?;
    title(LOOPING);
    run_away(&mut client)?;
    title(HOARDING);
    play(&mut client, &GREEDY, End::Fails)?;
    play(&mut client, &SCENES[0], End::Succeeds)?;
    title(DROPPING);
    drop_in(&mut client, &places.manifests, &stage)?;
    title("the client closes stdin, and the host ends");
    let (status, took) = client.end()?;
    ensure!(status.success(), "the host ended with {status}");
    println!("<- {}  {status}", time(took));
    register(&host, &places.manifests);
    Ok(())
}

/// A plugin directory of its own for the plugin that nobody is to install.
fn stage(places: &Places) -> Result<PathBuf> {
    let stage = places.target()?.join("demo");
    fs::create_dir_all(&stage).with_context(|| format!("cannot create {}", stage.display()))?;
    for left in ["dropped.toml", "dropped.wasm"] {
        // By a demo that was interrupted.
        let _ = fs::remove_file(stage.join(left));
    }
    let workspace = places.workspace()?;
    let runaway = workspace.plugin("runaway")?;
    build::publish(&build::built(&workspace, runaway), &stage.join("runaway.wasm"))?;
    build::publish(&runaway.folder.join("runaway.toml"), &stage.join("runaway.toml"))?;
    Ok(stage)
}

fn open(client: &mut Client) -> Result<()> {
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "demo", "version": "0"},
    });
    println!("\n-> initialize");
    let Answer { result, took } = client.ask("initialize", &params)?;
    let [name, version] = ["name", "version"].map(|key| text(&result["serverInfo"][key]));
    println!("<- {}  {name} {version}, MCP {}", time(took), text(&result["protocolVersion"]));
    client.notify("notifications/initialized")?;

    println!("\n-> tools/list");
    let Answer { result, took } = client.ask("tools/list", &json!({}))?;
    let tools = result["tools"].as_array().context("tools/list answers without tools")?;
    println!(
        "<- {}  {} tools; the first list waits until all are compiled",
        time(took),
        tools.len()
    );
    for tool in tools {
        let first = text(&tool["description"]).lines().next().unwrap_or_default();
        println!("   {:<28} {}", text(&tool["name"]), shortened(first, 66));
    }
    Ok(())
}

/// How a call is to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Succeeds,
    Fails,
}

fn play(client: &mut Client, scene: &Scene, end: End) -> Result<()> {
    let params = params(scene)?;
    println!("\n-> tools/call {} {}", scene.tool, scene.arguments);
    let answer = client.ask("tools/call", &params)?;
    show(scene, &answer, end)
}

/// Calls the tool that loops, pings and calls others until the host has stopped it.
fn run_away(client: &mut Client) -> Result<()> {
    println!("\n-> tools/call {} {}", ENDLESS.tool, ENDLESS.arguments);
    let endless = client.send("tools/call", &params(&ENDLESS)?)?;
    let mut pings = 0;
    let stopped = loop {
        if let Some(answer) = client.poll(&endless, PING_EVERY)? {
            break answer;
        }
        let ping = client.ask("ping", &json!({}))?;
        println!("   -> ping   <- {}", time(ping.took));
        pings += 1;
        if pings == 2 {
            let other = client.ask("tools/call", &params(&SCENES[0])?)?;
            println!(
                "   -> tools/call {}   <- {}  {}",
                SCENES[0].tool,
                time(other.took),
                said(&other.result)
            );
        }
    };
    ensure!(
        pings >= 2,
        "the endless loop ended after {:?}, too early to see anything",
        stopped.took
    );
    show(&ENDLESS, &stopped, End::Fails)
}

/// Installs a plugin under the running client, calls it, and takes it away again.
fn drop_in(client: &mut Client, plugins: &Path, stage: &Path) -> Result<()> {
    let [manifest, wasm] = ["toml", "wasm"].map(|end| stage.join("dropped").with_extension(end));
    println!("\n   cp dropped.wasm dropped.toml {}", stage.display());
    let at = Instant::now();
    build::publish(&plugins.join("hello.wasm"), &wasm)?;
    fs::write(&manifest, "")?;
    println!("<- {}  {CHANGED}", time(listed(client, true)?.saturating_duration_since(at)));
    play(client, &DROPPED, End::Succeeds)?;
    println!("\n   rm dropped.wasm dropped.toml");
    let at = Instant::now();
    fs::remove_file(&manifest)?;
    fs::remove_file(&wasm)?;
    println!("<- {}  {CHANGED}", time(listed(client, false)?.saturating_duration_since(at)));
    Ok(())
}

/// Waits until the plugin's tool is listed, or is not any more, and says when the client was told of a change. One that
/// came before the files were copied is of something else.
fn listed(client: &mut Client, is_wanted: bool) -> Result<Instant> {
    loop {
        let at = client.notified(CHANGED)?;
        let Answer { result, .. } = client.ask("tools/list", &json!({}))?;
        let mut tools = result["tools"].as_array().into_iter().flatten();
        if tools.any(|tool| tool["name"] == DROPPED.tool) == is_wanted {
            return Ok(at);
        }
    }
}

/// Shows an answer and checks it against the scene.
fn show(scene: &Scene, answer: &Answer, end: End) -> Result<()> {
    let said = said(&answer.result);
    let error = answer.result["isError"] == true;
    println!("<- {}  {}{said}", time(answer.took), if error { "error: " } else { "" });
    let (tool, expected) = (scene.tool, scene.answer);
    match end {
        End::Succeeds => ensure!(!error, "{tool} was expected to succeed"),
        End::Fails => ensure!(error, "{tool} was expected to fail"),
    }
    ensure!(said.contains(expected), "{tool}'s answer was expected to contain `{expected}`");
    Ok(())
}

fn register(host: &Path, plugins: &Path) {
    let (host, plugins) = (host.display().to_string(), plugins.display().to_string());
    title("now with your own client");
    println!("\nClaude Code:");
    println!("  claude mcp add --scope user toolrack -- {host} serve --plugins {plugins}");
    println!("\nAny client that reads .mcp.json:");
    // Through JSON, because a path may hold what JSON has to escape.
    let (command, arguments) = (json!(host), json!(["serve", "--plugins", plugins]));
    println!("{{\n  \"mcpServers\": {{\n    \"toolrack\": {{");
    println!("      \"command\": {command},\n      \"args\": {arguments}\n    }}\n  }}\n}}");
}

fn params(scene: &Scene) -> Result<Value> {
    let arguments: Value = serde_json::from_str(scene.arguments).context("a scene's arguments")?;
    Ok(json!({"name": scene.tool, "arguments": arguments}))
}

fn title(what: &str) {
    println!("\n-- {what} --");
}

fn said(result: &Value) -> String {
    let blocks = result["content"].as_array().into_iter().flatten();
    let texts: Vec<_> = blocks.map(|block| text(&block["text"])).collect();
    shortened(&texts.join("\n   "), 600)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("(no text)")
}

fn time(took: Duration) -> String {
    format!("{:>7.1} ms", took.as_secs_f64() * 1000.0)
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_scenes_of_this_demo() {
        let readme = include_str!("../../README.md");
        let shown = readme.split("A part of what the demo shows").nth(1).expect("the recording");
        let shown = shown.split("```").nth(1).expect("a block");
        let scenes = SCENES.iter().chain([&MISTAKE, &ENDLESS, &GREEDY, &DROPPED]);
        let calls: Vec<_> = scenes
            .map(|scene| {
                (format!("-> tools/call {} {}", scene.tool, scene.arguments), scene.answer)
            })
            .collect();
        let titles = [MISTAKEN, LOOPING, HOARDING, DROPPING].map(|title| format!("-- {title} --"));
        let mut seen = 0;
        let mut expected = "";
        for line in shown.lines() {
            if line.starts_with("-- ") {
                assert!(titles.iter().any(|title| title == line), "no such scene: {line}");
            } else if line.starts_with("-> ") {
                let call = calls.iter().find(|(call, _)| call == line);
                expected = call.unwrap_or_else(|| panic!("no such call: {line}")).1;
                seen += 1;
            } else if line.starts_with("<- ") && !line.ends_with(CHANGED) {
                assert!(line.contains(expected), "`{expected}` is not in {line}");
            }
        }
        assert_eq!(seen, 3);
    }
}
