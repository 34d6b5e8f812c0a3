//! Files that were compiled elsewhere, such as into a layer of an image: each is trusted by its SHA-256 in a list that the
//! configuration names, and that nobody but root and the user of this process can change.
//!
//! The names are those of the cache, so that what another build made, or another kind of processor, is not found. This module
//! does not know what the content means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::compile::job::MAX_ARTIFACT;
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::fs::others_rights::others_change;
use crate::manifest::Sha256Digest;
use crate::text::escape_path;

/// The name of the list. `sha256sum --check` reads it.
pub(crate) const WARM_LIST: &str = "warm.sha256";
/// The most bytes of a list: ten thousand files.
pub(super) const MAX_WARM_LIST: usize = 1024 * 1024;
/// The file that says what the others were made for.
pub(super) const MADE_FOR: &str = "made-for";

/// The files that a list names.
#[derive(Debug)]
pub(crate) struct WarmFiles {
    directory: PathBuf,
    digests: BTreeMap<Box<str>, Sha256Digest>,
}

/// The reason why the files of a list are not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WarmError {
    #[error("{0} {1}")]
    Unreadable(String, ReadError),
    #[error(
        "others than root and the user of this process can change {0}, and native code is only trusted where they cannot: take \
         their rights away"
    )]
    Open(String),
    #[error("line {0}: expected a SHA-256, two blanks and the name of a file beside the list")]
    Line(usize),
    #[error(
        "it was made by another version of toolrack or for another kind of processor; make it anew where the server runs"
    )]
    Other,
}

impl WarmFiles {
    /// Reads the list at `list`, whose files have to be made for `settings`.
    pub(super) fn open(list: &Path, settings: &[u8; 32]) -> Result<Self, WarmError> {
        let shown = || escape_path(list);
        let unreadable = |error| WarmError::Unreadable(shown(), error);
        // Before it is read: where nobody else can change what leads to it, it stays what is read.
        match others_change(list) {
            Ok(None) => {}
            Ok(Some(open)) => return Err(WarmError::Open(escape_path(&open))),
            Err(error) => return Err(unreadable(error.into())),
        }
        let text = read_at_most(list, MAX_WARM_LIST).map_err(unreadable)?;
        let mut digests = BTreeMap::new();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let (name, digest) = entry(line).ok_or(WarmError::Line(at + 1))?;
            digests.insert(name.into(), digest);
        }
        let made_for = Sha256Digest::of(made_for(settings).as_bytes());
        if digests.remove(MADE_FOR) != Some(made_for) {
            return Err(WarmError::Other);
        }
        let directory = list.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { directory, digests })
    }

    /// The content of the file `name`. `None` if the list does not name it, or names another content.
    pub(super) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let digest = self.digests.get(name)?;
        let path = self.directory.join(name);
        let at_most = usize::try_from(MAX_ARTIFACT).unwrap_or(usize::MAX);
        let problem = match read_at_most(&path, at_most) {
            Ok(content) if Sha256Digest::of(&content) == *digest => return Some(content),
            Ok(_) => "has another SHA-256 than its list says".to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!("{} {problem}, and is made anew", escape_path(&path));
        None
    }

    /// True if the list names the file `name`, and it is there. Its content is only checked when it is read.
    pub(super) fn has(&self, name: &str) -> bool {
        self.digests.contains_key(name) && self.directory.join(name).is_file()
    }
}

/// Reads a line of a list: a digest, and the name of a file that may be in one.
pub(super) fn entry(line: &[u8]) -> Option<(&str, Sha256Digest)> {
    let (digest, name) = str::from_utf8(line).ok()?.split_once("  ")?;
    let is_named = || {
        let (digest, ending) = name.split_once('.')?;
        let is_ending = !ending.is_empty() && ending.bytes().all(|byte| byte.is_ascii_lowercase());
        Some(is_ending && digest.parse::<Sha256Digest>().is_ok())
    };
    let is_named = name == MADE_FOR || is_named() == Some(true);
    Some((name, digest.parse().ok()?)).filter(|_| is_named)
}

/// The content of the file that says what the others were made for.
pub(super) fn made_for(settings: &[u8; 32]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "toolrack {version}, settings of the compiler {}\n",
        Sha256Digest::from_bytes(*settings)
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_list_names_files_beside_it_that_others_cannot_change() {
        let root = tempfile::tempdir().expect("a directory");
        let list = root.path().join(WARM_LIST);
        let settings = [7; 32];
        let made_for =
            format!("{}  {MADE_FOR}\n", Sha256Digest::of(made_for(&settings).as_bytes()));
        let digest = Sha256Digest::of(b"");
        let name = format!("{digest}.cwasm");
        for (text, expected) in [
            (format!("{made_for}{digest}  {name}\n"), None),
            (format!("{made_for}{digest}  ../{name}\n"), Some("line 2")),
            (format!("{made_for}{digest}  /{name}\n"), Some("line 2")),
            (format!("{made_for}{digest} {name}\n"), Some("line 2")),
            (format!("\n\n{}", "\u{1}".repeat(70)), Some("line 3")),
            (format!("{digest}  {name}\n"), Some("another version")),
            ("x".repeat(MAX_WARM_LIST + 1), Some("is larger than 1 MiB")),
        ] {
            fs::write(&list, &text).expect("written");
            let opened =
                WarmFiles::open(&list, &settings).map(drop).map_err(|error| error.to_string());
            match expected {
                None => assert_eq!(opened, Ok(())),
                Some(part) => {
                    assert!(opened.as_ref().is_err_and(|error| error.contains(part)), "{opened:?}")
                }
            }
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::write(&list, &made_for).expect("written");
            fs::set_permissions(&list, fs::Permissions::from_mode(0o646)).expect("set");
            let error = WarmFiles::open(&list, &settings).expect_err("others can change it");
            assert!(error.to_string().contains("others than root"), "{error}");
        }
    }
}
