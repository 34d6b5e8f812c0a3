//! `toolrack check`: what would be served, with which limits and grants, and what is refused and why.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::doctor::loose_files;
use super::list::nothing_in;
use super::load::load;
use super::print::println;
use super::{DIM, ERROR, GOOD, NAME, Setup, counted, paint, print_json};
use super::{grants, local};
use crate::catalog::{Catalog, Plugin, Refusal, Refused};
use crate::manifest::{grouped, show_duration};

pub(super) fn run(setup: Setup, as_json: bool) -> anyhow::Result<ExitCode> {
    let directories = setup.plugins.clone();
    let (host, catalog) = load(setup)?;
    if as_json {
        print_json(&report(&catalog))?;
    } else {
        print(&catalog);
        for loose in directories.iter().flat_map(|directory| loose_files(directory)) {
            println!("{} {}; {}", paint(ERROR, "warning"), loose.problem, loose.advice);
        }
        if catalog.plugins().is_empty() && catalog.refusals().is_empty() {
            println!("{}", nothing_in(&directories));
        }
    }
    host.stop();
    let refused = catalog.count_refused() > 0;
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn report(catalog: &Catalog) -> Value {
    let plugins = catalog.plugins().iter().map(|plugin| {
        let limits = plugin.limits();
        json!({
            "name": plugin.name.as_str(),
            "manifest": plugin.file,
            "sha256": plugin.digest.to_string(),
            "tools": tools_of(catalog, plugin).collect::<Vec<_>>(),
            "limits": {
                "fuel": limits.fuel,
                "cpuMs": limits.cpu.as_millis(),
                "memoryBytes": limits.memory.get(),
                "timeoutMs": limits.timeout.as_millis(),
                "outputBytes": limits.output.get(),
                "concurrency": limits.concurrency,
                "crashes": limits.crashes,
                "rate": limits.rate.map(|rate| rate.to_string()),
            },
            "grants": grants::report(plugin.grants()),
            "secretsWithoutValue": missing_secrets(plugin),
            "local": plugin.decisions().map(|decisions| local::report(&plugin.file, decisions)),
        })
    });
    let (refusals, warnings): (Vec<_>, Vec<_>) =
        catalog.refusals().iter().partition(|refusal| refusal.is_refusal());
    let shown = |refusals: &[&Refusal]| {
        let each = refusals.iter();
        each.map(|refusal| json!({ "file": refusal.file, "reason": refusal.reason }))
            .collect::<Vec<_>>()
    };
    json!({
        "plugins": plugins.collect::<Vec<_>>(),
        "refusals": shown(&refusals),
        "warnings": shown(&warnings),
    })
}

fn missing_secrets(plugin: &Plugin) -> Vec<String> {
    plugin.missing_secrets().into_iter().map(|missing| missing.name.to_string()).collect()
}

fn print(catalog: &Catalog) {
    for plugin in catalog.plugins() {
        let tools: Vec<_> = tools_of(catalog, plugin).collect();
        let verdict =
            if tools.is_empty() { paint(ERROR, "no tools served") } else { paint(GOOD, "ok") };
        println!("{verdict} {}  {}", paint(NAME, &plugin.name), paint(DIM, &plugin.file));
        print_details(&tools, plugin);
    }
    catalog.refusals().iter().for_each(print_refusal);
    println!(
        "{} with {} served, {} refused",
        counted(catalog.plugins().len(), "plugin"),
        counted(catalog.tools().count(), "tool"),
        catalog.count_refused()
    );
}

/// Prints the tools of a plugin, its limits and its grants, below the line that names it.
pub(super) fn print_details(tools: &[&str], plugin: &Plugin) {
    for tool in tools {
        println!("     {tool}");
    }
    let limits = plugin.limits();
    let limits = format!(
        "limits a call: fuel {}, cpu {}, memory {}, timeout {}, output {}, {} at once{}",
        grouped(limits.fuel),
        show_duration(limits.cpu),
        limits.memory,
        show_duration(limits.timeout),
        limits.output,
        limits.concurrency,
        limits.rate.map(|rate| format!(", {rate}")).unwrap_or_default(),
    );
    println!("     {}", paint(DIM, limits));
    for line in grants::words(plugin.grants()) {
        println!("     {line}");
    }
    for missing in plugin.missing_secrets() {
        println!("     {}", paint(ERROR, missing));
    }
    for line in
        plugin.decisions().iter().flat_map(|decisions| local::words(&plugin.file, decisions))
    {
        println!("     {line}");
    }
}

/// Prints what is refused, and the reason below it.
pub(super) fn print_refusal(refusal: &Refusal) {
    let what = match refusal.refused {
        Refused::Warning => paint(ERROR, "warning"),
        Refused::Unlisted(_) => paint(DIM, "not listed"),
        Refused::Plugin
        | Refused::Version
        | Refused::Tool(_)
        | Refused::Function(_)
        | Refused::Further(_)
        | Refused::Notes => paint(ERROR, "refused"),
    };
    println!("{what} {}", paint(NAME, &refusal.file));
    for line in refusal.reason.lines() {
        println!("     {line}");
    }
}

pub(super) fn tools_of<'a>(
    catalog: &'a Catalog,
    plugin: &'a Plugin,
) -> impl Iterator<Item = &'a str> {
    let own = catalog.tools().filter(|tool| tool.plugin.name == plugin.name);
    own.map(|tool| tool.name.as_str())
}
