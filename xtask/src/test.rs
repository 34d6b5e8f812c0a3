//! `cargo xtask test`: every test of the repository, with the plugins that some of them serve.

use anyhow::Result;

use crate::build;
use crate::command::{self, cargo, cargo_on, step};
use crate::places::Places;

const ADVICE: &str = "the message above names the test; `cargo xtask test NAME` runs it alone";

/// Runs the tests whose names contain one of `filter`, or all.
pub(crate) fn run(places: &Places, filter: &[&str]) -> Result<()> {
    build::plugins(places)?;
    let (runner, subcommand): (_, &[&str]) =
        match command::succeeds(&mut cargo(&["nextest", "--version"])) {
            // A filter that matches in one workspace only is no mistake.
            true => ("nextest", &["nextest", "run", "--no-tests=pass"]),
            false => ("cargo test (cargo-nextest would be faster)", &["test"]),
        };
    for (what, manifest) in [("host and SDK", &places.host), ("plugins", &places.plugins)] {
        step(&format!("testing {what} with {runner}"));
        command::run(cargo_on(manifest, subcommand, &["--workspace"]).args(filter), ADVICE)?;
    }
    // Neither runner of tests runs the examples in the documentation of the plugins: Wasm libraries
    // have none.
    step("testing the examples in the documentation");
    command::run(cargo_on(&places.host, &["test", "--doc"], &["--workspace"]).args(filter), ADVICE)
}
