//! The text or bytes that a tool works on: a value among its arguments, or a granted file in its place. Needs the feature `input`.
//!
//! A model need not write out what already lies on disk:
//!
//! ```
//! use toolrack_sdk::{ToolError, input::{self, Named}};
//!
//! fn lines(text: Option<String>, path: Option<String>) -> Result<usize, ToolError> {
//!     let text = input::text(Named("text", text), Named("path", path), 1024 * 1024)?;
//!     Ok(text.lines().count())
//! }
//! assert_eq!(lines(Some("a\nb".into()), None).unwrap(), 2);
//! assert!(lines(None, None).is_err());
//! ```

use std::fs::{self, File};
use std::io::Read as _;

use crate::{ToolError, files, text};

/// An argument that may be missing, with its name, which messages tell.
#[derive(Clone, Copy, Debug)]
pub struct Named<T>(pub &'static str, pub Option<T>);

/// The text given, or that of the file at the path given, of at most `most` bytes: decoded by [`text::of_file`]. Neither has a byte
/// order mark.
///
/// # Errors
///
/// If there is neither or both, or if the file cannot be read, is larger, or is no text.
pub fn text(given: Named<String>, path: Named<String>, most: u64) -> Result<String, ToolError> {
    match one_of(given, path)? {
        Given::Value(value) => Ok(text::without_mark(&value).to_owned()),
        Given::File(path) => text::of_file(&file(&path, most)?)
            .map_err(|kind| ToolError::new(format_args!("`{path}` is {kind}"))),
    }
}

/// The value given, as `read` understands it, or the bytes of the file at `path`, at most `most`.
///
/// # Errors
///
/// If there is neither or both, if `read` refuses the value, or if the file cannot be read or is larger.
pub fn bytes(
    given: Named<String>,
    path: Named<String>,
    most: u64,
    read: impl FnOnce(String) -> Result<Vec<u8>, ToolError>,
) -> Result<Vec<u8>, ToolError> {
    match one_of(given, path)? {
        Given::Value(value) => read(value),
        Given::File(path) => file(&path, most),
    }
}

/// The path that the plugin sees, of one among its arguments, as [`files::seen`] understands it.
///
/// # Errors
///
/// If it holds what belongs to no path, such as quotes.
pub fn path(given: Option<String>) -> Result<Option<String>, ToolError> {
    let seen = |given: String| files::seen(&given).map(|path| path.display().to_string());
    given.map(seen).transpose().map_err(ToolError::new)
}

/// The bytes of the granted file at `path`, at most `most`.
///
/// # Errors
///
/// If it is no file, cannot be read, or is larger; the sentence says what to do.
pub fn file(path: &str, most: u64) -> Result<Vec<u8>, ToolError> {
    let explained = |error: std::io::Error| ToolError::new(files::explain(&error, path));
    let found = fs::metadata(path).map_err(explained)?;
    if !found.is_file() {
        let kind = if found.is_dir() { "a directory" } else { "no file" };
        return Err(ToolError::new(format_args!("`{path}` is {kind}; name a file")));
    }
    let mut bytes = Vec::new();
    let opened = File::open(path).map_err(explained)?;
    // It may grow while it is read.
    opened.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(explained)?;
    if bytes.len() as u64 > most {
        return Err(ToolError::new(format_args!(
            "`{path}` is {} bytes; the most that is read is {most}",
            found.len().max(bytes.len() as u64)
        )));
    }
    Ok(bytes)
}

enum Given {
    Value(String),
    File(String),
}

fn one_of(given: Named<String>, path: Named<String>) -> Result<Given, ToolError> {
    let (Named(name, value), Named(path_name, path)) = (given, path);
    match (value, path) {
        (Some(value), None) => Ok(Given::Value(value)),
        (None, Some(path)) => Ok(Given::File(path)),
        (Some(_), Some(_)) => Err(ToolError::invalid_arguments(format_args!(
            "`{name}` and `{path_name}` are both given; give one of them"
        ))),
        (None, None) => Err(ToolError::invalid_arguments(format_args!(
            "give `{name}`, or in `{path_name}` the path of a granted file in its place"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_or_a_file_is_read_and_nothing_else() {
        let directory = std::env::temp_dir().join(format!("toolrack-input-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let at = |name: &str| directory.join(name).display().to_string();
        fs::write(at("a.txt"), b"\xef\xbb\xbfone\r\n").expect("a file");
        fs::write(at("wide.txt"), b"{\0}\0").expect("a file");
        let read = |given: Option<&str>, path: Option<&str>, most: u64| {
            let given = Named("text", given.map(str::to_owned));
            let path = Named("other_path", path.map(str::to_owned));
            text(given, path, most).map_err(|error| format!("{error:?}"))
        };
        let path = at("a.txt");
        assert_eq!(read(Some("\u{feff}one"), None, 9).as_deref(), Ok("one"));
        assert_eq!(read(None, Some(&path), 8).as_deref(), Ok("one\r\n"));
        for (given, path, part) in [
            (None, None, "give `text`, or in `other_path`"),
            (Some("one"), Some(&*path), "both given"),
            (None, Some(&*path), "is 8 bytes; the most that is read is 7"),
            (None, Some(&*at("wide.txt")), "UTF-16 or UTF-32 text without a byte order mark"),
            (None, Some(&*at("b.txt")), "there is no `"),
            (None, Some(&*directory.display().to_string()), "is a directory; name a file"),
        ] {
            let error = read(given, path, 7).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
        fs::remove_dir_all(directory).expect("removed");
    }
}
