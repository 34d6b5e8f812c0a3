//! Files that a crash left behind: those written to take another's place that never did, and locks of what is no more.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::names::{BESIDE, LOCK};

/// The age from which a file is left behind: no plugin writes one or holds a lock for so long.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// The most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 20_000;

/// Removes the files left behind in the directory of `path` if no name in it changed for an hour: every change made here
/// changes one, so a directory is looked through once an hour at most, and a change costs a look at its date.
pub(super) fn sweep_beside(path: &Path) {
    if let Some(directory) = path.parent()
        && fs::metadata(directory).is_ok_and(|about| is_old(&about))
    {
        sweep(directory);
    }
}

fn sweep(directory: &Path) {
    let entries = fs::read_dir(directory).into_iter().flatten().take(MAX_ENTRIES).flatten();
    for entry in entries {
        let is_left = is_ours(&entry.file_name().to_string_lossy())
            && entry.path().symlink_metadata().is_ok_and(|about| about.is_file() && is_old(&about));
        if is_left {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// True if a name is `.`, 16 hexadecimal digits, and the end of a name that is given here.
fn is_ours(name: &str) -> bool {
    let Some(name) = name.strip_prefix('.') else { return false };
    let digits = name.strip_suffix(BESIDE).or_else(|| name.strip_suffix(LOCK));
    digits.is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn is_old(about: &fs::Metadata) -> bool {
    let age = about.modified().ok().and_then(|then| SystemTime::now().duration_since(then).ok());
    age.is_some_and(|age| age > MAX_AGE)
}
