//! The plugin directories: there, readable, and nobody else's to change.

use std::io::ErrorKind;
use std::path::Path;

use super::examined::Examined;
use super::finding::Finding;
#[cfg(unix)]
use crate::fs::others_rights::{everybody_replaces_in, everybody_writes};
use crate::lockfile::LOCK_FILE;
use crate::suggestion::CommandName;
use crate::text::escape;
#[cfg(unix)]
use crate::text::{escape_path, shell_word};

const DIRECTORY_TOPIC: &str = "plugin directory";
/// Files of one directory that are looked at.
#[cfg(unix)]
const MAX_LOOKED_AT: usize = 4096;
/// Files that are named.
const MAX_NAMED_FILES: usize = 20;

pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    if examined.directories.is_empty() {
        let advice = "name one with --plugins, or set HOME";
        return vec![Finding::wrong(DIRECTORY_TOPIC, "none is known", advice)];
    }
    let mut findings: Vec<_> =
        examined.directories.iter().map(|directory| look(directory)).collect();
    let loose = examined.directories.iter().flat_map(|directory| loose_files(directory));
    findings.extend(
        loose
            .take(MAX_NAMED_FILES)
            .map(|loose| Finding::wrong(DIRECTORY_TOPIC, loose.problem, loose.advice)),
    );
    findings
}

/// A file that decides what is served, and that others can change.
pub(in crate::cli) struct LooseFile {
    /// The name of the plugin's files without their endings. `None` for the lock, which is of all plugins.
    pub(in crate::cli) stem: Option<String>,
    pub(in crate::cli) problem: String,
    pub(in crate::cli) advice: String,
}

/// The files of plugins in `directory` that others than this user can change.
#[cfg(unix)]
pub(in crate::cli) fn loose_files(directory: &Path) -> Vec<LooseFile> {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().take(MAX_LOOKED_AT);
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|ext| ["toml", "wasm", "wit", "lock"].iter().any(|own| ext == *own))
    });
    paths.sort();
    let loose = paths.into_iter().filter_map(|path| {
        // Past a link: what it leads to counts.
        let found = path.metadata().ok()?;
        let (shown, word) = (escape(&path.to_string_lossy()), shell_word(&path.to_string_lossy()));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem =
            (name != LOCK_FILE).then(|| name.split('.').next().unwrap_or_default().to_owned());
        if ![0, own].contains(&found.uid()) {
            let problem = format!("{shown} belongs to another user, who decides what it says");
            return Some(LooseFile {
                stem,
                problem,
                advice: "copy it, and remove that one".into(),
            });
        }
        everybody_writes(&path).then(|| LooseFile {
            stem,
            problem: format!("everybody on this machine can write {shown}"),
            advice: format!("`chmod go-w {word}` takes that away"),
        })
    });
    loose.collect()
}

/// Rights are not Unix's there.
#[cfg(not(unix))]
pub(in crate::cli) fn loose_files(_: &Path) -> Vec<LooseFile> {
    Vec::new()
}

fn look(directory: &Path) -> Finding {
    let shown = escape(&directory.to_string_lossy());
    match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let add = CommandName::Add.with(["FILE"]);
            let advice = format!("`{add}` makes it, or name another with --plugins");
            return Finding::wrong(DIRECTORY_TOPIC, format!("{shown} is missing"), advice);
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            let advice = "name a directory with --plugins";
            return Finding::wrong(DIRECTORY_TOPIC, format!("{shown} is no directory"), advice);
        }
        Err(error) => {
            let advice = "give yourself the right to read it";
            return Finding::wrong(
                DIRECTORY_TOPIC,
                format!("{shown} cannot be read: {error}"),
                advice,
            );
        }
        Ok(_) => {}
    }
    others_rights(directory, &shown).unwrap_or_else(|| Finding::ok(DIRECTORY_TOPIC, shown))
}

/// Whoever writes into the directory decides what runs, and what it is granted.
#[cfg(unix)]
fn others_rights(directory: &Path, shown: &str) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt as _;
    let found = directory.metadata().ok()?;
    let own = rustix::process::geteuid().as_raw();
    if ![0, own].contains(&found.uid()) {
        let text = format!("{shown} belongs to another user, who decides what is served");
        return Some(Finding::wrong(DIRECTORY_TOPIC, text, "use a directory of your own"));
    }
    let advice =
        format!("`chmod go-w {}` takes that away", shell_word(&directory.to_string_lossy()));
    if everybody_writes(directory) {
        let text = format!("everybody on this machine can write into {shown}");
        return Some(Finding::wrong(DIRECTORY_TOPIC, text, advice));
    }
    let real = directory.canonicalize().ok()?;
    if let Some(open) = real.parent().and_then(everybody_replaces_in) {
        let text = format!(
            "everybody on this machine can put another directory in the place of {shown}, since they can write into {}",
            escape_path(open)
        );
        let advice =
            format!("`chmod go-w {}` takes that away", shell_word(&open.to_string_lossy()));
        return Some(Finding::wrong(DIRECTORY_TOPIC, text, advice));
    }
    if found.mode() & 0o020 != 0 {
        let text = format!("the group of {shown} can write into it");
        return Some(Finding::note(DIRECTORY_TOPIC, text, advice));
    }
    None
}

/// Rights are not Unix's there, and a home directory is private.
#[cfg(not(unix))]
fn others_rights(_: &Path, _: &str) -> Option<Finding> {
    None
}
