//! `toolrack list NAME`: one tool in full, or the tools of one plugin.

use std::process::ExitCode;

use anyhow::anyhow;
use serde_json::Value;

use super::super::call::{find, safe};
use super::super::output::print::println;
use super::super::setup::Setup;
use super::super::{DIM, NAME, paint, print_json};
use super::check::stem;
use super::list::{describe, print_tools};
use super::load::load_until;
use crate::catalog::{MemberWords, Tool, members};
use crate::suggestion::CommandName;
use crate::text::{escape, nearest};
use crate::tool::Annotations;

pub(crate) fn run(setup: Setup, name: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let locking = setup.locking;
    let (host, loader) = load_until(setup, name)?;
    let catalog = loader.catalog();
    drop(loader);
    match catalog.plugins().iter().find(|plugin| plugin.name.as_str() == name) {
        Some(plugin) if catalog.tool(name).is_none() => {
            let own = catalog.tools().of(plugin);
            let own: Vec<_> = own.map(|tool| &**tool).collect();
            if as_json {
                print_json(&own.iter().map(|tool| describe(tool)).collect::<Vec<_>>())?;
            } else if own.is_empty() {
                println!(
                    "no tool of {} is served; `{}` says why",
                    paint(NAME, &plugin.name),
                    CommandName::Check.with([plugin.name.as_str()])
                );
            } else {
                print_tools(&own);
            }
        }
        _ => {
            let plugins = catalog.plugins().iter().map(|plugin| plugin.name.as_str());
            let tool = find(&catalog, name, locking).map_err(|error| {
                let is_told = catalog.unlisted(name).or_else(|| catalog.hidden(name)).is_some()
                    || catalog.now_called(name).is_some();
                let near = catalog.nearest(name).map(|tool| tool.as_str());
                match plugin(name, plugins, near).filter(|_| !is_told) {
                    Some(near) => anyhow!(
                        "there is no tool and no plugin `{}`; did you mean the plugin `{near}`?",
                        escape(name)
                    ),
                    None => error,
                }
            })?;
            if as_json {
                print_json(&describe(&tool))?;
            } else {
                print(&tool);
            }
        }
    }
    host.stop();
    Ok(ExitCode::SUCCESS)
}

/// Returns the plugin of `plugins` that `typed` probably means: by one of its files, or by a slip unless the name of `tool`
/// is as near.
fn plugin<'a>(
    typed: &str,
    plugins: impl Iterator<Item = &'a str> + Clone,
    tool: Option<&'a str>,
) -> Option<&'a str> {
    let by_file = plugins.clone().find(|plugin| *plugin == stem(typed));
    by_file.or_else(|| {
        let near = nearest(typed, plugins.clone().chain(tool))?;
        plugins.into_iter().find(|plugin| *plugin == near)
    })
}

fn print(tool: &Tool) {
    let spec = &tool.spec;
    let title = spec.title.as_ref().map(|title| format!("  {}", escape(title)));
    println!("{}{}", paint(NAME, &tool.name), title.unwrap_or_default());
    for line in spec.description.lines() {
        println!("  {}", safe(line));
    }
    let schema = |text: &str| -> Value { crate::json::value(text).unwrap_or_default() };
    print_members("takes", &members(&schema(spec.input_schema.get())));
    if let Some(output) = &spec.output_schema {
        print_members("gives", &members(&schema(output.get())));
    }
    let hints = hints(spec.annotations);
    if !hints.is_empty() {
        println!("\nit says that it {}", hints.join(", "));
    }
    let plugin = &tool.plugin;
    let (name, version) = (paint(NAME, &plugin.name), plugin.digest.short());
    println!("\nfrom the plugin {name}, version {version}, in {}", paint(DIM, &plugin.file));
}

fn print_members(verb: &str, members: &[MemberWords]) {
    if members.is_empty() {
        return println!("\n{verb} nothing that it describes");
    }
    println!("\n{verb}");
    for member in members {
        let indent = "  ".repeat(member.depth + 1);
        let optional = if member.is_required { "" } else { ", optional" };
        println!("{indent}{}  {}{optional}", paint(NAME, &member.name), member.takes);
        if let Some(description) = &member.description {
            println!("{indent}    {}", paint(DIM, description));
        }
    }
}

/// Returns the hints in words, each as the end of a sentence.
fn hints(annotations: Annotations) -> Vec<&'static str> {
    let Annotations { read_only, destructive, idempotent, open_world } = annotations;
    let says = |hint: Option<bool>, yes: &'static str, no: &'static str| {
        hint.map(|hint| if hint { yes } else { no })
    };
    let hints = [
        says(read_only, "changes nothing", "changes something"),
        says(destructive, "may destroy something", "destroys nothing"),
        says(
            idempotent,
            "does no more when it is called again",
            "may do more when it is called again",
        ),
        says(open_world, "reaches beyond this machine", "stays on this machine"),
    ];
    hints.into_iter().flatten().collect()
}
