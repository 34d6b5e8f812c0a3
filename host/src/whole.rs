//! Files put in place whole: written beside under a hidden name, which no scan takes for a plugin, and
//! renamed when all of it is on the disk.
//!
//! What the files hold is not known here.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::failpoint::{self, Point};

/// A file under a hidden name. Unless it is finished, dropping it removes it.
pub(crate) struct Unfinished {
    hidden: PathBuf,
    /// Where it goes.
    pub(crate) path: PathBuf,
}

impl Unfinished {
    /// Writes `bytes`, which are to become the file `name` in `directory`.
    pub(crate) fn write(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<Self> {
        let hidden = directory.join(format!(".{}.toolrack", random_name()?));
        let mut file = File::create_new(&hidden)?;
        let unfinished = Self { hidden, path: directory.join(name) };
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(unfinished)
    }

    /// Puts it in place.
    pub(crate) fn finish(self) -> io::Result<()> {
        failpoint::at(Point::WholeWritten)?;
        fs::rename(&self.hidden, &self.path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Not there any more once it is finished.
        let _ = fs::remove_file(&self.hidden);
    }
}

/// Makes the names last through a power failure, where a system can.
pub(crate) fn sync(directory: &Path) {
    #[cfg(unix)]
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    #[cfg(not(unix))]
    let _ = directory;
}

/// A name that nobody can have guessed.
pub(crate) fn random_name() -> io::Result<String> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    Ok(format!("{random:016x}"))
}
