//! New files, whole or not at all.

use std::fs;
use std::io;
use std::path::Path;

use super::system::Open;

/// Writes a new file.
///
/// # Errors
///
/// If something is there already, or the file cannot be written whole: then there is none.
pub fn create(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    let written = Open::new(path)?.write(bytes, 0);
    written.inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}
