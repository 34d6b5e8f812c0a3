//! `cargo xtask test`: every test of the repository, with the plugins that some of them serve.

use anyhow::Result;

use crate::build;
use crate::command::{self, cargo, cargo_on, step};
use crate::list_size;
use crate::places::Places;
use crate::template;

const ADVICE: &str = "the message above names the test; `cargo xtask test NAME` runs it alone";

/// The host is built alone: together with the others its dependencies would get other features than
/// `cargo build --package toolrack` gives them, and be built twice. Its tests come first, since they
/// leave the binary that rmcp's client drives.
const HOST: [&str; 2] = ["--package", "toolrack"];
const CLIENT: [&str; 2] = ["--package", "rmcp-client"];
const OTHERS: [&str; 5] = ["--workspace", "--exclude", "toolrack", "--exclude", "rmcp-client"];

/// Where nextest looks for the number of tests that run at once.
const TEST_THREADS: &str = "NEXTEST_TEST_THREADS";

/// Twice the processors: most tests of the host wait for a file, a clock or a child, and compute little.
fn at_once() -> usize {
    2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// By this, set to anything, the tests know that properties are tried in full, which takes minutes.
const LONG: &str = "TOOLRACK_TEST_LONG";

/// Runs the tests whose names contain one of the words that are no option, or all.
pub(crate) fn run(places: &Places, arguments: &[&str]) -> Result<()> {
    let (long, arguments): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|argument| **argument == "--long");
    let (options, filter): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|argument| **argument == "--release");
    build::plugins(places)?;
    build::own_host(places, &options)?;
    let profile = if options.is_empty() { "debug" } else { "release" };
    build::pack(places, &places.host_built(profile)?)?;
    list_size::check(places, &places.host_built(profile)?)?;
    let (runner, subcommand): (_, &[&str]) =
        match command::succeeds(&mut cargo(&["nextest", "--version"])) {
            // A filter that matches in one workspace only is no mistake.
            true => ("nextest", &["nextest", "run", "--no-tests=pass"]),
            false => ("cargo test (cargo-nextest would be faster)", &["test"]),
        };
    // Only the host is worth an optimised build: the other tests are over before theirs would be.
    let suites: [(_, _, &[&str], &[&str]); 4] = [
        ("the host", &places.host, &HOST, &options),
        ("the host with rmcp's client", &places.host, &CLIENT, &options),
        ("the SDK", &places.host, &OTHERS, &[]),
        ("the plugins", &places.plugins, &["--workspace"], &[]),
    ];
    for (what, manifest, packages, options) in suites {
        step(&format!("testing {what} with {runner}"));
        let mut tests = cargo_on(manifest, subcommand, packages);
        if std::env::var_os(TEST_THREADS).is_none() {
            tests.env(TEST_THREADS, at_once().to_string());
        }
        if packages == HOST {
            tests.args(build::points());
        }
        if !long.is_empty() {
            tests.env(LONG, "1");
        }
        command::run(tests.args(options).args(&filter), ADVICE)?;
    }
    if filter.is_empty() {
        template::run(places, &places.host_built(profile)?)?;
    }
    // No runner but cargo's runs the examples in the documentation. The plugins have none.
    step("testing the examples in the documentation");
    let mut examples = cargo_on(&places.host, &["test", "--doc"], &OTHERS);
    command::run(examples.args(&filter), ADVICE)
}
