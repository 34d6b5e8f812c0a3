//! `toolrack list`: the tools, as a client would see them.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::super::output::print::{eprintln, println};
use super::super::setup::Setup;
use super::super::{DIM, NAME, NO_DIRECTORY, counted, paint, print_json, shown};
use super::load::load;
use crate::catalog::{Catalog, Refusal, RefusalCount, Tool};
use crate::json::readable;
use crate::lockfile::LockPolicy;
use crate::suggestion::CommandName;
use crate::text::escape;
use crate::tool::ToolSpec;

pub(crate) fn run(setup: Setup, as_json: bool) -> anyhow::Result<ExitCode> {
    let (directories, locking) = (setup.plugins.clone(), setup.locking);
    let (host, catalog) = load(setup)?;
    if as_json {
        print_json(&catalog.tools().all().map(|tool| describe(tool)).collect::<Vec<_>>())?;
    } else {
        print(&catalog, &directories);
    }
    if let Some(sentence) = not_served(&catalog, locking) {
        eprintln!("{sentence}");
    }
    host.stop();
    Ok(ExitCode::SUCCESS)
}

/// Returns the number of refusals, and the command that gives their reasons.
pub(crate) fn not_served(catalog: &Catalog, locking: LockPolicy) -> Option<String> {
    let check = CommandName::Check.alone();
    let check = match locking {
        LockPolicy::Required => check.flag("--locked"),
        LockPolicy::Followed | LockPolicy::Ignored => check,
    };
    let RefusalCount { plugins, directories, parts } = catalog.count_refused();
    let is_some = |count: usize, noun: &str| (count > 0).then(|| counted(count, noun));
    let named: Vec<_> =
        [is_some(plugins, "plugin"), is_some(parts, "tool")].into_iter().flatten().collect();
    let served = (!named.is_empty()).then(|| format!("{} not served", named.join(" and ")));
    let directories = match directories {
        0 => None,
        1 => Some("a plugin directory or its lock cannot be used".to_owned()),
        more => Some(format!("{more} plugin directories or locks cannot be used")),
    };
    let words: Vec<_> = served.into_iter().chain(directories).collect();
    (!words.is_empty()).then(|| format!("{}; `{check}` says what and why", words.join(", ")))
}

/// Where plugins would lie, and how they come there.
pub(crate) fn nothing_in(directories: &[PathBuf]) -> String {
    match directories {
        [] => NO_DIRECTORY.into(),
        known => {
            format!(
                "copy a plugin's .toml and .wasm to {}, or use `{}`",
                shown(known),
                CommandName::Add.with(["FILE"])
            )
        }
    }
}

pub(crate) fn describe(tool: &Tool) -> serde_json::Value {
    let spec = &tool.spec;
    json!({
        "name": tool.name.as_str(),
        "plugin": tool.plugin.name.as_str(),
        "title": spec.title,
        "description": spec.description,
        "inputSchema": readable(&spec.input_schema),
        "outputSchema": spec.output_schema.as_deref().map(readable),
        "annotations": spec.annotations,
    })
}

fn print(catalog: &Catalog, directories: &[PathBuf]) {
    if catalog.tools().is_empty() {
        let is_directory = |refusal: &Refusal| {
            directories.iter().any(|directory| escape(&directory.to_string_lossy()) == refusal.file)
        };
        let nothing_lies_there = catalog.plugins().is_empty();
        if nothing_lies_there && catalog.refusals().iter().all(is_directory) {
            println!("no tools: {}", nothing_in(directories));
        } else {
            println!("no tools");
        }
        return;
    }
    print_tools(&catalog.tools().all().map(|tool| &**tool).collect::<Vec<_>>());
}

/// Prints tools, each with its first sentence and its parameters.
pub(crate) fn print_tools(tools: &[&Tool]) {
    let width = tools.iter().map(|tool| tool.name.as_str().len()).max().unwrap_or(0);
    for tool in tools {
        let padding = " ".repeat(width - tool.name.as_str().len());
        println!("{}{padding}  {}", paint(NAME, &tool.name), summary(&tool.spec.description));
        println!("{}  {}", " ".repeat(width), paint(DIM, parameters(&tool.spec)));
    }
}

/// The first sentence of a description, on one line and not too long.
pub(crate) fn summary(description: &str) -> String {
    const SUMMARY_WIDTH: usize = 100;
    let paragraph = description.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = line.split_inclusive(". ").next().unwrap_or_default().trim_end();
    if sentence.chars().count() <= SUMMARY_WIDTH {
        return escape(sentence);
    }
    let cut: String = sentence.chars().take(SUMMARY_WIDTH - 3).collect();
    format!("{}...", escape(cut.trim_end()))
}

/// The parameters on one line: optional ones in brackets.
pub(crate) fn parameters(spec: &ToolSpec) -> String {
    let schema: serde_json::Value = crate::json::value(spec.input_schema.get()).unwrap_or_default();
    let is_required = |name: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|names| names.iter().any(|found| found == name))
    };
    let names = schema["properties"].as_object().into_iter().flat_map(|members| members.keys());
    let shown: Vec<String> = names
        .map(|name| {
            let shown = escape(name);
            if is_required(name) { shown } else { format!("[{shown}]") }
        })
        .collect();
    if shown.is_empty() { "no parameters".into() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_summary_is_the_first_sentence_on_one_line() {
        for (description, expected) in [
            ("Adds\ntwo numbers. Use it often.", "Adds two numbers."),
            ("Adds.\n\nMore.", "Adds."),
            ("", ""),
        ] {
            assert_eq!(super::summary(description), expected);
        }
        let long = super::summary(&"word ".repeat(100));
        assert!(long.len() <= 100 && long.ends_with("..."), "{long}");
    }
}
