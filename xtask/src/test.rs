//! `cargo xtask test`: every test of the repository, with the plugins that some of them serve.

use anyhow::Result;

use crate::build;
use crate::command::{self, cargo, cargo_on, step};
use crate::places::Places;

const ADVICE: &str = "the message above names the test; `cargo xtask test NAME` runs it alone";

/// The host is built alone: together with the others its dependencies would get other features than
/// `cargo build --package toolrack` gives them, and be built twice. Its tests come first, since they
/// leave the binary that rmcp's client drives.
const HOST: [&str; 2] = ["--package", "toolrack"];
const OTHERS: [&str; 3] = ["--workspace", "--exclude", "toolrack"];

/// Runs the tests whose names contain one of `filter`, or all.
pub(crate) fn run(places: &Places, arguments: &[&str]) -> Result<()> {
    let (options, filter): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|argument| **argument == "--release");
    build::plugins(places)?;
    let (runner, subcommand): (_, &[&str]) =
        match command::succeeds(&mut cargo(&["nextest", "--version"])) {
            // A filter that matches in one workspace only is no mistake.
            true => ("nextest", &["nextest", "run", "--no-tests=pass"]),
            false => ("cargo test (cargo-nextest would be faster)", &["test"]),
        };
    let suites: [(_, _, &[&str]); 3] = [
        ("the host", &places.host, &HOST),
        ("the SDK, and the host with rmcp's client", &places.host, &OTHERS),
        ("the plugins", &places.plugins, &["--workspace"]),
    ];
    for (what, manifest, packages) in suites {
        step(&format!("testing {what} with {runner}"));
        let mut tests = cargo_on(manifest, subcommand, packages);
        // The plugins' own tests are over before an optimised build of them would be.
        if manifest == &places.host {
            tests.args(&options);
        }
        command::run(tests.args(&filter), ADVICE)?;
    }
    // No runner but cargo's runs the examples in the documentation. The plugins have none.
    step("testing the examples in the documentation");
    let mut examples = cargo_on(&places.host, &["test", "--doc"], &OTHERS);
    command::run(examples.args(&options).args(&filter), ADVICE)
}
