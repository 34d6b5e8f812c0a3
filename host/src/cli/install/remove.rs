//! `toolrack remove`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use super::super::output::print::println;
use super::super::output::served::followers;
use super::super::setup::Setup;
use super::super::{NAME, paint};
use super::lockfile_update;
use crate::install::{
    DirectoryLock, FileFailure, LocalFiles, LocalRemoved, Removed, WasmRemoved, left_local, remove,
};
use crate::text::escape;

pub(crate) fn run(
    names: &[String],
    setup: &Setup,
    run: Option<&Path>,
    decided: LocalFiles,
) -> anyhow::Result<ExitCode> {
    let directories = &setup.plugins[..];
    let _locks = DirectoryLock::take_all(setup.home.as_ref(), directories)?;
    // A local file that an earlier removal left: there is no plugin of this name any more.
    let left = |name: &String| match decided {
        LocalFiles::Purge => left_local(name, directories),
        LocalFiles::Keep => Vec::new(),
    };
    let (gone, there): (Vec<_>, Vec<_>) =
        names.iter().cloned().partition(|name| !left(name).is_empty());
    let removed = remove(&there, directories, decided)?;
    for name in gone {
        for local in left(&name) {
            let shown = escape(&local.to_string_lossy());
            std::fs::remove_file(&local)
                .map_err(FileFailure::at::<FileFailure>(&local, "it cannot be removed"))?;
            println!("removed what you decided of {}: {shown}", paint(NAME, escape(&name)));
        }
    }
    lockfile_update::removed(&removed);
    for removed in &removed {
        println!("removed {}: {}", paint(NAME, escape(&removed.name)), files(removed));
        local(removed).iter().for_each(|line| println!("{line}"));
    }
    let changed: BTreeSet<&Path> = removed.iter().map(|removed| &*removed.directory).collect();
    changed.into_iter().filter_map(|directory| followers(run, directory)).for_each(|followers| {
        println!("{followers}");
    });
    Ok(ExitCode::SUCCESS)
}

fn local(removed: &Removed) -> Option<String> {
    let directory = &removed.directory;
    let shown = |name: &str| escape(&directory.join(name).to_string_lossy());
    match &removed.local {
        LocalRemoved::Missing => None,
        LocalRemoved::Gone(name) => {
            Some(format!("what you decided of it is gone too: {}", shown(name)))
        }
        LocalRemoved::Kept(name) => Some(format!(
            "what you decided of it stays, for when it is installed again: {} (--purge removes it too)",
            shown(name)
        )),
    }
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
