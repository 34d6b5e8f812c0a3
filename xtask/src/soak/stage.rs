//! What is served: a good plugin, one that changes, and one that misbehaves, under limits that end it in
//! different ways.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::bench::programs::measured;
use crate::bench::reload::{marked, rename_into};
use crate::build;
use crate::places::Places;

/// Four of `good`, four of `changed`, three of each of the others.
pub(crate) const TOOLS: usize = 4 + 4 + 3 * 4;

/// A folder of the soak's own.
pub(crate) struct Stage {
    root: PathBuf,
    /// The Wasm of the plugin that changes.
    wasm: Vec<u8>,
    version: u32,
}

impl Stage {
    pub(crate) fn lay_out(places: &Places) -> Result<Self> {
        let root = places.target()?.join("soak");
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("plugins"))
            .with_context(|| format!("cannot create {}", root.display()))?;
        let wasm = fs::read(measured(places)?).context("the measured plugin")?;
        let workspace = places.workspace()?;
        let bad = fs::read(build::built(&workspace, workspace.plugin("runaway")?))?;
        let mut stage = Self { root, wasm, version: 0 };
        let most = "fuel = 1_000_000_000_000\nconcurrency = 32";
        for (name, wasm, limits) in [
            ("good", &stage.wasm, "concurrency = 32".to_owned()),
            ("limited", &bad, "fuel = 200_000\ncrashes = 1_000_000\nconcurrency = 32".to_owned()),
            ("greedy", &bad, "memory = \"4MiB\"\nconcurrency = 32".to_owned()),
            ("timed", &bad, format!("{most}\ntimeout = \"10ms\"")),
            ("patient", &bad, format!("{most}\ncpu = \"5m\"\ntimeout = \"5m\"")),
        ] {
            let file = stage.plugins().join(name);
            fs::write(file.with_extension("toml"), format!("[limits]\n{limits}\n"))?;
            fs::write(file.with_extension("wasm"), wasm)?;
        }
        stage.change()?;
        Ok(stage)
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join("plugins")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("log.txt")
    }

    /// Puts a version in place that was never seen, whose tools have other names.
    pub(crate) fn change(&mut self) -> Result<()> {
        self.version += 1;
        let file = self.plugins().join("changed");
        rename_into(&file.with_extension("wasm"), &marked(&self.wasm, self.version))?;
        let manifest = format!("[plugin]\nprefix = \"v{}\"\n", self.version);
        rename_into(&file.with_extension("toml"), manifest.as_bytes())
    }

    /// A tool of the version that was put in place last.
    pub(crate) fn changed_tool(&self) -> String {
        format!("v{}_echo", self.version)
    }
}
