//! Bytes to text, by the rules of browsers. Needs the feature `text`.
//!
//! ```
//! use toolrack_sdk::text;
//!
//! assert_eq!(text::decode(b"\xef\xbb\xbfname", None), "name");
//! assert_eq!(text::decode(b"\x82\xa0", Some("Shift_JIS")), "\u{3042}");
//! assert_eq!(text::decode(b"caf\xe9", None), "caf\u{e9}");
//! ```

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// The text of `bytes`. `label` is the name of the charset by the sender's word, such as that of a `Content-Type`.
///
/// A byte order mark counts more than the label, is no part of the text, and says UTF-8 or UTF-16. Without both, bytes that
/// are valid UTF-8 are read so, others as Windows-1252, as browsers do. A label that the Encoding Standard does not know
/// counts as none. What does not fit the charset becomes `U+FFFD`. Line ends stay as they are.
#[must_use]
pub fn decode(bytes: &[u8], label: Option<&str>) -> String {
    let by_label = label.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let otherwise = || if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 };
    // This looks for the mark first, whatever the encoding.
    by_label.unwrap_or_else(otherwise).decode(bytes).0.into_owned()
}

/// The text of a file by [`decode`], if it is one whose encoding can be told.
///
/// # Errors
///
/// If it holds NUL bytes, as UTF-32, UTF-16 without a byte order mark and files that are no text do. The phrase says what
/// it is and what to do.
pub fn of_file(bytes: &[u8]) -> Result<String, &'static str> {
    if is_utf32(bytes) {
        return Err("UTF-32 text; convert it to UTF-8");
    }
    let has_mark = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    if !has_mark && bytes.contains(&0) {
        return Err("no text, or UTF-16 or UTF-32 text without a byte order mark: it holds NUL \
                    bytes; if it is text, convert it to UTF-8");
    }
    Ok(decode(bytes, None))
}

/// True if bytes begin with the byte order mark of UTF-32, which in one order begins with that of UTF-16.
#[must_use]
pub fn is_utf32(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff")
}

/// A text without the byte order mark that it may begin with.
#[must_use]
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_more_than_a_label_and_a_label_more_than_a_guess() {
        let check = |bytes: &[u8], label: Option<&str>, expected: &str| {
            assert_eq!(decode(bytes, label), expected, "{bytes:?} {label:?}");
        };
        check("\u{fc}".as_bytes(), None, "\u{fc}");
        check(b"\xfc", None, "\u{fc}");
        check(b"\xfc", Some("iso-8859-1"), "\u{fc}");
        check(b"\xc1", Some(" KOI8-R "), "\u{430}");
        check(b"\xff\xfe\xfc\0", Some("iso-8859-1"), "\u{fc}");
        check(b"\xfe\xff\0\xfc", None, "\u{fc}");
        check(b"\xef\xbb\xbfa\r\nb", Some("utf-8"), "a\r\nb");
        check("\u{fc}".as_bytes(), Some("no such"), "\u{fc}");
        check(b"a\xfcb", Some("utf-8"), "a\u{fffd}b");
        check(b"", None, "");
        assert_eq!(without_mark("\u{feff}a\u{feff}"), "a\u{feff}");
    }

    #[test]
    fn a_file_whose_encoding_cannot_be_told_is_no_text() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let four = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let four: Vec<u8> = four("\u{feff}{}");
        for bytes in [wide("{}"), four.clone(), four[4..].to_vec(), b"\0\0\xfe\xff\0\0\0{".to_vec()]
        {
            let error = of_file(&bytes).expect_err("no text");
            assert!(error.contains("UTF-32") && error.contains("convert it to UTF-8"), "{error}");
        }
        assert_eq!(of_file(&wide("\u{feff}{}")).as_deref(), Ok("{}"));
        assert_eq!(of_file(b"caf\xe9").as_deref(), Ok("caf\u{e9}"));
    }
}
