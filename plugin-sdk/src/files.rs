//! What `std::fs` does not say about granted files: which directories there are, and which line of the
//! manifest an error asks for. Needs the feature `files`.
//!
//! The files themselves are read and written with `std::fs`. A plugin sees each directory where
//! `at` puts it, and nothing beside:
//!
//! ```toml
//! [grants]
//! files = [{ path = "~/notes", at = "/notes", access = "read" }]
//! ```
//!
//! ```
//! use toolrack_sdk::{ToolError, files};
//!
//! fn note(name: &str) -> Result<String, ToolError> {
//!     let path = format!("/notes/{name}");
//!     Ok(std::fs::read_to_string(&path).map_err(|error| files::explain(&error, &path))?)
//! }
//! assert!(note("missing.md").is_err());
//! ```

use std::io;
use std::path::{Path, PathBuf};

/// The directories that the manifest grants, as the plugin sees them. In a native build it is `/`
/// alone: let the function that needs them take them as a parameter, and test that one.
#[cfg(not(target_family = "wasm"))]
pub fn roots() -> Vec<PathBuf> {
    vec![PathBuf::from("/")]
}

/// The directories that the manifest grants, as the plugin sees them.
#[cfg(target_family = "wasm")]
pub fn roots() -> Vec<PathBuf> {
    let granted = wasip2::filesystem::preopens::get_directories();
    granted.into_iter().map(|(_, at)| PathBuf::from(at)).collect()
}

/// An error of `std::fs` as a sentence that says what to do; for a path outside of all grants, or a
/// change under a grant to read, that is the line which the manifest lacks.
pub fn explain(error: &io::Error, path: impl AsRef<Path>) -> String {
    sentence(error, path.as_ref(), &roots())
}

fn sentence(error: &io::Error, path: &Path, roots: &[PathBuf]) -> String {
    use io::ErrorKind as Kind;
    let shown = path.display();
    let at = path.parent().filter(|parent| parent.parent().is_some()).unwrap_or(path).display();
    if !roots.iter().any(|root| path.starts_with(root)) {
        let granted = match roots {
            [] => "no directory".to_string(),
            roots => roots
                .iter()
                .map(|root| format!("`{}`", root.display()))
                .collect::<Vec<_>>()
                .join(", "),
        };
        return format!(
            "`{shown}` is in no directory that this plugin may use; it has {granted}. To grant it, add \
             to [grants] in its manifest: files = [{{ path = \"...\", at = \"{at}\", access = \"read\" }}]"
        );
    }
    match error.kind() {
        Kind::NotFound => format!("there is no `{shown}`"),
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => format!(
            "`{shown}` may not be used like that: to change files a plugin needs access = \"write\" in \
             the `files` of [grants] in its manifest, and the server's user must be allowed to"
        ),
        Kind::IsADirectory => format!("`{shown}` is a directory"),
        Kind::NotADirectory => format!("`{shown}` goes through something that is no directory"),
        Kind::AlreadyExists => format!("`{shown}` is there already"),
        Kind::StorageFull => format!("`{shown}` does not fit: the disk is full"),
        _ => format!("`{shown}`: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_the_manifest_lacks() {
        let check = |kind: io::ErrorKind, path: &str, roots: &[&str], part: &str| {
            let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
            let text = sentence(&kind.into(), Path::new(path), &roots);
            assert!(text.contains(part), "{path}: {text}");
        };
        use io::ErrorKind as Kind;
        check(Kind::NotFound, "/notes/a.md", &["/notes"], "there is no `/notes/a.md`");
        check(Kind::NotFound, "/other/a.md", &["/notes"], "it has `/notes`. To grant it");
        check(Kind::NotFound, "/other/a.md", &["/notes"], "at = \"/other\"");
        check(Kind::NotFound, "/notesbook", &["/notes"], "at = \"/notesbook\"");
        check(Kind::Other, "/a", &[], "it has no directory");
        check(Kind::PermissionDenied, "/notes/a", &["/notes"], "access = \"write\"");
    }
}
