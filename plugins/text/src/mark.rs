//! The byte order mark that a text or a file may begin with: three bytes of UTF-8 that are no part of the text.

use std::fs::File;
use std::io::Read as _;

const MARK: &str = "\u{feff}";

/// Tells how a mark is counted.
pub const COUNTED: &str =
    "the byte order mark at the beginning counts as bytes, and is no character of the text";

/// True if a text, or else a file in UTF-8, begins with a mark. `None` where that is another one, or not known.
pub fn begins(text: Option<&str>, path: Option<&str>) -> Option<bool> {
    if let Some(text) = text {
        return Some(text.starts_with(MARK));
    }
    let path = path?;
    // A pipe would be waited for.
    std::fs::metadata(path).ok().filter(|about| about.is_file())?;
    let mut start = Vec::new();
    let file = File::open(path).ok()?;
    file.take(MARK.len() as u64).read_to_end(&mut start).ok()?;
    let is_wide = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    (!is_wide).then(|| start == MARK.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_seen_in_texts_and_files() {
        let directory = std::env::temp_dir().join(format!("text-mark-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("a.txt");
        let path = path.to_str().unwrap();
        let check = |bytes: &[u8], expected| {
            std::fs::write(path, bytes).unwrap();
            assert_eq!(begins(None, Some(path)), expected, "{bytes:?}");
        };
        check(b"\xef\xbb\xbfabc", Some(true));
        check(b"abc", Some(false));
        check(b"", Some(false));
        check(b"\xff\xfea\0", None);
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(begins(None, Some(path)), None);
        assert_eq!(begins(Some("\u{feff}a"), None), Some(true));
        assert_eq!(begins(Some("a"), Some(path)), Some(false));
    }
}
