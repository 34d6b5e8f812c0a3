//! Paths as they are on the host's machine, which people write and git keeps, in the plugin's own names.

use std::path::PathBuf;
use std::sync::LazyLock;

use toolrack_sdk::files;

/// The path that the plugin sees, of one that is the host's.
pub fn seen(text: &str) -> Option<PathBuf> {
    files::of_host(&files::host_paths(), text)
}

/// True if the host is known to be Windows.
pub fn are_windows() -> bool {
    static KNOWN: LazyLock<bool> = LazyLock::new(|| {
        files::host_paths().values().flatten().any(|host| files::is_of_windows(host))
    });
    *KNOWN
}
