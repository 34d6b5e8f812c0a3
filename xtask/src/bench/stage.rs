//! The directories that the bench serves: plugins in any number, homes, logs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::programs::measured;
use super::reload::marked;
use crate::places::Places;

/// How many tools each of the plugins has.
pub(crate) const TOOLS: usize = 4;

/// A folder of the bench's own.
pub(crate) struct Stage(PathBuf);

impl Stage {
    /// Lays out one, twenty and a hundred plugins, each with code of its own. The first one does the
    /// measured work.
    pub(crate) fn lay_out(places: &Places) -> Result<Self> {
        let stage = Self(places.target()?.join("bench"));
        let _ = fs::remove_dir_all(&stage.0);
        let wasm = fs::read(measured(places)?).context("the measured plugin")?;
        let manifest = fs::read(places.root.join("plugins/bench/bench.toml"))?;
        for count in [1, 20, 100] {
            let plugins = stage.plugins(count);
            fs::create_dir_all(&plugins)
                .with_context(|| format!("cannot create {}", plugins.display()))?;
            put(&plugins, "bench", &manifest, &wasm)?;
            for further in 1..count {
                let mark = u32::try_from(further).context("a number of plugins")?;
                put(&plugins, &format!("p{further:03}"), b"", &marked(&wasm, mark))?;
            }
        }
        Ok(stage)
    }

    pub(crate) fn plugins(&self, count: usize) -> PathBuf {
        self.0.join(format!("plugins-{count}"))
    }

    /// Where the host keeps compiled code between the starts that are measured.
    pub(crate) fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// A home that nothing is in.
    pub(crate) fn empty_home(&self) -> Result<PathBuf> {
        let home = self.0.join("empty");
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home)?;
        Ok(home)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log.txt")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

fn put(plugins: &Path, name: &str, manifest: &[u8], wasm: &[u8]) -> Result<()> {
    fs::write(plugins.join(name).with_extension("toml"), manifest)?;
    fs::write(plugins.join(name).with_extension("wasm"), wasm)?;
    Ok(())
}
