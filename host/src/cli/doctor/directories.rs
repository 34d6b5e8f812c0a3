//! The plugin directories: there, readable, and nobody else's to change.

use std::io::ErrorKind;
use std::path::Path;

use super::Examined;
use super::finding::Finding;
use crate::text::escape;

const TOPIC: &str = "plugin directory";

pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    if examined.directories.is_empty() {
        let advice = "name one with --plugins, or set HOME";
        return vec![Finding::wrong(TOPIC, "none is known", advice)];
    }
    examined.directories.iter().map(|directory| look(directory)).collect()
}

fn look(directory: &Path) -> Finding {
    let shown = escape(&directory.to_string_lossy());
    match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let advice = "`toolrack add` makes it, or name another with --plugins";
            return Finding::wrong(TOPIC, format!("{shown} is missing"), advice);
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            let advice = "name a directory with --plugins";
            return Finding::wrong(TOPIC, format!("{shown} is no directory"), advice);
        }
        Err(error) => {
            let advice = "give yourself the right to read it";
            return Finding::wrong(TOPIC, format!("{shown} cannot be read: {error}"), advice);
        }
        Ok(_) => {}
    }
    others_rights(directory, &shown).unwrap_or_else(|| Finding::ok(TOPIC, shown))
}

/// Whoever writes into the directory decides what runs, and what it is granted.
#[cfg(unix)]
fn others_rights(directory: &Path, shown: &str) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt as _;
    let found = directory.metadata().ok()?;
    let own = rustix::process::geteuid().as_raw();
    if ![0, own].contains(&found.uid()) {
        let text = format!("{shown} belongs to another user, who decides what is served");
        return Some(Finding::wrong(TOPIC, text, "use a directory of your own"));
    }
    let advice = format!("`chmod go-w {shown}` takes that away");
    if found.mode() & 0o002 != 0 {
        let text = format!("everybody on this machine can write into {shown}");
        return Some(Finding::wrong(TOPIC, text, advice));
    }
    if found.mode() & 0o020 != 0 {
        let text = format!("the group of {shown} can write into it");
        return Some(Finding::note(TOPIC, text, advice));
    }
    None
}

/// Rights are not Unix's there, and a home directory is private.
#[cfg(not(unix))]
fn others_rights(_: &Path, _: &str) -> Option<Finding> {
    None
}
