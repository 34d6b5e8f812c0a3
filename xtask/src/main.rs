//! `cargo xtask`: what a person types to build, try and check this repository.
//!
//! The words of the command line and nothing else; each command is a module.

mod bench;
mod build;
mod client;
mod command;
mod demo;
mod fuzz;
mod image;
mod lint;
mod list_size;
mod map;
mod places;
mod scenes;
mod soak;
mod supply;
mod targets;
mod template;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};

use places::Places;

const HELP: &str = "\
cargo xtask: build, try and check Toolrack

  cargo xtask build           the plugins (into manifests/) and the host (target/release/toolrack)
  cargo xtask demo            builds, then shows a session: calls, a runaway tool being stopped,
                              and the line that registers Toolrack with your MCP client; --host FILE
  cargo xtask test [FILTER]   builds the plugins, then runs the tests of host, SDK and plugins;
                              FILTER is a part of the name of the tests you want; --release tests
                              the optimised host, --long tries properties in full: minutes more
  cargo xtask bench           builds, then measures the host beside a native server, a bare loop and
                              a floor; --quick, --only WORD, --host FILE, --beside FILE, --json FILE, --svg
                              FILE, --document: docs/performance.md says what they do
  cargo xtask soak            builds, then plays a minute of mixed load: calls, crashes, limits, time-outs,
                              cancellations, reloads, a client's mistakes; memory, descriptors and
                              threads have to stay flat; --minutes N, --counts, --host FILE, --svg FILE
  cargo xtask lint            formatting, clippy and documentation, as CI checks them; --target TRIPLE
                              instead: clippy on the host as another system compiles it
  cargo xtask fuzz [TARGET]   invents input at the host's borders, --minutes N for each of them; with
                              libFuzzer, or --blind with what the tests are built with (--release: optimised)
  cargo xtask map [FOLDER]    each file of the host with what it is; FOLDER of host/src alone
  cargo xtask deny            licences, versions, sources and known faults of all that is used
  cargo xtask sbom            a bill of materials of the host: target/toolrack.cdx.json
  cargo xtask image           builds what is in an image, into target/image/: a static host, the plugins, the bill
                              of materials; --dev does not optimise the host. docs/operating.md goes on from there

New here? `cargo xtask demo` takes a few minutes the first time and shows all there is.
Before you send a change: `cargo xtask lint` and `cargo xtask test`.
A plugin of your own: copy plugins/hello and manifests/hello.toml, give both another name, add the
folder to `members` in plugins/Cargo.toml, and `cargo xtask build`.

Targets are installed through rustup where they are missing; what `fuzz`, `deny`, `sbom` and `image`
need, through cargo into target/tools/. Nothing else is installed.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let places = Places::find()?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] | ["help" | "-h" | "--help"] => println!("{HELP}"),
        ["build"] => build::all(&places)?,
        ["demo", ref words @ ..] => demo::run(&places, words)?,
        ["test", ref filter @ ..] => test::run(&places, filter)?,
        ["lint", ref words @ ..] => lint::run(&places, words)?,
        ["bench", ref words @ ..] => bench::run(&places, words)?,
        ["soak", ref words @ ..] => soak::run(&places, words)?,
        ["fuzz", ref words @ ..] => fuzz::run(&places, words)?,
        ["map"] => map::run(&places, None)?,
        ["map", folder] => map::run(&places, Some(folder))?,
        ["deny"] => supply::deny(&places)?,
        ["sbom"] => drop(supply::sbom(&places, None)?),
        ["image", ref words @ ..] => image::run(&places, words)?,
        ["build" | "deny" | "sbom", surplus, ..] => {
            bail!("`{}` takes no arguments, but got `{surplus}`", arguments[0])
        }
        [unknown, ..] => bail!("there is no `{unknown}`; `cargo xtask` lists what there is"),
    }
    Ok(())
}
