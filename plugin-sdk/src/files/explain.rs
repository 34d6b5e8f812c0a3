//! Errors of the file system in words.

use std::io;
use std::path::{Path, PathBuf};

use super::{links, roots};

/// An error of `std::fs` or of this module as a sentence that says what to do; for a path outside of all grants, or
/// a change under a grant to read, that is the line which the manifest lacks.
pub fn explain(error: &io::Error, path: impl AsRef<Path>) -> String {
    let (path, roots) = (path.as_ref(), roots());
    let cause = Cause::of(error);
    let leads_out = match cause {
        Cause::Forbidden | Cause::NoRights => links::leading_out(path),
        _ => None,
    };
    match leads_out {
        Some(link) if is_granted(path, &roots) => format!(
            "`{}` is a link that leads out of what this plugin may use, as every absolute link does; name or grant what it leads to",
            link.display()
        ),
        _ => sentence(cause, error, path, &roots),
    }
}

/// The reason why the system refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Missing,
    Exists,
    Forbidden,
    NoRights,
    ReadOnly,
    Full,
    Quota,
    TooLarge,
    NameTooLong,
    NotText,
    Directory,
    NotADirectory,
    NotEmpty,
    Pipe,
    Device,
    Loop,
    Links,
    Busy,
    Apart,
    TooManyOpen,
    InputOutput,
    Other,
}

impl Cause {
    #[cfg(target_family = "wasm")]
    fn of(error: &io::Error) -> Self {
        error.raw_os_error().map_or_else(|| Self::of_kind(error.kind()), Self::of_wasi)
    }

    #[cfg(not(target_family = "wasm"))]
    fn of(error: &io::Error) -> Self {
        Self::of_kind(error.kind())
    }

    /// By the numbers of WASI's libc, of which Rust knows a few.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "tested in native builds"))]
    fn of_wasi(number: i32) -> Self {
        match number {
            2 => Self::NoRights,
            10 | 74 => Self::Busy,
            19 => Self::Quota,
            20 => Self::Exists,
            22 => Self::TooLarge,
            25 => Self::NotText,
            29 => Self::InputOutput,
            31 => Self::Directory,
            32 => Self::Loop,
            33 | 41 => Self::TooManyOpen,
            34 => Self::Links,
            37 => Self::NameTooLong,
            43 | 60 => Self::Device,
            44 => Self::Missing,
            51 => Self::Full,
            54 => Self::NotADirectory,
            55 => Self::NotEmpty,
            63 | 76 => Self::Forbidden,
            64 => Self::Pipe,
            69 => Self::ReadOnly,
            75 => Self::Apart,
            _ => Self::Other,
        }
    }

    fn of_kind(kind: io::ErrorKind) -> Self {
        use io::ErrorKind as Kind;
        match kind {
            Kind::NotFound => Self::Missing,
            Kind::AlreadyExists => Self::Exists,
            Kind::PermissionDenied => Self::Forbidden,
            Kind::ReadOnlyFilesystem => Self::ReadOnly,
            Kind::StorageFull => Self::Full,
            Kind::QuotaExceeded => Self::Quota,
            Kind::FileTooLarge => Self::TooLarge,
            Kind::InvalidFilename => Self::NameTooLong,
            Kind::InvalidData => Self::NotText,
            Kind::IsADirectory => Self::Directory,
            Kind::NotADirectory => Self::NotADirectory,
            Kind::DirectoryNotEmpty => Self::NotEmpty,
            Kind::BrokenPipe => Self::Pipe,
            Kind::TooManyLinks => Self::Links,
            Kind::ResourceBusy | Kind::ExecutableFileBusy => Self::Busy,
            Kind::CrossesDevices => Self::Apart,
            _ => Self::Other,
        }
    }
}

fn is_granted(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| path.starts_with(root))
}

fn sentence(cause: Cause, error: &io::Error, path: &Path, roots: &[PathBuf]) -> String {
    if !is_granted(path, roots) {
        return not_granted(path, roots);
    }
    let what = match cause {
        Cause::Missing => return format!("there is no `{}`", path.display()),
        Cause::Forbidden => {
            "may not be used like that: to change files a plugin needs a grant with write access, which whoever runs \
             the server may give (toolrack grant NAME files DIRECTORY --write), and the server's user must be allowed to"
        }
        Cause::Exists => "is there already",
        Cause::NoRights => {
            "is closed to the user that the server runs as: the file system gives no right to it"
        }
        Cause::ReadOnly => "cannot be changed: the file system is read-only",
        Cause::Full => "does not fit: the disk is full",
        Cause::Quota => "does not fit: the quota of the server's user is used up",
        Cause::TooLarge => "would be larger than the system lets a file be",
        Cause::NameTooLong => {
            "has a name that is too long: most file systems end at 255 bytes for one name"
        }
        Cause::NotText => "leads to a name that is not UTF-8, which WASI cannot write",
        Cause::Directory => "is a directory",
        Cause::NotADirectory => "goes through something that is no directory",
        Cause::NotEmpty => "is not empty",
        Cause::Pipe => {
            "is a pipe or a socket, not a file: it is not opened, because that may wait for ever"
        }
        Cause::Device => "is a device, not a file: it is not opened",
        Cause::Loop => "goes through too many links, or through links in a circle",
        Cause::Links => "has as many links as the file system allows",
        Cause::Busy => "is in use by another program; try again later",
        Cause::Apart => "lies on another file system, so it cannot be moved there in one step",
        Cause::TooManyOpen => {
            "cannot be opened: too many files are open at the moment; try again later"
        }
        Cause::InputOutput => {
            "failed with an input or output error of the system: a quota may be used up, the file system may be \
             read-only, or the disk is damaged"
        }
        Cause::Other => return format!("`{}`: {error}", path.display()),
    };
    format!("`{}` {what}", path.display())
}

fn not_granted(path: &Path, roots: &[PathBuf]) -> String {
    let shown = path.display();
    let quoted = |root: &PathBuf| format!("`{}`", root.display());
    let granted = match roots {
        [] => "no directory".to_string(),
        roots => roots.iter().map(quoted).collect::<Vec<_>>().join(", "),
    };
    format!(
        "`{shown}` is in no directory that this plugin may use; it has {granted}. Whoever runs the server may grant \
         a directory that it lies in: toolrack grant NAME files DIRECTORY"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_is_not_granted() {
        let check = |kind: io::ErrorKind, path: &str, roots: &[&str], part: &str| {
            let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
            let text = sentence(Cause::of_kind(kind), &kind.into(), Path::new(path), &roots);
            assert!(text.contains(part), "{path}: {text}");
        };
        use io::ErrorKind as Kind;
        check(Kind::NotFound, "/notes/a.md", &["/notes"], "there is no `/notes/a.md`");
        let told = "it has `/notes`. Whoever runs the server may grant a directory that it lies in: toolrack grant NAME files DIRECTORY";
        check(Kind::NotFound, "/other/a.md", &["/notes"], told);
        check(Kind::NotFound, "/notesbook", &["/notes"], "`/notesbook` is in no directory");
        check(Kind::Other, "/a", &[], "it has no directory");
        check(
            Kind::PermissionDenied,
            "/notes/a",
            &["/notes"],
            "toolrack grant NAME files DIRECTORY --write",
        );
    }

    #[test]
    fn numbers_of_wasi_are_told_in_words() {
        let check = |number: i32, part: &str| {
            let (error, roots) = (io::Error::from_raw_os_error(number), ["/".into()]);
            let text = sentence(Cause::of_wasi(number), &error, Path::new("/a"), &roots);
            assert!(text.starts_with("`/a` ") && text.contains(part), "{number}: {text}");
            assert!(!text.contains("os error"), "{number}: {text}");
        };
        check(2, "no right");
        check(19, "quota");
        check(29, "read-only");
        check(37, "too long");
        check(43, "a device");
        check(51, "the disk is full");
        check(64, "a pipe");
        check(69, "read-only");
    }
}
