//! `toolrack remove`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::print::println;
use super::served::followers;
use super::{NAME, locked, paint};
use crate::install::{Removed, WasmRemoved, remove};
use crate::text::escape;

pub(super) fn run(
    names: &[String],
    directories: &[PathBuf],
    run: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let removed = remove(names, directories)?;
    locked::removed(&removed);
    for removed in &removed {
        println!("removed {}: {}", paint(NAME, escape(&removed.name)), files(removed));
    }
    let changed: BTreeSet<&Path> = removed.iter().map(|removed| &*removed.directory).collect();
    changed.into_iter().filter_map(|directory| followers(run, directory)).for_each(|followers| {
        println!("{followers}");
    });
    Ok(ExitCode::SUCCESS)
}

fn files(removed: &Removed) -> String {
    let directory = escape(&removed.directory.to_string_lossy());
    let manifest = escape(&removed.manifest);
    let (manifests, are) = match &removed.wit {
        Some(wit) => (format!("{manifest}, {}", escape(wit)), "are"),
        None => (manifest, "is"),
    };
    match &removed.wasm {
        WasmRemoved::Gone(wasm) => {
            format!("{manifests} and {} are gone from {directory}", escape(wasm))
        }
        WasmRemoved::Missing => {
            format!("{manifests} {are} gone from {directory}; it had no Wasm there")
        }
        WasmRemoved::Stays { wasm, manifest: other } => format!(
            "{manifests} {are} gone from {directory}; {} stays, because {} names it too",
            escape(wasm),
            escape(other)
        ),
    }
}
