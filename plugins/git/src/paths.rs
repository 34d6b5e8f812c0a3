//! The files that are meant: paths and globs from the root of the repository, and how paths are shown.

use bstr::ByteSlice;
use gix_glob::wildmatch::Mode;
use gix_validate::path::component;

use crate::repository::Repository;

const MAX_PATHS: usize = 1_000;
/// Bytes of a path that is given, and how many `*` it may have: each multiplies the work of matching.
const MAX_PATH: usize = 4_096;
const MAX_STARS: usize = 8;

/// Files by their paths; without any, all.
pub struct Paths {
    each: Vec<Each>,
}

#[derive(Clone)]
struct Each {
    text: String,
    glob: bool,
}

impl Paths {
    pub fn all() -> Self {
        Self { each: Vec::new() }
    }

    pub fn parse(repository: &Repository, given: &[String]) -> Result<Self, String> {
        if given.len() > MAX_PATHS {
            return Err(format!(
                "{} paths are more than {MAX_PATHS}; name directories",
                given.len()
            ));
        }
        let each =
            given.iter().map(|text| Each::parse(repository, text)).collect::<Result<_, _>>()?;
        Ok(Self { each })
    }

    pub fn is_all(&self) -> bool {
        self.each.is_empty()
    }

    pub fn contain(&self, path: &[u8]) -> bool {
        self.each.is_empty() || self.each.iter().any(|each| each.contains(path))
    }

    /// True if files below this directory may be meant.
    pub fn reach_into(&self, directory: &[u8]) -> bool {
        let reaches = |each: &Each| {
            each.glob
                || each.contains(directory)
                || each
                    .text
                    .as_bytes()
                    .strip_prefix(directory)
                    .is_some_and(|rest| rest.starts_with(b"/"))
        };
        self.each.is_empty() || self.each.iter().any(reaches)
    }

    /// True if this directory is meant, or a path in it by its name.
    pub fn name_within(&self, directory: &[u8]) -> bool {
        let named = Self { each: self.each.iter().filter(|each| !each.glob).cloned().collect() };
        self.contain(directory) || !named.is_all() && named.reach_into(directory)
    }

    /// The paths that were given but are none of these.
    pub fn unused<'a>(&self, mut paths: impl Iterator<Item = &'a [u8]> + Clone) -> Option<&str> {
        let _ = &mut paths;
        let unused = |each: &&Each| !paths.clone().any(|path| each.contains(path));
        self.each.iter().find(unused).map(|each| &each.text[..])
    }
}

impl Each {
    fn parse(repository: &Repository, given: &str) -> Result<Self, String> {
        if given.len() > MAX_PATH || given.matches('*').count() > MAX_STARS {
            return Err(format!(
                "a path has {} bytes; {MAX_PATH} bytes and {MAX_STARS} `*` are the most",
                given.len()
            ));
        }
        let text = given.trim_end_matches('/');
        if given.starts_with(":(") || given.starts_with(":!") || given.starts_with(":^") {
            return Err(format!(
                "`{given}`: of pathspecs only paths and globs such as `src/*.rs` are supported"
            ));
        }
        let seen = match repository.work() {
            Ok(work) if !text.starts_with(&*work.to_string_lossy()) => {
                crate::host_paths::seen(text)
            }
            _ => None,
        };
        let text = seen.as_deref().and_then(std::path::Path::to_str).unwrap_or(text);
        let text = match repository.work() {
            Ok(work) if text.starts_with('/') => {
                let below = std::path::Path::new(text)
                    .strip_prefix(work)
                    .ok()
                    .and_then(|path| path.to_str());
                below.ok_or_else(|| {
                    format!(
                        "`{given}` is not below `{}`; write paths from there, such as `src/lib.rs`",
                        work.display()
                    )
                })?
            }
            _ => text,
        };
        let text = text.strip_prefix("./").unwrap_or(text);
        let text = if text == "." { "" } else { text };
        if given.is_empty() || text.split('/').any(|part| part == ".." || part == ".") {
            return Err(format!(
                "`{given}` is no path from the root of the repository, such as `src/lib.rs`"
            ));
        }
        Ok(Self { text: text.to_owned(), glob: text.contains(['*', '?', '[']) })
    }

    fn contains(&self, path: &[u8]) -> bool {
        let text = self.text.as_bytes();
        let below = path.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
        text.is_empty()
            || below
            || self.glob && gix_glob::wildmatch(text.as_bstr(), path.as_bstr(), Mode::empty())
    }
}

/// One path as it is in the repository.
pub fn one(repository: &Repository, given: &str) -> Result<String, String> {
    let each = Each::parse(repository, given)?;
    if each.text.is_empty() {
        return Err(format!("`{given}` is the whole repository; name one file"));
    }
    Ok(each.text)
}

/// The path as git shows it with `core.quotePath=false`: in quotes if something in it could be misread.
pub fn quoted(path: &[u8]) -> String {
    quoted_after("", path)
}

/// The same for a list of names, where spaces could be misread, too.
pub fn listed(path: &[u8]) -> String {
    let shown = quoted(path);
    if shown.contains(' ') && !shown.starts_with('"') { format!("\"{shown}\"") } else { shown }
}

/// The same with `a/` or `b/` in front.
pub fn quoted_after(before: &str, path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    let odd = |char: char| char.is_control() || char == '"' || char == '\\';
    if !text.contains(odd) && std::str::from_utf8(path).is_ok() {
        return format!("{before}{text}");
    }
    let mut shown = format!("\"{before}");
    for chunk in path.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\n' => shown += "\\n",
                '\t' => shown += "\\t",
                '\r' => shown += "\\r",
                '"' | '\\' => shown.extend(['\\', char]),
                char if char.is_control() => {
                    let mut bytes = [0; 4];
                    char.encode_utf8(&mut bytes)
                        .bytes()
                        .for_each(|byte| shown += &format!("\\{byte:03o}"));
                }
                char => shown.push(char),
            }
        }
        chunk.invalid().iter().for_each(|byte| shown += &format!("\\{byte:03o}"));
    }
    shown + "\""
}

/// The path within the directory of files; none if no such path can exist there.
pub fn native(path: &[u8]) -> Option<&std::path::Path> {
    std::str::from_utf8(path).ok().map(std::path::Path::new)
}

/// Fails for paths that must never be written: `.git` in any spelling and `..`, as git does with `core.protectNTFS`
/// and `core.protectHFS`; on Windows also what is no name there.
pub fn check_writable(path: &[u8], link: bool) -> Result<(), String> {
    check_on(crate::host_paths::are_windows(), path, link)
}

fn check_on(windows: bool, path: &[u8], link: bool) -> Result<(), String> {
    let refused = |error| format!("`{}` is not written: {error}", quoted(path));
    let mut names = path.split(|byte| *byte == b'/').peekable();
    while let Some(name) = names.next() {
        let is_link = link && names.peek().is_none();
        check_name(windows, name, is_link).map_err(refused)?;
        check_behind_backslashes(name, is_link).map_err(refused)?;
    }
    Ok(())
}

fn check_name(windows: bool, name: &[u8], is_link: bool) -> Result<(), component::Error> {
    let options =
        component::Options { protect_windows: windows, protect_hfs: true, protect_ntfs: true };
    let mode = is_link.then_some(component::Mode::Symlink);
    gix_validate::path::component(name.as_bstr(), mode, options).map(drop)
}

/// To Windows a name with backslashes is several. Git refuses it elsewhere, too, if one of them is `.git`.
fn check_behind_backslashes(name: &[u8], is_link: bool) -> Result<(), component::Error> {
    let mut names = name.split(|byte| *byte == b'\\').peekable();
    while let Some(name) = names.next() {
        match check_name(false, name, is_link && names.peek().is_none()) {
            Err(component::Error::Empty | component::Error::Relative) | Ok(()) => {}
            refused => return refused,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted() {
        for (path, shown) in [
            (&b"a b/\xc3\xa4"[..], "a b/\u{e4}"),
            (b"a\nb", r#""a\nb""#),
            (b"a\"b\\", r#""a\"b\\""#),
            (b"\xff", r#""\377""#),
            (b"\x01", r#""\001""#),
        ] {
            assert_eq!(quoted(path), shown);
        }
        assert_eq!(quoted_after("a/", b"\t"), r#""a/\t""#);
    }

    #[test]
    fn the_repository_itself_is_never_written() {
        for path in [
            ".git/hooks/pre-commit",
            "a/.GIT/config",
            "../x",
            "a//b",
            ".git",
            "GIT~1/config",
            ".g\u{200c}it/x",
            "a/./b",
            "",
            ".git\\config",
            "q/.git\\hooks\\pre-commit",
            "a\\.GIT",
            "a\\..\\git~1 .\\x",
            "a\\.git::$INDEX_ALLOCATION",
            ".git::$INDEX_ALLOCATION/config",
            ".git ./config",
        ] {
            assert!(check_on(false, path.as_bytes(), false).is_err(), "{path}");
        }
        for path in [".gitmodules", "a\\.gitmodules", "a\\GITMOD~1"] {
            assert!(check_on(false, path.as_bytes(), true).is_err(), "{path}");
        }
        let only_windows = ["x:y", "con", "a\\b", "\\x", "a\\..\\b", "a.", "link\\config"];
        for path in only_windows {
            check_on(false, path.as_bytes(), false).unwrap();
            assert!(check_on(true, path.as_bytes(), false).is_err(), "{path}");
        }
        for path in [".gitignore", "a/git/b", "a b/\u{e4}", "git~2", ".gitx"] {
            check_on(true, path.as_bytes(), false).unwrap();
        }
    }
}
