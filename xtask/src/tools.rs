//! Programs from elsewhere that commands here need: each at one version, in `target/tools/`, installed where it
//! is missing.

use std::path::PathBuf;

use anyhow::Result;

use crate::command::{self, cargo, step};
use crate::places::Places;

/// A program that cargo installs.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Checks licences, versions, sources and advisories of dependencies.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Writes a bill of materials.
pub(crate) const CYCLONEDX: Tool = Tool { name: "cargo-cyclonedx", version: "0.5.9" };
/// Builds and runs fuzzers.
pub(crate) const FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

impl Tool {
    /// Where it is, once it is there.
    pub(crate) fn program(&self, places: &Places) -> Result<PathBuf> {
        let Self { name, version } = self;
        let root = places.target()?.join("tools").join(format!("{name}-{version}"));
        let program = root.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !program.is_file() {
            step(&format!("installing {name} {version}"));
            // What is built without optimising is there in half the time, and waits for the network or the disk.
            let exactly = format!("={version}");
            let mut install =
                cargo(&["install", name, "--version", &exactly, "--locked", "--debug", "--root"]);
            command::run(install.arg(&root), "check the network connection and try again")?;
        }
        Ok(program)
    }
}
