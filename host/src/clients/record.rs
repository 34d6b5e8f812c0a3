//! The record of each edited file, with which an edit is undone to the last byte: the file as it was before toolrack's
//! first entry, and the digest of the file that toolrack wrote. Records lie in a private directory of toolrack's own,
//! because clients keep keys in their files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::fs::atomic_write::Unfinished;
use crate::fs::bounded_read::read_at_most;
use crate::home::{PrivateError, private_directory};
use crate::text::hexadecimal;

/// The largest record that is read, in bytes.
const MAX_RECORD: usize = 64 * 1024;

/// The most files that are kept with an entry that was taken out of them.
const MAX_REMOVED: u32 = 99;

/// The records of all files.
pub(super) struct Records {
    pub(super) directory: PathBuf,
}

/// The record of a file that holds entries of toolrack's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Record {
    /// The file, for people who look into the directory.
    pub(super) file: String,
    /// True if toolrack made the file.
    pub(super) made_file: bool,
    /// Directories that were made for it, the outermost first.
    pub(super) made_directories: Vec<PathBuf>,
    /// The SHA-256 of the file as toolrack left it. `None` once others' edits lie between the backup and toolrack's
    /// last edit: then the backup must not take the place of the file.
    pub(super) left: Option<String>,
    /// Toolrack's entries by their names.
    pub(super) entries: BTreeMap<String, RecordedEntry>,
}

/// The record of an entry.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct RecordedEntry {
    /// True if there was no list of servers before.
    pub(super) made_key: bool,
    /// True if it took the place of an entry that somebody else had written.
    pub(super) replaced: bool,
}

impl Records {
    /// Reads the record of `file`. `None` where there is none or it cannot be read: an undo then cuts the entry out, and
    /// blanks around it may differ from before.
    pub(super) fn read(&self, file: &Path) -> Option<Record> {
        let bytes = read_at_most(&self.path(file, "json"), MAX_RECORD).ok()?;
        let record = serde_json::from_slice(&bytes);
        record.inspect_err(|error| tracing::warn!("a record is not used: {error}")).ok()
    }

    pub(super) fn write(&self, file: &Path, record: &Record) -> Result<(), PrivateError> {
        let text = serde_json::to_vec_pretty(record).map_err(io::Error::other)?;
        self.put(&self.path(file, "json"), &text)
    }

    /// Keeps the file as it was.
    pub(super) fn write_backup(&self, file: &Path, bytes: &[u8]) -> Result<(), PrivateError> {
        self.put(&self.backup(file), bytes)
    }

    /// Returns the path at which the original file is kept.
    pub(super) fn backup(&self, file: &Path) -> PathBuf {
        self.path(file, "backup")
    }

    /// Keeps the file with an entry that is about to be taken out, beside those that were kept before. Returns its path.
    pub(super) fn write_removed(&self, file: &Path, bytes: &[u8]) -> Result<PathBuf, PrivateError> {
        let endings = (1..=MAX_REMOVED).map(|number| match number {
            1 => "removed".to_owned(),
            further => format!("removed{further}"),
        });
        let paths = endings.map(|ending| self.path(file, &ending)).collect::<Vec<_>>();
        let is_free = |path: &&PathBuf| path.symlink_metadata().is_err();
        // Beyond that many, the last makes way.
        let path = paths.iter().find(is_free).or(paths.last()).cloned().unwrap_or_default();
        self.put(&path, bytes)?;
        Ok(path)
    }

    /// Forgets the file, its backup too.
    pub(super) fn forget(&self, file: &Path) {
        // A file that stays is overwritten the next time.
        let _ = fs::remove_file(self.path(file, "json"));
        let _ = fs::remove_file(self.backup(file));
    }

    /// Forgets the file, and leaves its backup to people.
    pub(super) fn forget_keeping_backup(&self, file: &Path) {
        let _ = fs::remove_file(self.path(file, "json"));
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), PrivateError> {
        private_directory(&self.directory)?;
        let name = path.file_name().unwrap_or_default();
        Ok(Unfinished::write_private(&self.directory, name, bytes)?.finish()?)
    }

    fn path(&self, file: &Path, ending: &str) -> PathBuf {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let digest = digest(file.as_os_str().as_encoded_bytes());
        self.directory.join(format!("{}-{}.{ending}", stem.trim_start_matches('.'), &digest[..16]))
    }
}

/// The SHA-256 of `bytes`, in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}
