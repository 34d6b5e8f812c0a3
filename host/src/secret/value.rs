//! The value of a secret, which is never shown.

use std::fmt;
use std::io::{self, Read};

/// The value of a secret. It is not shown, and its bytes are overwritten when it is dropped.
///
/// Overwriting is as thorough as safe code allows: copies that others make (a header on its way, a
/// guest's memory) are not reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value`.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// Reads a value, which ends before the line break that `from` ends with.
    ///
    /// # Errors
    ///
    /// [`FileTooLarge`](io::ErrorKind::FileTooLarge) where it is longer than `at_most` bytes, whatever they are;
    /// [`InvalidData`](io::ErrorKind::InvalidData) where it is no text.
    pub fn read(from: impl Read, at_most: usize) -> io::Result<Self> {
        // A line break more is no longer value. There is room for all from the start: a text that grows leaves copies
        // of its beginning behind.
        let most = at_most + "\r\n".len() + 1;
        let mut value = Self(String::with_capacity(most + 1));
        let mut from = from.take(most as u64);
        let read = from.read_to_string(&mut value.0);
        // It was cut, maybe in the middle of a character.
        if from.limit() == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        read?;
        if value.0.ends_with('\n') {
            value.0.pop();
            if value.0.ends_with('\r') {
                value.0.pop();
            }
        }
        if value.0.len() > at_most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(value)
    }

    /// Returns the value itself. The caller decides where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // The bytes are never read again, so the compiler could leave the filling out.
        std::hint::black_box(&overwritten(std::mem::take(&mut self.0)));
    }
}

/// Overwrites `text` with zeros, and returns the buffer.
fn overwritten(text: String) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    bytes.clear();
    // With what lies behind the end: a line break, or all of what turned out to be no text.
    bytes.resize(bytes.capacity(), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("hunter2hunter2".into());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(..) Some(Secret(..))");
    }

    #[test]
    fn all_that_a_value_stood_in_is_overwritten() {
        let mut text = String::with_capacity(64);
        text.push_str("hunter2");
        let place = text.as_ptr();
        let bytes = overwritten(text);
        assert_eq!((bytes.as_ptr(), &bytes[..]), (place, &[0; 64][..]));
    }

    #[test]
    fn a_value_is_read_in_one_place_without_its_last_line_break() {
        for (text, expected) in [
            ("", ""),
            ("four", "four"),
            ("four\n", "four"),
            ("four\r\n", "four"),
            ("a\nb\n\n", "a\nb\n"),
            ("fou\r", "fou\r"),
        ] {
            let secret = Secret::read(text.as_bytes(), 4).expect("text");
            assert_eq!(secret.expose(), expected, "{text:?}");
            assert_eq!(secret.0.capacity(), 8, "it did not grow: {text:?}");
        }
        let too_large = io::ErrorKind::FileTooLarge;
        for (bytes, expected) in [
            (&b"fives"[..], too_large),
            (b"fives\r\n", too_large),
            (b"much too long", too_large),
            // Read up to the first byte of a character of two.
            (b"sixsix\xc3\xa4", too_large),
            (b"\xff", io::ErrorKind::InvalidData),
        ] {
            let error = Secret::read(bytes, 4).expect_err("no value");
            assert_eq!(error.kind(), expected, "{bytes:?}");
        }
    }
}
