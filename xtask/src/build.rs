//! `cargo xtask build`: the plugins into manifests/, and the host.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::{self, cargo_on, step};
use crate::places::{Places, Plugin, Workspace};
use crate::targets::{self, COMPONENT, MODULE};

/// Built for the older target, so that every build tries this path of the host.
const MODULES: [&str; 1] = ["conformance"];

/// Builds all that a person needs to serve.
pub(crate) fn all(places: &Places) -> Result<()> {
    plugins(places)?;
    own_host(places, &["--release"])?;
    pack(places, &places.binary()?)?;
    step(&format!(
        "done: {} serve --plugins {}",
        places.binary()?.display(),
        places.manifests.display()
    ));
    Ok(())
}

/// The host to run: this one, or the one that is built. The plugins are built in any case.
pub(crate) fn host(places: &Places, given: Option<&Path>) -> Result<PathBuf> {
    match given {
        Some(host) => {
            plugins(places)?;
            pack(places, host)?;
            Ok(host.to_owned())
        }
        None => {
            all(places)?;
            places.binary()
        }
    }
}

/// Builds what the demo shows: the plugins and, beside them, a host that is not optimised across crates.
pub(crate) fn for_demo(places: &Places) -> Result<PathBuf> {
    std::thread::scope(|scope| {
        let plugins = scope.spawn(|| plugins(places));
        own_host(places, &["--profile", "demo"])?;
        plugins.join().unwrap_or_else(|_| bail!("building the plugins failed inside xtask"))
    })?;
    let host = places.host_built("demo")?;
    pack(places, &host)?;
    Ok(host)
}

/// Builds the host, with these options of cargo's.
pub(crate) fn own_host(places: &Places, options: &[&str]) -> Result<()> {
    step("building the host");
    let mut host = cargo_on(&places.host, &["build"], &["--package", "toolrack"]);
    command::run(host.args(options).args(points()), "the compiler's message above names the place")
}

/// What gives the host points where tests let it fail, if that is wished. CI wishes it for every build of the host,
/// so that there is one; nobody else has them by accident.
pub(crate) fn points() -> &'static [&'static str] {
    let is_wished = std::env::var_os("TOOLRACK_BUILD_FAILPOINTS").is_some();
    if is_wished { &["--features", "failpoints"] } else { &[] }
}

/// Builds the plugins. The plugin directory is complete once they are packed.
pub(crate) fn plugins(places: &Places) -> Result<()> {
    targets::install(places, &[COMPONENT, MODULE])?;
    let workspace = places.workspace()?;
    for triple in [COMPONENT, MODULE] {
        let plugins = workspace.plugins.iter().filter(|plugin| target(plugin) == triple);
        let names: Vec<_> = plugins.map(|plugin| plugin.name.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        step(&format!("building for {triple}: {}", names.join(", ")));
        let mut cargo = cargo_on(&places.plugins, &["build", "--release"], &["--target", triple]);
        cargo.args(names.iter().flat_map(|name| ["--package", name]));
        cargo.args(["--config", &nameless(places, triple)]);
        command::run(&mut cargo, "the compiler's message above names the place")?;
    }
    Ok(())
}

/// What makes cargo leave this machine's paths out of what panics say, which a plugin carries in its Wasm. Cargo's own
/// `trim-paths` is not stable yet.
fn nameless(places: &Places, triple: &str) -> String {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    // Of two that fit, the last counts: cargo's directory may lie within the repository.
    let known = [(Some(places.root.clone()), "/toolrack"), (cargo_home, "/cargo")];
    let known = known.into_iter().filter_map(|(path, name)| Some((path?, name)));
    let flags = known.map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()));
    format!("target.{triple}.rustflags={:?}", flags.collect::<Vec<_>>())
}

/// Completes the plugin directory: each plugin's Wasm beside its manifest, with the section that lists its tools, which
/// `host` writes.
pub(crate) fn pack(places: &Places, host: &Path) -> Result<()> {
    let workspace = places.workspace()?;
    step("packing the plugins");
    for plugin in &workspace.plugins {
        install(places, &workspace, plugin, host)?;
    }
    Ok(())
}

/// The file that the last build of `plugin` left.
pub(crate) fn built(workspace: &Workspace, plugin: &Plugin) -> PathBuf {
    workspace.built(plugin, target(plugin))
}

/// Copies `from` to `to`, so that whoever reads `to` meanwhile sees the old file or the new one.
pub(crate) fn publish(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let beside = to.with_file_name(format!(".{name}.new"));
    fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, to).with_context(|| format!("cannot replace {}", to.display()))
}

fn target(plugin: &Plugin) -> &'static str {
    if MODULES.contains(&plugin.name.as_str()) { MODULE } else { COMPONENT }
}

/// Puts the Wasm file beside its manifest. A plugin that keeps its manifest in its own folder is a fixture, which nobody
/// installs.
fn install(places: &Places, workspace: &Workspace, plugin: &Plugin, host: &Path) -> Result<()> {
    let name = &plugin.name;
    let own = plugin.folder.join(format!("{name}.toml"));
    if own.exists() {
        let fixtures = places.fixtures()?;
        fs::create_dir_all(&fixtures)
            .with_context(|| format!("cannot make {}", fixtures.display()))?;
        publish(&built(workspace, plugin), &fixtures.join(format!("{name}.wasm")))?;
        return publish(&own, &fixtures.join(format!("{name}.toml")));
    }
    let manifest = places.manifests.join(format!("{name}.toml"));
    if !manifest.exists() {
        bail!(
            "the plugin {name} has no manifest\n  help: create {}; an empty file will do",
            manifest.display()
        );
    }
    let (from, to) = (built(workspace, plugin), manifest.with_extension("wasm"));
    let bytes = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
    // A packed file is the built one with a section behind it.
    if fs::read(&to).is_ok_and(|old| old.starts_with(&bytes) && old.len() > bytes.len()) {
        return Ok(());
    }
    let mut pack = Command::new(host);
    pack.args(["pack", "--no-cache"]).arg(from).arg("--output").arg(to);
    command::capture(&mut pack).map(drop)
}
