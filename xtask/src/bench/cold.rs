//! A first start, as a client sees it: no cache, the plugins that come along, and one that takes long beside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::line::{Line, Request};
use super::options::Options;
use super::programs::{HOST, Programs};
use super::stage::Stage;
use super::table::{Table, Unit};
use crate::places::Places;

/// A call of each plugin that needs no network.
const CALLS: [(&str, &str); 9] = [
    ("calc_evaluate", r#"{"expression": "6 * 7"}"#),
    ("fetch_page", r#"{"url": "http://127.0.0.1:9/"}"#),
    ("files_list", r#"{"path": "/"}"#),
    ("git_status", "{}"),
    ("hash_digest", r#"{"data": "abc"}"#),
    ("hello_greet", r#"{"name": "Ada"}"#),
    ("json_query", r#"{"filter": ".a", "input": "{\"a\": 1}"}"#),
    ("text_count", r#"{"text": "to be or not to be"}"#),
    ("time_now", "{}"),
];

pub(crate) const LISTED: &str = "first start, shipped plugins: tools listed";
pub(crate) const SLOWEST: &str = "first start, shipped plugins: first answer of the slowest";
pub(crate) const QUICKEST: &str = "first start, shipped plugins: first answer of the quickest";
pub(crate) const BESIDE_LISTED: &str = "first start beside a large component: tools listed";
pub(crate) const BESIDE_SLOWEST: &str =
    "first start beside a large component: slowest shipped plugin";

/// How long the bench waits for optimized code of all plugins.
const PATIENCE: Duration = Duration::from_secs(300);

/// Starts the host without a cache for each plugin, and calls that one as soon as its tools are listed.
pub(crate) fn measure(
    places: &Places,
    programs: &Programs,
    stage: &Stage,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    let plugins = stage.path().join("shipped");
    let tools = lay_out(&places.manifests, &plugins)?;
    figures(&plugins, &tools, [LISTED, SLOWEST, QUICKEST], programs, stage, options, table)?;
    if let Some(component) = &options.beside {
        let stem = component.file_stem().context("a component without a name")?;
        fs::copy(component, plugins.join(stem).with_extension("wasm"))?;
        fs::write(plugins.join(stem).with_extension("toml"), "")?;
        let figures_beside =
            [BESIDE_LISTED, BESIDE_SLOWEST, "first start beside a large component: quickest"];
        figures(&plugins, &tools, figures_beside, programs, stage, options, table)?;
    }
    Ok(())
}

fn figures(
    plugins: &Path,
    tools: &[String],
    [listed, slowest, quickest]: [&str; 3],
    programs: &Programs,
    stage: &Stage,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    for _ in 0..options.long_rounds() {
        let (mut took, mut list) = (Vec::new(), Vec::new());
        for (tool, arguments) in CALLS {
            if !tools.iter().any(|known| known == tool) {
                bail!("no shipped plugin has the tool {tool}; there are {}", tools.join(", "));
            }
            let mut command = programs.host(plugins, &stage.empty_home()?);
            let started = Instant::now();
            let mut line = Line::start(&mut command, &stage.log())?;
            line.initialize()?;
            line.complete_list(tools.len())?;
            list.push(millis(started));
            let arguments: Value = serde_json::from_str(arguments)?;
            let request =
                Request::new("tools/call", &json!({ "name": tool, "arguments": arguments }));
            let answer = line.ask(&request)?;
            took.push(millis(started));
            ensure!(
                answer["_meta"]["toolrack/usage"]["fuel"].as_u64() > Some(0),
                "{tool}: {answer}"
            );
            line.end()?;
        }
        took.sort_by(f64::total_cmp);
        list.sort_by(f64::total_cmp);
        let middle = list[list.len() / 2];
        let (first, last) = (took[0], took[took.len() - 1]);
        for (figure, value) in [(listed, middle), (slowest, last), (quickest, first)] {
            table.add(figure, HOST, Unit::Millis, value);
        }
    }
    Ok(())
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Copies the plugins that a person would install; their tools.
fn lay_out(manifests: &Path, plugins: &Path) -> Result<Vec<String>> {
    fs::create_dir_all(plugins)?;
    let mut tools = Vec::new();
    for entry in fs::read_dir(manifests)? {
        let path: PathBuf = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.extension().is_some_and(|ending| ending == "wasm") {
            fs::copy(&path, plugins.join(name))?;
            let manifest = path.with_extension("toml");
            fs::copy(&manifest, plugins.join(name).with_extension("toml"))?;
            tools.extend(listed_in(&path)?);
            // Nothing is granted here, and all tools are measured.
            let local = plugins.join(name).with_extension("local.toml");
            fs::write(local, "[plugin]\nungranted = \"show\"\n")?;
        }
    }
    Ok(tools)
}

/// The public names of the tools that a packed plugin lists.
fn listed_in(wasm: &Path) -> Result<Vec<String>> {
    const SECTION: &[u8] = b"toolrack:listing{";
    let bytes = fs::read(wasm)?;
    let shown = wasm.display();
    let at = bytes.windows(SECTION.len()).rposition(|window| window == SECTION);
    let at = at.with_context(|| format!("{shown} is not packed"))?;
    let listing: Value = serde_json::from_slice(&bytes[at + SECTION.len() - 1..])?;
    let plugin = wasm.file_stem().unwrap_or_default().to_string_lossy();
    let tools = listing["tools"].as_array().context("a section without tools")?;
    Ok(tools
        .iter()
        .filter_map(|tool| Some(format!("{plugin}_{}", tool["name"].as_str()?)))
        .collect())
}

/// Fills the cache at `home` for `plugins`, and waits for optimized code: what is measured warm is measured with that.
pub(crate) fn warm_up(
    command: &mut Command,
    stage: &Stage,
    home: &Path,
    tools: usize,
    plugins: usize,
) -> Result<()> {
    let mut line = Line::start(command, &stage.log())?;
    line.initialize()?;
    line.complete_list(tools)?;
    let started = Instant::now();
    let count = |ending: &str| -> Result<usize> {
        let entries = fs::read_dir(home.join("cache"))?.flatten();
        let is_one = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|it| it == ending);
        Ok(entries.filter(is_one).count())
    };
    while count("cwasm")? < plugins || count("baseline")? > 0 {
        ensure!(started.elapsed() < PATIENCE, "no optimized code of {plugins} plugins");
        std::thread::sleep(Duration::from_millis(50));
    }
    line.end()
}
