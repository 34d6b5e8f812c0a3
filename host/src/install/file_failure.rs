//! A file or directory that cannot be read, written or removed: which, why, and what to do.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::text::escape_path;

/// A failure of the system at one path.
#[derive(Debug, thiserror::Error)]
#[error("{}: {doing}: {error}{}", escape_path(path), advice(error))]
pub struct FileFailure {
    path: PathBuf,
    doing: &'static str,
    // Not its source: the sentence holds it already.
    error: io::Error,
}

impl FileFailure {
    /// Makes the failure at `path`. `doing` is the failure in words, such as "it cannot be read".
    pub fn at<E: From<Self>>(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> E {
        let path = path.to_owned();
        move |error| Self { path, doing, error }.into()
    }
}

/// Returns what to do about the errors that a person can do something about.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            "; your user lacks the right to it: have its owner give it, or use a directory of yours"
        }
        ErrorKind::ReadOnlyFilesystem => "; use a plugin directory on another file system",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room, and say it again",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_where_what_and_what_to_do() {
        for (kind, advice) in [
            (ErrorKind::PermissionDenied, "have its owner give it"),
            (ErrorKind::StorageFull, "make room"),
            (ErrorKind::ReadOnlyFilesystem, "another file system"),
        ] {
            let error: FileFailure =
                FileFailure::at(Path::new("a/b"), "it cannot be removed")(kind.into());
            let text = format!("{:#}", anyhow::Error::from(error));
            assert!(text.starts_with("a/b: it cannot be removed: "), "{text}");
            assert!(text.contains(advice), "{text}");
            assert_eq!(text.matches(&io::Error::from(kind).to_string()).count(), 1, "{text}");
        }
    }
}
