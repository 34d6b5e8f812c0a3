//! `cargo xtask lint`: formatting, clippy and documentation, as CI checks them.

use anyhow::Result;

use crate::command::{self, cargo_on, step};
use crate::places::Places;

/// Checks every workspace; changes nothing.
pub(crate) fn run(places: &Places) -> Result<()> {
    let workspaces = [("host and SDK", &places.host), ("plugins", &places.plugins)];
    // Clippy would have to check all of wasmtime once more for each of them.
    let measured = ("what the host is measured against", &places.bench);
    let fuzzers = ("fuzzers", &places.fuzz);
    for (what, manifest) in workspaces.into_iter().chain([measured, fuzzers]) {
        step(&format!("formatting of {what}"));
        let mut fmt = cargo_on(manifest, &["fmt"], &["--all", "--check"]);
        command::run(&mut fmt, "`cargo fmt --all` in that workspace puts it right")?;
    }
    for (what, manifest) in workspaces {
        step(&format!("clippy on {what}"));
        let arguments = ["--workspace", "--all-targets", "--", "--deny", "warnings"];
        let mut clippy = cargo_on(manifest, &["clippy"], &arguments);
        command::run(&mut clippy, "follow the help in the message above")?;
    }
    step("documentation");
    let features = "toolrack-sdk/http,toolrack-sdk/files";
    let arguments = ["--workspace", "--no-deps", "--features", features];
    let mut doc = cargo_on(&places.host, &["doc"], &arguments);
    command::run(doc.env("RUSTDOCFLAGS", "-D warnings"), "the message above names the place")
}
