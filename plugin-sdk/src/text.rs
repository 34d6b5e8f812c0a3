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
/// If it holds NUL bytes, as UTF-32, UTF-16 without a byte order mark and files that are no text do, or if it is neither
/// UTF-8 nor like Windows-1252. The phrase says what it is and what to do.
pub fn of_file(bytes: &[u8]) -> Result<String, &'static str> {
    if is_utf32(bytes) {
        return Err("UTF-32 text; convert it to UTF-8");
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Ok(decode(bytes, None));
    }
    if bytes.contains(&0) {
        return Err("no text, or UTF-16 or UTF-32 text without a byte order mark: it holds NUL \
                    bytes; if it is text, convert it to UTF-8");
    }
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    if is_wide(bytes) || !(is_utf8 || is_like_windows_1252(bytes)) {
        return Err(
            "no text, or text in an encoding that cannot be told, such as UTF-16 without a \
                    byte order mark; if it is text, convert it to UTF-8",
        );
    }
    Ok(decode(bytes, None))
}

/// True if bytes are mostly ASCII, and none of them is one that Windows-1252 has no sign for or that no text holds.
#[must_use]
pub fn is_like_windows_1252(bytes: &[u8]) -> bool {
    let is_of_none =
        |byte: &u8| is_control(byte) || matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    let ascii = bytes.iter().filter(|byte| byte.is_ascii()).count();
    ascii * 10 >= bytes.len() * 7 && !bytes.iter().any(is_of_none)
}

/// True if every second byte is mostly a control character, as in UTF-16 text of one alphabet without spaces.
#[must_use]
pub fn is_wide(bytes: &[u8]) -> bool {
    let is_half = |start: usize| {
        let half = bytes.iter().skip(start).step_by(2);
        let controls = half.clone().filter(|byte| is_control(byte)).count();
        half.len() > 1 && controls * 4 >= half.len() * 3
    };
    bytes.len().is_multiple_of(2) && (is_half(0) || is_half(1))
}

/// True if a byte is a control character that text does not hold: none of white space, ends or the colours of terminals.
fn is_control(byte: &u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t'..=b'\r' | 0x08 | 0x1a | 0x1b)
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
        for text in [
            "\u{65e5}\u{672c}\u{8a9e}\u{30c6}\u{30ad}\u{30b9}\u{30c8}",
            "\u{4e2d}\u{6587}\u{6e2c}\u{8a66}\u{6587}\u{4ef6}\u{5167}\u{5bb9}",
            "\u{d55c}\u{ad6d}\u{c5b4}",
            "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}",
            "\u{e20}\u{e32}\u{e29}\u{e32}",
        ] {
            let big = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
            for bytes in [wide(text), big] {
                let error = of_file(&bytes).expect_err(text);
                assert!(error.contains("encoding that cannot be told"), "{error}");
            }
            assert_eq!(of_file(text.as_bytes()).as_deref(), Ok(text));
        }
        for text in ["a\nb\nc\n", "1\t2\t3\n", "\x1b[1mbold\x1b[0m", "", "\n\n", "\u{1}", "a\u{1}"]
        {
            assert_eq!(of_file(text.as_bytes()).as_deref(), Ok(text));
        }
        // Shift_JIS, and a byte that stands for nothing.
        for bytes in
            [&b"\x93\xfa\x96{\x8c\xea"[..], b"mostly letters\x81", b"mostly letters\x01\xe9"]
        {
            of_file(bytes).expect_err("no text that can be told");
        }
        assert_eq!(of_file(b"5\xa0\x80 - na\xefve").as_deref(), Ok("5\u{a0}\u{20ac} - na\u{ef}ve"));
    }
}
