//! `cargo xtask deny` and `cargo xtask sbom`: what Toolrack is made of besides its own code.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::command::{self, cargo_on, step};
use crate::places::Places;
use crate::tools::{CYCLONEDX, DENY};

/// Not every workspace has each crate that `deny.toml` makes an exception for.
const UNUSED: [&str; 8] = [
    "--allow",
    "license-exception-not-encountered",
    "--allow",
    "unmatched-skip",
    "--allow",
    "unmatched-skip-root",
    "--allow",
    "unnecessary-skip",
];

/// Checks the dependencies of every workspace against `deny.toml`.
pub(crate) fn deny(places: &Places) -> Result<()> {
    let program = DENY.program(places)?;
    let config = places.root.join("deny.toml");
    let workspaces = [
        ("host and SDK", &places.host),
        ("plugins", &places.plugins),
        ("what the host is measured against", &places.bench),
        ("fuzzers", &places.fuzz),
    ];
    let deny = |manifest: &_| {
        let mut deny = Command::new(&program);
        deny.arg("--config").arg(&config).arg("--manifest-path").arg(manifest);
        deny
    };
    step("fetching the database of known faults (RustSec)");
    let known_faults = command::succeeds(deny(&places.host).args(["fetch", "db"]));
    if !known_faults {
        step("NOT checking for known faults: github.com/RustSec/advisory-db cannot be fetched");
    }
    for (what, manifest) in workspaces {
        step(&format!("licences, versions and sources of what is used in {what}"));
        let mut check = deny(manifest);
        check.args(["check", "--hide-inclusion-graph"]).args(UNUSED);
        check.args(["licenses", "bans", "sources"]);
        if known_faults {
            check.arg("advisories");
        }
        command::run(&mut check, "see deny.toml: an exception there says why it is one")?;
    }
    Ok(())
}

/// The name of the bill of materials.
const BILL: &str = "toolrack.cdx.json";

/// Writes a bill of materials (CycloneDX, JSON) of the host, as it is built for the target `triple`, and returns its file.
/// `None` stands for this machine.
pub(crate) fn sbom(places: &Places, triple: Option<&str>) -> Result<PathBuf> {
    let program = CYCLONEDX.program(places)?;
    let target: Vec<&str> = triple.into_iter().flat_map(|triple| ["--target", triple]).collect();
    step("writing the bill of materials of the host");
    let name = BILL.strip_suffix(".json").unwrap_or(BILL);
    let mut cyclonedx = Command::new(program);
    cyclonedx.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
    cyclonedx.args(&target);
    cyclonedx.args(["--override-filename", name, "--manifest-path"]);
    cyclonedx.arg(places.root.join("host/Cargo.toml")).current_dir(&places.root);
    command::run(&mut cyclonedx, "the message above says why")?;
    let written = places.root.join("host").join(BILL);
    let text = fs::read_to_string(&written)
        .with_context(|| format!("there is no {}", written.display()))?;
    // It writes beside each manifest of the workspace, and nowhere else.
    for package in places.packages()? {
        fs::remove_file(package.join(BILL))?;
    }
    // Where the repository lies is nobody's business.
    let text = text.replace(&*places.root.to_string_lossy(), "");
    let mut bill = serde_json::from_str(&text).context("the bill is no JSON")?;
    let count = only_what_is_built(&mut bill, &built(places, &target)?)?;
    let kept = places.target()?.join(BILL);
    fs::write(&kept, serde_json::to_string_pretty(&bill)?)?;
    step(&format!("{count} components in {}", kept.display()));
    Ok(kept)
}

/// Returns the names and versions of the packages that cargo builds the host from. `target` is the option that names another
/// system.
fn built(places: &Places, target: &[&str]) -> Result<BTreeSet<(String, String)>> {
    let arguments = ["--package", "toolrack", "--edges", "normal", "--prefix", "none"];
    let tree = command::capture(cargo_on(&places.host, &["tree"], &arguments).args(target))?;
    let mut packages = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some((name.to_owned(), version.to_owned()))
    });
    let host = packages.next().context("`cargo tree` names no package")?;
    Ok(packages.filter(|package| *package != host).collect())
}

/// Takes out of `bill` what only tests and fuzzers are built with, which its writer cannot tell apart. How many
/// components are left: each that is built, and nothing else.
fn only_what_is_built(bill: &mut Value, built: &BTreeSet<(String, String)>) -> Result<usize> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let components = bill["components"].as_array_mut().context("the bill has no components")?;
    components.retain(|one| built.contains(&(text(&one["name"]), text(&one["version"]))));
    let left: BTreeSet<_> =
        components.iter().map(|one| (text(&one["name"]), text(&one["version"]))).collect();
    let missing: Vec<_> = built.difference(&left).collect();
    ensure!(missing.is_empty(), "the bill lacks {missing:?}");
    let count = components.len();
    let mut known: BTreeSet<_> = components.iter().map(|one| text(&one["bom-ref"])).collect();
    known.insert(text(&bill["metadata"]["component"]["bom-ref"]));
    let edges = bill["dependencies"].as_array_mut().context("the bill has no dependencies")?;
    edges.retain(|edge| known.contains(&text(&edge["ref"])));
    for edge in edges {
        if let Some(on) = edge["dependsOn"].as_array_mut() {
            on.retain(|on| known.contains(&text(on)));
        }
    }
    Ok(count)
}
