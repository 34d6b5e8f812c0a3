//! `toolrack check`: what would be served, with which limits and grants, and what is refused and why.

use std::collections::BTreeSet;
use std::path::{MAIN_SEPARATOR, Path};
use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use super::super::configured_files::LooseConfiguration;
use super::super::doctor::loose_files;
use super::super::output::print::println;
use super::super::output::{grants, local};
use super::super::setup::{DirectoriesFrom, Setup};
use super::super::{DIM, ERROR, GOOD, NAME, counted, paint, print_json};
use super::list::nothing_in;
use super::load::load;
use crate::catalog::{Catalog, Plugin, Refusal, RefusalCount, Refused};
use crate::configuration::StatedKey;
use crate::install::plugin_meant;
use crate::lockfile::LOCK_FILE;
use crate::manifest::{grouped, show_duration};
use crate::suggestion::CommandName;
use crate::text::{escape, nearest};

/// `unusable` is what `serve` would refuse in the configuration.
pub(crate) fn run(
    setup: Setup,
    names: &[String],
    unusable: &[String],
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let directories = setup.plugins.clone();
    let (configuration, plugins_from) = (setup.configuration.clone(), setup.plugins_from);
    let configured = setup.configured.clone();
    let (host, catalog) = load(setup)?;
    let chosen = Chosen::new(&catalog, names)?;
    if as_json {
        print_json(&report(&catalog, &chosen, &configuration.keys, unusable))?;
    } else {
        print(&catalog, &chosen);
        let loose = directories.iter().flat_map(|directory| loose_files(directory));
        for loose in loose.filter(|loose| chosen.concerns(names, loose.stem.as_deref())) {
            println!("{} {}; {}", paint(ERROR, "warning"), loose.problem, loose.advice);
        }
        if names.is_empty() {
            for LooseConfiguration { problem, advice } in configured.loose() {
                println!("{} {problem}; {advice}", paint(ERROR, "warning"));
            }
            print_configuration(&configuration.keys, plugins_from);
        }
        for problem in unusable {
            println!("{} {problem}; `serve` does not start", paint(ERROR, "refused"));
        }
        if names.is_empty() && catalog.plugins().is_empty() && catalog.refusals().is_empty() {
            println!("{}", nothing_in(&directories));
        }
    }
    host.stop();
    let refused = chosen.count_refused() != RefusalCount::default() || !unusable.is_empty();
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The plugins of a catalog that a person asks for, and what is refused of them.
struct Chosen<'a> {
    plugins: Vec<&'a Plugin>,
    refusals: Vec<&'a Refusal>,
}

impl<'a> Chosen<'a> {
    /// Chooses the plugins of these names, or all where there are none.
    fn new(catalog: &'a Catalog, names: &[String]) -> anyhow::Result<Self> {
        let plugins = catalog.plugins().iter().map(|plugin| &**plugin);
        let refusals = catalog.refusals().iter();
        if names.is_empty() {
            return Ok(Self { plugins: plugins.collect(), refusals: refusals.collect() });
        }
        let is_asked = |name: &str| names.iter().any(|asked| asked == name);
        let plugins: Vec<_> = plugins
            .filter(|plugin| is_asked(plugin.name.as_str()) || is_asked(stem(&plugin.file)))
            .collect();
        let files: Vec<_> = plugins.iter().map(|plugin| stem(&plugin.file)).collect();
        let mut refusals: Vec<_> = refusals
            .filter(|refusal| {
                let stem = stem(&refusal.file);
                is_asked(stem) || files.contains(&stem)
            })
            .collect();
        // A lock that cannot be used holds back whatever lies beside it.
        let beside: BTreeSet<_> = plugins
            .iter()
            .map(|plugin| Path::new(&plugin.file).parent())
            .chain(refusals.iter().map(|refusal| Path::new(&refusal.file).parent()))
            .collect();
        let locks: Vec<_> = catalog
            .refusals()
            .iter()
            .filter(|refusal| {
                let path = Path::new(&refusal.file);
                path.ends_with(LOCK_FILE) && beside.contains(&path.parent())
            })
            .collect();
        let found: Vec<_> = plugins
            .iter()
            .flat_map(|plugin| [plugin.name.as_str(), stem(&plugin.file)])
            .chain(refusals.iter().map(|refusal| stem(&refusal.file)))
            .collect();
        if let Some(unknown) = names.iter().find(|name| !found.contains(&name.as_str())) {
            let known = catalog.plugins().iter().map(|plugin| plugin.name.as_str());
            bail!("{}", unknown_plugin(unknown, known));
        }
        refusals.extend(locks);
        Ok(Self { plugins, refusals })
    }

    /// True if files of this name, or the lock where it is `None`, decide of what was chosen by `names`.
    fn concerns(&self, names: &[String], file: Option<&str>) -> bool {
        let Some(file) = file.filter(|_| !names.is_empty()) else { return true };
        let plugins = self.plugins.iter().map(|plugin| stem(&plugin.file));
        let refused = self.refusals.iter().map(|refusal| stem(&refusal.file));
        plugins.chain(refused).any(|own| own == file)
    }

    fn count_refused(&self) -> RefusalCount {
        RefusalCount::of(self.refusals.iter().copied())
    }
}

/// Says that there is no plugin of this name, or that a file was named in place of one.
fn unknown_plugin<'a>(unknown: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let path = Path::new(unknown);
    if path.is_dir() {
        let (shown, check) = (escape(unknown), CommandName::Check.alone().in_directories([path]));
        return format!("`{shown}` is a directory; `{check}` checks the plugins in it");
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    if matches!(ending, Some("toml" | "wasm")) || path.components().count() > 1 {
        let stem = stem(unknown);
        if !path.exists() && !known.clone().any(|own| own == stem) {
            return format!(
                "there is no file `{}`; plugins are checked by their names, and `{}` shows those there are",
                escape(unknown),
                CommandName::Check.alone()
            );
        }
        let beside = path.parent().filter(|beside| !beside.as_os_str().is_empty());
        let check = CommandName::Check.with([stem]);
        let check = match beside.filter(|_| path.exists()) {
            Some(beside) => check.in_directories([beside]),
            None => check,
        };
        return format!(
            "`{}` is a path, and plugins are checked by their names: `{check}`",
            escape(unknown)
        );
    }
    let near = plugin_meant(unknown, known.clone()).or_else(|| nearest(unknown, known));
    let near = near.map(|near| format!("did you mean `{near}`?"));
    let advice =
        near.unwrap_or_else(|| format!("`{}` shows those there are", CommandName::Check.alone()));
    format!("there is no plugin `{}`; {advice}", escape(unknown))
}

/// The name of a plugin's file without its directory and its endings.
pub(crate) fn stem(file: &str) -> &str {
    let name = file.rsplit(MAIN_SEPARATOR).next().unwrap_or(file);
    let endings = [".local.toml", ".toml", ".wasm", ".wit"].into_iter();
    endings.filter_map(|ending| name.strip_suffix(ending)).next().unwrap_or(name)
}

/// Prints what the configuration says, and where.
fn print_configuration(keys: &[StatedKey], plugins_from: DirectoriesFrom) {
    if keys.is_empty() {
        return;
    }
    println!("{}", paint(NAME, "configuration"));
    for StatedKey { key, value, place } in keys {
        let instead = match plugins_from {
            DirectoriesFrom::Option if key == "plugins" => "; --plugins counts in its place",
            DirectoriesFrom::Variable if key == "plugins" => {
                "; TOOLRACK_PLUGINS counts in its place"
            }
            _ => "",
        };
        println!("     {key} = {value}  {}{instead}", paint(DIM, place));
    }
}

fn report(
    catalog: &Catalog,
    chosen: &Chosen<'_>,
    keys: &[StatedKey],
    unusable: &[String],
) -> Value {
    let plugins = chosen.plugins.iter().map(|plugin| {
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
                "maxTools": limits.max_tools,
                "scratchBytes": limits.scratch_bytes.get(),
                "scratchEntries": limits.scratch_entries,
                "rate": limits.rate.map(|rate| rate.to_string()),
                "concurrent": limits.concurrent,
            },
            "grants": grants::report(plugin.grants()),
            "secretsWithoutValue": missing_secrets(plugin),
            "local": plugin.decisions().map(|decisions| local::report(&plugin.file, decisions)),
        })
    });
    let (refusals, warnings): (Vec<_>, Vec<_>) =
        chosen.refusals.iter().partition(|refusal| refusal.is_refusal());
    let shown = |refusals: &[&Refusal]| {
        let each = refusals.iter();
        each.map(|refusal| json!({ "file": refusal.file, "reason": refusal.reason }))
            .collect::<Vec<_>>()
    };
    json!({
        "plugins": plugins.collect::<Vec<_>>(),
        "refusals": shown(&refusals),
        "warnings": shown(&warnings),
        "configuration": keys
            .iter()
            .map(|StatedKey { key, value, place }| json!({ "key": key, "value": value, "place": &**place }))
            .collect::<Vec<_>>(),
        "configurationRefused": unusable,
    })
}

fn missing_secrets(plugin: &Plugin) -> Vec<String> {
    plugin.missing_secrets().into_iter().map(|missing| missing.name.to_string()).collect()
}

fn print(catalog: &Catalog, chosen: &Chosen<'_>) {
    for plugin in &chosen.plugins {
        let tools: Vec<_> = tools_of(catalog, plugin).collect();
        let verdict =
            if tools.is_empty() { paint(ERROR, "no tools served") } else { paint(GOOD, "ok") };
        println!("{verdict} {}  {}", paint(NAME, &plugin.name), paint(DIM, &plugin.file));
        print_details(&tools, plugin);
    }
    print_refusals(chosen.refusals.iter().copied());
    let tools = chosen.plugins.iter().map(|plugin| tools_of(catalog, plugin).count());
    let refused = chosen.count_refused();
    let parts = match refused.parts {
        0 => String::new(),
        parts => format!(", {} not served", counted(parts, "tool")),
    };
    println!(
        "{} with {} served, {} refused{parts}",
        counted(chosen.plugins.len(), "plugin"),
        counted(tools.sum::<usize>(), "tool"),
        refused.whole()
    );
}

/// Prints the tools of a plugin, its limits and its grants, below the line that names it.
pub(crate) fn print_details(tools: &[&str], plugin: &Plugin) {
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

/// Prints what is refused, and the reasons below it: what is said of one file in a row, below one line that names it.
pub(crate) fn print_refusals<'a>(refusals: impl IntoIterator<Item = &'a Refusal>) {
    let mut above = None;
    for refusal in refusals {
        let head = head(refusal);
        if above.as_ref() != Some(&head) {
            println!("{head}");
        }
        above = Some(head);
        for line in refusal.reason.lines() {
            println!("     {line}");
        }
    }
}

/// The line that names what is refused.
fn head(refusal: &Refusal) -> String {
    let what = match refusal.refused {
        Refused::Warning => paint(ERROR, "warning"),
        Refused::Unlisted(..) | Refused::FurtherUnlisted(_) => paint(DIM, "not listed"),
        Refused::Feature(..) | Refused::Function(_) | Refused::Further(_) => {
            paint(ERROR, "partly served")
        }
        Refused::Plugin | Refused::Version | Refused::Notes => paint(ERROR, "refused"),
    };
    format!("{what} {}", paint(NAME, &refusal.file))
}

pub(crate) fn tools_of<'a>(
    catalog: &'a Catalog,
    plugin: &'a Plugin,
) -> impl Iterator<Item = &'a str> {
    let own = catalog.tools().of(plugin);
    own.map(|tool| tool.name.as_str())
}
