//! `toolrack warm`: the code of all plugins, compiled for other machines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::super::look::load::loaded;
use super::super::output::print::println;
use super::super::setup::Setup;
use super::super::{ERROR, GOOD, NAME, counted, paint};
use crate::catalog::{Refusal, Refused};
use crate::manifest::Bytes;
use crate::sandbox::{Compiler, WARM_LIST, WarmWritten, clear_warm};
use crate::text::{escape, escape_path};

/// The name of the directory that holds the cache while the code is made.
const OWN_CACHE: &str = ".tmp-cache";

/// A directory that is removed in the end.
struct OwnCache(PathBuf);

impl Drop for OwnCache {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Compiles the plugins of `setup`, and writes what that gives into `directory`.
pub(crate) fn run(setup: Setup, directory: &Path) -> anyhow::Result<ExitCode> {
    let shown = escape_path(directory);
    fs::create_dir_all(directory).with_context(|| format!("{shown}: it cannot be made"))?;
    drop(OwnCache(directory.join(OWN_CACHE)));
    let others = clear_warm(directory).with_context(|| format!("{shown}: it cannot be cleared"))?;
    if others > 0 {
        bail!(
            "{shown}: it holds {}, which no {WARM_LIST} there names; name an empty directory",
            counted(others, "other file")
        );
    }
    // Nothing of this user's own cache gets there: it may hold code of other plugins.
    let cache = OwnCache(directory.join(OWN_CACHE));
    let compiler = Compiler::in_children().with_cache(cache.0.join("cache"));
    let (host, loader) = loaded(Setup { compiler, ..setup })?;
    let catalog = loader.catalog();
    let is_of_version =
        |refusal: &&Refusal| matches!(refusal.refused, Refused::Plugin | Refused::Version);
    let refused: Vec<_> = catalog.refusals().iter().filter(is_of_version).collect();
    for refusal in &refused {
        println!("{} {}: {}", paint(ERROR, "refused"), escape(&refusal.file), refusal.reason);
    }
    let plugins = catalog.plugins();
    let written = host.warm(plugins, directory.to_owned());
    host.stop();
    let (WarmWritten { bytes, .. }, without) =
        written.with_context(|| format!("{shown}: it cannot be written"))?;
    for plugin in &without {
        println!(
            "{} {}: its optimized code could not be made or kept; --log info says why",
            paint(ERROR, "refused"),
            escape(&plugin.file)
        );
    }
    let plugins = counted(plugins.len() - without.len(), "plugin");
    let list = escape_path(&directory.join(WARM_LIST));
    let size = Bytes::new(bytes.next_multiple_of(1 << 20));
    println!("{} {}: code of {plugins}, {size}", paint(GOOD, "ok"), paint(NAME, list));
    let is_whole = refused.is_empty() && without.is_empty();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
