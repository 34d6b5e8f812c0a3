//! `toolrack status`: what running servers serve.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::print::println;
use super::{DIM, ERROR, GOOD, NAME, counted, paint, print_json};
use crate::manifest::Sha256Digest;
use crate::status::{
    LoadingStatus, PluginStatus, RefusalStatus, RefusedStatus, Server, Status, Told, now_ms,
    servers,
};
use crate::text::escape;
use crate::tool::{in_a_row, whole_seconds};

pub(super) fn run(
    run: Option<&Path>,
    plugins: &[PathBuf],
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let servers = run.map(servers).transpose()?.unwrap_or_default();
    if as_json {
        print_json(&servers.iter().map(describe).collect::<Vec<_>>())?;
    } else if servers.is_empty() {
        println!("no server is running; your MCP client starts one, or try it by hand:");
        println!("  {}", start_by_hand(plugins.first().map(PathBuf::as_path)));
    } else {
        servers.iter().for_each(print);
    }
    Ok(ExitCode::SUCCESS)
}

/// The command line that serves `directory`.
pub(super) fn start_by_hand(directory: Option<&Path>) -> String {
    match directory.map(|directory| escape(&directory.to_string_lossy())) {
        Some(directory) if directory.contains([' ', '\'']) => {
            format!("toolrack serve --plugins \"{directory}\"")
        }
        Some(directory) => format!("toolrack serve --plugins {directory}"),
        None => "toolrack serve --plugins DIR".into(),
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
        "state": if status.published_ms.is_some() { "serving" } else { "loading" },
        "version": status.version,
        "startedMs": status.started_ms,
        "uptimeMs": now_ms().saturating_sub(status.started_ms),
        "publishedMs": status.published_ms,
        "directories": status.directories,
        "watching": status.watching,
        "loading": loading.collect::<Vec<_>>(),
        "plugins": plugins.collect::<Vec<_>>(),
        "refusals": status.refusals,
    })
}

/// Why the plugin's newest version is not the one that is served.
fn older<'a>(status: &'a Status, plugin: &PluginStatus) -> Option<&'a RefusalStatus> {
    let own = |refusal: &&RefusalStatus| {
        refusal.file == plugin.file && refusal.refused == RefusedStatus::Version
    };
    status.refusals.iter().find(own)
}

fn print(server: &Server) {
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
    if status.published_ms.is_none() {
        println!("  it loads its plugins");
    }
    let is_served = |file: &str| status.plugins.iter().any(|plugin| plugin.file == file);
    for loading in status.loading.iter().filter(|loading| !is_served(&loading.file)) {
        let time = loading_time(loading);
        println!("  {} is being loaded, for {time} now", paint(NAME, escape(&loading.name)));
    }
    for plugin in &status.plugins {
        print_plugin(status, plugin);
    }
    let shown_with_plugin = |refusal: &&RefusalStatus| {
        let of = status.plugins.iter().find(|plugin| plugin.file == refusal.file);
        of.and_then(|plugin| older(status, plugin)).is_some_and(|older| older == *refusal)
    };
    for refusal in status.refusals.iter().filter(|refusal| !shown_with_plugin(refusal)) {
        let file = paint(NAME, escape(&refusal.file));
        match refusal.refused {
            RefusedStatus::Warning => println!("  {} {file}:", paint(ERROR, "warning")),
            RefusedStatus::Plugin
            | RefusedStatus::Version
            | RefusedStatus::Tool(_)
            | RefusedStatus::Further(_)
            | RefusedStatus::Notes => println!("  {} {file}, because", paint(ERROR, "refused")),
        }
        print_reason(&refusal.reason);
    }
}

/// How long a plugin has been loading, in words.
fn loading_time(loading: &LoadingStatus) -> String {
    uptime(Duration::from_millis(now_ms().saturating_sub(loading.since_ms)))
}

fn print_plugin(status: &Status, plugin: &PluginStatus) {
    let name = paint(NAME, escape(&plugin.name));
    let version = plugin.sha256.parse::<Sha256Digest>().map(|digest| digest.short());
    let version = paint(DIM, version.unwrap_or_else(|_| escape(&plugin.sha256)));
    match older(status, plugin) {
        None if plugin.tools.is_empty() => {
            println!("  {name} {version}  {}", paint(ERROR, "no tools served"));
        }
        None => {
            let loading = status.loading.iter().find(|loading| loading.file == plugin.file);
            let compiling =
                loading.map(|loading| format!(", compiling for {}", loading_time(loading)));
            let compiling = compiling.unwrap_or_default();
            println!("  {name} {version}  {}{compiling}", paint(GOOD, "serving"));
        }
        Some(refusal) => {
            let older = paint(ERROR, "serving an older version");
            println!("  {name} {version}  {older}, because");
            print_reason(&refusal.reason);
        }
    }
    if let Some(paused) = &plugin.paused {
        let next = match paused.until_ms.map(|until| until.saturating_sub(now_ms())) {
            None => "one call tries it now".into(),
            Some(0) => "the next call tries it".into(),
            Some(left) => {
                let seconds = whole_seconds(Duration::from_millis(left));
                format!("it is left alone for {seconds} s")
            }
        };
        println!(
            "    {}",
            paint(ERROR, format!("it crashed {}, and {next}", in_a_row(paused.crashes)))
        );
        print_reason(&paused.reason);
    }
    let width = plugin.tools.iter().map(|tool| escape(&tool.name).len()).max().unwrap_or(0);
    for tool in &plugin.tools {
        let name = escape(&tool.name);
        let padding = " ".repeat(width - name.len());
        let calls = counted(tool.calls, "call");
        let errors = counted(tool.errors, "error");
        let errors = if tool.errors == 0 { errors } else { paint(ERROR, errors) };
        println!("    {name}{padding}  {calls}, {errors}");
    }
}

fn print_reason(reason: &str) {
    for line in reason.lines() {
        println!("    {}", escape(line));
    }
}

/// A time as people say it, in its two largest units.
fn uptime(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_two_units() {
        for (seconds, expected) in
            [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(uptime(Duration::from_secs(seconds)), expected);
        }
    }
}
