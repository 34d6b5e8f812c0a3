//! Changes to the bytes of a file that stays where it is.

use std::fs;
use std::io;
use std::path::Path;

use super::system::Open;

/// Gives a file of `length` other bytes. Those that need new room come first: if there is none, the old ones are whole.
pub(super) fn in_place(path: &Path, file: &Open, length: u64, bytes: &[u8]) -> io::Result<()> {
    let shared = usize::try_from(length).map_or(bytes.len(), |length| length.min(bytes.len()));
    let (head, rest) = bytes.split_at(shared);
    let old = first(path, shared)?;
    let put = || {
        file.write(rest, length)?;
        file.write(head, 0)
    };
    if let Err(error) = put() {
        let _ = file.write(&old, 0);
        let _ = file.set_length(length);
        return Err(error);
    }
    if (bytes.len() as u64) < length {
        file.set_length(bytes.len() as u64)?;
    }
    file.sync()
}

/// Returns the first `count` bytes of a file, or fewer if it has no more.
pub(super) fn first(path: &Path, count: usize) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
