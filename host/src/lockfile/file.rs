//! The text of a lock: JSON that reads well as a difference in git, and how it gets on the disk.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::LockEntry;
use crate::fs::atomic_write::{Unfinished, sweep, sync};
use crate::suggestion::CommandName;
use crate::text::{escape, escape_json};

/// The name of the file in its plugin directory.
pub const LOCK_FILE: &str = "toolrack.lock";
/// The largest lock, in bytes: room for more definitions than are ever served.
pub const MAX_LOCK: usize = 16 * 1024 * 1024;
/// The form of the file.
const LOCK_VERSION: u64 = 1;

/// Says what helps where the file cannot be used.
pub(crate) fn lock_help() -> String {
    let approve = CommandName::Approve.alone();
    format!("restore it from version control, or delete it and let `{approve}` make a new one")
}

/// The versions that are accepted in a plugin directory.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// Plugins by the files of their manifests.
    pub plugins: BTreeMap<String, LockEntry>,
}

/// The reason why a file is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It is damaged, or was never one.
    #[error("toolrack.lock, line {line}, column {column}: {problem}; {help}", help = lock_help())]
    Damaged {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The fault at that place, escaped.
        problem: String,
    },
    /// Another toolrack wrote it.
    #[error(
        "toolrack.lock has the version {0}, and this toolrack reads version {LOCK_VERSION}; use the toolrack that wrote it, \
         or delete it and let `{approve}` make a new one", approve = CommandName::Approve.alone()
    )]
    Version(u64),
    /// It would be larger than what is read.
    #[error(
        "toolrack.lock would be larger than {MAX_LOCK} bytes; lock fewer plugins, or use several directories"
    )]
    TooLarge,
}

#[derive(Deserialize)]
struct Head {
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<P> {
    version: u64,
    plugins: P,
}

impl Lock {
    /// Reads a lock.
    pub fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        let head: Head = serde_json::from_slice(bytes).map_err(|error| damaged(&error))?;
        if head.version != LOCK_VERSION {
            return Err(LockError::Version(head.version));
        }
        let document: Document<BTreeMap<String, LockEntry>> =
            serde_json::from_slice(bytes).map_err(|error| damaged(&error))?;
        Ok(Self { plugins: document.plugins })
    }

    /// The text of the file. The same lock is always the same text.
    pub fn text(&self) -> Result<String, LockError> {
        let document = Document { version: LOCK_VERSION, plugins: &self.plugins };
        let text = serde_json::to_string_pretty(&document).map_err(|error| damaged(&error))?;
        let text = escape_json(&text) + "\n";
        if text.len() > MAX_LOCK { Err(LockError::TooLarge) } else { Ok(text) }
    }
}

/// Puts `text` in place as the lock of `directory`, whole or not at all.
pub fn write(directory: &Path, text: &str) -> io::Result<()> {
    sweep(directory);
    Unfinished::write(directory, LOCK_FILE, text.as_bytes())?.finish()?;
    sync(directory);
    Ok(())
}

fn damaged(error: &serde_json::Error) -> LockError {
    let text = error.to_string();
    let problem = text.rsplit_once(" at line ").map_or(&*text, |(problem, _)| problem);
    LockError::Damaged { line: error.line(), column: error.column(), problem: escape(problem) }
}
