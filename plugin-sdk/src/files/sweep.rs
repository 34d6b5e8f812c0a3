//! Files that a crash left behind: what was written to take another's place and never did.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The age from which a file is left behind: no plugin writes one for so long.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// The most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 20_000;

/// Removes what was left behind in `directory`: files named `.`, 16 hexadecimal digits and `ending`, untouched for an hour.
pub(super) fn sweep(directory: &Path, ending: &str) {
    let entries = fs::read_dir(directory).into_iter().flatten().take(MAX_ENTRIES).flatten();
    for entry in entries {
        let is_left = is_named_so(&entry.file_name().to_string_lossy(), ending)
            && entry.path().symlink_metadata().is_ok_and(|about| is_old(&about));
        if is_left {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_named_so(name: &str, ending: &str) -> bool {
    let digits = name.strip_prefix('.').and_then(|name| name.strip_suffix(ending));
    digits.is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn is_old(about: &fs::Metadata) -> bool {
    let age = about.modified().ok().and_then(|then| SystemTime::now().duration_since(then).ok());
    about.is_file() && age.is_some_and(|age| age > MAX_AGE)
}
