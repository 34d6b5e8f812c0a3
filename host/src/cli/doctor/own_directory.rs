//! Toolrack's own directory: the cache in it is private, writable, and has room.

use std::path::Path;

use super::examined::Examined;
use super::finding::Finding;
use crate::fs::atomic_write::Unfinished;
use crate::home::{Home, check_private};
use crate::manifest::Bytes;
use crate::text::escape;

const CACHE_TOPIC: &str = "cache";
/// Less is not enough for the compiled code of a few plugins.
const LITTLE_ROOM: u64 = 64 << 20;

pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    let Some(home) = &examined.home else {
        let text = "there is no directory for it, so that every start compiles all plugins";
        return vec![Finding::wrong(CACHE_TOPIC, text, "set HOME or TOOLRACK_HOME")];
    };
    vec![look(home)]
}

fn look(home: &Home) -> Finding {
    let cache = home.cache();
    let shown = escape(&cache.to_string_lossy());
    if cache.symlink_metadata().is_err() {
        return match nearest(&cache).map(is_writable) {
            Some(Err(error)) => Finding::wrong(
                CACHE_TOPIC,
                format!("{shown} cannot be made: {error}"),
                "set TOOLRACK_HOME to a directory of your own",
            ),
            Some(Ok(())) | None => {
                Finding::ok(CACHE_TOPIC, format!("{shown} is made when a plugin is first compiled"))
            }
        };
    }
    if let Err(error) = check_private(&cache) {
        // The error says what to do.
        return Finding::wrong(CACHE_TOPIC, format!("{shown}: {error}"), "");
    }
    if let Err(error) = is_writable(&cache) {
        let advice = "without it, every start compiles all plugins: make room, or give yourself the right to write";
        return Finding::wrong(CACHE_TOPIC, format!("{shown} cannot be written: {error}"), advice);
    }
    match room(&cache) {
        Some(room) if room < LITTLE_ROOM => {
            let text = format!("{shown} has room for {} more", Bytes::new(room));
            Finding::wrong(CACHE_TOPIC, text, "make room, or set TOOLRACK_HOME to another disk")
        }
        Some(_) | None => Finding::ok(CACHE_TOPIC, shown),
    }
}

/// The directory that would hold it, or hold what holds it.
fn nearest(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|above| above.symlink_metadata().is_ok())
}

fn is_writable(directory: impl AsRef<Path>) -> std::io::Result<()> {
    // Gone again at once.
    Unfinished::write_private(directory.as_ref(), "doctor", b"?").map(drop)
}

#[cfg(unix)]
fn room(directory: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(directory).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Nothing is known of it there.
#[cfg(not(unix))]
fn room(_: &Path) -> Option<u64> {
    None
}
