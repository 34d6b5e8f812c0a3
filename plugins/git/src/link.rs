//! Symbolic links, which Rust's library cannot make for WASI.

use std::io;
use std::path::Path;

/// Makes a link at a path in a granted directory. The sandbox refuses targets that are absolute.
#[cfg(target_family = "wasm")]
pub fn make(target: &str, at: &Path) -> io::Result<()> {
    use wasip2::filesystem::{preopens, types::ErrorCode};
    let granted = preopens::get_directories();
    let inside =
        granted.iter().filter_map(|(root, path)| Some((root, path, at.strip_prefix(path).ok()?)));
    let (root, _, below) =
        inside.max_by_key(|(_, path, _)| path.len()).ok_or(io::ErrorKind::NotFound)?;
    let below = below.to_str().ok_or(io::ErrorKind::InvalidInput)?;
    root.symlink_at(target, below).map_err(|code| match code {
        ErrorCode::Access | ErrorCode::NotPermitted => io::ErrorKind::PermissionDenied.into(),
        ErrorCode::Exist => io::ErrorKind::AlreadyExists.into(),
        code => io::Error::other(code.message()),
    })
}

#[cfg(unix)]
pub fn make(target: &str, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(windows)]
pub fn make(target: &str, at: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, at)
}
