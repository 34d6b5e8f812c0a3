//! `cargo xtask deny` and `cargo xtask sbom`: what Toolrack is made of besides its own code.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::{self, step};
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

/// Writes a bill of materials (CycloneDX, JSON) of the host.
pub(crate) fn sbom(places: &Places) -> Result<()> {
    let program = CYCLONEDX.program(places)?;
    step("writing the bill of materials of the host");
    let name = "toolrack.cdx";
    let mut cyclonedx = Command::new(program);
    cyclonedx.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
    cyclonedx.args(["--override-filename", name, "--manifest-path"]);
    cyclonedx.arg(places.root.join("host/Cargo.toml")).current_dir(&places.root);
    command::run(&mut cyclonedx, "the message above says why")?;
    // It writes beside the manifest, and nowhere else.
    let file = format!("{name}.json");
    let written = places.root.join("host").join(&file);
    let kept = places.target()?.join(&file);
    std::fs::rename(&written, &kept)
        .with_context(|| format!("cannot move {} to {}", written.display(), kept.display()))?;
    step(&format!("done: {}", kept.display()));
    Ok(())
}
