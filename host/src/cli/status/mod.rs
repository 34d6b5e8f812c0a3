//! `toolrack status`: what running servers serve.

pub(super) mod uptime;
mod tools_table;
mod plugin;

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::output::print::{println, reader_has_gone};
use super::{DIM, ERROR, NAME, counted, paint, print_json};
use crate::install::plugin_meant;
use crate::redis::RedisHealth;
use crate::status::{AuditStatus, RefusalStatus, RefusedStatus, Server, Told, now_ms, servers};
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::{escape, escape_json};
use plugin::{loading_time, older, print_reason};
use uptime::uptime;

/// The time between two looks at what servers tell: they tell it anew as often.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Goes to the top of the terminal and clears all below.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

#[derive(Args)]
pub(super) struct StatusArguments {
    /// Show this plugin alone
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// Show it anew each second, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Print JSON; with --watch an array a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    arguments: &StatusArguments,
    run: Option<&Path>,
    plugins: &[PathBuf],
) -> anyhow::Result<ExitCode> {
    let is_terminal = std::io::stdout().is_terminal();
    let mut is_first = true;
    loop {
        let mut servers = run.map(servers).transpose()?.unwrap_or_default();
        if let Some(name) = &arguments.plugin {
            match keep(name, &mut servers) {
                // It was there, and may come again.
                Err(_) if !is_first => {}
                found => found?,
            }
        }
        if arguments.watch && is_terminal && !arguments.json {
            // A terminal without colours is cleared, too.
            std::io::stdout().write_all(CLEAR.as_bytes())?;
        } else if !is_first && !arguments.json {
            println!("");
        }
        show(&servers, arguments, plugins)?;
        if !arguments.watch || reader_has_gone() {
            return Ok(ExitCode::SUCCESS);
        }
        is_first = false;
        std::thread::sleep(WATCH_INTERVAL);
    }
}

fn show(
    servers: &[Server],
    arguments: &StatusArguments,
    plugins: &[PathBuf],
) -> anyhow::Result<()> {
    if arguments.json {
        let described: Vec<_> = servers.iter().map(describe).collect();
        match arguments.watch {
            true => println!("{}", escape_json(&Value::from(described).to_string())),
            false => print_json(&described)?,
        }
    } else if servers.is_empty() {
        println!("no server is running; your MCP client starts one, or try it by hand:");
        println!("  {}", start_by_hand(plugins.first().map(PathBuf::as_path)));
    } else {
        let width = terminal_size::terminal_size().map_or(usize::MAX, |(width, _)| width.0.into());
        servers.iter().for_each(|server| print(server, width));
    }
    Ok(())
}

/// Leaves the servers that have a plugin of this name, with nothing else.
fn keep(name: &str, servers: &mut Vec<Server>) -> anyhow::Result<()> {
    let mut known = BTreeSet::new();
    let is_any = !servers.is_empty();
    servers.retain_mut(|server| {
        let Told::Status(status) = &mut server.told else { return false };
        known.extend(status.plugins.iter().map(|plugin| plugin.name.clone()));
        // A plugin that is refused is known by its file.
        let is_its_file = |file: &str| Path::new(file).file_stem().is_some_and(|stem| stem == name);
        let served = status.plugins.iter().filter(|plugin| plugin.name == name);
        let files: BTreeSet<_> = served.map(|plugin| plugin.file.clone()).collect();
        status.plugins.retain(|plugin| plugin.name == name);
        status.loading.retain(|loading| loading.name == name);
        status.refusals.retain(|one| files.contains(&one.file) || is_its_file(&one.file));
        !(status.plugins.is_empty() && status.loading.is_empty() && status.refusals.is_empty())
    });
    if is_any && servers.is_empty() {
        let near = plugin_meant(name, known.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{}`?", escape(near)));
        bail!("no running server has a plugin `{}`{}", escape(name), near.unwrap_or_default());
    }
    Ok(())
}

/// The command line that serves `directory`.
pub(super) fn start_by_hand(directory: Option<&Path>) -> SuggestedCommand {
    match directory {
        Some(directory) => CommandName::Serve.alone().in_directories([directory]),
        None => CommandName::Serve.alone().option("--plugins", "DIR"),
    }
}

fn describe(server: &Server) -> Value {
    let pid = server.place.pid();
    let status = match &server.told {
        Told::Nothing => return json!({ "pid": pid, "state": "starting" }),
        Told::Unreadable(why) => return json!({ "pid": pid, "state": "unknown", "reason": why }),
        Told::Status(status) => status,
    };
    let plugins = status.plugins.iter().map(|plugin| {
        let older = older(status, plugin);
        json!({
            "name": plugin.name,
            "manifest": plugin.file,
            "sha256": plugin.sha256,
            "state": if older.is_some() { "older" } else { "serving" },
            "reason": older.map(|refusal| &refusal.reason),
            "paused": plugin.paused,
            "tools": plugin.tools,
        })
    });
    let loading = status.loading.iter().map(|loading| {
        json!({ "name": loading.name, "manifest": loading.file, "sinceMs": loading.since_ms })
    });
    json!({
        "pid": pid,
        "state": match (status.is_ending, status.published_ms) {
            (true, _) => "ending",
            (false, Some(_)) => "serving",
            (false, None) => "loading",
        },
        "version": status.version,
        "startedMs": status.started_ms,
        "uptimeMs": now_ms().saturating_sub(status.started_ms),
        "publishedMs": status.published_ms,
        "directories": status.directories,
        "address": status.address,
        "audit": status.audit,
        "redis": status.redis,
        "watching": status.watching,
        "loading": loading.collect::<Vec<_>>(),
        "plugins": plugins.collect::<Vec<_>>(),
        "refusals": status.refusals,
    })
}

fn print(server: &Server, width: usize) {
    let name = paint(NAME, format!("server {}", server.place.pid()));
    let status = match &server.told {
        Told::Nothing => return println!("{name}  it has only just started"),
        Told::Unreadable(why) => {
            let why = escape(why);
            return println!("{name}  what it tells cannot be read: {why}; is it another version?");
        }
        Told::Status(status) => status,
    };
    let up = uptime(Duration::from_millis(now_ms().saturating_sub(status.started_ms)));
    let (version, watching) = (escape(&status.version), escape(&status.watching));
    println!("{name}  toolrack {version}, up {up}, {watching}");
    for directory in &status.directories {
        println!("  {}", paint(DIM, escape(directory)));
    }
    if let Some(address) = &status.address {
        println!("  {}", reached_at(address));
    }
    if let Some(said) = status.audit.as_ref().and_then(audit_trouble) {
        println!("  {} {said}", paint(ERROR, "warning"));
    }
    match status.redis {
        Some(RedisHealth::Connected) => println!("  redis: connected"),
        Some(RedisHealth::Away) => println!("  redis: away, it counts and keeps by itself"),
        None => {}
    }
    if status.is_ending {
        println!("  it is about to end: a signal came, and what runs is answered before");
    }
    if status.published_ms.is_none() {
        println!("  it loads its plugins");
    }
    for served in &status.plugins {
        plugin::print(status, served, width);
    }
    let is_served = |file: &str| status.plugins.iter().any(|plugin| plugin.file == file);
    for loading in status.loading.iter().filter(|loading| !is_served(&loading.file)) {
        let time = loading_time(loading);
        println!("  {} is being loaded, for {time} now", paint(NAME, escape(&loading.name)));
    }
    let shown_with_plugin = |refusal: &&RefusalStatus| {
        let of = status.plugins.iter().find(|plugin| plugin.file == refusal.file);
        of.and_then(|plugin| older(status, plugin)).is_some_and(|older| older == *refusal)
    };
    let mut above = None;
    for refusal in status.refusals.iter().filter(|refusal| !shown_with_plugin(refusal)) {
        let file = paint(NAME, escape(&refusal.file));
        let head = match refusal.refused {
            RefusedStatus::Warning => format!("{} {file}:", paint(ERROR, "warning")),
            RefusedStatus::Unlisted(_) | RefusedStatus::FurtherUnlisted(_) => {
                format!("{} {file}:", paint(DIM, "not listed"))
            }
            RefusedStatus::Tool(_) | RefusedStatus::Further(_) => {
                format!("{} {file}:", paint(ERROR, "partly served"))
            }
            RefusedStatus::Plugin | RefusedStatus::Version | RefusedStatus::Notes => {
                format!("{} {file}, because", paint(ERROR, "refused"))
            }
        };
        if above.as_ref() != Some(&head) {
            println!("  {head}");
        }
        above = Some(head);
        print_reason(&refusal.reason);
    }
}

/// Says what is wrong with the audit log of a server, if anything is.
pub(in crate::cli) fn audit_trouble(audit: &AuditStatus) -> Option<String> {
    let AuditStatus { waiting, lost, problem } = audit;
    let lost =
        (*lost > 0).then(|| format!("{} of the audit log were lost", counted(*lost, "line")));
    let problem = problem.as_deref().map(|problem| {
        format!("{}; {} so far that it lacks", escape(problem), counted(*waiting, "line"))
    });
    let said: Vec<_> = problem.into_iter().chain(lost).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// Says how clients reach a server at `address`. No client can be given an address that stands for all of a machine.
fn reached_at(address: &str) -> String {
    for every in ["://0.0.0.0:", "://[::]:"] {
        if let Some((scheme, rest)) = address.split_once(every) {
            let (scheme, rest) = (escape(scheme), escape(rest));
            return format!(
                "it listens on every address of this machine: clients reach it at {scheme}://HOST:{rest}, with a name \
                 or an address of the machine in place of HOST"
            );
        }
    }
    format!("clients reach it at {}", escape(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_no_client_can_use_is_not_given_to_them() {
        for (address, said) in [
            ("http://127.0.0.1:8787/mcp", "clients reach it at http://127.0.0.1:8787/mcp"),
            ("https://0.0.0.0:1/mcp", "https://HOST:1/mcp"),
            ("http://[::]:1/mcp", "http://HOST:1/mcp"),
            ("unix:/run/t.sock", "unix:/run/t.sock"),
        ] {
            let told = reached_at(address);
            assert!(told.contains(said) && !told.contains("0.0.0.0"), "{told}");
        }
    }

    #[test]
    fn a_time_has_two_units() {
        for (seconds, expected) in
            [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(uptime(Duration::from_secs(seconds)), expected);
        }
    }
}
