//! `cargo xtask lint`: formatting, clippy and documentation, as CI checks them.

use anyhow::{Result, bail};

use crate::command::{self, cargo_on, step};
use crate::places::Places;
use crate::targets;

/// Everything there is in the SDK.
const FEATURES: [&str; 2] = ["--features", "toolrack-sdk/http,toolrack-sdk/files"];

/// What `words` ask for.
pub(crate) fn run(places: &Places, words: &[&str]) -> Result<()> {
    match words {
        [] => here(places),
        ["--target", target] => elsewhere(places, target),
        _ => bail!("`cargo xtask lint` takes nothing but `--target TRIPLE`"),
    }
}

/// The host and its tests as another system compiles them. Nothing is linked and nothing runs.
fn elsewhere(places: &Places, target: &str) -> Result<()> {
    targets::install(places, &[target])?;
    step(&format!("clippy on the host for {target}"));
    let what = ["--package", "toolrack", "--all-targets", "--target", target];
    let mut clippy = cargo_on(&places.host, &["clippy"], &what);
    clippy.args(["--", "--deny", "warnings"]);
    command::run(
        &mut clippy,
        "follow the help in the message above; where it is `ring` that fails, a C compiler for that system \
         is missing (CONTRIBUTING.md)",
    )
}

/// Checks every workspace; changes nothing.
fn here(places: &Places) -> Result<()> {
    for (what, manifest) in [
        ("host and SDK", &places.host),
        ("plugins", &places.plugins),
        // Clippy would have to check all of wasmtime once more for each of these.
        ("what the host is measured against", &places.bench),
        ("fuzzers", &places.fuzz),
    ] {
        step(&format!("formatting of {what}"));
        let mut fmt = cargo_on(manifest, &["fmt"], &["--all", "--check"]);
        command::run(&mut fmt, "`cargo fmt --all` in that workspace puts it right")?;
    }
    for (what, manifest, features) in
        [("host and SDK", &places.host, FEATURES.as_slice()), ("plugins", &places.plugins, &[])]
    {
        step(&format!("clippy on {what}"));
        let mut clippy = cargo_on(manifest, &["clippy", "--workspace", "--all-targets"], features);
        clippy.args(["--", "--deny", "warnings"]);
        command::run(&mut clippy, "follow the help in the message above")?;
    }
    step("documentation");
    // Examples count among what needs the dependencies of tests: without them, nearly all that was checked above
    // would have other features, and be checked again.
    let arguments = ["--workspace", "--no-deps", "--lib", "--bin", "xtask", "--examples"];
    let mut doc = cargo_on(&places.host, &["doc"], &arguments);
    doc.args(FEATURES);
    command::run(doc.env("RUSTDOCFLAGS", "-D warnings"), "the message above names the place")
}
